"""Every answer of the engine, from the modules of `views`: one that declares ANSWERS is found without being named."""

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from workstation.analytics import views
from workstation.analytics.answer import Answer
from workstation.readmodels.request import Request

_MODULES = [import_module(f"{views.__name__}.{name}") for _, name, _ in iter_modules(views.__path__)]

ANSWERS: dict[type[Request[Any]], Answer] = {
    answer.request: answer for module in _MODULES for answer in getattr(module, "ANSWERS", ())
}
