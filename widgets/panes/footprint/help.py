"""What a footprint shows and which keys it knows, in words for a person."""

HELP = (
    "Who traded at which price in every bar: sells (aggressors into the bid) left, buys right, base coin, over "
    "the chosen venues. A cell is imbalanced when its side is at least the ratio times the other side one row "
    "away (buys against the sells one row below, sells against the buys one row above) and has the minimum "
    "volume; three in a row of a closed bar make a zone that lives until it is traded through. Yellow frames are "
    "points of control; their rays end where price came back. The thin yellow line beside a bar is its value "
    "area. Triangles: price made a new extreme of N bars and CVD did not. Ringed dots: aggressors met a wall "
    "there. Brackets: an extreme traded on both sides. Shrinking bars: the side that made the extreme ran dry. "
    "Discs are big trades, diamonds liquidations, by size. Grey candles are the venues' own, from before the "
    "first known trade. Hatched bands are gaps; shaded bars were not received whole."
)
KEYS = (
    ("wheel", "zoom time at the pointer"),
    ("Ctrl+wheel", "zoom price"),
    ("Shift+wheel, drag, arrows", "pan"),
    ("drag an axis, double-click it", "scale, automatic again"),
    ("L", "follow the latest bar"),
    ("A", "automatic price scale"),
    ("Z", "reset the view"),
    ("Ctrl+drag, Ctrl+Z", "zoom into a box, undo"),
    ("Shift+drag", "measure"),
    ("Alt+H, Del", "level at the pointer, delete it"),
    ("D, then drag", "draw a zone"),
    ("Ctrl+Shift+drag, or F, then drag", "volume profile of a span"),
    ("I, V", "imbalances, volume profile"),
    ("Alt+G", "go to a time"),
)
