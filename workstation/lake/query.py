"""Opens DuckDB over a lake: a view per table, over completely added recordings, and the macros.

Where recordings overlap, a trade counts once, by the ids it merges, from the earlier recording; other rows of the later
recording count from the end of the earlier one of the same market.
"""

from __future__ import annotations

import re
from itertools import pairwise
from math import fsum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from feeds.model.errors import RecordingError
from feeds.model.instrument import MarketKind
from workstation.analytics.state.identity import is_apart
from workstation.lake.macros import ALL
from workstation.lake.manifest import LakeMarket, Manifest, read_manifests
from workstation.lake.schema import SCHEMAS

if TYPE_CHECKING:
    import duckdb

Key = tuple[str, str, str, str]  # base, venue, kind, symbol
Spans = list[tuple[int, int]]

_KEY = [(name, pa.string()) for name in ("base", "venue", "kind", "symbol")]
_SPANS = pa.schema([*_KEY, ("start_ns", pa.int64()), ("end_ns", pa.int64())])
_MARKETS = pa.schema(
    [
        *_KEY,
        ("tick", pa.float64()),
        *((name, pa.int64()) for name in ("tick_num", "tick_den", "since_ns", "until_ns", "seen_ns")),
        *((name, pa.bool_()) for name in ("began", "blank", "focus", "apart")),
    ]
)
_RECORDINGS = pa.schema([("recording", pa.string()), ("priority", pa.int64())])
_CUTS = pa.schema([("recording", pa.string()), *_KEY, ("after_ns", pa.int64())])

_PATTERN = re.compile(r"[*?\[]")  # DuckDB reads a path with these as a pattern, which may match another lake
_READING = ("SELECT", "CREATE", "MULTI", "EXPLAIN")
"""Kinds of statements that write no files; what CREATE creates is in memory. EXPLAIN ANALYZE runs what it explains."""

_TRADES = """
WITH ranked AS (
    SELECT f.*, r.priority AS _priority, CASE WHEN f.trade_id = ''
        THEN concat_ws(' ', f.ts_venue_ns, f.price_ticks, f.size, f.aggressor) ELSE f.trade_id END AS _identity
    FROM {source} f JOIN _recordings r ON r.recording = f.recording),
merged AS (
    SELECT date AS m_date, venue AS m_venue, symbol AS m_symbol, kind AS m_kind, _priority AS m_priority,
        unnest(generate_series(CAST(trade_id AS BIGINT) - least(matches, 10000) + 1, CAST(trade_id AS BIGINT))) AS m_id
    FROM ranked WHERE matches > 1),
first_of AS (
    SELECT m_date, m_venue, m_symbol, m_kind, CAST(m_id AS VARCHAR) AS m_id, min(m_priority) AS m_priority
    FROM merged GROUP BY ALL)
SELECT f.* EXCLUDE (_priority, _identity) FROM ranked f LEFT JOIN first_of m
    ON m.m_date = f.date AND m.m_venue = f.venue AND m.m_symbol = f.symbol AND m.m_kind = f.kind AND m.m_id = f.trade_id
WHERE m.m_priority IS NULL OR m.m_priority >= f._priority
QUALIFY rank() OVER (PARTITION BY f.date, f.venue, f.symbol, f.kind, f._identity ORDER BY f._priority) = 1
"""
"""Each trade from the earliest recording that has it, also where that merged its id into a row of several matches."""


def writing_statement(sql: str) -> str:
    """The first kind of statement in some SQL that could write files, for example `COPY`; "" if all only read.

    Raises:
        duckdb.Error: the SQL cannot be parsed.
    """
    import duckdb

    for statement in duckdb.extract_statements(sql):
        kind = statement.type.name
        if kind not in _READING or (kind == "EXPLAIN" and "analyze" in statement.query.lower()):
            return kind
    return ""


