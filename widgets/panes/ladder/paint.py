"""Paints a ladder from one scene with shared fonts and pens."""

from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from feeds.model.instrument import Venue
from widgets.elements.labels import Align, Labels
from widgets.panes.ladder.rows import Cell, Slots, ask_row_of, columns_of, row_of
from widgets.theme import format as fmt
from widgets.theme.markets import BookState, freshness_color, market_mark, row_height
from widgets.theme.theme import theme
from workstation.readmodels.arrays import Floats
from workstation.readmodels.flow.ladder import LadderView
from workstation.readmodels.markets import Freshness
from workstation.readmodels.net import net

_PAD = 4
_MINUTE_NS = 60_000_000_000
_ALIGNED = {"price": Align.CENTER, "session": Align.LEFT}


class Scene(NamedTuple):
    """What one paint needs. `hovered` is a slot or None."""

    view: LadderView
    slots: Slots
    state: BookState
    hovered: int | None

    @property
    def book_shown(self) -> bool:
        """Whether the book is drawn; a lost or resyncing one is not."""
        return self.state.freshness in (Freshness.LIVE, Freshness.STALE)

    @property
    def best_bid_row(self) -> int | None:
        """The row of the best bid, floored."""
        price = self.view.best_bid if self.book_shown else None
        return None if price is None else row_of(price, self.view.row_size)

    @property
    def best_ask_row(self) -> int | None:
        """The row of the best ask, ceiled."""
        price = self.view.best_ask if self.book_shown else None
        return None if price is None else ask_row_of(price, self.view.row_size)


