"""Exported rows as dictionaries."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from workstation.exports.tables import all_tables

Tables = dict[str, list[dict[str, Any]]]


def tables_of(parts: Iterable[tuple[str, list[tuple[Any, ...]]]]) -> Tables:
    """Collect an export by table, one dictionary a row."""
    tables: Tables = {}
    for table, rows in parts:
        names = all_tables()[table].column_names
        tables.setdefault(table, []).extend(dict(zip(names, row, strict=True)) for row in rows)
    return tables
