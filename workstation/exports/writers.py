"""Rows into files: one file a table, as csv, parquet or jsonl. Missing values are empty, null or absent, never 0."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import msgspec
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from workstation.exports.cells import Row
from workstation.exports.table import CellType, Table

FORMATS = ("csv", "parquet", "jsonl")

_ARROW_TYPES = {
    CellType.INTEGER: pa.int64(),
    CellType.FLOAT: pa.float64(),
    CellType.TEXT: pa.string(),
    CellType.BOOLEAN: pa.bool_(),
}


class TableWriter:
    """Writes the tables of one export.

    Every table gets a file of each format, even if it has no rows.
    """

    def __init__(self, folder: Path, formats: tuple[str, ...], tables: Iterable[Table]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.files: list[Path] = []
        self._sinks: dict[str, list[_Sink]] = {}
        for table in tables:
            schema = pa.schema([(column.name, _ARROW_TYPES[column.type]) for column in table.columns])
            self._sinks[table.name] = [self._open(folder / f"{table.name}.{form}", form, schema) for form in formats]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for sinks in self._sinks.values():
            for sink in sinks:
                sink.close()

    def write(self, table: str, rows: list[Row]) -> None:
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

    def write(self, rows: list[Row]) -> None:
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

    def write(self, rows: list[Row]) -> None:
        for row in rows:
            self._stream.write(msgspec.json.encode(dict(zip(self._names, row, strict=True))) + b"\n")

    def close(self) -> None:
        self._stream.close()


_Sink = _Arrow | _JsonLines
