"""The last price of a coin: the whole pane is this file."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QVBoxLayout

from widgets.pane import Pane, Table
from workstation.readmodels.flow.tape import TapeRequest, TapeView
from workstation.readmodels.request import View


class ToyPane(Pane):
    """Follows the coin of its link group."""

    title = "Toy"
    help = "The price of the newest trade."

    def __init__(self) -> None:
        super().__init__()
        self._base = ""
        self.label = QLabel("no trade yet")
        QVBoxLayout(self).addWidget(self.label)

    def set_base(self, base: str) -> None:
        """Show the newest trade of this coin."""
        self._base = base
        self.clear()

    def request(self) -> TapeRequest | None:
        """The newest trade; None while no coin is chosen."""
        return TapeRequest(self._base, count=1) if self._base else None

    def refresh(self, view: View) -> None:
        """Show its price."""
        if isinstance(view, TapeView) and len(view.price):
            self.label.setText(f"{view.price[-1]:,}")

    def clear(self) -> None:
        """Show that nothing is known."""
        self.label.setText("no trade yet")

    def as_table(self) -> Table:
        """One row."""
        return Table(("coin", "price"), ((self._base, self.label.text()),))


PANE = ToyPane
