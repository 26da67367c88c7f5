"""Controls that only remember what was asked of them."""

from __future__ import annotations

from pathlib import Path

from widgets.window.controls import Step
from workstation.readmodels.universe.paper import PaperSettings


class ControlsLog:
    """`calls` holds (name, argument) in order; calls without an argument hold None. `focused` are bases asked for."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, object]] = []
        self.focused: list[str] = []

    def play(self) -> None:
        self.calls.append(("play", None))

    def pause(self) -> None:
        self.calls.append(("pause", None))

    def toggle(self) -> None:
        self.calls.append(("toggle", None))

    def set_speed(self, speed: float) -> None:
        self.calls.append(("set_speed", speed))

    def seek(self, ts_ns: int) -> None:
        self.calls.append(("seek", ts_ns))

    def approach(self, ts_ns: int) -> None:
        self.calls.append(("approach", ts_ns))

    def step(self, unit: Step) -> None:
        self.calls.append(("step", unit))

    def focus(self, base: str) -> None:
        self.focused.append(base)

    def load_older(self, base: str, until_ns: int) -> bool:
        self.calls.append(("load_older", (base, until_ns)))
        return True

    def toggle_recording(self) -> None:
        self.calls.append(("toggle_recording", None))

    def open_recording(self, *paths: Path) -> None:
        self.calls.append(("open_recording", *paths))

    def go_live(self) -> None:
        self.calls.append(("go_live", None))

    def bookmark(self, text: str) -> None:
        self.calls.append(("bookmark", text))

    def remove_bookmark(self, ts_ns: int) -> None:
        self.calls.append(("remove_bookmark", ts_ns))

    def set_note(self, path: Path, note: str) -> None:
        self.calls.append(("set_note", (path, note)))

    def delete_recording(self, path: Path) -> None:
        self.calls.append(("delete_recording", path))

    def set_alert(self, rule: object) -> None:
        self.calls.append(("set_alert", rule))

    def remove_alert(self, number: int) -> None:
        self.calls.append(("remove_alert", number))

    def set_paper(self, settings: PaperSettings) -> None:
        self.calls.append(("set_paper", settings))

    def reset_paper(self) -> None:
        self.calls.append(("reset_paper", None))
