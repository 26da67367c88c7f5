"""The item in which one study paints, so that the failure of one study stops no other."""

from PySide6.QtGui import QPainter

from widgets.items.pixel_item import ChartItem, Plot
from widgets.panes.footprint.cells.canvas import Canvas
from widgets.panes.footprint.cells.detail import Detail
from widgets.panes.footprint.studies.board import StudyBoard
from widgets.panes.footprint.studies.declaration import ChartStudy, Drawing


class DrawingItem(ChartItem):
    """Paints one drawing of one study while that is shown."""

    def __init__(self, plot: Plot, board: StudyBoard, study: ChartStudy, drawing: Drawing) -> None:
        self.name, self.layer = f"the study {study.label}", drawing.layer.value + study.order / 1000
        super().__init__(plot)
        self._board, self._study, self._drawing = board, study, drawing
        self.detail = Detail.CANDLES

    def draw(self, painter: QPainter, width: int, height: int, ratio: float) -> None:
        if not self._board.settings.shown(self._study.name):
            return
        inputs = self._board.inputs(self._study)
        view = inputs.chart.view
        if view is not None:
            scale = self._scale_of(width, height)
            self._drawing.draw(Canvas(painter, scale, ratio, view, inputs.chart.bars, self.detail), inputs)
