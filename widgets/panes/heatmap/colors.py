"""Colours of resting size: bids from blue-black through teal to white, asks through rust and amber to cream.

Both ramps have the same lightness at every step, so that equal sizes look equally bright; the hue shows the side. A
size becomes a 16-bit code, the upper half of its float32 with the side in the sign bit; a table maps all codes to
pixels, so that moving a threshold costs one table and one lookup per cell.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from widgets.theme.theme import theme

Codes = npt.NDArray[np.uint16]
Pixels = npt.NDArray[np.uint32]
STEPS = 256
_ASK = 0x8000
_STOPS = 5


class Range(NamedTuple):
    """Sizes below `low` are not drawn, those from `peak` up are brightest; base coin."""

    low: float
    peak: float

    def share(self, size: float) -> float:
        """The position of a size between the two, 0 to 1, on a logarithmic scale."""
        if size <= self.low:
            return 0.0
        return min(math.log(size / self.low) / math.log(self.peak / self.low), 1.0)


def codes_of(bid: npt.NDArray[np.float32], ask: npt.NDArray[np.float32]) -> Codes:
    """The code of each cell, of the larger side where the books of venues overlap; 0 for an empty cell."""
    size = np.maximum(bid, ask)
    codes = (size.view(np.uint32) >> 16).astype(np.uint16)
    codes[ask > bid] |= _ASK
    return codes


def sizes_of(codes: Codes) -> npt.NDArray[np.float32]:
    """The sizes of codes, less than 1 % below the true ones."""
    return ((codes & (_ASK - 1)).astype(np.uint32) << 16).view(np.float32)


def ramp(side: str) -> npt.NDArray[np.float64]:
    """The colours of `bid` or `ask`, faintest first: (256, 3) of red, green, blue, 0 to 255."""
    colors = [theme().color(f"heat_{side}{stop}") for stop in range(1, _STOPS + 1)]
    stops = np.array([(color.red(), color.green(), color.blue()) for color in colors], np.float64)
    at = np.linspace(0, _STOPS - 1, STEPS)
    return np.stack([np.interp(at, np.arange(_STOPS), stops[:, channel]) for channel in range(3)], axis=1)


def pixels_of(colors: npt.NDArray[np.float64]) -> Pixels:
    """Opaque 0xAARRGGBB pixels of (n, 3) colours."""
    red, green, blue = np.rint(colors).astype(np.uint32).T
    pixels: Pixels = 0xFF000000 | red << 16 | green << 8 | blue
    return pixels


def table_of(wanted: Range) -> Pixels:
    """The pixel of every code, (65536,); sizes that are not drawn have the colour of the pane."""
    ground = np.uint32(theme().color("pane").rgba())
    with np.errstate(all="ignore"):
        sizes = sizes_of(np.arange(_ASK, dtype=np.uint16)).astype(np.float64)
        share = np.log(sizes / wanted.low) / math.log(wanted.peak / wanted.low)
    drawn = (share >= 0) & np.isfinite(sizes)
    step = np.where(drawn, np.minimum(np.nan_to_num(share, posinf=1.0, neginf=0.0), 1.0) * (STEPS - 1), 0).astype(
        np.int64
    )
    sides = [np.where(drawn, pixels_of(ramp(side))[step], ground) for side in ("bid", "ask")]
    return np.concatenate(sides).astype(np.uint32)


def automatic(counts: npt.NDArray[np.int64], low: float = 50.0, peak: float = 99.5) -> Range | None:
    """The range between two percentiles of the non-empty cells, from the number of cells with each code's size; None if
    there are no cells.
    """
    below = np.cumsum(counts)
    if not len(below) or not below[-1]:
        return None
    found = [int(np.searchsorted(below, math.ceil(below[-1] * percent / 100))) for percent in (low, peak)]
    least, most = sizes_of(np.array(found, np.uint16)).tolist()
    return Range(least, max(most, 2 * least))
