"""The help of the ladder, and its rows as data."""

import math

from widgets.pane import Table
from widgets.panes.ladder.rows import visible_slots
from widgets.theme import format as fmt
from workstation.readmodels.flow.ladder import LadderView, WallRule
from workstation.readmodels.net import net

_RULE = WallRule()
HELP = f"""\
The order book of one market or the sum of all live ones on one price grid: bids are rounded down to a row, asks
up, so that grouping never shows a price better than it is. The rows are fixed; the ladder re-centres when the
last price is more than 10 rows from the middle, but not while the pointer is on it. The strip below each bar
shows the venues' shares by colour. sold and bought are the taker volumes of each row in the last 8 minutes,
delta is bought - sold, session the volume since 00:00 UTC. chg 5s is the size added (+) or pulled (-) in the last
five seconds: size now - size then + size filled by takers. weighted mid is the mid weighted by the sizes at the best
bid and ask. OBI, the order book imbalance, is (bid - ask) / (bid + ask) within the band around mid, at most 200
levels a side; across venues it is weighted by 5 minutes' taker volume, and the strip shows it second by second.
A flag at a venue's OBI and a dashed line in the rows mark where its visible book ends. "pulled" marks a wall
that was cancelled before price reached it: a level of at least {_RULE.multiple:g} times the median of the best
200 and {_RULE.share:.0%} of their sum that stood {_RULE.stood_s} s or longer and lost three quarters of its
size, untraded, while price was more than {_RULE.away_ticks} ticks away. It is shown for a minute.""".replace("\n", " ")


def table_of(view: LadderView, centre: int, count: int) -> Table:
    """The rows on screen, highest price first."""
    slots = visible_slots(view, centre, count)
    columns = (
        slots.sold,
        slots.bid,
        slots.ask,
        slots.bought,
        net(slots.bought, slots.sold),
        slots.change,
        slots.profile,
    )
    lines = []
    for at, row in enumerate(slots.rows):
        numbers = (float(column[at]) for column in columns)
        known = (None if math.isnan(value) else value for value in numbers)
        lines.append((fmt.plain_price(row * view.row_size, view.row_size), *known))
    return Table(("price", "sold", "bid", "ask", "bought", "delta", "added +, pulled -", "session"), tuple(lines))
