"""The nearest known name to one that is not known."""

from collections.abc import Iterable
from difflib import get_close_matches

_SHORTEST = 2
_SHOWN_MOST = 24


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that was probably meant, whatever its case; "" where none is close.

    A name that begins with a known one means that (`BTCUSDT` is BTC).
    """
    by_fold = {each.casefold(): each for each in known}
    folded = name.casefold()
    begins = [each for each in by_fold if len(each) >= _SHORTEST and folded.startswith(each)]
    close = [max(begins, key=len)] if begins else get_close_matches(folded, by_fold, 1)
    return by_fold[close[0]] if close else ""


def suggestion(name: str, known: Iterable[str]) -> str:
    """ "; did you mean X?", or "" where no known name is close."""
    found = nearest(name, known)
    return f"; did you mean {found}?" if found else ""


def unknown(name: str, what: str, known: Iterable[str]) -> str:
    """`often is no table; did you mean bars?`, or the names to choose from where none is close and they are few."""
    names = list(known)
    if near := suggestion(name, names):
        return f"{name} is no {what}{near}"
    return f"{name} is no {what}" + (f"; choose from {', '.join(names)}" if 0 < len(names) <= _SHOWN_MOST else "")
