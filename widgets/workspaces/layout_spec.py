"""A layout of docks as a tree of rows, columns and tabs, and its application to a window."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow

_ACROSS, _DOWN = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
_AREA = Qt.DockWidgetArea.LeftDockWidgetArea


@dataclass(frozen=True, slots=True)
class Tabs:
    """Panes in one place, the first in front. A single pane has no tab."""

    panes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Split:
    """Parts beside or above each other. A size above 1 is in pixels; the others share the rest in proportion."""

    orientation: Qt.Orientation
    parts: tuple[tuple[float, Node], ...]


Node = Tabs | Split


def tabs(*panes: str) -> Tabs:
    """Panes in one place."""
    return Tabs(panes)


def row(*parts: tuple[float, Node]) -> Split:
    """Parts from left to right."""
    return Split(_ACROSS, parts)


def column(*parts: tuple[float, Node]) -> Split:
    """Parts from top to bottom."""
    return Split(_DOWN, parts)


def names(node: Node) -> tuple[str, ...]:
    if isinstance(node, Tabs):
        return node.panes
    return tuple(name for _, part in node.parts for name in names(part))


def pruned(node: Node, keep: Callable[[str], bool]) -> Node | None:
    """The tree without some panes; None if nothing is left."""
    if isinstance(node, Tabs):
        left = tuple(name for name in node.panes if keep(name))
        return Tabs(left) if left else None
    parts = tuple((size, found) for size, part in node.parts if (found := pruned(part, keep)) is not None)
    if len(parts) < 2:
        return parts[0][1] if parts else None
    return Split(node.orientation, parts)


def arrange(window: QMainWindow, docks: Mapping[str, QDockWidget], tree: Node) -> None:
    """Lay out the docks of a tree and remove all others from the window."""
    wanted = names(tree)
    for dock in docks.values():
        dock.setFloating(False)
        window.removeDockWidget(dock)
    window.addDockWidget(_AREA, docks[wanted[0]])
    _place(window, docks, tree)
    for name in wanted:
        docks[name].show()
    for front in _fronts(tree):
        docks[front].raise_()
    _share(window, docks, tree, window.width(), window.height())


def restore_state(window: QMainWindow, docks: Iterable[QDockWidget], state: QByteArray) -> bool:
    """Restore the places of the docks in the window from a saved state; False if it is unusable.

    The other docks leave the window meanwhile: Qt places every dock that the state does not contain, and the window
    would grow until all fit.
    """
    away = [dock for dock in docks if window.dockWidgetArea(dock) is Qt.DockWidgetArea.NoDockWidgetArea]
    for dock in away:
        dock.setParent(None)
    restored = window.restoreState(state)
    for dock in away:
        dock.setParent(window)
    return restored


def _place(window: QMainWindow, docks: Mapping[str, QDockWidget], node: Node) -> None:
    """Split the place of a node's first dock, outermost splits first: Qt nests later ones inside."""
    if isinstance(node, Tabs):
        for behind in node.panes[1:]:
            window.tabifyDockWidget(docks[node.panes[0]], docks[behind])
        return
    firsts = [docks[names(part)[0]] for _, part in node.parts]
    for before, dock in pairwise(firsts):
        window.splitDockWidget(before, dock, node.orientation)
    for _, part in node.parts:
        _place(window, docks, part)


def _fronts(node: Node) -> Iterator[str]:
    if isinstance(node, Tabs):
        yield node.panes[0]
        return
    for _, part in node.parts:
        yield from _fronts(part)


def _share(window: QMainWindow, docks: Mapping[str, QDockWidget], node: Node, width: float, height: float) -> None:
    if isinstance(node, Tabs):
        return
    across = node.orientation is _ACROSS
    whole = width if across else height
    rest = whole - sum(size for size, _ in node.parts if size > 1)
    shares = sum(size for size, _ in node.parts if size <= 1)
    px = [size if size > 1 else rest * size / shares for size, _ in node.parts]
    window.resizeDocks([docks[names(part)[0]] for _, part in node.parts], [round(one) for one in px], node.orientation)
    for (_, part), size in zip(node.parts, px, strict=True):
        _share(window, docks, part, size if across else width, height if across else size)
