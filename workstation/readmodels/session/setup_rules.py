"""Parameters of the setup detectors: default, range, step, unit and help text.

Detectors, their editor, the receipts and saved workspaces all use these declarations.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, NamedTuple, get_args, get_type_hints

import msgspec
from msgspec import Meta

LOOK_BACK_BARS = 64  # bars before the current one that a detector may use


def _about(title: str, help_: str, unit: str, step: float, low: float, high: float) -> Meta:
    return Meta(title=title, description=help_, extra={"unit": unit, "step": step}, ge=low, le=high)


def _patience(default_help: str) -> Meta:
    return _about("confirmed within", default_help, "bars", 1, 1, 60)


class AbsorptionParameters(msgspec.Struct, frozen=True):
    """Thresholds relative to the usual value, the median of the last 20 bars."""

    volume_ratio: Annotated[
        float, _about("volume", "The bar trades at least so many times the usual volume.", "x usual", 0.1, 0.5, 20)
    ] = 1.5
    delta_share: Annotated[
        float, _about("delta", "At least this part of its volume goes against the level.", "of volume", 0.05, 0, 1)
    ] = 0.25
    reach: Annotated[float, _about("reach", "Its extreme comes this near to the level.", "x range", 0.05, 0, 5)] = 0.25
    progress: Annotated[
        float, _about("progress", "From open to close price goes no further than this.", "x range", 0.05, 0, 5)
    ] = 0.5
    patience: Annotated[int, _patience("Later than this it expires.")] = 5


class DivergenceParameters(msgspec.Struct, frozen=True):
    """A new extreme of price without one of CVD."""

    window: Annotated[
        int, _about("extreme of", "The extreme is above or below those of so many bars.", "bars", 1, 2, LOOK_BACK_BARS)
    ] = 20
    margin: Annotated[
        float, _about("CVD short by", "CVD misses its own extreme by at least this.", "x volume", 0.05, 0, 20)
    ] = 0.1
    reach: Annotated[float, _about("reach", "A level lies this near to the extreme.", "x range", 0.05, 0, 5)] = 0.5
    patience: Annotated[int, _patience("Later than this it expires.")] = 6


class SweepParameters(msgspec.Struct, frozen=True):
    """Liquidations that push price through a level."""

    spike: Annotated[
        float, _about("liquidated", "At least so many times the mean of the last 20 bars.", "x mean", 0.5, 1, 100)
    ] = 5.0
    minimum: Annotated[float, _about("at least", "Liquidated in the bar, whatever is usual.", "USD", 5_000, 0, 1e9)] = (
        10_000.0
    )
    within: Annotated[
        int, _about("reclaimed within", "Later than this it is invalid. 0: in the bar itself.", "bars", 1, 0, 60)
    ] = 2


class BreakoutParameters(msgspec.Struct, frozen=True):
    """Price leaves a range on expanding delta."""

    window: Annotated[int, _about("range of", "The range is that of so many bars.", "bars", 1, 2, LOOK_BACK_BARS)] = 20
    height: Annotated[float, _about("height", "The range is at most this high.", "x range", 0.5, 0.5, 100)] = 8.0
    expansion: Annotated[
        float, _about("delta", "The bar has at least so many times the usual delta.", "x usual", 0.1, 0, 50)
    ] = 2.0
    flat: Annotated[
        float, _about("flat below", "Less delta than this part of the trigger's ends it.", "of trigger", 0.05, 0, 1)
    ] = 0.1
    patience: Annotated[int, _patience("Later than this it expires.")] = 3


class SpotParameters(msgspec.Struct, frozen=True):
    """How CVD of perpetuals is compared with CVD of spot."""

    window: Annotated[
        int, _about("compared over", "CVD up to the trigger over so many bars.", "bars", 1, 1, LOOK_BACK_BARS)
    ] = 5


class SetupRules(msgspec.Struct, frozen=True):
    """All parameters; defaults unless the user changed them."""

    absorption: AbsorptionParameters = AbsorptionParameters()
    divergence: DivergenceParameters = DivergenceParameters()
    sweep: SweepParameters = SweepParameters()
    breakout: BreakoutParameters = BreakoutParameters()
    spot: SpotParameters = SpotParameters()

    def value(self, rule: str, name: str) -> float:
        """One parameter. Raises AttributeError for an unknown name."""
        return float(getattr(getattr(self, rule), name))

    def with_value(self, rule: str, name: str, value: float) -> SetupRules:
        """A copy with one parameter changed."""
        old = getattr(self, rule)
        changed = msgspec.structs.replace(old, **{name: type(getattr(old, name))(value)})
        return msgspec.structs.replace(self, **{rule: changed})


class SetupParameter(NamedTuple):
    """One declared parameter, for editors. `whole`: an integer."""

    rule: str
    name: str
    title: str
    help: str
    unit: str
    step: float
    low: float
    high: float
    whole: bool


def setup_parameters() -> Iterator[SetupParameter]:
    """Every parameter, rule by rule in the order of declaration."""
    for rule in msgspec.structs.fields(SetupRules):
        hints = get_type_hints(rule.type, include_extras=True)
        for field in msgspec.structs.fields(rule.type):
            yield _parameter(rule.name, field.name, *get_args(hints[field.name])[:2])


def _parameter(rule: str, name: str, kind: Any, meta: Meta) -> SetupParameter:
    extra = meta.extra or {}
    assert meta.ge is not None
    assert meta.le is not None
    title, help_ = meta.title or name, meta.description or ""
    return SetupParameter(rule, name, title, help_, extra["unit"], extra["step"], meta.ge, meta.le, kind is int)


def setup_rules_state(rules: SetupRules) -> dict[str, dict[str, float]]:
    """The parameters that differ from the defaults, as JSON values."""
    plain, program = msgspec.to_builtins(rules), msgspec.to_builtins(SetupRules())
    changed = {
        rule: {name: value for name, value in values.items() if value != program[rule][name]}
        for rule, values in plain.items()
    }
    return {rule: values for rule, values in changed.items() if values}


def setup_rules_of(state: object) -> SetupRules:
    """Rules from saved state; the defaults if it is invalid."""
    try:
        return msgspec.convert(state, SetupRules)
    except msgspec.ValidationError:
        return SetupRules()
