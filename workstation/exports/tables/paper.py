"""The ledger of a paper book that is run over the recording from its first second, with the settings given."""

from collections.abc import Iterator
from dataclasses import replace

from feeds.model.nearest import unknown
from workstation.analytics.engine import Engine
from workstation.analytics.paper.book import PaperBook, Written
from workstation.analytics.paper.market import SecondReader
from workstation.exports.cells import Row, known
from workstation.exports.table import Batches, ExportSettings, Table, TableRows, floats, integers, texts
from workstation.readmodels.times import span_ns
from workstation.readmodels.universe.paper import PaperEntry, PaperMoment, PaperScore, PaperSettings, Sizing, Stance

_SECOND_NS = 1_000_000_000
_NAMES = ("score", "names", "every", "sizing", "capital", "gross", "crowd")
_STANCES = {"follow": Stance.FOLLOW, "fade": Stance.FADE}
_SIZINGS = {"notional": Sizing.NOTIONAL, "risk": Sizing.RISK}


class _PaperRows(TableRows):
    """Steps a book before the first frame of every second, with all that is known by the time of that frame."""

    def __init__(self, settings: ExportSettings) -> None:
        self._book = PaperBook(replace(settings.paper, on=True))
        self._reader = SecondReader()
        self._due_ns = 0

    def due_ns(self, now_ns: int) -> int | None:
        """The time of the frame, where it is the first of its second."""
        if now_ns < self._due_ns:
            return None
        self._due_ns = now_ns - now_ns % _SECOND_NS + _SECOND_NS
        return now_ns

    def sample(self, engine: Engine, ts_ns: int) -> Batches:
        engine.advance(ts_ns)
        written = self._book.step(self._reader.read(engine))
        if written.anything:
            yield list(_rows(written))


def paper_settings(text: str) -> PaperSettings:
    """Settings from `score=flow,names=3,every=1m,sizing=risk,capital=100000,gross=1,crowd=fade`; others are as shipped.

    Raises:
        ValueError: not understood.
    """
    said: dict[str, str] = {}
    for part in filter(None, text.split(",")):
        name, _, value = part.partition("=")
        if name not in _NAMES:
            raise ValueError(unknown(name, "setting of the paper book", _NAMES))
        said[name] = value
    usual = PaperSettings()
    if said.get("sizing", "notional") not in _SIZINGS:
        raise ValueError(f"{said['sizing']!r} is no sizing; choose notional or risk")
    if said.get("crowd", "follow") not in _STANCES:
        raise ValueError(f"{said['crowd']!r} is no side of the crowd; choose follow or fade")
    return PaperSettings(
        on=True,
        stance=_STANCES[said.get("crowd", "follow")],
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
    sizes = (*map(known, (entry.size, entry.held, entry.price, entry.mid, entry.seen)),)
    money = (*map(known, (entry.fee, entry.slippage, entry.funding, entry.rate, entry.score)),)
    return (*names, *sizes, *money, entry.rank or None, entry.ranked or None, entry.note, None, None, None, None)


def _account_row(moment: PaperMoment) -> Row:
    money = (*map(known, (moment.fees, moment.slippage, moment.funding)),)
    account = (*map(known, (moment.equity, moment.price_pnl, moment.gross, moment.net)),)
    empty = (None,) * 4
    return (moment.ts_ns, None, "account", "", "", "", "", *empty, None, *money, *empty, "", *account)


TABLE = Table(
    "paper",
    (
        *(*integers("ts_ns", "rebalance"), *texts("event", "base", "venue", "symbol", "side")),
        *floats("size", "held", "price", "mid", "seen", "fee_usd", "slippage_usd", "funding_usd", "rate", "score"),
        *(*integers("rank", "ranked"), *texts("note"), *floats("equity_usd", "price_pnl_usd", "gross_usd", "net_usd")),
    ),
    _PaperRows,
    """paper is the ledger of a paper market-neutral book over the recording: event is trade, hold, skip, funding or
    gap, and account, once a minute, with equity, price PnL, fees, slippage and funding since the start. size is
    signed base coin, held the position after it, seen the share of the size that was in the recorded book; funding_usd
    is what was received. What was not in the book is priced at its last level and charged 0.05 % of mid for each
    time it is as large as what was, at most 0.5 %; such lines are estimates and their note begins so. Option
    --paper changes the settings, for example score=flow,names=3,every=1m,sizing=risk,crowd=fade.""",
)
