"""The files of one recording in the making, in a folder of their own that no reader looks into.

What comes in order is written as it comes; the other tables are sorted when the recording has ended.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from workstation.lake.decoded import Row
from workstation.lake.manifest import sync
from workstation.lake.schema import IN_ORDER, SCHEMAS, SORTED_BY, Place
from workstation.readmodels.arrays import Ints

_STAGED = 8_192  # rows as tuples before they become columns
_GROUP = 131_072  # rows of a row group


class Sink:
    """One file. `rows` counts what was put."""

    def __init__(self, path: Path, place: Place) -> None:
        self.path = path
        self.place = place
        self.rows = 0
        self._schema = SCHEMAS[place.table]
        self._staged: list[Row] = []
        self._columns: list[pa.Table] = []
        self._writer: pa.parquet.ParquetWriter | None = None

    def put(self, rows: list[Row]) -> None:
        """Add rows. Raises OSError."""
        self._staged += rows
        self.rows += len(rows)
        if len(self._staged) >= _STAGED:
            self._pack()
            if self.place.table in IN_ORDER and len(self._columns) * _STAGED >= _GROUP:
                self._write(self._take())

    def finish(self, orders: Ints) -> None:
        """Write what is left, and have it on the disk. Raises OSError."""
        self._pack()
        whole = self._take()
        if self.place.table == "trades":
            seq = pa.array(orders[whole["seq"].to_numpy()])
            whole = whole.set_column(whole.schema.get_field_index("seq"), "seq", seq)
        if self.place.table not in IN_ORDER:
            whole = whole.sort_by([(SORTED_BY[self.place.table], "ascending"), ("seq", "ascending")])
        self._write(whole)
        self.close()
        sync(self.path)

    def close(self) -> None:
        """Let go of the file, whole or not."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _pack(self) -> None:
        if self._staged:
            pairs = zip(zip(*self._staged, strict=True), self._schema, strict=True)
            columns = [pa.array(column, field.type) for column, field in pairs]
            self._columns.append(pa.Table.from_arrays(columns, schema=self._schema))
            self._staged = []

    def _take(self) -> pa.Table:
        whole = pa.concat_tables(self._columns) if self._columns else self._schema.empty_table()
        self._columns = []
        return whole.unify_dictionaries().combine_chunks()

    def _write(self, rows: pa.Table) -> None:
        if self._writer is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            by = pa.parquet.SortingColumn(self._schema.get_field_index(SORTED_BY[self.place.table]))
            self._writer = pa.parquet.ParquetWriter(
                self.path, self._schema, compression="zstd", write_statistics=True, sorting_columns=[by]
            )
        self._writer.write_table(rows, row_group_size=_GROUP)
