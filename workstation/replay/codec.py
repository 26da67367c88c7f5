"""The state that frames make as bytes and back, without pickle.

A state is a tree of plain values (msgpack) and the arrays it refers to. A tree can name only classes, functions and
constants of this program and the few of `_BUILTIN`, so reading a damaged or foreign one calls nothing else. Objects are
taken apart as the standard copy protocol says (`__reduce_ex__`): a class that can derive a part again leaves it out in
`__getstate__`. Objects that occur twice stay one object.

Read-only arrays are shared between states: a tree refers to them by number, so that a store of many trees holds each
array once.
"""

from __future__ import annotations

import copyreg
import importlib
import sys
from array import array
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import partial
from types import BuiltinMethodType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
from sortedcontainers import SortedDict, SortedKeyList, SortedList, SortedSet

Shared = npt.NDArray[Any]
Node = Any
"""None, bool, int, float, str, bytes, or a list whose first element is a tag."""

_PLAIN = frozenset({type(None), bool, int, float, str, bytes})
_ROOMS = ("feeds.", "workstation.")
_BUILTIN: dict[str, Any] = {
    f"{one.__module__}:{one.__qualname__}": one
    for one in (
        *(bool, int, float, str, bytes, bytearray, tuple, list, dict, set, frozenset, range, slice),
        *(array, deque, Counter, OrderedDict, defaultdict, Decimal, Fraction, partial),
        *(SortedDict, SortedKeyList, SortedList, SortedSet),
    )
}
_LEAST, _MOST = -(1 << 63), (1 << 63) - 1  # integers that msgpack holds
(
    _SEEN,
    _NAME,
    _BIG,
    _TUPLE,
    _LIST,
    _DICT,
    _SET,
    _FROZENSET,
    _DEQUE,
    _ARRAY,
    _SHARED,
    _OWNED,
    _METHOD,
    _STRUCT,
    _MADE,
) = range(15)
_EMPTY: tuple[Any, ...] = ()  # one object for all
_NO_CONSTANTS = (ModuleType, FunctionType, BuiltinMethodType, MethodType, type, Enum)


class UnsavableState(TypeError):
    """A state holds a value that cannot be saved, such as a closure or an open file."""


class Saved(NamedTuple):
    """A state: `tree` in msgpack, `shared` the read-only arrays in the order of the numbers that the tree uses."""

    tree: bytes
    shared: tuple[Shared, ...]


def save(state: object) -> Saved:
    """Take a state apart. Raises UnsavableState."""
    writer = _Writer()
    return Saved(msgspec.msgpack.encode(writer.node(state)), tuple(writer.shared))


def load(tree: bytes | memoryview, shared: Sequence[Shared]) -> Any:
    """Build a state. Raises ValueError where the tree is none of this program."""
    try:
        return _Reader(shared).value(msgspec.msgpack.decode(tree))
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError, ImportError) as error:
        raise ValueError(f"no state of this program: {error}") from error


class _Writer:
    """Numbers objects in the order in which it meets them."""

    def __init__(self) -> None:
        self.shared: list[Shared] = []
        self._numbers: dict[int, int] = {}
        self._alive: list[object] = []  # so that no other object takes the identity of one met before
        self._constants = _constants()

    def node(self, value: Any) -> Node:
        kind = type(value)
        if kind in _PLAIN:
            return value if kind is not int or _LEAST <= value <= _MOST else [_BIG, str(value)]
        if (number := self._numbers.get(id(value))) is not None:
            return [_SEEN, number]
        if (name := self._constants.get(id(value)) or _own_name(value)) is not None:
            return [_NAME, name]
        self._numbers[id(value)] = len(self._alive)
        self._alive.append(value)
        return (_WRITERS.get(kind) or _writer_of(kind))(self, value)

    def nodes(self, values: Iterable[Any]) -> list[Node]:
        found = list(values)
        return found if _all_plain(found) else list(map(self.node, found))

    def column(self, value: Shared) -> Node:
        """By number where nobody can write to it, else its bytes."""
        if value.dtype.hasobject:
            raise UnsavableState("an array of objects")
        if value.flags.writeable:
            return [_OWNED, value.dtype.str, value.shape, value.tobytes()]
        self.shared.append(value)
        return [_SHARED, len(self.shared) - 1]

    def growing(self, value: array[Any]) -> Node:
        """A growing array as one that is shared: most of it is the same from one state to the next."""
        items: Shared = np.array(value, value.typecode)
        items.flags.writeable = False
        return [_ARRAY, value.typecode, self.column(items)[1]]

    def made(self, value: object) -> Node:
        """Any other object, as the copy protocol describes it."""
        try:
            reduced = value.__reduce_ex__(4)
        except TypeError as error:
            raise UnsavableState(str(error)) from error
        if isinstance(reduced, str) or reduced[0] in _BY_OTHER_WAYS:
            raise UnsavableState(f"{type(value).__qualname__} is made in a way that cannot be saved")
        make, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
        by_new = make is _NEW
        if by_new:
            make, *arguments = arguments
        return [
            _MADE,
            by_new,
            self.node(make),
            self.nodes(arguments),
            self.node(state),
            self.nodes(items or ()),
            self.nodes(part for pair in pairs or () for part in pair),
        ]

    def struct(self, value: msgspec.Struct) -> Node:
        """A msgspec struct, by the names of its fields."""
        fields = value.__struct_fields__
        return [_STRUCT, self.node(type(value)), fields, self.nodes(getattr(value, field) for field in fields)]


