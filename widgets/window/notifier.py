"""Alerts outside the window: a sound and a desktop notification, at most one of each per second."""

import array
import math
import shutil
import tempfile
import time
import wave
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QProcess
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QApplication, QSystemTrayIcon

from widgets.theme.theme import theme

PLAYERS = (("pw-play", ()), ("paplay", ()), ("aplay", ("-q",)), ("afplay", ()))
LEAST_S = 1.0
_RATE, _SECONDS, _PITCH_HZ = 22_050, 0.25, 880.0


_BRACKET = "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}"


class Notifier(QObject):
    """Signals alerts. Without a player, an audio device or a tray it does less, silently."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._sounded = self._noticed = -math.inf
        self._tray: QSystemTrayIcon | None = None
        self._wave: tuple[int, Path] | None = None

    def sound(self, volume: int) -> bool:
        """Play the tone at a volume in per cent; True if an attempt was made."""
        now = self._clock()
        if volume <= 0 or now - self._sounded < LEAST_S:
            return False
        self._sounded = now
        for player, flags in PLAYERS:
            if (found := shutil.which(player)) is not None:
                QProcess.startDetached(found, [*flags, str(self._file(volume))])
                return True
        QApplication.beep()
        return True

    def notice(self, title: str, text: str) -> bool:
        """Show a desktop notification; True if the desktop was asked to. Desktops parse markup, so `<` is replaced."""
        now = self._clock()
        if now - self._noticed < LEAST_S or not QSystemTrayIcon.isSystemTrayAvailable():
            return False
        self._noticed = now
        if self._tray is None:
            picture = QPixmap(16, 16)
            picture.fill(theme().color("aggregate"))
            self._tray = QSystemTrayIcon(QIcon(picture), self)
            self._tray.show()
        self._tray.showMessage(title.replace("<", _BRACKET), text.replace("<", _BRACKET))
        return True

    def _file(self, volume: int) -> Path:
        if self._wave is None or self._wave[0] != volume:
            self._wave = volume, write_tone(Path(tempfile.mkdtemp(prefix="alert")) / "tone.wav", volume)
        return self._wave[1]


def write_tone(file: Path, volume: int) -> Path:
    """A short fading tone as a WAV file; volume is 0 to 100."""
    count = int(_RATE * _SECONDS)
    loud = 32_000 * volume / 100
    wanted = (loud * (1 - at / count) * math.sin(2 * math.pi * _PITCH_HZ * at / _RATE) for at in range(count))
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(_RATE)
        out.writeframes(array.array("h", map(int, wanted)).tobytes())
    return file
