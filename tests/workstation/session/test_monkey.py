"""What no one would do on purpose, done to the whole program: no fault, nothing left over, everything comes back."""

from __future__ import annotations

import asyncio
import gc
import logging
import random
import shutil
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QFileDialog, QInputDialog

import resources
from feeds.recording import RecordingReader
from feeds.venues.driver import loopback
from feeds.venues.registry import DRIVERS
from tests.workstation.session.monkey import Ears, Monkey, live
from widgets.theme.theme import apply_theme
from widgets.window.main_window import MainWindow
from widgets.workspaces.presets import START
from workstation.app import Shell, open_live
from workstation.process.crash import FaultReporter
from workstation.readmodels.session.workspaces import Workspace
from workstation.session.desk import Desk
from workstation.session.replay import ReplaySession
from workstation.session.simulated import Simulator
from workstation.settings.declaration import Settings
from workstation.settings.files import CurrentSettings
from workstation.settings.workspaces import WorkspaceFiles

SLACK = 30  # tab bars of docks, lists of choices that were opened for the first time
SAMPLE = resources.path("sessions/simulated.mcap")


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of its own; whoever asks for a file or a number and waits gets none at once."""
    monkeypatch.setenv("WORKSTATION_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(QFileDialog, "open", QFileDialog.deleteLater)
    for name in ("getOpenFileName", "getSaveFileName"):
        monkeypatch.setattr(QFileDialog, name, lambda *_, **__: ("", ""))
    monkeypatch.setattr(QInputDialog, "getText", lambda *_, **__: ("name", True))
    monkeypatch.setattr(QInputDialog, "getDouble", lambda *_, **__: (3.0, True))


@pytest.fixture
def ears() -> Iterator[Ears]:
    heard = Ears()
    logging.getLogger().addHandler(heard)
    yield heard
    logging.getLogger().removeHandler(heard)


@pytest.fixture(autouse=True)
def look(qapp: QApplication) -> Iterator[None]:
    apply_theme(qapp)
    yield
    apply_theme(qapp)
    qapp.setStyleSheet("")


@asynccontextmanager
async def at_work(app: QApplication, folder: Path, seed: int, told: list[str]) -> AsyncIterator[tuple[Monkey, Desk]]:
    """The program's window over a desk that has no session yet."""
    used = CurrentSettings(Settings(), folder / "settings.json")
    desk = Desk()
    shell = Shell(app, desk, WorkspaceFiles(folder / "workspaces"), used)
    faults = FaultReporter(lambda what, report: told.append(report))
    faults.install()
    desk.on_fault = faults.report
    shell.open()
    try:
        yield Monkey(app, shell, used, random.Random(seed)), desk
    finally:
        asyncio.get_running_loop().set_exception_handler(None)
        await desk.close()
        assert shell.window is not None
        shell.window.close()
        shell.window.deleteLater()
        live(app)


async def rage(monkey: Monkey, ears: Ears, told: list[str], deeds: int) -> None:
    """Do that many things; stops at the first fault."""
    for _ in range(deeds):
        monkey.act()
        await asyncio.sleep(0.001)
        wrong = [*told, *ears.heard]
        assert not wrong, f"after {list(monkey.done)}:\n" + "\n".join(wrong)[-6000:]


def owned(window: MainWindow) -> Counter[str]:
    """How many widgets each dock has; under their class, those that belong to none."""
    gc.collect()
    docks, found = {dock: name for name, dock in window.docks.items()}, Counter[str]()
    for widget in QApplication.allWidgets():
        owner: QObject | None = widget
        while owner is not None and owner not in docks:
            owner = owner.parent()
        found[docks[owner] if owner is not None else type(widget).__name__] += 1
    return found


def windows() -> int:
    gc.collect()
    return sum(isinstance(one, MainWindow) for one in gc.get_objects())


async def hold_together(monkey: Monkey, ears: Ears, told: list[str], deeds: int) -> None:
    """Rage twice, calm down after each: the second time nothing is left beyond what the first one left."""
    others = windows() - 1  # left by tests before
    await rage(monkey, ears, told, deeds // 2)
    monkey.calm()
    before, open_before = owned(monkey.window), set(monkey.window.docks)
    await rage(monkey, ears, told, deeds - deeds // 2)
    monkey.calm()
    left = owned(monkey.window) - before
    for name in set(monkey.window.docks) - open_before:  # a third of its kind was opened, which is used again
        del left[name]
    assert left.total() <= SLACK, f"left over: {left}"
    assert windows() - others <= 1
    comes_back(monkey)


def places(window: MainWindow) -> dict[str, tuple[bool, frozenset[str]]]:
    """Of every pane that is open whether it floats, and with which others it shares tabs."""
    return {
        name: (dock.isFloating(), frozenset(one.objectName() for one in window.tabifiedDockWidgets(dock)))
        for name, dock in window.docks.items()
        if dock.is_open
    }


def unlike(found: Workspace, wanted: Workspace) -> list[tuple[str, object, object]]:
    """Which panes and bases differ, and how."""
    names = found.panes.keys() | wanted.panes.keys()
    pairs = [(name, found.panes.get(name), wanted.panes.get(name)) for name in sorted(names)]
    pairs.append(("bases", found.bases, wanted.bases))
    return [pair for pair in pairs if pair[1] != pair[2]]


def comes_back(monkey: Monkey) -> None:
    """What is arranged is the same after a visit elsewhere and in a new window."""
    spaces = monkey.window.workspaces
    monkey.window.dock_set.open("cvd")
    monkey.window.dock_set.set_group("cvd", 4)
    spaces.save_as("Mine")
    monkey.live()
    wanted, there = spaces.capture(), places(monkey.window)
    spaces.open(START)
    monkey.live()
    spaces.open("Mine")
    monkey.live()
    assert unlike(spaces.capture(), wanted) == []
    assert places(monkey.window) == there
    monkey.shell.open()
    monkey.live()
    again = monkey.window.workspaces
    assert again.current == "Mine"
    assert unlike(again.capture(), wanted) == []
    assert places(monkey.window) == there


async def test_a_hundred_and_fifty_deeds_on_a_recording(qapp: QApplication, tmp_path: Path, ears: Ears) -> None:
    told: list[str] = []
    async with at_work(qapp, tmp_path, 1, told) as (monkey, desk):
        monkey.coins = ("BTC", "NOSUCH")  # a new window shows what there is
        recording = Path(shutil.copy(SAMPLE, tmp_path))  # bookmarks are written beside it
        session = ReplaySession(RecordingReader(recording))
        session.play()
        await desk.open(session, recording.name)
        await hold_together(monkey, ears, told, 150)
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.soak
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("seed", [2, 3])
async def test_two_thousand_deeds_on_the_demo(qapp: QApplication, tmp_path: Path, ears: Ears, seed: int) -> None:
    if qapp.platformName() == "offscreen":
        pytest.skip("Qt's offscreen platform dies in QOffscreenBackingStore::clearHash after many windows; use Xvfb")
    told: list[str] = []
    with Simulator() as simulator:
        drivers = [loopback(driver, simulator.port) for driver in DRIVERS.values()]
        async with at_work(qapp, tmp_path, seed, told) as (monkey, desk):
            await open_live(desk, ["BTC", "ETH"], drivers, simulated=True)
            monkey.recording = Path(shutil.copy(SAMPLE, tmp_path))
            await hold_together(monkey, ears, told, 2_000)
    assert asyncio.all_tasks() == {asyncio.current_task()}
