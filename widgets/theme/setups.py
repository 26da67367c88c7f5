"""Text and colours of setups."""

from workstation.readmodels.session.library import SetupMark
from workstation.readmodels.session.setups import SetupEvent, SetupState

SETUP_ROLES = {
    SetupState.ARMED: "gap",
    SetupState.CONFIRMED: "focus",
    SetupState.INVALIDATED: "muted",
    SetupState.EXPIRED: "muted",
}


def setup_text(event: SetupEvent | SetupMark, price: str) -> str:
    """One line for a tooltip: detector, direction, level and state; `price` is that of its level, formatted."""
    way = "up" if event.direction > 0 else "down"
    only = ", leverage only" if event.leverage_only else ""
    return f"setup: {event.detector.value} {way} at {event.level.kind.value} {price}, {event.state.value}{only}"
