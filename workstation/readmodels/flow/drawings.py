"""Price levels drawn by the user; setups and alerts use them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Level:
    """A price of a base (`low` equals `high`) or a zone between two of them."""

    base: str
    low: float
    high: float
    name: str = ""

    @property
    def is_zone(self) -> bool:
        return self.high > self.low
