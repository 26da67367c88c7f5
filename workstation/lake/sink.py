"""Writes the files of one recording, in a staging folder.

Tables whose rows arrive in order are written continuously; the others are sorted at the end.
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from workstation.lake.decoded import Row
from workstation.lake.manifest import sync
from workstation.lake.schema import IN_ORDER, SCHEMAS, SORTED_BY, Partition
from workstation.readmodels.arrays import Ints

_BUFFER_ROWS = 8_192  # rows as tuples before they become columns
_GROUP_ROWS = 131_072  # rows of a row group


class Sink:
    """One file. `rows` counts the rows added."""

    def __init__(self, path: Path, partition: Partition) -> None:
        self.path = path
        self.partition = partition
        self.rows = 0
        self._schema = SCHEMAS[partition.table]
        self._buffer: list[Row] = []
        self._columns: list[pa.Table] = []
        self._writer: pa.parquet.ParquetWriter | None = None

    def put(self, rows: list[Row]) -> None:
        """Add rows. Raises OSError."""
        self._buffer += rows
        self.rows += len(rows)
        if len(self._buffer) >= _BUFFER_ROWS:
            self._pack()
            if self.partition.table in IN_ORDER and len(self._columns) * _BUFFER_ROWS >= _GROUP_ROWS:
                self._write(self._take())

    def finish(self, orders: Ints) -> None:
        """Write the remaining rows and sync the file. `orders` as in `RowDecoder.orders`. Raises OSError."""
        self._pack()
        whole = self._take()
        if self.partition.table == "trades":
            seq = pa.array(orders[whole["seq"].to_numpy()])
            whole = whole.set_column(whole.schema.get_field_index("seq"), "seq", seq)
        if self.partition.table not in IN_ORDER:
            whole = whole.sort_by([(SORTED_BY[self.partition.table], "ascending"), ("seq", "ascending")])
        self._write(whole)
        self.close()
        sync(self.path)

    def close(self) -> None:
        """Close the file, finished or not."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _pack(self) -> None:
        if self._buffer:
            pairs = zip(zip(*self._buffer, strict=True), self._schema, strict=True)
            columns = [pa.array(column, field.type) for column, field in pairs]
            self._columns.append(pa.Table.from_arrays(columns, schema=self._schema))
            self._buffer = []

    def _take(self) -> pa.Table:
        whole = pa.concat_tables(self._columns) if self._columns else self._schema.empty_table()
        self._columns = []
        return whole.unify_dictionaries().combine_chunks()

    def _write(self, rows: pa.Table) -> None:
        if self._writer is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            by = pa.parquet.SortingColumn(self._schema.get_field_index(SORTED_BY[self.partition.table]))
            self._writer = pa.parquet.ParquetWriter(
                self.path, self._schema, compression="zstd", write_statistics=True, sorting_columns=[by]
            )
        self._writer.write_table(rows, row_group_size=_GROUP_ROWS)
