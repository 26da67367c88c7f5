"""What a study of the footprint is: one declaration from which menu, settings, keys, help, state and drawing follow.

A study is a module with `STUDY = ChartStudy(...)`, in `studies/builtin` or in a folder of the user's. Its functions are
given `Inputs`, read from them, and change nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Any, NamedTuple

from PySide6.QtGui import QBrush

from widgets.chart.axes import Tag
from widgets.elements.spans import Span
from widgets.items.crosshair import PriceLine
from widgets.items.scale import Scale, SlotGrid
from widgets.panes.footprint.cells.bars_on_grid import BarsOnGrid
from widgets.panes.footprint.cells.canvas import BarsInSight, Canvas
from widgets.panes.footprint.cells.rows import BarRows
from workstation.readmodels.arrays import Bools, Floats, Ints
from workstation.readmodels.flow.chart import QuotesView
from workstation.readmodels.flow.footprint import FootprintRequest, FootprintRules, FootprintView
from workstation.readmodels.request import Request, View
from workstation.readmodels.session.setup_rules import SetupRules

Values = Mapping[str, Any]  # the parameters of one study by name


class Group(Enum):
    """Columns of the settings page."""

    CELLS = "CELLS"
    SIGNS = "IMBALANCES AND SIGNS"
    STUDIES = "STUDIES"


class Number(NamedTuple):
    """Bounds and step of a number as it is displayed: `factor` times the stored value."""

    low: float
    high: float
    step: float
    decimals: int = 0
    factor: float = 1.0
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. The type of `default` is that of its values; `kind` is its range or an enumeration of choices.

    `rule` is the field of `FootprintRules` that it sets, shown or not. `texts` name choices other than by their value.
    With `menu` the values named there are a submenu as well. It can be set while its study is shown, `always`, or while
    `used` returns True for the values of the study and `shown` of any study.
    """

    name: str
    label: str
    default: int | float | StrEnum
    kind: Number | type[StrEnum]
    rule: str = ""
    texts: Mapping[Any, str] | None = None
    menu: Mapping[Any, str] | None = None
    used: Callable[[Values, Callable[[str], bool]], bool] | None = None
    always: bool = False


def rule_parameter(name: str, label: str, rule: str, kind: Number | type[StrEnum], **more: Any) -> Parameter:
    """A parameter that is a field of the rules, with the default of that field."""
    return Parameter(name, label, getattr(FootprintRules(), rule), kind, rule, **more)


@dataclass(frozen=True, slots=True, eq=False)
class ChartFacts:
    """What is on the chart. `visible` are the first and last slot in sight, `picked_ns` the span dragged last.

    `step` is the finest tick of the summed markets, for prices in texts.
    """

    request: FootprintRequest | None
    view: FootprintView | None
    bars: BarsOnGrid
    visible: tuple[float, float]
    step: float = 1.0
    quotes: QuotesView | None = None
    picked_ns: tuple[int, int] | None = None
    setup_rules: SetupRules = field(default_factory=SetupRules)

    @property
    def grid(self) -> SlotGrid:
        return self.bars.grid


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """What a study reads: the chart, its parameters, and the answer to its request, None before there is one."""

    chart: ChartFacts
    values: Values
    answer: View | None = None


# --- outputs: what a study shows


class Layer(Enum):
    """Where a drawing is painted."""

    UNDER = 0  # below the cells, in their cached picture
    OVER = 15  # over the cells, below signs and bubbles
    TOP = 18  # over signs and bubbles


@dataclass(frozen=True, slots=True)
class Drawing:
    """Paints by itself. In `Layer.UNDER`, `depends` returns what it draws of the view, comparable by ==."""

    draw: Callable[[Canvas, Inputs], None]
    layer: Layer = Layer.OVER
    depends: Callable[[FootprintView], object] = lambda view: None


@dataclass(frozen=True, slots=True)
class CellMarks:
    """Rectangles over the cells, one (n, 4) array of x, y, width, height in pixels for each brush."""

    brushes: Callable[[], list[QBrush]]
    rects: Callable[[BarsInSight, Values], list[Floats]]


