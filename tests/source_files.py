"""Files of the project, each read and parsed once for all rules that look at them."""

from __future__ import annotations

import ast
import gc
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
Nodes = tuple[ast.AST, ...]
PACKAGES = ("feeds", "workstation", "widgets", "resources")
PROGRAM = [file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py"))]
TESTS = sorted((ROOT / "tests").rglob("*.py"))


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


@cache
def source(file: Path) -> str:
    return file.read_text(encoding="utf-8")


@cache
def nodes(file: Path) -> Nodes:
    """All nodes of a file's syntax tree, the module first; `forget_trees` when a test module is done."""
    return nodes_of(source(file))


def nodes_of(code: str) -> Nodes:
    """All nodes of a source text; without the collector, which would go through a million nodes again and again."""
    gc.disable()
    try:
        return tuple(ast.walk(ast.parse(code)))
    finally:
        gc.enable()


def forget_trees() -> None:
    nodes.cache_clear()


def by_folder(files: list[Path]) -> dict[str, list[Path]]:
    """The files under each package or its first folder, such as `feeds/venues`; keys are names of test cases."""
    folders: dict[str, list[Path]] = {}
    for file in files:
        folder = "/".join(file.relative_to(ROOT).parts[:-1][:2])
        folders.setdefault(folder or ".", []).append(file)
    return folders
