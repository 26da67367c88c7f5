"""Offscreen Qt, no outside network, real data where it is present."""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")

import gc
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent

from feeds.importers import import_captures
from tests.simulated import record_simulated
from workstation.process.gc_thresholds import raise_gc_thresholds

TABLES = pytest.StashKey[list[str]]()
DATA = Path(os.environ.get("WORKSTATION_DATA", Path(__file__).parents[2] / "shared" / "data"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the tables that tests left."""
    for table in config.stash.get(TABLES, []):
        terminalreporter.write_line("")
        terminalreporter.write_line(table)


def pytest_collection_finish() -> None:
    """Spare the garbage collector modules and tests, which stay to the end, and run it as the program does."""
    gc.collect()
    gc.freeze()
    raise_gc_thresholds()


@pytest.fixture(autouse=True)
def gone_widgets() -> Iterator[None]:
    """Delete what a test was done with: no event loop does, and each later style sheet would be laid over all of it."""
    yield
    if QCoreApplication.instance() is not None:
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real captures; tests that need it are skipped where it is absent."""
    if not DATA.is_dir():
        pytest.skip(f"real captures are not here ({DATA}); set WORKSTATION_DATA to run this test")
    return DATA


@pytest.fixture(scope="session")
def btc_recording(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real Binance session of BTC, USD-M, COIN-M and spot, as one recording."""
    folder, out = data / "binance-2024-08-08", tmp_path_factory.mktemp("btc") / "btc.mcap"
    names = ("usdm/btcusdt_20240808", *(f"coinm/btcusd_perp_2024080{day}" for day in (8, 9)))
    names += tuple(f"spot/btcusdt_2024080{day}" for day in (8, 9))
    import_captures("hftbacktest", [folder / f"{name}.gz" for name in names], out)
    return out


@pytest.fixture(scope="session")
def simulated_recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve seconds of the simulated venues, received over loopback sockets and recorded."""
    return record_simulated(tmp_path_factory.mktemp("recorded") / "simulated.mcap", 12.0)
