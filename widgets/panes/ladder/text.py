"""What a ladder says of itself, and its rows as data."""

from __future__ import annotations

import math

from widgets.pane import Table
from widgets.panes.ladder.rows import visible_slots
from widgets.theme import format as fmt
from workstation.readmodels.flow.ladder import LadderView, WallRule

_RULE = WallRule()
HELP = f"""\
The book of one market or the sum of all that are live, on one price grid: bids are rounded down to a row, asks
up, so grouping never shows a price better than it is. Rows stand still; the ladder re-centres when the last
price is more than 10 rows from the middle, and never while the pointer is on it. The foot of each bar tells by
colour which venues the size belongs to. sold and bought are what takers traded in each row in the last 8
minutes, delta is bought less sold, session the volume since 00:00 UTC. p/s is what was stacked (+) or pulled
(-) since the whole second five seconds ago: size now less size then, plus what takers filled. OBI is (bid -
ask) / (bid + ask) within the band around mid, at most 200 levels a side; the blend weighs each venue by what
takers traded there in 5 minutes, the strip shows it second by second. A flag at a venue's number and a dashed
line in the rows say where its visible book ends. "pulled" marks a wall that went before price came: a level of
at least {_RULE.multiple:g} times the median of the best 200 and {_RULE.share:.0%} of their sum that stood
{_RULE.stood_s} s or longer, lost three quarters while price was more than {_RULE.away_ticks} ticks away, and
was not traded. It stays for a minute.""".replace("\n", " ")


def table_of(view: LadderView, centre: int, count: int) -> Table:
    """The rows on screen, highest price first."""
    slots = visible_slots(view, centre, count)
    columns = (slots.sold, slots.bid, slots.ask, slots.bought, slots.bought - slots.sold, slots.change, slots.profile)
    lines = []
    for at, row in enumerate(slots.rows):
        numbers = (float(column[at]) for column in columns)
        told = (None if math.isnan(value) else value for value in numbers)
        lines.append((fmt.price(row * view.row_size, view.row_size).replace(",", ""), *told))
    return Table(("price", "sold", "bid", "ask", "bought", "delta", "stacked +, pulled -", "session"), tuple(lines))
