"""Names, docstrings, comments and texts on screen use the field's terms, not words of our own.

A reader who knows markets and Python understands them at first sight. Each word below was used for something that has
an established name; the message says which.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.source_files import PROGRAM, ROOT, by_folder, forget_trees, name_of, nodes, source

PAGES = [*sorted(ROOT.glob("*.md")), ROOT / "resources" / "guide.md", *sorted((ROOT / "feeds").rglob("*.md"))]
FOLDERS = by_folder([*PROGRAM, *PAGES])

SAY = {
    r"told|tells?|telling": "publishes, reports, shows",
    r"hears?|heard|hearing": "receives, received, coverage",
    r"witness(es)?": "observer",
    r"anew": "again, rebuilt",
    r"whoever": "name the part",
    r"deeds?": "action",
    r"kept": "cached, retained, stored",
    r"words?": "text, message",
    r"lookout": "alerts monitor",
    r"roster": "connection plan",
    r"shelf": "closed bars",
    r"staged": "pending, buffered",
    r"trails": "sparklines, history",
    r"forced": "liquidation",
}
PHRASES = {
    r"lets? go": "evicted, unsubscribed",
    r"taken up": "applied",
    r"takes? up": "applies",
    r"be said": "be shown",
    r"forced orders?": "liquidations",
    r"spare_the_collector": "raise_gc_thresholds",
    r"keep_it_tight": "tune_malloc",
}
EXCEPTIONS: dict[str, str] = {
    "feeds/hub/wire.py: roster": "the subject of sync points in streams that exist",
    "feeds/hub/outbox.py: roster": "the header of sync points in streams that exist",
}
"""What may stand all the same: `file: word` and the reason."""

FOREIGN_NAMES = {"setWordWrap", "TextWordWrap", "WordWrap", "tell"}
"""Identifiers of Qt's and of file objects, which we cannot rename."""


WHOLE = {word: re.compile(rf"(?<![\w-])(?:{word})(?![\w-])", re.IGNORECASE) for word in SAY}
WHOLE |= {phrase: re.compile(rf"\b(?:{phrase})\b", re.IGNORECASE) for phrase in PHRASES}
ANY = re.compile("|".join(f"(?:{word})" for word in WHOLE), re.IGNORECASE)
"""Finds a text that may have one of them at a glance: most have none."""


@pytest.fixture(scope="module", autouse=True)
def trees() -> Iterator[None]:
    """Parsed files are retained for this module's rules only."""
    yield
    forget_trees()


def identifiers(tree: Iterable[ast.AST]) -> Iterator[tuple[int, str]]:
    """Every name that a file defines or uses, with its line."""
    for node in tree:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.Name):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute):
            yield node.lineno, node.attr
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg


def parts(name: str) -> list[str]:
    """The words of an identifier, lower case."""
    return [part.lower() for part in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)]


def texts(code: str, tree: Iterable[ast.AST]) -> Iterator[tuple[int, str]]:
    """Docstrings, comments and every other string of a file, with the line where each begins."""
    for node in tree:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def private(text: str) -> list[str]:
    """The words of our own in a text."""
    return [word for word, whole in WHOLE.items() if whole.search(text)] if ANY.search(text) else []


def private_of_name(name: str) -> list[str]:
    """The words of our own in an identifier."""
    if name in FOREIGN_NAMES or not ANY.search(name):
        return []
    whole = [word for word in SAY if any(re.fullmatch(word, part) for part in parts(name))]
    return whole + [phrase for phrase in PHRASES if name == phrase]


def hits_in(file: Path) -> Iterator[tuple[int, str]]:
    """Line and word of every private word in a file."""
    if file.suffix != ".py":
        yield from ((line, word) for line, text in enumerate(source(file).splitlines(), 1) for word in private(text))
    elif ANY.search(source(file)):
        tree = nodes(file)
        yield from ((line, word) for line, name in identifiers(tree) for word in private_of_name(name))
        yield from ((line, word) for line, text in texts(source(file), tree) for word in private(text))


def found_in(file: Path) -> list[str]:
    """`line: word -> what to say` of every private word in a file."""
    return [
        f"{name_of(file)}:{line}: {word} -> {(SAY | PHRASES)[word]}"
        for line, word in sorted(set(hits_in(file)))
        if f"{name_of(file)}: {word}" not in EXCEPTIONS
    ]


@pytest.mark.parametrize("folder", FOLDERS)
def test_words_are_the_fields(folder: str) -> None:
    assert [hit for file in FOLDERS[folder] for hit in found_in(file)] == []


def test_every_form_of_a_private_word_is_found(tmp_path: Path) -> None:
    """In names of every kind, docstrings, comments, strings and pages."""
    forms = [
        "def hears_it(): ...",
        "Told = 1",
        "a.kept = 1",
        "def f(roster): ...",
        '"""Be made anew."""',
        "a = 1  # lets go",
    ]
    for number, form in enumerate(forms):
        file = tmp_path / f"form{number}.py"
        file.write_text(form + "\n")
        assert list(hits_in(file)), form
    page = tmp_path / "page.txt"
    page.write_text("plain\nThe trade is told.\n")
    assert list(hits_in(page)) == [(2, r"told|tells?|telling")]


def test_every_exception_is_needed_and_reasoned() -> None:
    for place, reason in EXCEPTIONS.items():
        file, _, word = place.partition(": ")
        assert reason
        assert re.search(word, source(ROOT / file), re.IGNORECASE), place
