"""A menu of ticks that stays open while they are set."""

from __future__ import annotations

from PySide6.QtWidgets import QMenu


class StayingMenu(QMenu):
    """Ticking an entry does not close it: several are chosen in one go."""

    def mouseReleaseEvent(self, event: object) -> None:
        """Toggle in place; anything else as usual."""
        action = self.activeAction()
        if action is not None and action.isCheckable() and action.isEnabled():
            action.trigger()
        else:
            super().mouseReleaseEvent(event)  # type: ignore[arg-type]
