"""The program's folders, created on first use. `WORKSTATION_HOME` moves all of them below one folder."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

APP = "orderflow-workstation"


def config_dir() -> Path:
    """The folder of settings and window layout. Raises OSError."""
    return _made("config", Path(platformdirs.user_config_dir(APP)))


def data_dir() -> Path:
    """The folder of recordings and databases. Raises OSError."""
    return _made("data", Path(platformdirs.user_data_dir(APP)))


def log_dir() -> Path:
    """The folder of logs and crash reports. Raises OSError."""
    return _made("log", Path(platformdirs.user_log_dir(APP)))


def recordings_dir() -> Path:
    """The folder of recordings. Raises OSError."""
    folder = data_dir() / "recordings"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _made(name: str, default: Path) -> Path:
    home = os.environ.get("WORKSTATION_HOME")
    folder = Path(home) / name if home else default
    folder.mkdir(parents=True, exist_ok=True)
    return folder
