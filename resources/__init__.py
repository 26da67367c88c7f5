"""Everything that is not code.

Fonts, themes, the sample session. Found beside this file, wherever the package is installed.
"""

from importlib.resources import files
from pathlib import Path


def path(name: str) -> Path:
    """The file `name` (for example `fonts/RobotoCondensed-Regular.ttf`).

    Raises FileNotFoundError when it is not shipped.
    """
    found = Path(str(files(__name__).joinpath(name)))
    if not found.exists():
        raise FileNotFoundError(f"resource {name} is missing from this installation")
    return found


def read_text(name: str) -> str:
    return path(name).read_text(encoding="utf-8")
