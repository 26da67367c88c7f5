"""Exported rows as dictionaries."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from workstation.exports.columns import COLUMNS

Tables = dict[str, list[dict[str, Any]]]


def tables_of(parts: Iterable[tuple[str, list[tuple[Any, ...]]]]) -> Tables:
    """Collect an export by table, one dictionary a row."""
    tables: Tables = {}
    for table, rows in parts:
        tables.setdefault(table, []).extend(dict(zip(COLUMNS[table], row, strict=True)) for row in rows)
    return tables
