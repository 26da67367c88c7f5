"""The program's folders, created on first use for their owner alone. `WORKSTATION_HOME` moves all below one folder."""

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
    return _private(data_dir() / "recordings")


def write_private(file: Path, content: bytes) -> None:
    """Replace a file atomically by one that its owner alone can read. Raises OSError."""
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(content)
    draft.replace(file)


def _made(name: str, default: Path) -> Path:
    home = os.environ.get("WORKSTATION_HOME")
    return _private(_private(Path(home)) / name if home else default)


def _private(folder: Path) -> Path:
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder
