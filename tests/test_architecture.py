"""The house rules that a linter does not know: who may open sockets, sizes of files and functions, forbidden words."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from statistics import median

import pytest

from tests.source_files import (
    PACKAGES,
    PROGRAM,
    ROOT,
    TESTS,
    Nodes,
    by_folder,
    forget_trees,
    name_of,
    nodes,
    nodes_of,
    source,
)

FOLDERS = by_folder(PROGRAM)
QT = {"PySide6", "pyqtgraph", "qasync"}
PURE = ("feeds/venues", "feeds/model/protocol", "feeds/pipeline", "workstation/analytics")
IMPURE = {"asyncio", "socket", "ssl", "websockets", "aiohttp", "time", "random"}
STDLIB_OR_MSGSPEC = (
    "feeds/model/events.py",
    "feeds/model/instrument.py",
    "feeds/model/frame.py",
    "feeds/model/clock.py",
)
MAX_FILE, MAX_FUNCTION, MEDIAN_FUNCTION = 500, 60, 10


@pytest.fixture(scope="module", autouse=True)
def trees() -> Iterator[None]:
    """Parsed files are retained for this module's rules only."""
    yield
    forget_trees()


@cache
def imports(file: Path) -> set[str]:
    found: set[str] = set()
    for node in nodes(file):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def roots(file: Path) -> set[str]:
    return {name.partition(".")[0] for name in imports(file)}


