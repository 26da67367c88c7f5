"""Receipts and statistics as rich text, narrow enough for a side column."""

from collections.abc import Iterable
from html import escape

from widgets.panes.setups.rows import ARROWS, points
from widgets.theme import format as fmt
from widgets.theme.theme import theme
from workstation.readmodels.session.setups import HORIZONS_MIN, SetupEvent, SetupStatistics

_COINS = ("volume", "delta", "cvd", "oi", "aggression")
Numbers = tuple[tuple[str, float | None], ...]


def receipt(event: SetupEvent) -> str:
    """The numbers behind every decision about an event, as HTML."""
    head = (
        f"{ARROWS[event.direction]} {event.base} {event.detector.value}, version {event.version}: {event.state.value}"
    )
    bars = fmt.bar_length(event.bar_ns)
    lines = [
        _bold(head),
        f"{bars} bars at the {event.level.kind.value} {fmt.significant(event.level.price)}. {_spot_text(event)}",
        _part("trigger", event.trigger_ns, (("close", event.trigger_price), *_but_close(event.at_trigger))),
    ]
    if event.confirmed_ns is not None:
        lines.append(_part("confirmed", event.confirmed_ns, event.at_confirmation, event.reason))
    if event.ended_ns is not None:
        reason = "" if event.confirmed_ns is not None else event.reason
        lines.append(_part("ended", event.ended_ns, event.at_end, reason))
    lines += [_moves(event), _part("spot check", None, event.spot_check), _part("parameters", None, event.parameters)]
    return _page(line for line in lines if line)


def report(rows: tuple[SetupStatistics, ...], of_what: str) -> str:
    """Outcome statistics as HTML, losers included; `of_what` names the setups counted."""
    parts = [_muted(of_what)]
    for row in rows:
        if not row.since_confirmation:
            parts.append(_bold(f"{row.detector.value}: {row.count}") + " " + _muted(_counts(row)))
        if row.count:
            parts.append(_outcomes(row))
    return _page(parts)


def _counts(row: SetupStatistics) -> str:
    if not row.count:
        return "none yet"
    states = f"{row.confirmed} confirmed, {row.invalidated} invalidated, {row.expired} expired, {row.armed} armed"
    return f"{states}; {row.leverage_only} leverage only"


def _outcomes(row: SetupStatistics) -> str:
    title = "from confirmation" if row.since_confirmation else "all, from trigger"
    heads = "".join(_cell(f"{minutes}m", "muted") for minutes in HORIZONS_MIN)
    body = [f"<tr>{_cell(title, 'muted', left=True)}{heads}</tr>"]
    hits = [fmt.NO_DATA if share is None else f"{share * 100:.0f}%" for share in row.hit_rate]
    lines = (
        ("known", [str(count) for count in row.known]),
        ("mean bp", [points(value) for value in row.mean]),
        ("median bp", [points(value) for value in row.median]),
        ("hit rate", hits),
    )
    for name, values in lines:
        body.append(f"<tr>{_cell(name, 'muted', left=True)}{''.join(_cell(value, 'text') for value in values)}</tr>")
    return f"<table width='100%' cellspacing='0' cellpadding='1'>{''.join(body)}</table>"


def _cell(text: str, role: str, *, left: bool = False) -> str:
    color = theme().color(role).name()
    width = "36%" if left else "16%"
    return f"<td width='{width}' align='{'left' if left else 'right'}' style='color:{color}'>{escape(text)}</td>"


def _part(title: str, ts_ns: int | None, numbers: Numbers, reason: str = "") -> str:
    if not numbers and ts_ns is None:
        return ""
    when = f" {fmt.date_clock(ts_ns)}" if ts_ns is not None else ""
    suffix = f": {reason}" if reason else ""
    listed = ", ".join(f"{_muted(_name(name))}&nbsp;{_value(name, value)}" for name, value in numbers)
    return f"{_bold(title)}{_muted(when + suffix)}<br>{listed}"


def _moves(event: SetupEvent) -> str:
    rows = [f"{_bold('moves, bp')} {_listed(event.moves)}"]
    if event.confirmed_ns is not None:
        rows.append(f"{_muted('from confirmation')} {_listed(event.moves_confirmed)}")
    return "<br>".join(rows)


def _listed(moves: tuple[float | None, ...]) -> str:
    pairs = zip(HORIZONS_MIN, moves, strict=True)
    return ", ".join(f"{_muted(f'{minutes}m')}&nbsp;{points(move)}" for minutes, move in pairs)


def _spot_text(event: SetupEvent) -> str:
    if event.leverage_only is None:
        return "Spot CVD is unknown."
    return "Leverage only: spot CVD does not confirm." if event.leverage_only else "Spot CVD confirms."


def _but_close(numbers: Numbers) -> Numbers:
    return tuple(one for one in numbers if one[0] != "close")


def _name(name: str) -> str:
    return name.replace("_", " ")


def _value(name: str, value: float | None) -> str:
    if value is None:
        return fmt.NO_DATA
    if name.endswith("_move"):
        return f"{points(value)}&nbsp;bp"
    if any(part in name for part in _COINS) and not name.endswith(("ratio", "share")):
        return fmt.size(value).replace("-", "\N{MINUS SIGN}")
    return fmt.significant(value)


def _bold(text: str) -> str:
    return f"<b>{escape(text)}</b>"


def _muted(text: str) -> str:
    return f"<span style='color:{theme().color('muted').name()}'>{escape(text)}</span>" if text else ""


def _page(parts: Iterable[str]) -> str:
    return "".join(f"<p style='margin:0 0 6px 0'>{part}</p>" for part in parts)
