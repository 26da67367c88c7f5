"""The report of an inspection fits a screen, whatever the recording holds, and states how the recording is indexed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.recording import RecordingMetadata, RecordingReader
from feeds.recording.inspection import Close, ConnectionInspection, Gap, Inspection, StreamInspection
from workstation.cli.inspection import MOST_LINES, inspection_text
from workstation.replay.condition import IndexCondition, Indexed, condition_of

S = 1_000_000_000
T0 = 1_737_918_000 * S
TEXTS = st.text(max_size=80)
ABSENT = IndexCondition(indexed=Indexed.ABSENT)
SAMPLE = Path("resources/sessions/simulated.mcap")


def connection(
    name: str = "a",
    streams: int = 0,
    gaps: tuple[Gap, ...] = (),
    reasons: tuple[str, ...] = (),
    stream_name: str = "trade",
) -> ConnectionInspection:
    return ConnectionInspection(
        name=name,
        venue=None,
        kind=None,
        route="",
        symbols=tuple(f"C{number}" for number in range(streams)),
        frames={"text": 10 * streams + 1},
        payload_bytes=9,
        start_ns=T0,
        end_ns=T0 + S,
        streams=tuple(StreamInspection(f"{stream_name}{n}", 10, 5, T0, T0 + S) for n in range(streams)),
        gaps=gaps,
        closes=tuple(Close(T0 + n * S, reason) for n, reason in enumerate(reasons)),
    )


def inspection(*connections: ConnectionInspection, note: str = "") -> Inspection:
    return Inspection(
        file="r.mcap",
        size_bytes=100,
        frames=10,
        bytes_per_frame=10.0,
        start_ns=T0,
        end_ns=T0 + S,
        connections=connections,
        metadata=RecordingMetadata(note=note),
        damage=None,
    )


def lines(found: Inspection, *, verbose: bool = False) -> list[str]:
    return inspection_text(found, ABSENT, verbose=verbose).splitlines()


CONNECTIONS = st.builds(
    connection,
    name=TEXTS,
    streams=st.integers(0, 60),
    gaps=st.lists(st.builds(Gap, st.just(T0), st.just(T0 + 9 * S), st.booleans()), max_size=9).map(tuple),
    reasons=st.lists(TEXTS, max_size=9).map(tuple),
    stream_name=TEXTS,
)


@given(st.lists(CONNECTIONS, max_size=50), TEXTS)
def test_any_recording_fits_a_screen(connections: list[ConnectionInspection], note: str) -> None:
    assert len(lines(inspection(*connections, note=note))) <= MOST_LINES


def test_silences_are_summed_up_and_listed_only_on_demand() -> None:
    gaps = (*(Gap(T0 + 100 * n * S, T0 + (100 * n + 6) * S) for n in range(50)), Gap(T0, T0 + 40 * S))
    found = inspection(connection(gaps=(*gaps, Gap(T0, T0 + 2 * S, damaged=True))))
    assert lines(found)[-2:] == [
        "    silent 51 times, 340.0 s in all, longest 40.0 s from 2025-01-26 19:00:00",
        "    damaged 1 time, 2.0 s from 2025-01-26 19:00:00",
    ]
    assert sum("silent" in line for line in lines(found, verbose=True)) == 51


def test_closes_are_grouped_by_reason() -> None:
    found = inspection(connection(reasons=("timeout", "reset", "timeout", "", "a\nb", "c")))
    assert lines(found)[-1] == "    closed 6 times: timeout (2), reset (1), no reason (1), other reasons (2)"
    assert sum("closed" in line for line in lines(found, verbose=True)) == 6


def test_streams_beyond_a_few_are_summed() -> None:
    found = inspection(connection(streams=9))
    assert [line.split()[:2] for line in lines(found)[-2:]] == [["trade4", "10"], ["4", "more"]]
    assert lines(found)[-1].split()[-2:] == ["40", "frames"]
    assert sum("trade" in line for line in lines(found, verbose=True)) == 9


def test_connections_beyond_a_screen_are_summed() -> None:
    assert lines(inspection(*(connection() for _ in range(100))))[-1].startswith("and 66 more connections: 66 frames")


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "sample.mcap"
    path.write_bytes(SAMPLE.read_bytes())
    return path


def report(recording: Path) -> str:
    return inspection_text(inspection(), condition_of(RecordingReader(recording)))


def test_a_recording_without_an_index_is_not_indexed(recording: Path) -> None:
    assert "\nnot indexed\n" in report(recording)