class LadderPaint:
    """Paints a ladder. Call `begin` before `draw` or `notice`."""

    def __init__(self) -> None:
        look = theme()
        self._plain, self._bold = Labels(look.font()), Labels(look.font(bold=True))
        self._small = Labels(look.font(small=True))
        self.row_px = row_height()
        self.width, self.height = 0, 0
        self._cells: dict[str, Cell] = {}
        self.hidden: frozenset[str] = frozenset()
        self._labelled: set[tuple[str, int]] = set()  # cells with a label beside their size

    def begin(self, painter: QPainter, width: int, height: int) -> None:
        """Draw the background and the headings, which are shown without a view too."""
        self.width, self.height = width, height
        self._cells = columns_of(width, self.hidden)
        self._labelled.clear()
        painter.fillRect(0, 0, width, height, theme().brush("pane"))
        painter.setPen(theme().pen("muted"))
        for name, cell in self._cells.items():
            align = _ALIGNED.get(name, Align.RIGHT)
            self._small.draw(painter, name, cell.x + 2, 0, cell.width - _PAD - 2, self.row_px, align)
        painter.setPen(theme().pen("hairline"))
        painter.drawLine(0, self.row_px - 1, width, self.row_px - 1)

    def notice(self, painter: QPainter, text: str) -> None:
        """Draw a text in the middle of an empty ladder."""
        painter.setPen(theme().pen("muted"))
        self._plain.draw(painter, text, 0, self.row_px, self.width, self.height - self.row_px, Align.CENTER)

    def draw(self, painter: QPainter, scene: Scene) -> None:
        self._draw_grid(painter, scene.slots)
        self._draw_beyond(painter, scene.slots)
        self._draw_spread(painter, scene)
        self._draw_hovered(painter, scene)
        self._draw_traded(painter, scene.slots)
        self._draw_profile(painter, scene.slots)
        if scene.book_shown:
            self._draw_resting(painter, scene)
            self._draw_changes(painter, scene.slots)
            self._draw_ends(painter, scene)
            self._draw_pulled(painter, scene)
        else:
            self._draw_absent(painter)
        self._draw_prices(painter, scene)
        self._draw_last(painter, scene)
        self._draw_state(painter, scene.state)

    def _y(self, slot: int) -> int:
        return (slot + 1) * self.row_px

    def _number(self, painter: QPainter, labels: Labels, text: str, cell: Cell, slot: int) -> None:
        labels.draw(painter, text, cell.x, self._y(slot), cell.width - _PAD, self.row_px)

    # --- ground

    def _draw_absent(self, painter: QPainter) -> None:
        """Darken the bid and ask columns while there is no trusted book."""
        for name in ("bid", "ask"):
            cell = self._cells[name]
            painter.fillRect(QRectF(cell.x, self.row_px, cell.width, self.height), theme().brush("window"))

    def _draw_grid(self, painter: QPainter, slots: Slots) -> None:
        painter.setPen(theme().pen("grid"))
        for cell in list(self._cells.values())[1:]:
            painter.drawLine(int(cell.x), self.row_px, int(cell.x), self.height)
        for slot, row in enumerate(slots.rows):
            if row % 10 == 0:
                painter.drawLine(0, self._y(slot) + self.row_px - 1, self.width, self._y(slot) + self.row_px - 1)

    def _draw_beyond(self, painter: QPainter, slots: Slots) -> None:
        """Shade and label prices beyond the visible book: their size is unknown, not zero."""
        price = self._cells["price"]
        for top, bottom in _runs(np.isnan(slots.bid)):
            area = QRectF(0, self._y(top), self.width, (bottom - top) * self.row_px)
            painter.fillRect(area, theme().brush("window"))
            painter.setPen(theme().pen("faint"))
            for x, width in ((0, price.x), (price.x + price.width, self.width - price.x - price.width)):
                self._small.draw(painter, "beyond the visible book", x, area.top(), width, area.height(), Align.CENTER)

    def _draw_spread(self, painter: QPainter, scene: Scene) -> None:
        """Darken the rows inside the spread, with a hairline at both edges."""
        low, high = scene.best_bid_row, scene.best_ask_row
        if low is None or high is None:
            return
        top = max(self._y(scene.slots.rows[0] - high + 1), self.row_px)
        bottom = max(self._y(scene.slots.rows[0] - low), top)
        painter.fillRect(QRectF(0, top, self.width, bottom - top), theme().brush("window"))
        painter.setPen(theme().pen("faint"))
        for y in {top, bottom}:
            painter.drawLine(0, y - 1, self.width, y - 1)

    def _draw_hovered(self, painter: QPainter, scene: Scene) -> None:
        if scene.hovered is not None and 0 <= scene.hovered < len(scene.slots.rows):
            painter.fillRect(QRectF(0, self._y(scene.hovered), self.width, self.row_px), theme().brush("raised"))

    # --- numbers

    def _draw_resting(self, painter: QPainter, scene: Scene) -> None:
        slots, largest = scene.slots, scene.slots.largest_size
        stale = scene.state.freshness is Freshness.STALE
        for name, role, sizes, best in (
            ("bid", "buy", slots.bid, scene.best_bid_row),
            ("ask", "sell", slots.ask, scene.best_ask_row),
        ):
            best_slot = None if best is None else slots.rows[0] - best
            parts = (slots.venue_bid if name == "bid" else slots.venue_ask) / largest
            if stale or len(parts) < 2:
                self._draw_bars(painter, name, "stale" if stale else role, sizes / largest, best_slot)
            else:
                self._draw_stacks(painter, name, role, scene.view.venues, parts)
            painter.setPen(theme().pen("muted" if stale else "text"))
            for slot in _where(sizes > 0):
                labels = self._bold if slot == best_slot else self._plain
                self._number(painter, labels, fmt.size(float(sizes[slot])), self._cells[name], slot)

    def _draw_bars(self, painter: QPainter, name: str, role: str, parts: Floats, best_slot: int | None) -> None:
        """Bars that grow away from the price, bids to the left and asks to the right."""
        cell, look = self._cells[name], theme()
        for slot in _where(parts > 0):
            length = max(1.0, (cell.width - 1) * float(parts[slot]))
            x = cell.x + cell.width - length if name == "bid" else cell.x + 1
            brush = look.brush(role, 136 if slot == best_slot else 72)
            painter.fillRect(QRectF(x, self._y(slot) + 1, length, self.row_px - 2), brush)

    def _draw_stacks(self, painter: QPainter, name: str, role: str, venues: tuple[Venue, ...], parts: Floats) -> None:
        """Bars of the side with a strip of venue colours below: each venue's share, the largest next to the price."""
        cell, look = self._cells[name], theme()
        for slot in _where(np.nansum(parts, axis=0) > 0):
            edge, whole = 0.0, float(parts[:, slot].sum()) * (cell.width - 1)
            x = cell.x + cell.width - whole if name == "bid" else cell.x + 1
            painter.fillRect(QRectF(x, self._y(slot) + 1, max(whole, 1.0), self.row_px - 2), look.brush(role, 60))
            for at in np.argsort(-parts[:, slot], kind="stable").tolist():
                length = float(parts[at, slot]) * (cell.width - 1)
                if length < 0.5:
                    break
                x = cell.x + cell.width - edge - length if name == "bid" else cell.x + 1 + edge
                painter.fillRect(QRectF(x, self._y(slot) + self.row_px - 4, length, 3), look.venue_color(venues[at]))
                edge += length

    def _draw_changes(self, painter: QPainter, slots: Slots) -> None:
        """Added size with a plus in the text colour, pulled size with a minus in the colour of gaps."""
        cell = self._cells.get("chg 5s")
        if cell is None:
            return
        for role, chosen in (("text", slots.change > 0), ("gap", slots.change < 0)):
            painter.setPen(theme().pen(role))
            for slot in _where(chosen):
                self._number(painter, self._plain, fmt.signed(float(slots.change[slot])), cell, slot)

    def _beside(self, painter: QPainter, texts: tuple[str, ...], name: str, slot: int, size: float) -> None:
        """Draw the first of `texts` that fits left of a row's size, unless the cell has such a label already."""
        cell = self._cells[name]
        if (name, slot) in self._labelled:
            return
        taken = self._plain.width(fmt.size(size)) + _PAD if size > 0 else 0.0
        room = cell.width - taken - 3 * _PAD
        for text in texts:
            if self._small.width(text) <= room:
                self._small.draw(painter, text, cell.x + _PAD, self._y(slot), room, self.row_px, Align.LEFT)
                self._labelled.add((name, slot))
                return

    def _draw_ends(self, painter: QPainter, scene: Scene) -> None:
        """A dashed line in the venue's colour where a market's visible book ends, labelled if there is room."""
        top, sizes = scene.slots.rows[0], {"bid": scene.slots.bid, "ask": scene.slots.ask}
        for end in scene.view.ends:
            for name, row, lip in (("bid", end.bid_row, 1), ("ask", end.ask_row, 0)):
                slot = top - row
                if not 0 <= slot < len(scene.slots.rows):
                    continue
                cell, y, mark = self._cells[name], self._y(slot + lip) - lip, market_mark(end.market)
                color = theme().venue_color(end.market.venue)
                painter.setPen(QPen(color, 1, Qt.PenStyle.DashLine))
                painter.drawLine(QPointF(cell.x + 1, y), QPointF(cell.x + cell.width - 2, y))
                painter.setPen(QPen(color))
                self._beside(painter, (f"{mark} ends", mark), name, slot, float(sizes[name][slot]))

    def _draw_pulled(self, painter: QPainter, scene: Scene) -> None:
        """A pulled wall: a dotted, fading box with its size; the newest of each row."""
        sizes = {"bid": scene.slots.bid, "ask": scene.slots.ask}
        newest = {("bid" if wall.bid else "ask", scene.slots.rows[0] - wall.row): wall for wall in scene.view.pulled}
        for (name, slot), wall in newest.items():
            if not 0 <= slot < len(scene.slots.rows):
                continue
            cell, age = self._cells[name], scene.view.now_ns - wall.at_ns
            color = theme().color("gap", max(90, 230 - round(140 * age / _MINUTE_NS)))
            painter.setPen(QPen(color, 1, Qt.PenStyle.DotLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(cell.x + 1.5, self._y(slot) + 0.5, cell.width - 4, self.row_px - 2))
            painter.setPen(QPen(color))
            size = fmt.signed(-wall.size)
            self._beside(painter, (f"pulled {size}", size), name, slot, float(sizes[name][slot]))

    def _draw_traded(self, painter: QPainter, slots: Slots) -> None:
        delta = net(slots.bought, slots.sold)
        for name, role, sizes, text in (
            ("sold", "sell", slots.sold, fmt.size),
            ("bought", "buy", slots.bought, fmt.size),
            ("delta", "buy", delta, fmt.signed),
            ("delta", "sell", np.where(delta < 0, delta, np.nan), fmt.signed),
        ):
            if name not in self._cells:
                continue
            painter.setPen(theme().pen(role))
            for slot in _where(sizes > 0 if role == "buy" or name == "sold" else sizes < 0):
                self._number(painter, self._plain, text(float(sizes[slot])), self._cells[name], slot)

    def _draw_profile(self, painter: QPainter, slots: Slots) -> None:
        cell, look, largest = self._cells.get("session"), theme(), slots.largest_profile
        if cell is None:
            return
        for slot in _where(slots.profile > 0):
            volume = float(slots.profile[slot])
            brush = look.brush("poc", 200) if volume == largest else look.brush("muted", 80)
            length = max(1.0, (cell.width - 3) * volume / largest)
            painter.fillRect(QRectF(cell.x + 1, self._y(slot) + 2, length, self.row_px - 4), brush)

    def _draw_prices(self, painter: QPainter, scene: Scene) -> None:
        """Prices; the best bid and ask are in the colour of their side unless the book is stale."""
        cell, size = self._cells["price"], scene.view.row_size
        stale = scene.state.freshness is Freshness.STALE
        lit = {} if stale else {scene.best_bid_row: "buy", scene.best_ask_row: "sell"}
        for slot, row in enumerate(scene.slots.rows):
            role = lit.get(row)
            painter.setPen(theme().pen(role or "muted"))
            labels = self._bold if role else self._plain
            labels.draw(
                painter, fmt.price(row * size, size), cell.x, self._y(slot), cell.width, self.row_px, Align.CENTER
            )

    def _draw_last(self, painter: QPainter, scene: Scene) -> None:
        """The last price: a highlighted cell; off screen, a label at the edge with its direction."""
        last, size = scene.view.last_price, scene.view.row_size
        if last is None:
            return
        cell, slot = self._cells["price"], scene.slots.rows[0] - row_of(last, size)
        if 0 <= slot < len(scene.slots.rows):
            area = QRectF(cell.x + 1, self._y(slot), cell.width - 1, self.row_px)
            text = fmt.price(scene.slots.rows[slot] * size, size)
        else:
            text = f"last {fmt.price(last, size)} {'above' if slot < 0 else 'below'}, C centres"
            width = self._bold.width(text) + 4 * _PAD
            y = self._y(0 if slot < 0 else len(scene.slots.rows) - 1)
            area = QRectF((self.width - width) / 2, y, width, self.row_px)
        painter.fillRect(area, theme().brush("text"))
        painter.setPen(theme().pen("window"))
        self._bold.draw(painter, text, area.x(), area.y(), area.width(), area.height(), Align.CENTER)

    def _draw_state(self, painter: QPainter, state: BookState) -> None:
        """The bottom line: how many books are in the sum, highlighted when one is not. It never moves the rows."""
        look, role = theme(), "gap" if state.freshness is Freshness.LIVE else freshness_color(state.freshness)
        line = QRectF(0, self.height - self.row_px, self.width, self.row_px)
        painter.fillRect(line, look.brush("raised" if state.message else "pane"))
        if state.message:
            painter.fillRect(QRectF(0, line.top(), 4, line.height()), look.brush(role))
            painter.setPen(look.pen("text" if role == "stale" else role))
            self._plain.draw(painter, state.message, 8, line.top(), self.width - 12, line.height(), Align.LEFT)
            return
        painter.setPen(look.pen("faint"))
        books = "book" if state.known == 1 else "books"
        text = f"{state.live} of {state.known} {books} live"
        self._small.draw(painter, text, 8, line.top(), self.width - 12, line.height(), Align.LEFT)


def _runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """Half-open spans of consecutive True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _where(mask: np.ndarray) -> list[int]:
    return [int(slot) for slot in np.flatnonzero(mask)]