_NEW = copyreg.__newobj__  # type: ignore[attr-defined]
_BY_OTHER_WAYS = (copyreg.__newobj_ex__, copyreg._reconstructor)  # type: ignore[attr-defined]
_WRITERS: dict[type, Callable[[_Writer, Any], Node]] = {
    tuple: lambda writer, value: [_TUPLE, writer.nodes(value)],
    list: lambda writer, value: [_LIST, writer.nodes(value)],
    dict: lambda writer, value: [_DICT, writer.nodes(value), writer.nodes(value.values())],
    set: lambda writer, value: [_SET, writer.nodes(value)],
    frozenset: lambda writer, value: [_FROZENSET, writer.nodes(value)],
    deque: lambda writer, value: [_DEQUE, value.maxlen, writer.nodes(value)],
    array: _Writer.growing,
    np.ndarray: _Writer.column,
    MethodType: lambda writer, value: [_METHOD, writer.node(value.__self__), value.__name__],
    BuiltinMethodType: lambda writer, value: [_METHOD, writer.node(value.__self__), value.__name__],
}


def _writer_of(kind: type) -> Callable[[_Writer, Any], Node]:
    if issubclass(kind, np.generic):
        return lambda _, value: [_OWNED, value.dtype.str, None, value.tobytes()]
    return _Writer.struct if issubclass(kind, msgspec.Struct) else _Writer.made


def _all_plain(values: Sequence[Any]) -> bool:
    kinds = set(map(type, values))
    if not kinds <= _PLAIN:
        return False
    return int not in kinds or all(_LEAST <= value <= _MOST for value in values if type(value) is int)


def _constants() -> dict[int, str]:
    """The objects that modules of this program hold by name, by identity."""
    found: dict[int, str] = {}
    for module, contents in list(sys.modules.items()):
        if module.startswith(_ROOMS):
            for name, value in list(vars(contents).items()):
                if not name.startswith("__") and _is_constant(value):
                    found.setdefault(id(value), f"{module}:{name}")
    return found


def _is_constant(value: Any) -> bool:
    """Whether a value may be named though it is neither class nor function: it was made by a module of this program."""
    return type(value) not in _PLAIN and value is not _EMPTY and not isinstance(value, _NO_CONSTANTS)


def _own_name(value: Any) -> str | None:
    """Where functions, classes and members of enumerations are found; None for other objects."""
    if isinstance(value, Enum):
        return f"{_own_name(type(value))}.{value.name}"
    if not isinstance(value, FunctionType | type):
        return None
    name = f"{value.__module__}:{value.__qualname__}"
    if "<" in name or not (name.startswith(_ROOMS) or name in _BUILTIN):
        raise UnsavableState(f"{name} cannot be found by its name in this program")
    return name


