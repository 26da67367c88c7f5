"""How the scores are computed: formulas, editable weights, and the terms of the selected coin's scores."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent, QWheelEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QDoubleSpinBox,
    QFrame,
    QGridLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from widgets.elements.captions import set_text, tint
from widgets.elements.layouts import column_of
from widgets.panes.pressure.columns import SHORT_REGIMES, bias_text, signed_text
from widgets.theme import format as fmt
from widgets.theme.theme import CELL, theme
from workstation.readmodels.universe.pressure import (
    FLOW_INPUTS,
    NEUTRAL_BELOW,
    PRESSURE_INPUTS,
    PRESSURE_SCALES,
    REGIMES,
    FlowWeights,
    PressureView,
    PressureWeights,
    band,
)

_PRESSURE = (
    "pressure = 100 · Σ w · tanh(x / scale) / Σ w, over the known inputs. Its sign is the bias (neutral below"
    f" {NEUTRAL_BELOW:g}), its size the score: from 15 lean, from 35 stretched, from 60 stressed. Weights and scales"
    " were fitted to published scores; OI 4 h was not published."
)
_FLOW = (
    "flow = Σ w · z / Σ |w|, z = (x − median) / (1.4826 · MAD) over all coins, clipped at ±3, for inputs known for at"
    " least 10 coins. Positive: takers buy, longs pay, shorts are liquidated, bids are larger. A negative weight"
    " inverts an input."
)
_REGIMES = (
    "Regimes: long crowded is a long bias, funding of at least 0.05 % and OI up 5 % in 24 h; short ramp is the opposite"
    " with negative funding; squeeze risk is OI up 5 % with a funding of 0.02 % against the bias. None of this is"
    " advice."
)
_BESIDE_PX = 760
_HEADS = (("pressure", "weight", "value", "scale", "points"), ("flow", "weight", "value", "median", "z"))


class Weight(QDoubleSpinBox):
    """A weight box that ignores the mouse wheel, so that scrolling the page does not change it."""

    def __init__(self, least: float, most: float, step: float, decimals: int) -> None:
        super().__init__()
        self.setRange(least, most)
        self.setSingleStep(step)
        self.setDecimals(decimals)
        self.setKeyboardTracking(False)
        self.setFixedSize(44, 20)
        self.setStyleSheet("padding: 0 2px")
        self.setAlignment(Qt.AlignmentFlag.AlignRight)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class PressureMethod(QScrollArea):
    """`weights_changed` is emitted when the user changes a weight."""

    weights_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.head = QLabel()
        self.head.setWordWrap(True)
        self.weights = [Weight(0, 100, 1, 0) for _ in PRESSURE_INPUTS]
        self.flow_weights = [Weight(-5, 5, 0.25, 2) for _ in FLOW_INPUTS]
        for name, box in zip((*PRESSURE_INPUTS, *FLOW_INPUTS), (*self.weights, *self.flow_weights), strict=True):
            box.setAccessibleName(f"Weight of {name}")
        self.defaults = QPushButton("default weights")
        self.cells: list[list[QLabel]] = []
        self._lay_out()
        self.show_weights(PressureWeights(), FlowWeights())
        for box in (*self.weights, *self.flow_weights):
            box.valueChanged.connect(lambda _: self._changed())
        self.defaults.clicked.connect(lambda _: self._to_defaults())

    def _lay_out(self) -> None:
        inside = QWidget()
        inside.setObjectName("method")
        inside.setStyleSheet(f"QWidget#method {{ background: {theme().color('pane').name()}; }}")
        column = column_of(self.head, within=inside, margins=(2 * CELL, CELL, 2 * CELL, CELL), spacing=CELL)
        self._halves = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._halves.setSpacing(2 * CELL)
        for heads, names, boxes, formula in (
            (_HEADS[0], PRESSURE_INPUTS, self.weights, _PRESSURE),
            (_HEADS[1], FLOW_INPUTS, self.flow_weights, _FLOW),
        ):
            half = QVBoxLayout()
            half.addLayout(self._table(heads, names, boxes))
            half.addWidget(_prose(formula))
            half.addStretch(1)
            self._halves.addLayout(half, 1)
        column.addLayout(self._halves)
        column.addWidget(_prose(_REGIMES))
        column.addWidget(self.defaults, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch(1)
        self.setWidget(inside)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show the two scores side by side where there is room."""
        super().resizeEvent(event)
        wide = event.size().width() >= _BESIDE_PX
        self._halves.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom)

    def wanted_height(self, width: int) -> int:
        """The preferred height in pixels at a width."""
        return 270 if width >= _BESIDE_PX else 430

    def _table(self, heads: Sequence[str], names: Sequence[str], boxes: Sequence[Weight]) -> QGridLayout:
        """A row of headings, a row per name, and a row for the score."""
        grid = QGridLayout()
        grid.setHorizontalSpacing(CELL)
        grid.setVerticalSpacing(1)
        for at, text in enumerate(heads):
            grid.addWidget(_caption(text, right=at > 0), 0, at)
        for line, name in enumerate((*names, "score"), 1):
            grid.addWidget(_caption(name), line, 0)
            cells = [_figure() for _ in range(3)]
            for at, cell in enumerate(cells, 2):
                grid.addWidget(cell, line, at)
            self.cells.append(cells)
        for line, box in enumerate(boxes, 1):
            grid.addWidget(box, line, 1, Qt.AlignmentFlag.AlignRight)
        for at, width in enumerate((56, 44, 60, 52, 42)):
            grid.setColumnMinimumWidth(at, width)
        grid.setColumnStretch(len(heads), 1)
        return grid

    # --- weights

    @property
    def values(self) -> tuple[PressureWeights, FlowWeights]:
        return PressureWeights(*(box.value() for box in self.weights)), FlowWeights(
            *(box.value() for box in self.flow_weights)
        )

    def show_weights(self, weights: PressureWeights, flow: FlowWeights) -> None:
        """Show these weights without emitting `weights_changed`."""
        values = (*astuple(weights), *astuple(flow))
        for box, value in zip((*self.weights, *self.flow_weights), values, strict=True):
            blocked = box.blockSignals(True)
            box.setValue(value)
            box.blockSignals(blocked)
        self.defaults.setEnabled(self.values != (PressureWeights(), FlowWeights()))

    def _changed(self) -> None:
        self.defaults.setEnabled(self.values != (PressureWeights(), FlowWeights()))
        self.weights_changed.emit()

    def _to_defaults(self) -> None:
        self.show_weights(PressureWeights(), FlowWeights())
        self.weights_changed.emit()

    # --- the selected coin

    def show_coin(self, view: PressureView | None, symbol: str) -> None:
        """Show the terms of a coin's scores; without a coin, show how to select one."""
        if view is None or symbol not in view.universe.symbols:
            set_text(self.head, _why_empty(view, symbol))
            for cells in self.cells:
                _fill(cells, ("", "", ""))
            return
        coin = view.universe.symbols.index(symbol)
        set_text(self.head, self._headline(view, coin, symbol))
        self._show_pressure(view, coin)
        self._show_flow(view, coin)

    def _headline(self, view: PressureView, coin: int, symbol: str) -> str:
        signed, flow = float(view.pressure.signed[coin]), float(view.flow.score[coin])
        if math.isnan(signed):
            return f"{symbol}: no input of the pressure score is known"
        regime = SHORT_REGIMES[REGIMES[view.pressure.regime[coin]]]
        return (
            f"{symbol}  pressure {abs(signed):.0f} {bias_text(float(view.pressure.bias[coin]))}, {band(abs(signed))},"
            f" {regime}; {view.pressure.confidence[coin]:.0%} of the weights known."
            f"  Flow {signed_text(flow)}, rank {view.flow.rank[coin]} of {int((view.flow.rank > 0).sum())}."
        )

    def _show_pressure(self, view: PressureView, coin: int) -> None:
        columns = view.universe.columns
        values = (columns.interest_change_1h, columns.interest_change_4h, columns.interest_change_24h,
                  columns.funding_8h, columns.premium)  # fmt: skip
        for at, (cells, scale) in enumerate(zip(self.cells, PRESSURE_SCALES, strict=False)):
            points = float(view.pressure.parts[at, coin])
            value = fmt.percent(float(values[at][coin]), 4 if at == 3 else 3)
            _fill(cells, (value, f"{scale * 100:.3g}%", signed_text(points, 1)))
        signed = float(view.pressure.signed[coin])
        _fill(self.cells[len(PRESSURE_SCALES)], ("", "", signed_text(signed, 1)))

    def _show_flow(self, view: PressureView, coin: int) -> None:
        written: tuple[Callable[[float], str], ...] = (
            lambda value: fmt.percent(value, 1), lambda value: fmt.percent(value, 4), signed_text, signed_text
        )  # fmt: skip
        below = self.cells[len(PRESSURE_SCALES) + 1 :]
        for at, (cells, text) in enumerate(zip(below, written, strict=False)):
            z = float(view.flow.z[at, coin])
            _fill(cells, (text(float(view.flow.values[at, coin])), text(float(view.flow.median[at])), signed_text(z)))
        _fill(below[-1], ("", "", signed_text(float(view.flow.score[coin]))))


def _why_empty(view: PressureView | None, symbol: str) -> str:
    if view is None or not view.universe.symbols:
        return "Waiting for the first perpetual's data."
    return f"{symbol}: no perpetual is known." if symbol else "Select a coin in the table."


def _fill(cells: Sequence[QLabel], texts: Iterable[str]) -> None:
    """Set the texts of a row; the last one, the result, is coloured by its sign."""
    for cell, text in zip(cells, texts, strict=True):
        set_text(cell, text)
    tint(cells[-1], fmt.tone(cells[-1].text(), "text"))


def _caption(text: str, *, right: bool = False) -> QLabel:
    label = QLabel(text)
    label.setFont(theme().font(small=True))
    tint(label, "muted")
    if right:
        label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return label


def _figure() -> QLabel:
    label = QLabel()
    label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return label


def _prose(text: str) -> QLabel:
    label = _caption(text)
    label.setWordWrap(True)
    return label
