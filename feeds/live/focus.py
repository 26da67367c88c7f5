"""The followed bases: those of the settings always, others while a pane displays them."""

from collections.abc import Iterable


class Focus:
    """The followed bases: `always`, and at most `most` others, each for `retention_ns` after its last display."""

    def __init__(self, always: Iterable[str], *, most: int, retention_ns: int) -> None:
        self.always = tuple(dict.fromkeys(always))
        self._most, self._retention_ns = most, retention_ns
        self._shown: dict[str, int] = {}  # when each was last shown

    @property
    def added(self) -> tuple[str, ...]:
        """The bases followed because they were displayed, in the order in which they were added."""
        return tuple(self._shown)

    @property
    def bases(self) -> tuple[str, ...]:
        return (*self.always, *self._shown)

    def show(self, base: str, now_ns: int) -> bool:
        """Follow a base; returns False if it already is."""
        if not base or base in self.always:
            return False
        is_new = base not in self._shown
        self._shown[base] = now_ns
        return is_new

    def mark_shown(self, base: str, now_ns: int) -> None:
        """Record that a followed base is displayed; ignores others."""
        if base in self._shown:
            self._shown[base] = now_ns

    def evict(self, now_ns: int) -> list[str]:
        """Remove and return the bases over the limit, and those not displayed for `retention_ns`."""
        gone = []
        while self._shown:
            base = min(self._shown, key=self._shown.__getitem__)
            if len(self._shown) <= self._most and now_ns - self._shown[base] <= self._retention_ns:
                break
            del self._shown[base]
            gone.append(base)
        return gone
