"""The exported tables, a module each: it declares TABLE, and nothing else has to name it."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from workstation.exports.table import Table

_KIND_NOTE = """kind is linear, inverse or spot; sums over venues have venue `all` and kind `perp` or `spot`. Times are
ns since the epoch, UTC; sizes are base coin."""


@cache
def all_tables() -> dict[str, Table]:
    """Every table by its name, in order of names.

    Raises:
        AttributeError: a module of this package declares no TABLE.
    """
    modules = sorted(name for _, name, _ in iter_modules(__path__))
    tables: list[Table] = [import_module(f"{__name__}.{name}").TABLE for name in modules]
    return {table.name: table for table in tables}


def default_tables() -> tuple[str, ...]:
    """Names of the tables that are exported when none are named."""
    return tuple(table.name for table in all_tables().values() if table.is_default)


def tables_help() -> str:
    paragraphs = [
        f"{table.name}: {', '.join(table.column_names)}. {table.note}".rstrip() for table in all_tables().values()
    ]
    defaults = f"Without --table: {', '.join(default_tables())}."
    return "\n\n".join(" ".join(text.split()) for text in (defaults, *paragraphs, _KIND_NOTE))
