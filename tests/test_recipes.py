"""The recipes of CONTRIBUTING.md are true: what they name exists, and a toy of each kind needs no other file.

Toys of a venue, a study and an export table are added by the tests that stand beside theirs.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text()
PARTS = ("feeds", "workstation", "widgets", "tests", "resources")
RECIPES = ("a venue", "a study", "a pane", "a view", "an export table", "a setting")
EXAMPLES = {
    "feeds/": "okx",
    "tests/data/": "okx",
    "tests/feeds/": "okx",
    "workstation/exports/": "cvd",
    "widgets/panes/footprint/": "vwap",
    "widgets/panes/": "quadrant",
    "workstation/readmodels/": "cvd",
    "workstation/analytics/": "cvd",
    "tests/": "quadrant",
}
"""What stands for NAME in a path that begins so; the first that fits."""

SHOW_PANES = """
from PySide6.QtWidgets import QApplication
app = QApplication([])
from widgets.workspaces.catalogue import PANES
pane = PANES["toy"]()
pane.set_base("BTC")
print(pane.title, pane.request().base, pane.as_table().text().splitlines()[1], sep="|")
"""
SHOW_SETTINGS = """
from PySide6.QtWidgets import QApplication, QLabel
app = QApplication([])
from widgets.dialogs.settings import SettingsDialog
from workstation.settings.declaration import SettingsInMemory, documentation
dialog = SettingsDialog(None, SettingsInMemory())
print("toy_minutes" in dialog.lines)
print("toy_minutes" in documentation())
"""


def paths() -> list[str]:
    """Every path that a recipe names."""
    spans = re.findall(r"`([\w./-]+)`", TEXT)
    return sorted({span for span in spans if span.startswith(tuple(f"{part}/" for part in PARTS))})


def real(path: str) -> Path:
    """An existing example of a path with placeholders."""
    name = next((name for start, name in EXAMPLES.items() if path.startswith(start)), "")
    pattern = path.replace("NAME", name).replace("ROOM", "*")
    found = sorted(ROOT.glob(pattern.rstrip("/")))
    return found[0] if found else ROOT / pattern


def test_what_a_recipe_names_exists() -> None:
    assert len(paths()) > 20
    assert [path for path in paths() if not real(path).exists()] == []


@pytest.mark.parametrize("thing", RECIPES)
def test_there_is_a_recipe_with_its_files(thing: str) -> None:
    chapter = TEXT.partition(f"## Add {thing}\n")[2].partition("\n## ")[0]
    assert "Files:" in chapter


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the program that a test may add to."""
    place = tmp_path_factory.mktemp("program")
    for package in ("feeds", "workstation", "widgets", "resources"):
        shutil.copytree(ROOT / package, place / package, ignore=shutil.ignore_patterns("gallery"))
    return place


def run(place: Path, text: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", text],
        cwd=place,
        env=os.environ | {"PYTHONPATH": str(place), "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_pane_is_a_package_and_one_word(program: Path) -> None:
    shutil.copytree(ROOT / "tests" / "examples" / "toy_pane", program / "widgets" / "panes" / "toy")
    catalogue = program / "widgets" / "workspaces" / "catalogue.py"
    text = catalogue.read_text()
    assert text.count('    "paper",\n') == 1
    catalogue.write_text(text.replace('    "paper",\n', '    "paper",\n    "toy",\n'))
    assert run(program, SHOW_PANES) == "Toy|BTC|BTC\tno trade yet"


def test_a_setting_is_one_declaration(program: Path) -> None:
    file = program / "workstation" / "settings" / "declaration.py"
    text = file.read_text()
    place = "    webhook: Annotated[\n"
    assert text.count(place) == 1
    added = '    toy_minutes: Annotated[int, _about("Data", "Toy", "How long.", "minutes", ge=1, le=9)] = 4\n'
    file.write_text(text.replace(place, added + place))
    assert run(program, SHOW_SETTINGS) == "True\nTrue"
