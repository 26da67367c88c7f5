"""Pictures compared with stored ones: a change of the drawing is seen, a change of the font's rasteriser is not.

A stored picture is small: the mean colour of every 4 x 4 logical pixels. `WORKSTATION_ACCEPT_GOLDEN=1` keeps what is
painted now.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QWidget

FOLDER = Path(__file__).parent / "golden"
ACCEPT = "WORKSTATION_ACCEPT_GOLDEN"
BLOCK = 4  # logical pixels
FAR = 28.0  # of 255: a block this far off is another block
SHARE = 0.012  # of the blocks that may be
MEAN = 1.6  # the mean distance that all of them may have


def painted(widget: QWidget, ratio: float) -> QImage:
    """The widget as painted at a device pixel ratio."""
    pixmap = QPixmap(widget.size() * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.black)
    widget.render(pixmap)
    return pixmap.toImage()


def hold(image: QImage, name: str, ratio: float) -> None:
    """Compare with the stored picture, or store this one; fails with where both can be seen."""
    small = blocks(image, ratio)
    file = FOLDER / f"{name}.png"
    if os.environ.get(ACCEPT):
        FOLDER.mkdir(exist_ok=True)
        assert small.save(str(file)), file
        return
    if not file.exists():
        pytest.fail(f"{file.name} is not stored yet: run once with {ACCEPT}=1 and look at it")
    stored = QImage(str(file))
    assert stored.size() == small.size(), (stored.size(), small.size())
    away = np.abs(_pixels(small) - _pixels(stored)).max(axis=2)
    share, mean = float((away > FAR).mean()), float(away.mean())
    if share > SHARE or mean > MEAN:
        found = Path(tempfile.gettempdir()) / f"{name}-found.png"
        image.save(str(found))
        pytest.fail(f"{name}: {share:.1%} of it differs, {mean:.2f} on average; painted now: {found}")


def blocks(image: QImage, ratio: float) -> QImage:
    """The mean colour of every block of logical pixels."""
    step = round(BLOCK * ratio)
    pixels = _pixels(image.convertToFormat(QImage.Format.Format_RGB888))
    height, width = pixels.shape[0] // step, pixels.shape[1] // step
    cut = pixels[: height * step, : width * step].reshape(height, step, width, step, 3)
    mean = np.ascontiguousarray(np.rint(cut.mean(axis=(1, 3))).astype(np.uint8))
    return QImage(mean.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def _pixels(image: QImage) -> np.ndarray:
    rgb = image.convertToFormat(QImage.Format.Format_RGB888)
    lines = np.frombuffer(rgb.constBits(), np.uint8).reshape(rgb.height(), rgb.bytesPerLine())
    return lines[:, : 3 * rgb.width()].reshape(rgb.height(), rgb.width(), 3).astype(np.float64)
