"""The studies of one chart: their settings, what they ask for, the answers, and what those that are shown put out."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

from widgets.panes.footprint.cells.canvas import BarsInSight, Canvas, CellParts, MarkRects
from widgets.panes.footprint.cells.rows import BarRows
from widgets.panes.footprint.studies.declaration import (
    CellFlags,
    CellMarks,
    ChartFacts,
    ChartStudy,
    Columns,
    Drawing,
    Inputs,
    Layer,
    Values,
)
from widgets.panes.footprint.studies.setting import StudySettings
from workstation.readmodels.arrays import Bools, Floats
from workstation.readmodels.flow.footprint import FootprintView
from workstation.readmodels.request import Request, View

Out = TypeVar("Out")


class StudyBoard:
    """`facts` returns what is on the chart now."""

    def __init__(self, studies: Sequence[ChartStudy], facts: Callable[[], ChartFacts]) -> None:
        self.settings = StudySettings(studies)
        self._facts = facts
        self._answers: dict[str, View] = {}

    @property
    def studies(self) -> tuple[ChartStudy, ...]:
        return self.settings.studies

    def inputs(self, study: ChartStudy) -> Inputs:
        return Inputs(self._facts(), self.settings.values(study.name), self._answers.get(study.name))

    def outputs(self, kind: type[Out]) -> Iterator[tuple[ChartStudy, Out]]:
        """The outputs of a kind of the studies that are shown, in their order."""
        for study in self.studies:
            if self.settings.shown(study.name):
                for output in study.outputs:
                    if isinstance(output, kind):
                        yield study, output

    # --- requests of studies

    def requests(self) -> dict[str, Request[View]]:
        """What the studies that are shown ask for, by their name."""
        facts = self._facts()
        asked = {}
        for study in self.studies:
            if study.ask is not None and self.settings.shown(study.name):
                request = study.ask(facts, self.settings.values(study.name))
                if request is not None:
                    asked[study.name] = request
        return asked

    def answer(self, view: View) -> bool:
        """Take the answer to a request; False where no study asks for it."""
        asked = getattr(view, "request", None)
        names = [name for name, request in self.requests().items() if request == asked]
        self._answers.update(dict.fromkeys(names, view))
        return bool(names)

    def drop_stale_answers(self) -> None:
        """Forget answers to other requests than the present ones."""
        asked = self.requests()
        self._answers = {
            name: view for name, view in self._answers.items() if getattr(view, "request", None) == asked.get(name)
        }

    def clear(self) -> None:
        self._answers.clear()

    # --- what other parts of the pane take from all studies together

    @property
    def reserve(self) -> float:
        """The share of the width to keep free beside the latest bar."""
        values = self.settings.values
        shown = (one for one in self.studies if one.reserve is not None and self.settings.shown(one.name))
        return max((one.reserve(values(one.name)) for one in shown if one.reserve is not None), default=0.0)

    def cell_parts(self) -> CellParts:
        under = [pair for pair in self.outputs(Drawing) if pair[1].layer is Layer.UNDER]
        values = self.settings.values
        return CellParts(
            tuple(partial(self._draw_under, study, drawing) for study, drawing in under),
            tuple(drawing.depends for _, drawing in under),
            tuple(
                MarkRects(marks.brushes, partial(_call_rects, marks, values(study.name)))
                for study, marks in self.outputs(CellMarks)
            ),
            tuple(partial(_call_flags, flags, values(study.name)) for study, flags in self.outputs(CellFlags)),
        )

    def columns(self, view: FootprintView) -> dict[str, Floats]:
        """Figures by bar, of all studies."""
        found: dict[str, Floats] = {}
        for study in self.studies:
            for output in study.outputs:
                if isinstance(output, Columns):
                    found |= output.columns(self.inputs(study), view)
        return found

    def _draw_under(self, study: ChartStudy, drawing: Drawing, canvas: Canvas) -> None:
        drawing.draw(canvas, self.inputs(study))


def _call_rects(marks: CellMarks, values: Values, sight: BarsInSight) -> list[Floats]:
    return marks.rects(sight, values)


def _call_flags(flags: CellFlags, values: Values, rows: BarRows) -> tuple[Bools, Bools]:
    return flags.flags(rows, values)
