"""Real captures as recordings, imported once a run into a temporary folder."""

from __future__ import annotations

import os
import tempfile
from functools import cache
from pathlib import Path

from feeds.importers import import_captures
from feeds.model.frame import Frame
from feeds.recording import RecordingReader

DATA = Path(os.environ.get("WORKSTATION_DATA", Path(__file__).parents[3] / "shared" / "data")) / "binance-2024-08-08"
USDM = ("usdm/btcusdt_20240808.gz",)
BTC = (
    *USDM,
    "coinm/btcusd_perp_20240808.gz",
    "coinm/btcusd_perp_20240809.gz",
    "spot/btcusdt_20240808.gz",
    "spot/btcusdt_20240809.gz",
)
_folder = tempfile.TemporaryDirectory(prefix="workstation-bench-")


@cache
def recording(names: tuple[str, ...]) -> Path:
    """The captures as one recording. Raises FileNotFoundError where the real data is absent."""
    if not DATA.is_dir():
        raise FileNotFoundError(f"no captures at {DATA}; set WORKSTATION_DATA")
    out = Path(_folder.name) / f"{len(names)}-{names[0].replace('/', '-')}.mcap"
    import_captures("hftbacktest", [DATA / name for name in names], out)
    return out


def frames(names: tuple[str, ...]) -> list[Frame]:
    """All frames of the captures, in order."""
    return list(RecordingReader(recording(names)).frames())
