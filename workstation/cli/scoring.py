"""Computes pressure scores for the rows of a csv file, and their agreement with published scores in it.

Columns are in per cent; a cell that is empty, `-`, `nan`, `n/a` or `null` is unknown.
"""

import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from feeds.model.errors import RecordingError
from workstation.analytics.universe.pressure import bias_of, pressure
from workstation.analytics.universe.pressure_fit import (
    Agreement,
    PublishedRows,
    agreement,
    fit,
    in_folds,
    left_out,
    misses,
    one_by_one,
)
from workstation.readmodels.arrays import Floats
from workstation.readmodels.universe.pressure import PRESSURE_INPUTS, REGIMES, Bias, PressureColumns

INPUTS = ("oi_change_1h_pct", "oi_change_4h_pct", "oi_change_24h_pct", "funding_rate_pct", "basis_pct")
ADDED = ("score", "bias", "regime")
FOLDS = 5
_UNKNOWN = frozenset({"", "-", "nan", "n/a", "na", "null", "none"})


@dataclass(frozen=True, slots=True, eq=False)
class CsvTable:
    """A csv file: its header, and its rows by column."""

    path: Path
    header: tuple[str, ...]
    rows: tuple[dict[str, str], ...]

    def inputs(self) -> Floats:
        """The inputs (5, n) as fractions, NaN where a cell or a column is missing. Raises RecordingError."""
        return np.array([self._column(name) for name in INPUTS]).reshape(len(INPUTS), len(self.rows)) / 100

    def published(self) -> PublishedRows:
        """The inputs with the file's scores and biases. Raises RecordingError where it has none."""
        if not {"score", "bias"} <= set(self.header):
            raise RecordingError(f"{self.path.name} has no columns score and bias to compare with.")
        biases = [Bias.__members__.get(row["bias"].strip().upper()) for row in self.rows]
        scores = self._column("score")
        for line, (bias, score) in enumerate(zip(biases, scores, strict=True), 2):
            if bias is None or math.isnan(score):
                raise RecordingError(f"{self.path.name}, row {line}: score or bias is missing.")
        return PublishedRows(self.inputs(), scores, np.array([int(bias or 0) for bias in biases]))

    def _column(self, name: str) -> Floats:
        return np.array([self._number(line, name, row.get(name, "")) for line, row in enumerate(self.rows, 2)])

    def _number(self, line: int, name: str, text: str) -> float:
        text = text.strip().removesuffix("%").strip()
        if text.lower() in _UNKNOWN:
            return math.nan
        try:
            number = float(text)
        except ValueError:
            number = math.inf
        if math.isinf(number):
            raise RecordingError(f"{self.path.name}, row {line}: {name} is {text!r} and no number.")
        return number


def read(path: Path) -> CsvTable:
    """Read a file with at least one of the input columns. Raises RecordingError."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            found = list(csv.reader(file, strict=True))
    except FileNotFoundError:
        raise RecordingError(f"There is no file {path.name}; check the name.") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RecordingError(f"{path.name} cannot be read as csv.", str(error)) from error
    header = tuple(name.strip() for name in found[0]) if found else ()
    if not set(INPUTS) & set(header):
        raise RecordingError(f"{path.name} has none of the columns {', '.join(INPUTS)}.")
    if len(set(header)) != len(header):
        raise RecordingError(f"{path.name} has two columns of one name.")
    return CsvTable(path, header, tuple(_rows(path, header, found[1:])))


def _rows(path: Path, header: tuple[str, ...], lines: list[list[str]]) -> Iterable[dict[str, str]]:
    """The non-empty rows; missing cells at the end of a row are unknown."""
    for number, cells in enumerate((cells for cells in lines if cells), 2):
        if len(cells) > len(header):
            raise RecordingError(f"{path.name}, row {number}: {len(cells)} cells under {len(header)} names.")
        yield dict(zip(header, cells + [""] * (len(header) - len(cells)), strict=True))


def score(table: CsvTable) -> list[dict[str, str]]:
    """The rows with score, bias and regime added or replaced; empty where no input of a row is known."""
    columns = pressure(table.inputs())
    return [row | _added(columns, at) for at, row in enumerate(table.rows)]


def _added(columns: PressureColumns, at: int) -> dict[str, str]:
    if math.isnan(columns.signed[at]):
        return dict.fromkeys(ADDED, "")
    bias, regime = Bias(int(columns.bias[at])).name, REGIMES[columns.regime[at]].value
    return {"score": str(round(columns.score[at])), "bias": bias, "regime": regime}


def write(table: CsvTable, path: Path) -> int:
    """Write the scored rows and say how many. Raises OSError."""
    rows = score(table)
    with path.open("w", encoding="utf-8", newline="") as file:
        names = [*table.header, *(name for name in ADDED if name not in table.header)]
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return len(rows)


def validation(table: CsvTable) -> str:
    """Fit the score on the file's own published rows and hold it against rows left out, as text.

    Raises:
        RecordingError: the file has no published scores, or fewer than ten.
    """
    rows = table.published()
    if len(rows) < 2 * FOLDS:
        raise RecordingError(f"{table.path.name} has {len(rows)} rows; at least {2 * FOLDS} are needed.")
    count, fitted, shipped = len(rows), fit(rows), pressure(rows.inputs)
    alone = left_out(rows, one_by_one(count))
    dealt = [agreement(left_out(rows, folds), rows) for folds in in_folds(count, FOLDS)]
    named = zip(PRESSURE_INPUTS, fitted.shares, fitted.scales, strict=True)
    lines = [
        "fitted on all rows (weight, scale): "
        + ", ".join(f"{name} {share:.1f}, {scale:.3%}" for name, share, scale in named),
        f"{'':28}{'Spearman':>10}{'bias':>8}{'neutral':>9}{'mean miss':>11}",
        _line("as shipped, all rows", agreement(shipped.signed, rows)),
        _line("fitted, all rows", agreement(fitted.signed(rows.inputs), rows)),
        _line("left out one by one", agreement(alone, rows)),
        *(_line(f"left out in {FOLDS} folds, deal {at}", one) for at, one in enumerate(dealt, 1)),
        "bias: share of equal bias where the published one is not neutral; neutral: where it is",
        "",
        f"{'left out one by one':28}{'published':>12}{'ours':>8}{'residual':>10}",
        *_residuals(table, rows, alone),
    ]
    return "\n".join(lines)


def _line(name: str, one: Agreement) -> str:
    return f"{name:28}{one.spearman:>10.3f}{one.bias:>8.1%}{one.neutral:>9.1%}{one.miss:>11.2f}"


def _residuals(table: CsvTable, rows: PublishedRows, signed: Floats) -> Iterable[str]:
    """The largest miss first; a star where the bias disagrees."""
    missed, biases = misses(signed, rows), bias_of(signed)
    for at in np.argsort(-abs(missed), kind="stable").tolist():
        name = table.rows[at].get("symbol") or f"row {at + 2}"
        published = f"{rows.score[at]:.0f} {Bias(int(rows.bias[at])).name.lower()}"
        star = " *" if rows.bias[at] and biases[at] != rows.bias[at] else ""
        yield f"{name:28}{published:>12}{signed[at]:>+8.1f}{missed[at]:>+10.1f}{star}"
