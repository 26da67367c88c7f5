"""Rows into files: one file a table, as csv, parquet or jsonl. Missing values are empty, null or absent, never 0."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import msgspec
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

FORMATS = ("csv", "parquet", "jsonl")

_TYPES = {
    **dict.fromkeys(
        ("bar_start_ns", "ts_venue_ns", "ts_recv_ns", "ts_ns", "next_funding_ns", "trades", "level"), pa.int64()
    ),
    **dict.fromkeys(("rank", "ranked", "rebalance", "flow_rank", "diverged", "live", "known"), pa.int64()),
    **dict.fromkeys(("base", "venue", "kind", "symbol", "trade_id", "aggressor", "side", "position"), pa.string()),
    **dict.fromkeys(("bias", "regime", "quadrant", "event", "note"), pa.string()),
    **dict.fromkeys(("is_poc", "gap", "complete"), pa.bool_()),
}


class TableWriter:
    """Writes the tables of one export.

    A format that is asked for gets a file for every table, even one without rows.
    """

    def __init__(self, folder: Path, formats: tuple[str, ...], columns: dict[str, tuple[str, ...]]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.files: list[Path] = []
        self._columns = columns
        self._sinks: dict[str, list[_Sink]] = {}
        for table, names in columns.items():
            schema = pa.schema([(name, _TYPES.get(name, pa.float64())) for name in names])
            self._sinks[table] = [self._open(folder / f"{table}.{form}", form, schema) for form in formats]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for sinks in self._sinks.values():
            for sink in sinks:
                sink.close()

    def write(self, table: str, rows: list[tuple[Any, ...]]) -> None:
        """Append rows in the order of the table's columns. Raises OSError."""
        if not rows:
            return
        for sink in self._sinks[table]:
            sink.write(rows)

    def _open(self, file: Path, form: str, schema: pa.Schema) -> _Sink:
        self.files.append(file)
        return _JsonLines(file, schema) if form == "jsonl" else _Arrow(file, form, schema)


class _Arrow:
    def __init__(self, file: Path, form: str, schema: pa.Schema) -> None:
        self._schema = schema
        made = pa.csv.CSVWriter if form == "csv" else pa.parquet.ParquetWriter
        self._writer = made(str(file), schema)

    def write(self, rows: list[tuple[Any, ...]]) -> None:
        columns = [
            pa.array(column, field.type) for column, field in zip(zip(*rows, strict=True), self._schema, strict=True)
        ]
        self._writer.write_table(pa.Table.from_arrays(columns, schema=self._schema))

    def close(self) -> None:
        self._writer.close()


class _JsonLines:
    def __init__(self, file: Path, schema: pa.Schema) -> None:
        self._names = schema.names
        self._stream: BinaryIO = file.open("wb")

    def write(self, rows: list[tuple[Any, ...]]) -> None:
        for row in rows:
            self._stream.write(msgspec.json.encode(dict(zip(self._names, row, strict=True))) + b"\n")

    def close(self) -> None:
        self._stream.close()


_Sink = _Arrow | _JsonLines
