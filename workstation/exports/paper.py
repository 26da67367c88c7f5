"""The ledger of a paper book that is run over the recording from its first second, with the settings given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from workstation.analytics.engine import Engine
from workstation.analytics.paper.book import PaperBook, Written
from workstation.analytics.paper.market import SecondReader
from workstation.cli.times import span_ns
from workstation.exports.cells import Row
from workstation.readmodels.universe.paper import PaperEntry, PaperMoment, PaperScore, PaperSettings, Sizing

PAPER_COLUMNS = (
    *("ts_ns", "rebalance", "event", "base", "venue", "symbol", "side", "size", "held", "price", "mid", "seen"),
    *("fee_usd", "slippage_usd", "funding_usd", "rate", "score", "rank", "ranked", "note"),
    *("equity_usd", "price_pnl_usd", "gross_usd", "net_usd"),
)
PAPER_NOTE = """paper is the ledger of a paper market-neutral book over the recording: event is trade, hold, skip,
funding or gap, and account, once a minute, with equity, price PnL, fees, slippage and funding since the start. size is
signed base coin, held the position after it, seen the share of the size that was in the recorded book; funding_usd is
what was received. Option --paper changes the settings, for example score=flow,names=3,every=1m,sizing=risk."""
_SECOND_NS = 1_000_000_000
_NAMES = ("score", "names", "every", "sizing", "capital", "gross")
_SIZINGS = {"notional": Sizing.NOTIONAL, "risk": Sizing.RISK}


class PaperRows:
    """Steps a book at every second, as everything stood before the first frame of it."""

    def __init__(self, settings: PaperSettings) -> None:
        self._book = PaperBook(replace(settings, on=True))
        self._reader = SecondReader()
        self._due_ns = 0

    def due(self, engine: Engine, now_ns: int) -> Iterator[tuple[str, list[Row]]]:
        """The rows of a second that `now_ns` reaches."""
        if now_ns < self._due_ns:
            return
        self._due_ns = now_ns - now_ns % _SECOND_NS + _SECOND_NS
        engine.advance(now_ns)
        written = self._book.step(self._reader.read(engine))
        if written.anything:
            yield "paper", list(_rows(written))


def paper_settings(text: str) -> PaperSettings:
    """Settings from `score=flow,names=3,every=1m,sizing=risk,capital=100000,gross=1`; what is not named is as shipped.

    Raises:
        ValueError: not understood.
    """
    said: dict[str, str] = {}
    for part in filter(None, text.split(",")):
        name, _, value = part.partition("=")
        if name not in _NAMES:
            raise ValueError(f"{name!r} is no setting of the paper book; choose from {', '.join(_NAMES)}")
        said[name] = value
    usual = PaperSettings()
    if said.get("sizing", "notional") not in _SIZINGS:
        raise ValueError(f"{said['sizing']!r} is no sizing; choose notional or risk")
    return PaperSettings(
        on=True,
        score=PaperScore(said.get("score", usual.score)),
        names=int(said.get("names", usual.names)),
        sizing=_SIZINGS[said.get("sizing", "notional")],
        period_ns=span_ns(said["every"]) if "every" in said else usual.period_ns,
        capital=float(said.get("capital", usual.capital)),
        gross=float(said.get("gross", usual.gross)),
    )


def _rows(written: Written) -> Iterator[Row]:
    for entry in written.entries:
        yield _entry_row(entry)
    if written.moment is not None:
        yield _account_row(written.moment)


def _entry_row(entry: PaperEntry) -> Row:
    symbol = entry.market.rsplit(".", 2)[0]
    names = (entry.ts_ns, entry.rebalance, entry.kind.value, entry.base, entry.venue, symbol, entry.side)
    sizes = (*map(_rounded, (entry.size, entry.held, entry.price, entry.mid, entry.seen)),)
    money = (*map(_rounded, (entry.fee, entry.slippage, entry.funding, entry.rate, entry.score)),)
    return (*names, *sizes, *money, entry.rank or None, entry.ranked or None, entry.note, None, None, None, None)


def _account_row(moment: PaperMoment) -> Row:
    money = (*map(_rounded, (moment.fees, moment.slippage, moment.funding)),)
    account = (*map(_rounded, (moment.equity, moment.price_pnl, moment.gross, moment.net)),)
    empty = (None,) * 4
    return (moment.ts_ns, None, "account", "", "", "", "", *empty, None, *money, *empty, "", *account)


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.12g}")
