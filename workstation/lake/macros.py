"""The engine's bars, footprint and CVD in SQL, as defined in `analytics`.

For every market, and summed over perpetuals and over spot (venue `all`, kind `perp` or `spot`) without markets that
are another asset of the same name. A bar is in a range if it starts in [since, until). DuckDB adds floats in its own
order, so sums are rounded to 12 significant digits, as in exports. Names with a leading underscore are internal.
"""

SCALARS = r"""
CREATE TEMP MACRO span_ns(span) AS CASE
    WHEN NOT regexp_full_match(span, '(\d+(ms|s|m|h|d))+') THEN error('a bar is written like 1s, 5m, 1h or 1d')
    ELSE CAST(list_sum(list_transform(regexp_extract_all(span, '\d+(?:ms|s|m|h|d)'), lambda part:
        CAST(regexp_extract(part, '\d+') AS BIGINT) * CASE regexp_extract(part, '[a-z]+')
            WHEN 'ms' THEN 1000000 WHEN 's' THEN 1000000000 WHEN 'm' THEN 60000000000
            WHEN 'h' THEN 3600000000000 ELSE 86400000000000 END)) AS BIGINT) END;
CREATE TEMP MACRO moment_ns(moment) AS CASE
    WHEN regexp_full_match(CAST(moment AS VARCHAR), '\d{9,}') THEN CAST(CAST(moment AS VARCHAR) AS BIGINT)
    ELSE epoch_ns(CAST(CAST(moment AS VARCHAR) AS TIMESTAMP)) END;
CREATE TEMP MACRO _since(moment) AS coalesce(moment_ns(moment), 0);
CREATE TEMP MACRO _until(moment) AS coalesce(moment_ns(moment), 4611686018427387904);
CREATE TEMP MACRO _day(ts_ns) AS CAST('1970-01-01' AS DATE) + CAST(least(ts_ns // 86400000000000, 1000000) AS INTEGER);
CREATE TEMP MACRO digits(number) AS CAST(format('{:.12g}', CAST(number AS DOUBLE)) AS DOUBLE);
CREATE TEMP MACRO _settled(delta, volume) AS CASE WHEN abs(delta) <= 1e-12 * volume THEN 0 ELSE delta END;
CREATE TEMP MACRO _net(buy, sell) AS _settled(buy - sell, buy + sell);
CREATE TEMP MACRO _sum_kind(kind) AS CASE kind WHEN 'spot' THEN 'spot' ELSE 'perp' END;
"""

TRADES = """
CREATE TEMP MACRO _trades(bar_ns, of_base, from_ns, to_ns) AS TABLE
SELECT t.ts_venue_ns - t.ts_venue_ns % bar_ns AS bar_start_ns, t.base, t.venue, t.kind, t.symbol, t.seq, t.price_ticks,
    t.tick_num, t.tick_den, t.price, t.size, t.notional_usd,
    CASE t.aggressor WHEN 'buy' THEN 1 WHEN 'sell' THEN -1 ELSE 0 END AS sign
FROM trades t
WHERE t.base = of_base AND t.ts_venue_ns >= from_ns AND t.ts_venue_ns < to_ns + bar_ns
    AND t.date >= _day(from_ns) AND t.date <= _day(to_ns + bar_ns)
    AND t.ts_venue_ns - t.ts_venue_ns % bar_ns >= from_ns AND t.ts_venue_ns - t.ts_venue_ns % bar_ns < to_ns;
"""

COVERAGE = """
CREATE TEMP VIEW _namesakes AS SELECT venue, kind, symbol FROM _markets WHERE apart;
CREATE TEMP MACRO _covered(bar_ns, of_base, from_ns, to_ns) AS TABLE
WITH starts AS (SELECT DISTINCT bar_start_ns FROM _trades(bar_ns, of_base, from_ns, to_ns))
SELECT b.bar_start_ns, m.venue, m.kind, m.symbol,
    coalesce(bool_or(c.start_ns <= b.bar_start_ns AND c.end_ns >= b.bar_start_ns + bar_ns), false) AS covered
FROM starts b CROSS JOIN _markets m LEFT JOIN coverage c USING (base, venue, kind, symbol)
WHERE m.base = of_base AND m.began
GROUP BY ALL;
CREATE TEMP MACRO _complete(bar_ns, of_base, from_ns, to_ns) AS TABLE
WITH covered AS (SELECT * FROM _covered(bar_ns, of_base, from_ns, to_ns)),
    one AS (
        SELECT bar_start_ns, venue, kind, symbol, covered FROM covered
        UNION ALL
        SELECT bar_start_ns, 'all', _sum_kind(kind), '', covered FROM covered
        ANTI JOIN _namesakes USING (venue, kind, symbol))
SELECT bar_start_ns, venue, kind, symbol, bool_and(covered) AS covered FROM one GROUP BY ALL;
"""