def connect(root: Path) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB session over the current state of a lake.

    Raises:
        RecordingError: there is no lake, a manifest is damaged, or DuckDB is not installed.
    """
    try:
        import duckdb
    except ImportError as error:
        raise RecordingError("Queries need DuckDB: pip install 'orderflow-workstation[lake]'.", str(error)) from error
    manifests = read_manifests(root)
    if not manifests:
        raise RecordingError(f"{root} is no lake; make one with `workstation lake add FILE --root {root}`.")
    session = duckdb.connect()
    session.execute("SET TimeZone = 'UTC'; SET allow_persistent_secrets = false")
    _describe(session, manifests)
    for table in SCHEMAS:
        _open(session, root, table, manifests)
    for macros in ALL:
        session.execute(macros)
    return session


def _open(session: duckdb.DuckDBPyConnection, root: Path, table: str, manifests: list[Manifest]) -> None:
    """Create the view of a table over the committed files."""
    files = [root / name for manifest in manifests for name in manifest.files if name.startswith(f"{table}/")]
    if not files:
        empty = pa.schema([*SCHEMAS[table], ("date", pa.date32()), ("venue", pa.string()), ("symbol", pa.string())])
        session.register(table, empty.empty_table())
        return
    names = ", ".join(_quoted(_PATTERN.sub(r"[\g<0>]", str(file))) for file in files)
    partitions = "{'date': DATE, 'venue': VARCHAR, 'symbol': VARCHAR}"
    source = f"read_parquet([{names}], union_by_name = true, hive_partitioning = true, hive_types = {partitions})"
    session.execute(f"CREATE TEMP VIEW {table} AS {_deduplicated(table, source, manifests)}")


def _deduplicated(table: str, source: str, manifests: list[Manifest]) -> str:
    if table == "trades":
        if not _trades_overlap(manifests):
            return f"SELECT * FROM {source}"
        return _TRADES.format(source=source)
    if table == "pressure":
        if not _overlap(manifests):
            return f"SELECT * FROM {source}"
        return (
            f"SELECT f.* FROM {source} f JOIN _recordings r ON r.recording = f.recording "
            "QUALIFY rank() OVER (PARTITION BY f.ts_ns, f.venue, f.kind, f.base, f.market ORDER BY r.priority) = 1"
        )
    if not _cuts(manifests):
        return f"SELECT * FROM {source}"
    return (
        f"SELECT f.* FROM {source} f LEFT JOIN _cuts c ON c.recording = f.recording AND c.base = f.base "
        "AND c.venue = f.venue AND c.kind = f.kind AND c.symbol = f.symbol WHERE f.ts_recv_ns > coalesce(c.after_ns, 0)"
    )


def _trades_overlap(manifests: list[Manifest]) -> bool:
    reached: dict[Key, int] = {}
    for market in sorted((one for manifest in manifests for one in manifest.markets), key=lambda one: one.first_ns):
        if market.first_ns:
            if market.first_ns <= reached.get(_key(market), 0):
                return True
            reached[_key(market)] = market.last_ns
    return False


def _overlap(manifests: list[Manifest]) -> bool:
    return any(later.start_ns <= earlier.end_ns for earlier, later in pairwise(manifests))


def _cuts(manifests: list[Manifest]) -> list[tuple[Any, ...]]:
    """(recording, *market, ns): the time up to which an earlier recording already covers a market."""
    reached: dict[Key, int] = {}
    cuts = []
    for manifest in manifests:
        for market in manifest.markets:
            key = _key(market)
            if reached.get(key, -1) >= manifest.start_ns:
                cuts.append((manifest.recording, *key, reached[key]))
            reached[key] = max(reached.get(key, 0), manifest.end_ns)
    return cuts


def _describe(session: duckdb.DuckDBPyConnection, manifests: list[Manifest]) -> None:
    """Create the tables of markets, of their spans with complete trades, and of the gaps between these."""
    found: dict[Key, list[LakeMarket]] = {}
    for market in (one for manifest in manifests for one in manifest.markets):
        found.setdefault(_key(market), []).append(market)
    spans = {key: joined([span for one in parts for span in one.spans]) for key, parts in found.items()}
    apart = _apart(found)
    markets = [(*_market(key, parts, spans[key]), key in apart) for key, parts in found.items()]
    gaps = [(*key, end, start) for key, ones in spans.items() for (_, end), (start, _) in pairwise(ones)]
    _table(session, "_markets", _MARKETS, markets)
    _table(session, "coverage", _SPANS, [(*key, *span) for key, ones in spans.items() for span in ones])
    _table(session, "_holes", _SPANS, gaps)
    _table(session, "_cuts", _CUTS, _cuts(manifests))
    _table(session, "_recordings", _RECORDINGS, [(one.recording, at) for at, one in enumerate(manifests)])


def _apart(found: dict[Key, list[LakeMarket]]) -> set[Key]:
    """Markets that are another asset of the same name, by their last prices and the rule of the engine."""
    priced = {key: next((one.price for one in reversed(parts) if one.price), 0.0) for key, parts in found.items()}
    turnover = {key: fsum(one.turnover for one in parts) for key, parts in found.items()}
    leads: dict[str, Key] = {}
    for key in (key for key, price in priced.items() if price):
        lead = leads.setdefault(key[0], key)
        leads[key[0]] = max(lead, key, key=lambda one: (one[2] != MarketKind.SPOT.value, turnover[one]))
    return {key for key, price in priced.items() if key[0] in leads and is_apart(price, priced[leads[key[0]]])}


def _market(key: Key, parts: list[LakeMarket], spans: Spans) -> tuple[Any, ...]:
    last, began = parts[-1], any(one.began for one in parts)
    traded = any(one.first_ns for one in parts)
    bounds = (spans[0][0], spans[-1][1]) if spans else (None, None)
    seen_ns = max(one.seen_ns for one in parts)
    blank, focus = not spans and (began or not traded), any(one.focus for one in parts)
    return (*key, last.tick, last.tick_num, last.tick_den, *bounds, seen_ns, began, blank, focus)


def joined(spans: Spans) -> Spans:
    """Merge overlapping and touching spans, sorted."""
    found: Spans = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def _table(session: duckdb.DuckDBPyConnection, name: str, schema: pa.Schema, rows: list[tuple[Any, ...]]) -> None:
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    session.register(name, pa.Table.from_arrays(arrays, schema=schema))


def _key(market: LakeMarket) -> Key:
    return market.base, market.venue, market.kind, market.symbol


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
