from __future__ import annotations

import pytest

from workstation.readmodels.times import moment_ns, span_ns

S = 1_000_000_000
START = 1_723_161_253 * S  # 2024-08-08 23:54:13
END = START + 651 * S


@pytest.mark.parametrize(
    ("text", "seconds"), [("500ms", 0.5), ("10s", 10), ("1m", 60), ("1h30m", 5400), ("1d", 86400), ("0.5s", 0.5)]
)
def test_spans(text: str, seconds: float) -> None:
    assert span_ns(text) == round(seconds * S)


@pytest.mark.parametrize("text", ["", "10", "s", "10 s", "often", "-5s"])
def test_what_is_no_span(text: str) -> None:
    with pytest.raises(ValueError, match="no span of time"):
        span_ns(text)


@pytest.mark.parametrize(
    ("text", "after_s"),
    [
        ("start", 0),
        ("end", 651),
        ("+90s", 90),
        ("23:58:00", 227),
        ("23:58", 227),
        ("00:01:00", 407),
        ("2024-08-08T23:58:00", 227),
        ("2024-08-09T01:58:00+02:00", 227),
        (str(START + 5 * S), 5),
    ],
)
def test_moments(text: str, after_s: int) -> None:
    assert moment_ns(text, START, END) == START + after_s * S


@pytest.mark.parametrize("text", ["+2h", "12:00:00", "2024-08-10", "soon"])
def test_moments_that_are_not_there(text: str) -> None:
    with pytest.raises(ValueError, match=r"outside the recording|no moment"):
        moment_ns(text, START, END)
