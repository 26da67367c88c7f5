"""Make the README's pictures again: every shipped workspace, wide and narrow, by `workstation screenshot`.

The recording's outline is made first, as the window makes it while one watches.

Run: `python -m tests.bench.presets RECORDING [MOMENT] [FOLDER]`.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

from PySide6.QtGui import QImage

import resources
from widgets.workspaces.presets import PRESETS
from workstation.library.library import Library

_SMALLEST = 0  # Qt's word for the strongest compression
SIZES = {"wide": "1920x1080", "narrow": "1366x768"}


def main() -> None:
    """Write them all."""
    recording, *more = sys.argv[1:]
    moment = more[0] if more else "end"
    folder = Path(more[1]) if len(more) > 1 else resources.path("gallery")
    library, path = Library(), Path(recording).resolve()
    library.add(path)
    asyncio.run(library.make_outline(path))
    with tempfile.TemporaryDirectory() as scratch:
        for name in PRESETS:
            for shape, size in SIZES.items():
                raw = Path(scratch) / "raw.png"
                words = ("--at", moment, "--out", str(raw), "--workspace", name, "--size", size)
                subprocess.run([sys.executable, "-m", "workstation", "screenshot", str(path), *words], check=True)
                target = folder / f"{name.lower()}-{shape}.png"
                picture = QImage(str(raw)).convertToFormat(QImage.Format.Format_RGB888)
                assert picture.save(str(target), None, _SMALLEST), target
                print(f"{target.name}  {target.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
