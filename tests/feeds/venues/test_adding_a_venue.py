"""The recipe for a venue holds: its package, its simulator package and the registry's tuple, no other file."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
REGISTRY = "feeds/venues/registry.py"
PROGRAM = """
from feeds.simulator.catalogue.markets import markets_of
from feeds.simulator.service.dialects import dialects
from feeds.simulator.simulation import Simulation
from feeds.simulator.universe.listings import altcoins_of
from feeds.venues.registry import DRIVERS, VENUES, profile_of
from workstation.readmodels.universe.paper import PaperSettings

toy = VENUES[-1]
markets = markets_of([toy])
simulation = Simulation(7, 1_790_000_000_000_000_000, markets=markets, warm_up_s=0)
print(toy, profile_of(toy).label, profile_of(toy).mark, DRIVERS[toy].venue)
print(len(markets), len(altcoins_of([toy])) > 5, [one.prefix for one in dialects(simulation, 1)])
print(dict(PaperSettings().fees)[toy])
"""


def renamed(text: str) -> str:
    for old, new in (("hyperliquid", "toy"), ("Hyperliquid", "Toy"), ("HYPERLIQUID", "TOY"), ('"HYP"', '"TOY"')):
        text = text.replace(old, new)
    return text


def test_a_copy_of_a_venue_under_another_name_is_a_venue(tmp_path: Path) -> None:
    for package in ("feeds", "workstation"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    for place in ("feeds/venues", "feeds/simulator"):
        shutil.copytree(tmp_path / place / "hyperliquid", tmp_path / place / "toy")
        for file in (tmp_path / place / "toy").rglob("*.py"):
            file.write_text(renamed(file.read_text(encoding="utf-8")), encoding="utf-8")
    registry = tmp_path / REGISTRY
    text = registry.read_text(encoding="utf-8")
    for line, added in (("import binance", ", toy"), ("_PACKAGES: ", ", toy)")):
        before = next(each for each in text.splitlines() if line in each)
        text = text.replace(before, before.rstrip(")") + added)
    registry.write_text(text, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["toy Toy TOY toy", "3 True ['/toy']", "0.00045"]
