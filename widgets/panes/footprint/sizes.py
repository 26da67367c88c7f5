"""How large a bar that is not of time should be: about what happens in a minute of the bars that are shown."""

from __future__ import annotations

import math
from collections.abc import Iterable
from statistics import median

from widgets.theme import format as text_of
from workstation.readmodels.flow.footprint import BarKind, BarRule, FootprintBar

_MINUTE_NS = 60_000_000_000
_JUDGED, _NEEDED = 120, 3  # newest closed bars that are looked at, and the fewest
_STEPS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)  # sizes offered, as multiples of the automatic one


def automatic_size(kind: BarKind, bars: Iterable[FootprintBar], tick: float) -> float | None:
    """A round size (1-2-5) for bars of this kind; None while too little is known.

    Trades and volume go with time, ranges and deltas with its root.
    """
    judged = [bar for bar in bars if bar.closed and bar.end_ns > bar.start_ns and bar.volume > 0][-_JUDGED:]
    if len(judged) < _NEEDED:
        return None
    minutes = [(bar.end_ns - bar.start_ns) / _MINUTE_NS for bar in judged]
    if kind is BarKind.TICK:
        wanted = sum(bar.trades for bar in judged) / sum(minutes)
        return max(round_size(wanted), 1.0)
    if kind is BarKind.VOLUME:
        return round_size(sum(bar.volume for bar in judged) / sum(minutes))
    roots = [math.sqrt(share) for share in minutes]
    if kind is BarKind.RANGE:
        wanted = median((bar.high - bar.low) / root for bar, root in zip(judged, roots, strict=True))
        return max(round(round_size(wanted) / tick) * tick, 10 * tick)
    return round_size(median(abs(bar.delta) / root for bar, root in zip(judged, roots, strict=True)) or 1.0)


def round_size(wanted: float) -> float:
    """The nearest of 1, 2 and 5 times a power of ten, on a scale of ratios."""
    if not (wanted > 0 and math.isfinite(wanted)):
        return 1.0
    magnitude = 10.0 ** math.floor(math.log10(wanted))
    best = min((1.0, 2.0, 5.0, 10.0), key=lambda step: abs(math.log(step * magnitude / wanted)))
    return float(f"{best * magnitude:.6g}")


def sizes_around(size: float, kind: BarKind) -> list[float]:
    """Round sizes to choose from, ascending."""
    found = {round_size(size * step) for step in _STEPS}
    return sorted(max(one, 1.0) if kind is BarKind.TICK else one for one in found)


def size_text(kind: BarKind, size: float, base: str) -> str:
    """`500 trades`, `200 BTC`, `50` (a price)."""
    if kind is BarKind.RANGE:
        return text_of.price(size, size)
    number = f"{size:,.0f}" if size >= 1 else f"{size:g}"
    return f"{number} {'trades' if kind is BarKind.TICK else base}"


def rule_text(rule: BarRule, base: str) -> str:
    """A rule in words, for legends: `range 50`, `tick 500 trades`."""
    if rule.kind is BarKind.TIME:
        return text_of.bar_length(int(rule.size))
    return f"{rule.kind.value} {size_text(rule.kind, rule.size, base)}"
