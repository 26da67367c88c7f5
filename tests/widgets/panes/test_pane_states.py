"""Random JSON as the saved state of every kind of pane: no pane raises, and all still show their data."""

from __future__ import annotations

import random
from collections.abc import Iterator

import msgspec
import pytest
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

import resources
from feeds.recording import RecordingReader
from widgets.pane import Pane
from widgets.theme.theme import apply_theme
from widgets.workspaces.catalogue import PANES
from workstation.analytics.engine import ANSWERS, Engine
from workstation.replay.core import Core, Tape

SECOND = 1_000_000_000
ROUNDS = 60
LEAVES: tuple[object, ...] = (
    None, True, False, 0, -1, 1, 3, 2**31, 2**62, -0.0, 0.5, -1e308, 1e308, 1e-300, "", "x", "BTC", "binance",
    "\x00", "ä" * 300, [], {}, [[]], [{}], [None], ["x", {}], {"x": []}, [1, 2], [2, 1], [-1.5, 0], {"low": 1},
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def look(qapp: QApplication) -> Iterator[None]:
    apply_theme(qapp)
    yield
    qapp.setStyleSheet("")


@pytest.fixture(scope="module")
def engine() -> Engine:
    tape = Tape(RecordingReader(resources.path("sessions/simulated.mcap")), Core())
    goal_ns = tape.position_ns + 6 * SECOND
    while not tape.play(goal_ns):
        pass
    return tape.core.engine


def mangled(value: object, rng: random.Random) -> object:
    """The value with a random part replaced or removed."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        name = rng.choice(list(value))
        if rng.random() < 0.1:
            return {other: one for other, one in value.items() if other != name}
        return {**value, name: mangled(value[name], rng)}
    if isinstance(value, list) and value and rng.random() < 0.7:
        at = rng.randrange(len(value))
        return [*value[:at], mangled(value[at], rng), *value[at + rng.randrange(2) :]]
    alike = [leaf for leaf in LEAVES if type(leaf) is type(value)]
    return rng.choice(alike if alike and rng.random() < 0.6 else LEAVES)


def saved(pane: Pane) -> dict[str, object]:
    """Its state after a round trip through JSON."""
    state: dict[str, object] = msgspec.json.decode(msgspec.json.encode(pane.state()))
    return state


def show(pane: Pane, engine: Engine) -> None:
    """Answer the pane's requests that the engine provides, and paint it."""
    for request in (pane.request(), *pane.side_requests()):
        if request is not None and type(request) in ANSWERS:
            assert engine.revision(request) >= 0
            pane.refresh(engine.view(request))
    pane.render(QPixmap(pane.size()))


def made(qtbot: QtBot, kind: str) -> Pane:
    pane = PANES[kind]()
    qtbot.addWidget(pane)
    pane.resize(480, 360)
    pane.set_base("BTC")
    return pane


@pytest.mark.parametrize("kind", PANES)
def test_a_saved_state_restores_to_the_same(qtbot: QtBot, kind: str) -> None:
    first, second = made(qtbot, kind), made(qtbot, kind)
    second.restore(saved(first))
    assert saved(second) == saved(first)


@pytest.mark.parametrize("kind", PANES)
def test_no_saved_state_breaks_a_pane(qtbot: QtBot, engine: Engine, kind: str) -> None:
    rng, pane = random.Random(kind), made(qtbot, kind)
    shipped = saved(pane)
    show(pane, engine)
    for number in range(ROUNDS):
        state = mangled(mangled(shipped, rng) if number % 2 else shipped, rng)
        state = state if isinstance(state, dict) else {name: rng.choice(LEAVES) for name in shipped}
        state = msgspec.json.decode(msgspec.json.encode(state))
        try:
            pane.restore(state)
            saved(pane)
            show(pane, engine)
        except Exception as error:
            raise AssertionError(f"{kind} fails with {state!r}") from error
    pane.restore(shipped)
    show(pane, engine)
