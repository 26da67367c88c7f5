"""Where studies are found: every module of `studies/builtin`, and every file of folders that are added."""

import importlib
import importlib.util
import pkgutil
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from types import ModuleType

from widgets.panes.footprint.studies import builtin
from widgets.panes.footprint.studies.declaration import ChartStudy


@cache
def builtin_studies() -> tuple[ChartStudy, ...]:
    """Those of the program. Modules whose name begins with an underscore are shared code, not studies."""
    modules = pkgutil.walk_packages(builtin.__path__, f"{builtin.__name__}.")
    names = [one.name for one in modules if not one.ispkg and not one.name.rpartition(".")[2].startswith("_")]
    return in_order(declared_by(importlib.import_module(name)) for name in names)


def studies_in(folder: Path) -> tuple[ChartStudy, ...]:
    """Those of a folder, one a file, reloaded at every call. Raises what a file raises while it is run."""
    files = sorted(file for file in folder.glob("*.py") if not file.name.startswith("_"))
    return in_order(declared_by(_load(file)) for file in files)


def in_order(studies: Iterable[ChartStudy]) -> tuple[ChartStudy, ...]:
    """Sorted by `order`. Raises ValueError where two studies have the same name or the same key."""
    found = tuple(sorted(studies, key=lambda study: (study.order, study.name)))
    for what in ("name", "key"):
        taken: dict[str, ChartStudy] = {}
        for study in found:
            value = getattr(study, what)
            if value and value in taken:
                raise ValueError(f"two studies have the {what} {value}: {taken[value].label} and {study.label}")
            taken[value] = study
    return found


def declared_by(module: ModuleType) -> ChartStudy:
    """The study of a module. Raises ValueError for a module without one."""
    study = getattr(module, "STUDY", None)
    if not isinstance(study, ChartStudy):
        raise ValueError(f"{module.__name__} has no STUDY = ChartStudy(...)")
    return study


def _load(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"user_study_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise ValueError(f"{file} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
