"""The default workspaces, each with a layout for a wide and for a narrow window."""

from typing import NamedTuple

from widgets.workspaces.layout_spec import Node, column, row, tabs

NARROW_PX = 1500


class Preset(NamedTuple):
    """A default workspace. `use` is its purpose, shown in the guide."""

    use: str
    wide: Node
    narrow: Node


PRESETS: dict[str, Preset] = {
    "Footprint": Preset(
        "Watch one coin: footprint and CVD, order book and trades beside, all coins on the left",
        row(
            (392, tabs("pressure")),
            (1, column((0.74, tabs("footprint")), (0.26, tabs("cvd")))),
            (416, column((0.5, tabs("ladder")), (0.25, tabs("tape")), (0.25, tabs("liquidations")))),
        ),
        row(
            (1, column((0.74, tabs("footprint")), (0.26, tabs("cvd")))),
            (384, tabs("ladder", "tape", "liquidations", "pressure")),
        ),
    ),
    "Flow": Preset(
        "Who is behind a move: CVD by venue and size, premium, funding and open interest, positioning",
        row(
            (0.62, column((0.34, tabs("cvd")), (0.22, tabs("premium")), (0.44, tabs("funding")))),
            (0.38, column((0.6, tabs("quadrant")), (0.4, tabs("tape")))),
        ),
        row(
            (0.64, column((0.4, tabs("cvd")), (0.6, tabs("funding", "premium")))),
            (0.36, tabs("quadrant", "tape")),
        ),
    ),
    "Book": Preset(
        "Resting liquidity: depth over time, the ladder and every trade",
        row(
            (1, column((0.74, tabs("heatmap")), (0.26, tabs("cvd")))),
            (472, tabs("ladder")),
            (376, tabs("tape")),
        ),
        row((1, column((0.72, tabs("heatmap")), (0.28, tabs("cvd")))), (384, tabs("ladder", "tape"))),
    ),
    "Screener": Preset(
        "All coins ranked, with the chosen coin beside",
        row(
            (0.58, column((0.72, tabs("pressure")), (0.28, tabs("setups", "alerts", "paper")))),
            (0.42, column((0.64, tabs("footprint")), (0.36, tabs("cvd")))),
        ),
        row((0.62, tabs("pressure", "setups", "alerts", "paper")), (0.38, tabs("footprint", "cvd"))),
    ),
    "Liquidations": Preset(
        "Liquidations: estimated levels, liquidations as they happen, open interest",
        row(
            (1, column((0.66, tabs("liquidation_heatmap")), (0.34, tabs("funding")))),
            (440, tabs("liquidations")),
        ),
        row(
            (1, column((0.66, tabs("liquidation_heatmap")), (0.34, tabs("funding")))),
            (384, tabs("liquidations")),
        ),
    ),
    "Replay": Preset(
        "Study a recording: chart, depth and trades with the lists of sessions and setups",
        row(
            (1, column((0.46, tabs("footprint")), (0.32, tabs("heatmap")), (0.22, tabs("cvd")))),
            (416, column((0.52, tabs("ladder", "library")), (0.48, tabs("tape", "setups")))),
        ),
        row(
            (1, column((0.62, tabs("footprint", "heatmap")), (0.38, tabs("cvd")))),
            (384, tabs("ladder", "tape", "setups", "library")),
        ),
    ),
}
START = "Footprint"
