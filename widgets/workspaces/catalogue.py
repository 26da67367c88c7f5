"""Every kind of pane there is. A new pane is a package in `widgets/panes` and one word here.

The name of the package is the name that saved layouts know the pane by; its module `pane` says by `PANE` which class
it is.
"""

from __future__ import annotations

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