def _named(name: str) -> Any:
    """What a tree names. Raises ValueError unless it is of this program; what its modules import is not."""
    if name in _BUILTIN:
        return _BUILTIN[name]
    module, _, path = name.partition(":")
    if not module.startswith(_ROOMS):
        raise ValueError(f"{name} is not of this program")
    first, *inner = path.split(".")
    found = getattr(importlib.import_module(module), first)
    for part in inner:
        if not isinstance(found, type):
            raise ValueError(f"{name} is not in a class")
        found = getattr(found, part)
    if isinstance(found, Enum) or _is_constant(found) or _own_name(found) == name:
        return found
    raise ValueError(f"{name} is not of this program")


class _Reader:
    """Builds the objects of a tree, numbered as the writer numbered them."""

    def __init__(self, shared: Sequence[Shared]) -> None:
        self.shared = shared
        self._made: list[Any] = []
        self._names: dict[str, Any] = {}

    def value(self, node: Node) -> Any:
        if type(node) is not list:
            return node
        tag = node[0]
        if tag == _SEEN:
            return self._made[node[1]]
        if tag == _NAME:
            return self._find(node[1])
        if tag == _BIG:
            return int(node[1])
        at = len(self._made)
        self._made.append(None)
        return _READERS[tag](self, at, node)

    def values(self, nodes: list[Node]) -> list[Any]:
        value = self.value
        return [value(node) if type(node) is list else node for node in nodes]

    def put(self, at: int, value: Any) -> Any:
        self._made[at] = value
        return value

    def listed(self, at: int, node: Node) -> Any:
        found: list[Any] = self.put(at, [])
        found += self.values(node[1])
        return found

    def mapping(self, at: int, node: Node) -> Any:
        found: dict[Any, Any] = self.put(at, {})
        keys = self.values(node[1])
        found.update(zip(keys, self.values(node[2]), strict=True))
        return found

    def queue(self, at: int, node: Node) -> Any:
        found: deque[Any] = self.put(at, deque(maxlen=node[1]))
        found.extend(self.values(node[2]))
        return found

    def growing(self, at: int, node: Node) -> Any:
        return self.put(at, array(node[1], self.shared[node[2]].tobytes()))

    def owned(self, at: int, node: Node) -> Any:
        flat = np.frombuffer(node[3], node[1])
        return self.put(at, flat[0] if node[2] is None else flat.reshape(node[2]).copy())

    def struct(self, at: int, node: Node) -> Any:
        kind = self.value(node[1])
        return self.put(at, kind(**dict(zip(node[2], self.values(node[3]), strict=True))))

    def made(self, at: int, node: Node) -> Any:
        _, by_new, make, arguments, state, items, pairs = node
        kind = self.value(make)
        if not isinstance(kind, type):
            raise ValueError(f"{kind} makes no object")
        values = self.values(arguments)
        found = self.put(at, kind.__new__(kind, *values) if by_new else kind(*values))
        _set_state(found, self.value(state))
        found.extend(self.values(items)) if items else None
        flat = self.values(pairs)
        for key, value in zip(flat[::2], flat[1::2], strict=True):
            found[key] = value
        return found

    def _find(self, name: str) -> Any:
        if name not in self._names:
            self._names[name] = _named(name)
        return self._names[name]


def _set_state(value: Any, state: Any) -> None:
    if state is None:
        return
    if hasattr(type(value), "__setstate__"):
        value.__setstate__(state)
        return
    attributes, slots = state if type(state) is tuple else (state, None)
    for part in (attributes, slots):
        for name, attribute in (part or {}).items():
            object.__setattr__(value, name, attribute)


_READERS: dict[int, Callable[[_Reader, int, Node], Any]] = {
    _TUPLE: lambda reader, at, node: reader.put(at, tuple(reader.values(node[1]))),
    _LIST: _Reader.listed,
    _DICT: _Reader.mapping,
    _SET: lambda reader, at, node: reader.put(at, set(reader.values(node[1]))),
    _FROZENSET: lambda reader, at, node: reader.put(at, frozenset(reader.values(node[1]))),
    _DEQUE: _Reader.queue,
    _ARRAY: _Reader.growing,
    _SHARED: lambda reader, at, node: reader.put(at, reader.shared[node[1]]),
    _OWNED: _Reader.owned,
    _METHOD: lambda reader, at, node: reader.put(at, getattr(reader.value(node[1]), node[2])),
    _STRUCT: _Reader.struct,
    _MADE: _Reader.made,
}
