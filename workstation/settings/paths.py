"""Where the program keeps things; the only place that knows. `WORKSTATION_HOME` moves all of it under one folder."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

APP = "orderflow-workstation"


def config_dir() -> Path:
    """Settings and window layout."""
    return _made("config", Path(platformdirs.user_config_dir(APP)))


def data_dir() -> Path:
    """Recordings."""
    return _made("data", Path(platformdirs.user_data_dir(APP)))


def log_dir() -> Path:
    """Logs and crash reports."""
    return _made("log", Path(platformdirs.user_log_dir(APP)))


def recordings_dir() -> Path:
    """Recordings made from the window."""
    folder = data_dir() / "recordings"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _made(name: str, default: Path) -> Path:
    home = os.environ.get("WORKSTATION_HOME")
    folder = Path(home) / name if home else default
    folder.mkdir(parents=True, exist_ok=True)
    return folder
