"""Offscreen Qt, no outside network, real data where it is present."""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")

import pytest

DATA = Path(os.environ.get("WORKSTATION_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real captures; tests that need it are skipped where it is absent."""
    if not DATA.is_dir():
        pytest.skip(f"real captures are not here ({DATA}); set WORKSTATION_DATA to run this test")
    return DATA
