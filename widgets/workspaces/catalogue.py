"""All kinds of panes. A new pane is a package in `widgets/panes` and one entry here.

The name of the package identifies the pane in saved layouts; its module `pane` names the class in `PANE`.
"""

from importlib import import_module

from widgets.pane import Pane

_KINDS = (
    "footprint",
    "cvd",
    "ladder",
    "tape",
    "heatmap",
    "liquidations",
    "liquidation_heatmap",
    "pressure",
    "library",
    "premium",
    "quadrant",
    "funding",
    "alerts",
    "setups",
    "paper",
)
PANES: dict[str, type[Pane]] = {kind: import_module(f"widgets.panes.{kind}.pane").PANE for kind in _KINDS}
"""The class of each kind, made without arguments, in the order of the menus."""
