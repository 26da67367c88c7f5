"""A framed popup that opens below a button."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFrame, QWidget


class Popup(QFrame):
    """Subclasses say with which edge of the button they align."""

    aligns_right = True

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("popup")
        self.setFrameShape(QFrame.Shape.StyledPanel)

    def open_under(self, button: QWidget) -> None:
        """Open below a button, moved to stay within its screen."""
        self.adjustSize()
        left = button.width() - self.width() if self.aligns_right else 0
        corner, room = button.mapToGlobal(QPoint(left, button.height() + 2)), button.screen().availableGeometry()
        x = max(room.left(), min(corner.x(), room.right() - self.width()))
        self.move(x, max(room.top(), min(corner.y(), room.bottom() - self.height())))
        self.show()
