"""What ends a bar, as two controls: of time, trades, volume, range or delta, and how much of it."""

import math
from collections.abc import Iterable
from statistics import median

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QInputDialog, QWidget

from widgets.elements.layouts import line_of
from widgets.theme import format as text_of
from workstation.readmodels.flow.footprint import BarKind, BarRule, FootprintBar

_SECOND = 1_000_000_000
BAR_LENGTHS = tuple(seconds * _SECOND for seconds in (1, 5, 15, 30, 60, 300, 900, 3600, 14_400, 86_400))
_OTHER = "other..."
_LARGEST = 1e12
_WHAT = {
    BarKind.TICK: "Trades in a bar",
    BarKind.VOLUME: "Volume of a bar, base coin",
    BarKind.RANGE: "Range of a bar, price",
    BarKind.DELTA: "Delta that ends a bar, base coin",
}
_MINUTE_NS = 60_000_000_000
_JUDGED, _NEEDED = 120, 3  # newest closed bars that are looked at, and the fewest
_STEPS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)  # sizes offered, as multiples of the automatic one


class BarControls(QWidget):
    """`changed` after the user chose. Sizes that are not of time are automatic until one is chosen.

    `learn` computes an automatic size from bars of time, which are requested until then.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.kind, self.bar = QComboBox(), QComboBox()
        self.bar_ns = 60 * _SECOND
        self._base = ""
        self._chosen: dict[BarKind, float] = {}
        self._automatic: dict[BarKind, float] = {}
        for kind in BarKind:
            self.kind.addItem(kind.value)
        line = line_of(within=self)
        for combo, least, tip in ((self.kind, 56, "What ends a bar"), (self.bar, 48, "Size of a bar")):
            combo.setMinimumWidth(least)
            combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
            combo.setToolTip(tip)
            line.addWidget(combo)
        self._fill()
        self.kind.currentIndexChanged.connect(lambda _: self._on_kind())
        self.bar.currentIndexChanged.connect(lambda _: self._on_size())

    @property
    def chosen(self) -> BarKind:
        """What ends a bar."""
        return list(BarKind)[max(self.kind.currentIndex(), 0)]

    @property
    def wanted(self) -> float | None:
        """The size chosen for the present kind; None for automatic. Bars of time always have one."""
        return float(self.bar_ns) if self.chosen is BarKind.TIME else self._chosen.get(self.chosen)

    def rule(self) -> BarRule | None:
        """What to ask for; None for bars of time."""
        kind = self.chosen
        size = self._chosen.get(kind) or self._automatic.get(kind)
        return None if kind is BarKind.TIME or size is None else BarRule(kind, size)

    @property
    def awaits(self) -> bool:
        """Whether an automatic size is still to be worked out."""
        return self.chosen is not BarKind.TIME and self.rule() is None

    def set_base(self, base: str) -> None:
        """Another coin: sizes of one mean nothing for another."""
        if base != self._base:
            self._base = base
            self.forget()
            self._chosen.clear()
            self._fill()

    def forget(self) -> None:
        """Compute automatic sizes again."""
        self._automatic.clear()

    def learn(self, bars: Iterable[FootprintBar], tick: float) -> None:
        """Work an automatic size out if one is wanted."""
        kind = self.chosen
        if not self.awaits:
            return
        size = automatic_size(kind, bars, tick)
        if size is not None:
            self._automatic[kind] = size
            self._fill()
            self.changed.emit()

    def choose(self, kind: BarKind, size: float | None) -> None:
        """Ask for bars of a kind and size (None: automatic); of time only those that are offered."""
        if kind is BarKind.TIME:
            self.bar_ns = int(size) if size in BAR_LENGTHS else self.bar_ns
        elif size is not None:
            self._chosen[kind] = size
        else:
            self._chosen.pop(kind, None)
        self.kind.blockSignals(True)
        self.kind.setCurrentIndex(list(BarKind).index(kind))
        self.kind.blockSignals(False)
        self._fill()
        self.changed.emit()

    def _on_kind(self) -> None:
        self._fill()
        self.changed.emit()

    def _on_size(self) -> None:
        kind, data = self.chosen, self.bar.currentData()
        if self.bar.currentText() == _OTHER:
            self._ask_size()
            return
        if kind is BarKind.TIME:
            self.bar_ns = int(data)
        elif data is None:
            self._chosen.pop(kind, None)
        else:
            self._chosen[kind] = float(data)
        self.changed.emit()

    def _ask_size(self) -> None:
        kind = self.chosen
        now = self._chosen.get(kind) or self._automatic.get(kind, 1.0)
        decimals = 0 if kind is BarKind.TICK else 8
        least = 10.0**-decimals
        size, ok = QInputDialog.getDouble(self, "Size of a bar", _WHAT[kind], now, least, _LARGEST, decimals)
        if ok:
            self._chosen[kind] = size
        self._fill()
        if ok:
            self.changed.emit()

    def _fill(self) -> None:
        """Offer the sizes of the present kind."""
        kind, combo = self.chosen, self.bar
        combo.blockSignals(True)
        combo.clear()
        if kind is BarKind.TIME:
            for bar_ns in BAR_LENGTHS:
                combo.addItem(text_of.bar_length(bar_ns), bar_ns)
            combo.setCurrentIndex(BAR_LENGTHS.index(self.bar_ns))
        else:
            self._fill_sizes(kind)
        combo.blockSignals(False)

    def _fill_sizes(self, kind: BarKind) -> None:
        automatic, chosen = self._automatic.get(kind), self._chosen.get(kind)
        self.bar.addItem("auto" if automatic is None else f"auto {size_text(kind, automatic, self._base)}", None)
        around = automatic or chosen
        sizes = set(sizes_around(around, kind)) if around else set()
        for size in sorted(sizes | ({chosen} if chosen else set())):
            self.bar.addItem(size_text(kind, size, self._base), size)
        self.bar.addItem(_OTHER)
        self.bar.setCurrentIndex(max(0, self.bar.findData(chosen)) if chosen else 0)


def automatic_size(kind: BarKind, bars: Iterable[FootprintBar], tick: float) -> float | None:
    """A round size (1-2-5) for bars of this kind; None while too little is known.

    Trades and volume go with time, ranges and deltas with its root.
    """
    judged = [bar for bar in bars if bar.closed and bar.end_ns > bar.start_ns and bar.volume > 0][-_JUDGED:]
    if len(judged) < _NEEDED:
        return None
    minutes = [(bar.end_ns - bar.start_ns) / _MINUTE_NS for bar in judged]
    if kind is BarKind.TICK:
        wanted = math.fsum(bar.trades for bar in judged) / math.fsum(minutes)
        return max(round_size(wanted), 1.0)
    if kind is BarKind.VOLUME:
        return round_size(math.fsum(bar.volume for bar in judged) / math.fsum(minutes))
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
    number = f"{size:,.0f}" if size >= 1 else text_of.plain(size, 6)
    return f"{number} {'trades' if kind is BarKind.TICK else base}"


def rule_text(rule: BarRule, base: str) -> str:
    """A rule as a text for legends: `range 50`, `tick 500 trades`."""
    if rule.kind is BarKind.TIME:
        return text_of.bar_length(int(rule.size))
    return f"{rule.kind.value} {size_text(rule.kind, rule.size, base)}"