def functions() -> Iterator[tuple[str, int]]:
    for file in PROGRAM:
        for node in nodes(file):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{name_of(file)}:{node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


def impurities(file: Path) -> Iterator[str]:
    """What a file of arithmetic must not do: import IO or clocks, wait, open files."""
    yield from roots(file) & IMPURE
    for node in nodes(file):
        if isinstance(node, ast.AsyncFunctionDef):
            yield f"async {node.name}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open":
            yield f"line {node.lineno} opens a file"


@pytest.mark.parametrize("folder", FOLDERS)
def test_qt_stays_above(folder: str) -> None:
    allowed = ("widgets/", "workstation/app", "workstation/process/crash")
    assert [file for file in FOLDERS[folder] if not name_of(file).startswith(allowed) and roots(file) & QT] == []


@pytest.mark.parametrize("folder", by_folder([file for file in PROGRAM if name_of(file).startswith(PURE)]))
def test_the_middle_is_arithmetic(folder: str) -> None:
    middle = [file for file in FOLDERS[folder] if name_of(file).startswith(PURE)]
    assert {name_of(file): found for file in middle if (found := list(impurities(file)))} == {}


def test_the_vocabulary_needs_the_standard_library_and_msgspec_only() -> None:
    import sys

    for name in STDLIB_OR_MSGSPEC:
        assert roots(ROOT / name) <= set(sys.stdlib_module_names) | {"msgspec", "feeds"}


def test_one_file_opens_venue_sockets() -> None:
    assert [name_of(file) for file in PROGRAM if "websockets" in roots(file)] == ["feeds/live/transport.py"]


def test_only_the_composition_root_sees_sockets_and_widgets() -> None:
    both = [
        name_of(file)
        for file in PROGRAM
        if "feeds.live.source" in imports(file) and any(name.startswith("widgets") for name in imports(file))
    ]
    assert both == ["workstation/app.py"]


def test_widgets_see_only_what_they_draw() -> None:
    allowed = (
        "workstation.readmodels",
        "workstation.settings.declaration",
        "feeds.model.instrument",
        "feeds.model.events",
        "feeds.venues.registry",
        "feeds.venues.profile",
        "resources",
        "widgets",
    )
    for file in PROGRAM:
        if name_of(file).startswith("widgets/"):
            ours = {name for name in imports(file) if name.partition(".")[0] in PACKAGES}
            assert all(name.startswith(allowed) for name in ours), name_of(file)


def test_files_are_small() -> None:
    assert [name_of(file) for file in PROGRAM if len(source(file).splitlines()) > MAX_FILE] == []


def test_functions_are_small() -> None:
    sizes = dict(functions())
    too_long = {name: lines for name, lines in sizes.items() if lines > MAX_FUNCTION}
    assert not too_long
    assert median(sizes.values()) <= MEDIAN_FUNCTION


@pytest.mark.parametrize("folder", FOLDERS)
def test_names_show_what_things_are(folder: str) -> None:
    for file in FOLDERS[folder]:
        assert file.stem not in ("util", "utils", "helper", "helpers", "common", "misc")
        classes = [node.name for node in nodes(file) if isinstance(node, ast.ClassDef)]
        assert [name for name in classes if name.endswith(("Manager", "Helper", "Handler2", "Utils"))] == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_error_is_swallowed(folder: str) -> None:
    for file in FOLDERS[folder]:
        for node in nodes(file):
            if isinstance(node, ast.ExceptHandler):
                place = f"{name_of(file)}:{node.lineno}"
                assert node.type is not None, f"{place} catches all"
                assert not (len(node.body) == 1 and isinstance(node.body[0], ast.Pass)), f"{place} swallows"


TEST_FOLDERS = by_folder(TESTS)
PRIVATE_BY_PUBLIC_CONTRACT = {"_replace", "_asdict", "_fields"}  # of named tuples


def own_names(tree: Nodes) -> set[str]:
    """The names that a file defines: in classes and functions, or by assignment to `self`."""
    found = {node.name for node in tree if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    for node in tree:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and is_self(node.value):
            found.add(node.attr)
    return found


def is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name not in PRIVATE_BY_PUBLIC_CONTRACT


def constant_name(text: str) -> bool:
    """Whether a name, perhaps a dotted one, is that of a module constant."""
    last = text.rpartition(".")[2].lstrip("_")
    return bool(last) and last.isupper()


def patched_name(node: ast.AST) -> ast.expr | None:
    """What is replaced by a `setattr`, of `monkeypatch` or not; None where the node is no such call."""
    if not isinstance(node, ast.Call) or not node.args:
        return None
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name != "setattr":
        return None
    of_path = isinstance(node.args[0], ast.Constant)  # monkeypatch.setattr("a.b.NAME", value)
    return node.args[0] if of_path else node.args[1]


def private_uses(tree: Nodes) -> Iterator[str]:
    """Private names of others that a test file reads, writes or imports, as `line name`."""
    own = own_names(tree)
    for node in tree:
        if isinstance(node, ast.Attribute) and is_private(node.attr) and not is_self(node.value):
            if node.attr not in own:
                yield f"{node.lineno} {node.attr}"
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.lineno} {alias.name}" for alias in node.names if is_private(alias.name))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("getattr", "setattr"):
            name = node.args[1]
            if isinstance(name, ast.Constant) and is_private(str(name.value)):
                yield f"{node.lineno} {name.value}"


def constants_changed(tree: Nodes) -> Iterator[str]:
    """Module constants that a test file replaces by `setattr` or by assignment, as `line name`."""
    for node in tree:
        name = patched_name(node)
        if isinstance(name, ast.Constant) and constant_name(str(name.value)):
            yield f"{name.lineno} {name.value}"
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and constant_name(node.attr):
            yield f"{node.lineno} {node.attr}"


@pytest.mark.parametrize("folder", TEST_FOLDERS)
def test_tests_look_at_what_is_public(folder: str) -> None:
    uses = {name_of(file): list(private_uses(nodes(file))) for file in TEST_FOLDERS[folder]}
    assert {name: found for name, found in uses.items() if found} == {}


@pytest.mark.parametrize("folder", TEST_FOLDERS)
def test_tests_pass_limits_to_constructors(folder: str) -> None:
    changes = {name_of(file): list(constants_changed(nodes(file))) for file in TEST_FOLDERS[folder]}
    assert {name: found for name, found in changes.items() if found} == {}


@pytest.mark.parametrize(
    "code", ["a._b", "a.b()._c = 1", "from a import _b", "getattr(a, '_b')", "super()._b()", "import a\na._b.c"]
)
def test_a_private_name_is_found(code: str) -> None:
    assert list(private_uses(nodes_of(code)))


@pytest.mark.parametrize(
    "code", ["a._replace(b=1)", "self._a", "class A:\n  def _b(self): ...\nA()._b()", "a.__name__"]
)
def test_names_of_the_file_itself_and_of_named_tuples_are_no_private_ones(code: str) -> None:
    assert not list(private_uses(nodes_of(code)))


@pytest.mark.parametrize(
    "code", ["patch.setattr(a, 'LIMIT', 1)", "patch.setattr('a.b._LIMIT', 1)", "setattr(a, 'LIMIT', 1)", "a.LIMIT = 1"]
)
def test_a_changed_constant_is_found(code: str) -> None:
    assert list(constants_changed(nodes_of(code)))
    assert not list(constants_changed(nodes_of(code.replace("LIMIT", "limit"))))


WHOLE_NUMBERS = {
    "workstation/analytics/positions/liquidations.py": "arrays",
    "workstation/analytics/bars/volumes.py": "integer units",
    "workstation/analytics/setups/run.py": "stacks",
    "workstation/analytics/views/cvd.py": "arrays",
    "workstation/analytics/views/paper.py": "entries",
    "workstation/analytics/answer.py": "revisions",
    "workstation/analytics/store/coverage.py": "nanoseconds",
    "workstation/analytics/studies/tape.py": "numbers of prints",
    "workstation/analytics/views/funding.py": "revisions",
    "workstation/analytics/views/ladder.py": "two arrays",
    "workstation/analytics/views/quadrant.py": "revisions",
    "workstation/analytics/views/tape.py": "numbers of trades",
    "workstation/hub/run.py": "open connections",
    "workstation/lake/add.py": "rows",
    "workstation/session/live.py": "frames",
    "workstation/session/replay.py": "frames",
    "workstation/analytics/views/setups.py": "bars",
    "feeds/hub/outbox.py": "bytes and messages",
    "feeds/recording/inspection.py": "frames",
    "feeds/recording/reader.py": "bytes",
    "feeds/recording/recover.py": "frames",
    "feeds/recording/several/sequence.py": "bytes",
    "workstation/cli/inspection.py": "counts",
    "feeds/simulator/market/market.py": "lots",
    "feeds/simulator/market/series.py": "lots",
    "feeds/simulator/market/simulated.py": "lots and ticks",
}


def adds_whole_numbers(call: ast.Call) -> bool:
    """Whether the source of a built-in `sum` alone shows that its values are whole numbers."""
    values = call.args[0]
    if isinstance(values, ast.GeneratorExp | ast.ListComp):
        values = values.elt
        if isinstance(values, ast.Compare):
            return True
    text = ast.unparse(values)
    return text.startswith(("len(", "map(len", "map(_size")) or text.endswith(("nbytes", "size_bytes"))


def test_built_in_sums_add_whole_numbers():
    """Python 3.12 adds floats otherwise than 3.11, so sums of floats are those of `math.fsum` or numpy everywhere."""
    found = {
        name_of(file)
        for file in PROGRAM
        if not name_of(file).startswith("widgets/")
        for node in nodes(file)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "sum"
        if not adds_whole_numbers(node)
    }
    assert found == set(WHOLE_NUMBERS)
