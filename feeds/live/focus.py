"""Which bases are followed in full: those of the settings always, others for as long as somebody looks at them."""

from __future__ import annotations

from collections.abc import Iterable


class Focus:
    """The bases in focus. `always` stay; of the others at most `most`, and none `keep_ns` after it was last shown."""

    def __init__(self, always: Iterable[str], *, most: int, keep_ns: int) -> None:
        self.always = tuple(dict.fromkeys(always))
        self._most, self._keep_ns = most, keep_ns
        self._shown: dict[str, int] = {}  # when each was last shown

    @property
    def added(self) -> tuple[str, ...]:
        """The bases that are followed because they were shown, in the order in which they came."""
        return tuple(self._shown)

    @property
    def bases(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.always, *self._shown)

    def show(self, base: str, now_ns: int) -> bool:
        """Follow a base from now on; False if it was followed before."""
        if not base or base in self.always:
            return False
        is_new = base not in self._shown
        self._shown[base] = now_ns
        return is_new

    def keep(self, base: str, now_ns: int) -> None:
        """A base is on the screen; one that is not followed stays so."""
        if base in self._shown:
            self._shown[base] = now_ns

    def let_go(self, now_ns: int) -> list[str]:
        """Take away what are too many and what was not shown for long; returns it."""
        gone = []
        while self._shown:
            base = min(self._shown, key=self._shown.__getitem__)
            if len(self._shown) <= self._most and now_ns - self._shown[base] <= self._keep_ns:
                break
            del self._shown[base]
            gone.append(base)
        return gone