BARS = """
CREATE TEMP MACRO _bars(bar_ns, of_base, from_ns, to_ns) AS TABLE
WITH chosen AS (SELECT * FROM _trades(bar_ns, of_base, from_ns, to_ns)),
    each AS (
        SELECT * FROM chosen
        UNION ALL BY NAME
        SELECT * REPLACE ('all' AS venue, _sum_kind(kind) AS kind, '' AS symbol) FROM chosen
        ANTI JOIN _namesakes USING (venue, kind, symbol)),
    paths AS (
        SELECT *, sum(sign * size) OVER (
            PARTITION BY venue, kind, symbol, bar_start_ns ORDER BY seq ROWS UNBOUNDED PRECEDING) AS path
        FROM each),
    made AS (
        SELECT p.bar_start_ns, p.base, p.venue, p.kind, p.symbol,
            arg_min(p.price, p.seq) AS open, max(p.price) AS high, min(p.price) AS low,
            arg_max(p.price, p.seq) AS close,
            coalesce(sum(p.size) FILTER (p.sign > 0), 0) AS buy, coalesce(sum(p.size) FILTER (p.sign < 0), 0) AS sell,
            coalesce(sum(p.notional_usd) FILTER (p.sign > 0), 0) AS buy_usd,
            coalesce(sum(p.notional_usd) FILTER (p.sign < 0), 0) AS sell_usd,
            least(min(p.path), 0) AS min_delta, greatest(max(p.path), 0) AS max_delta, count(*) AS trades
        FROM paths p GROUP BY ALL)
SELECT b.bar_start_ns, b.base, b.venue, b.kind, b.symbol, digits(open) AS open, digits(high) AS high,
    digits(low) AS low, digits(close) AS close, digits(buy) AS buy, digits(sell) AS sell, digits(buy_usd) AS buy_usd,
    digits(sell_usd) AS sell_usd, digits(_net(buy, sell)) AS delta,
    digits(_settled(min_delta, buy + sell)) AS min_delta,
    digits(_settled(max_delta, buy + sell)) AS max_delta, trades,
    coalesce(c.covered, true) AND b.bar_start_ns + bar_ns + 1000000000 <= (
        SELECT max(m.seen_ns) FROM _markets m WHERE m.base = of_base) AS complete
FROM made b LEFT JOIN _complete(bar_ns, of_base, from_ns, to_ns) c USING (bar_start_ns, venue, kind, symbol)
ORDER BY b.venue, b.kind, b.symbol, b.bar_start_ns;
CREATE TEMP MACRO bars(bar, base, since := NULL, until := NULL) AS TABLE
SELECT * FROM _bars(span_ns(bar), base, _since(since), _until(until));
"""

FOOTPRINT = """
CREATE TEMP MACRO _rows(bar_ns, units, of_base, from_ns, to_ns) AS TABLE
WITH prices AS (
        SELECT t.bar_start_ns, t.base, t.venue, t.kind, t.symbol, t.price_ticks, t.tick_num, t.tick_den,
            coalesce(sum(t.size) FILTER (t.sign < 0), 0) AS sell, coalesce(sum(t.size) FILTER (t.sign > 0), 0) AS buy
        FROM _trades(bar_ns, of_base, from_ns, to_ns) t GROUP BY ALL),
    placed AS (
        SELECT p.bar_start_ns, p.base, p.venue, p.kind, p.symbol, CAST(CAST(p.price_ticks AS HUGEINT) * p.tick_num
            * 1000000000000 // (units * p.tick_den) AS BIGINT) AS row_number, sum(p.sell) AS sell, sum(p.buy) AS buy
        FROM prices p GROUP BY ALL),
    each AS (
        SELECT * FROM placed
        UNION ALL BY NAME
        SELECT * REPLACE ('all' AS venue, _sum_kind(kind) AS kind, '' AS symbol) FROM placed
        ANTI JOIN _namesakes USING (venue, kind, symbol))
SELECT e.bar_start_ns, e.base, e.venue, e.kind, e.symbol, e.row_number, sum(e.sell) AS sell, sum(e.buy) AS buy
FROM each e GROUP BY ALL;
CREATE TEMP MACRO _footprint(bar_ns, units, of_base, from_ns, to_ns, tie) AS TABLE
WITH bounds AS (
        SELECT *, max(sell + buy) OVER bar AS most, (min(row_number) OVER bar + max(row_number) OVER bar) / 2 AS middle
        FROM _rows(bar_ns, units, of_base, from_ns, to_ns)
        WINDOW bar AS (PARTITION BY venue, kind, symbol, bar_start_ns)),
    judged AS (
        SELECT *, first_value(row_number) OVER (
            PARTITION BY venue, kind, symbol, bar_start_ns ORDER BY sell + buy < most * (1 - 1e-9),
            CASE tie WHEN 'lowest' THEN 0 ELSE abs(row_number - middle) END, row_number) AS poc
        FROM bounds)
SELECT j.bar_start_ns, j.base, j.venue, j.kind, j.symbol,
    digits(j.row_number * CAST(units AS DOUBLE) / 1e12) AS row_price,
    digits(j.sell) AS sell, digits(j.buy) AS buy, j.row_number = j.poc AS is_poc
FROM judged j WHERE j.sell > 0 OR j.buy > 0
ORDER BY j.venue, j.kind, j.symbol, j.bar_start_ns, j.row_number;
CREATE TEMP MACRO _units(size) AS CASE
    WHEN CAST(size AS DOUBLE) > 0 THEN CAST(CAST(size AS DECIMAL(30, 12)) * 1000000000000 AS HUGEINT)
    ELSE error('a row is larger than 0') END;
CREATE TEMP MACRO footprint(bar, row_size, base, since := NULL, until := NULL, poc_tie := 'middle') AS TABLE
SELECT * FROM _footprint(span_ns(bar), _units(row_size), base, _since(since), _until(until), poc_tie);
"""

