"""Tables of the state at the end are the same from the index as from playing every frame."""

from __future__ import annotations

import shutil
from pathlib import Path

from workstation.exports.export import export_rows
from workstation.exports.table import ExportSettings
from workstation.exports.tables import all_tables
from workstation.replay.build import build

SAMPLE = Path("resources/sessions/simulated.mcap")


def test_tables_by_the_index_are_those_of_playing(tmp_path: Path) -> None:
    path = tmp_path / "sample.mcap"
    shutil.copy(SAMPLE, path)
    known = all_tables()
    of_state = tuple(name for name in known if known[name].rows(ExportSettings((name,))).of_state)
    assert {"bars", "footprint", "cvd"} <= set(of_state)
    settings = ExportSettings(of_state, bar_ns=5_000_000_000)
    played = list(export_rows(path, settings))
    assert [*build(path)]
    progress: list[int] = []
    assert list(export_rows(path, settings, lambda done, total: progress.append(done))) == played
    assert progress == []  # no frame of it was read on the way
    assert sum(len(rows) for _, rows in played) > 100
