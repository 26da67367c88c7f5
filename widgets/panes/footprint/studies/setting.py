"""Which studies a chart shows, and their parameters: an immutable value that is saved with the workspace."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from widgets.panes.footprint.studies.declaration import ChartStudy, Number, Parameter, Values
from workstation.readmodels.flow.footprint import FootprintRules

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StudySetting:
    """One study on one chart."""

    shown: bool
    values: Values


class StudySettings:
    """The setting of every study. What was saved of studies that are not there now is retained and saved again."""

    def __init__(
        self,
        studies: Sequence[ChartStudy],
        chosen: Mapping[str, StudySetting] | None = None,
        absent: Mapping[str, object] | None = None,
    ) -> None:
        self.studies = tuple(studies)
        defaults = {study.name: StudySetting(study.shown, study.defaults) for study in studies}
        self._settings = defaults | dict(chosen or {})
        self._absent = dict(absent or {})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StudySettings) and self._settings == other._settings

    def shown(self, name: str) -> bool:
        return name in self._settings and self._settings[name].shown

    def values(self, name: str) -> Values:
        """The parameters of a study. Raises KeyError."""
        return self._settings[name].values

    def show(self, name: str, shown: bool = True, **values: object) -> StudySettings:
        """Show or hide a study, with other parameters. Raises KeyError for a study or a parameter that is not there."""
        before = self._settings[name]
        if unknown := values.keys() - before.values.keys():
            raise KeyError(f"study {name} has no parameter {', '.join(sorted(unknown))}")
        changed = self._settings | {name: StudySetting(shown, {**before.values, **values})}
        return StudySettings(self.studies, changed, self._absent)

    def put(self, name: str, **values: object) -> StudySettings:
        """Other parameters, shown as before. Raises KeyError."""
        return self.show(name, self.shown(name), **values)

    def stepped(self, study: ChartStudy) -> StudySettings:
        """What its key does: hidden or shown, or, with `cycle`, the next choice, hidden after the last."""
        if not study.cycle:
            return self.show(study.name, not self.shown(study.name))
        choices: list[Any] = list(study.parameter(study.cycle).kind)
        at = choices.index(self.values(study.name)[study.cycle]) + 1 if self.shown(study.name) else 0
        if at == len(choices):
            return self.show(study.name, False)
        return self.show(study.name, True, **{study.cycle: choices[at]})

    def used(self, study: ChartStudy, parameter: Parameter) -> bool:
        if parameter.used is not None:
            return parameter.used(self.values(study.name), self.shown)
        return parameter.always or self.shown(study.name)

    def rules(self) -> FootprintRules:
        rules = FootprintRules()
        for study in self.studies:
            values = self.values(study.name)
            rules = replace(rules, **{one.rule: values[one.name] for one in study.parameters if one.rule})
            if study.rules is not None:
                rules = study.rules(rules, self.shown(study.name), values)
        return rules

    def for_studies(self, studies: Sequence[ChartStudy]) -> StudySettings:
        """The same settings for other studies, with defaults for new ones."""
        return from_state(studies, self.to_state())

    def to_state(self) -> dict[str, Any]:
        """`{name: {"shown": bool, "values": {parameter: value}}}`, as values that JSON has."""
        own = {name: {"shown": one.shown, "values": dict(one.values)} for name, one in self._settings.items()}
        return self._absent | own


def from_state(studies: Sequence[ChartStudy], state: Mapping[str, object]) -> StudySettings:
    """The settings again. Values out of range are limited to it; those of another type are the default, and logged."""
    names = {study.name for study in studies}
    chosen = {study.name: _setting(study, state[study.name]) for study in studies if study.name in state}
    absent = {name: value for name, value in state.items() if name not in names}
    return StudySettings(studies, chosen, absent)


def _setting(study: ChartStudy, saved: object) -> StudySetting:
    values = saved.get("values") if isinstance(saved, Mapping) else None
    if not isinstance(saved, Mapping) or not isinstance(values, Mapping):
        log.warning("the saved settings of the study %s cannot be read: %r", study.name, saved)
        return StudySetting(study.shown, study.defaults)
    found = {one.name: _value(study, one, values[one.name]) for one in study.parameters if one.name in values}
    return StudySetting(bool(saved.get("shown", study.shown)), {**study.defaults, **found})


def _value(study: ChartStudy, parameter: Parameter, saved: Any) -> int | float | StrEnum:
    try:
        return parsed(parameter, saved)
    except (TypeError, ValueError) as error:
        log.warning("%s of the study %s is the default again: %s", parameter.name, study.name, error)
        return parameter.default


def parsed(parameter: Parameter, value: Any) -> int | float | StrEnum:
    """A value of the parameter's type, within its range. Raises TypeError and ValueError."""
    kind, default = parameter.kind, parameter.default
    if not isinstance(kind, Number):
        return kind(value)
    if not math.isfinite(value):
        raise ValueError(f"{value} is not a finite number")
    limited = min(max(float(value), kind.low / kind.factor), kind.high / kind.factor)
    return round(limited) if isinstance(default, int) else limited