CVD = """
CREATE TEMP MACRO _cvd(bar_ns, of_base, from_ns, to_ns) AS TABLE
WITH deltas AS (
        SELECT t.bar_start_ns, t.venue, t.kind, t.symbol, sum(t.size) FILTER (t.sign > 0) AS buy,
            sum(t.size) FILTER (t.sign < 0) AS sell, sum(t.notional_usd) FILTER (t.sign > 0) AS buy_usd,
            sum(t.notional_usd) FILTER (t.sign < 0) AS sell_usd
        FROM _trades(bar_ns, of_base, from_ns, to_ns) t GROUP BY ALL),
    lines AS (SELECT m.* FROM _markets m WHERE m.base = of_base AND m.focus),
    grid AS (
        SELECT b.bar_start_ns, m.base, m.venue, m.kind, m.symbol, m.began, coalesce(d.buy, 0) AS buy,
            coalesce(d.sell, 0) AS sell, coalesce(d.buy_usd, 0) AS buy_usd, coalesce(d.sell_usd, 0) AS sell_usd,
            m.blank OR b.bar_start_ns + bar_ns <= coalesce(m.since_ns, 0)
            OR b.bar_start_ns > coalesce(m.until_ns, to_ns)
            OR EXISTS (
                FROM _holes h WHERE h.venue = m.venue AND h.kind = m.kind AND h.symbol = m.symbol AND h.base = m.base
                AND b.bar_start_ns < h.end_ns AND b.bar_start_ns + bar_ns > h.start_ns) AS missing
        FROM (SELECT DISTINCT bar_start_ns FROM deltas) b CROSS JOIN lines m
        LEFT JOIN deltas d USING (bar_start_ns, venue, kind, symbol)),
    each AS (
        SELECT * FROM grid
        UNION ALL BY NAME
        SELECT g.bar_start_ns, g.base, 'all' AS venue, _sum_kind(g.kind) AS kind, '' AS symbol,
            bool_or(g.began) AS began, sum(g.buy) AS buy, sum(g.sell) AS sell, sum(g.buy_usd) AS buy_usd,
            sum(g.sell_usd) AS sell_usd,
            CASE WHEN bool_or(g.began) THEN bool_or(g.missing AND g.began) ELSE bool_and(g.missing) END AS missing
        FROM grid g ANTI JOIN _namesakes USING (venue, kind, symbol) GROUP BY ALL),
    running AS (
        SELECT *, _net(sum(buy) OVER line, sum(sell) OVER line) AS sum_coin,
            _net(sum(buy_usd) OVER line, sum(sell_usd) OVER line) AS sum_usd FROM each
        WINDOW line AS (PARTITION BY venue, kind, symbol ORDER BY bar_start_ns ROWS UNBOUNDED PRECEDING))
SELECT r.bar_start_ns, r.base, r.venue, r.kind, r.symbol, CASE WHEN NOT missing THEN digits(sum_coin) END AS cvd,
    CASE WHEN NOT missing THEN digits(sum_usd) END AS cvd_usd, missing AS gap
FROM running r ORDER BY r.venue, r.kind, r.symbol, r.bar_start_ns;
CREATE TEMP MACRO cvd(bar, base, since := NULL, until := NULL) AS TABLE
SELECT * FROM _cvd(span_ns(bar), base, _since(since), _until(until));
"""

ALL = (SCALARS, TRADES, COVERAGE, BARS, FOOTPRINT, CVD)