@dataclass(frozen=True, slots=True)
class CellFlags:
    """The sells and the buys of which rows are emphasised."""

    flags: Callable[[BarRows, Values], tuple[Bools, Bools]]


@dataclass(frozen=True, slots=True, eq=False)
class BarSigns:
    """A sign (its index in the sprite sheet) above or below the bars where `bars`, (n,), is True."""

    sign: int
    bars: Bools
    above: bool


@dataclass(frozen=True, slots=True, eq=False)
class PriceSigns:
    """Signs at a slot and a price, one entry each; `side` -1 or 1 moves one beside the numbers of sells or buys."""

    sign: Ints
    slot: Floats
    price: Floats
    side: Ints


@dataclass(frozen=True, slots=True)
class Signs:
    """Signs at some of the bars, which are given as a slice of those of the view."""

    signs: Callable[[Inputs, FootprintView, slice], Iterable[BarSigns | PriceSigns]]


@dataclass(frozen=True, slots=True, eq=False)
class BubbleColumns:
    """Bubbles by venue time in ns; `role` indexes `sprites.BUBBLE_ROLES`.

    `notional` is in quote, and `least` that of the smallest bubble. `text` returns what one of them is, and its market,
    for the tooltip.
    """

    ts_ns: Ints
    price: Floats
    notional: Floats
    role: Ints
    least: float
    text: Callable[[int], tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Bubbles:
    """Discs and diamonds at their price and time, their area by size."""

    bubbles: Callable[[Inputs], BubbleColumns | None]


@dataclass(frozen=True, slots=True)
class PriceLines:
    """Horizontal lines of the moment, with labels on the price axis."""

    lines: Callable[[Inputs], Iterable[PriceLine]]
    tags: Callable[[Inputs], Iterable[Tag]] = lambda inputs: ()


@dataclass(frozen=True, slots=True)
class Legend:
    """Texts in the legend of the chart."""

    spans: Callable[[Inputs], Iterable[Span]]


@dataclass(frozen=True, slots=True)
class Readout:
    """Texts in the line about the bar under the crosshair, which is given by its index."""

    spans: Callable[[Inputs, FootprintView, int], Iterable[Span]]


@dataclass(frozen=True, slots=True)
class Tip:
    """The tooltip at a place of the plot in logical pixels; empty where there is nothing."""

    text: Callable[[Inputs, float, float, Scale], str]


@dataclass(frozen=True, slots=True)
class Columns:
    """Figures by bar for "copy as data", shown or not: name to (n,) values, NaN for an empty cell."""

    columns: Callable[[Inputs, FootprintView], Mapping[str, Floats]]


Output = Drawing | CellMarks | CellFlags | Signs | Bubbles | PriceLines | Legend | Readout | Tip | Columns


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartStudy:
    """A study. `name` is its key in saved workspaces and never changes; `help` are full sentences for the pane's help.

    `order` is its place in menu, settings and help, and among drawings of a layer back to front. `shown` is whether a
    new chart shows it. `key` shows and hides it (as QKeySequence writes it); with `cycle`, the name of a parameter of
    choices, it goes through them and off, and the menu offers them.

    `rules` changes the rules where fields of parameters are not enough, given whether the study is shown. `ask` is a
    request of its own while it is shown, whose answer comes in `Inputs`. `reserve` is the share of the width to keep
    free beside the latest bar.
    """

    name: str
    label: str
    help: str
    group: Group
    order: int
    outputs: tuple[Output, ...] = ()
    shown: bool = False
    key: str = ""
    cycle: str = ""
    parameters: tuple[Parameter, ...] = ()
    rules: Callable[[FootprintRules, bool, Values], FootprintRules] | None = None
    ask: Callable[[ChartFacts, Values], Request[View] | None] | None = None
    reserve: Callable[[Values], float] | None = None

    @property
    def defaults(self) -> Values:
        """Its parameters as shipped."""
        return {one.name: one.default for one in self.parameters}

    def parameter(self, name: str) -> Parameter:
        """One of its parameters. Raises KeyError."""
        for one in self.parameters:
            if one.name == name:
                return one
        raise KeyError(f"study {self.name} has no parameter {name}")
