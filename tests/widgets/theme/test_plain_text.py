"""Text of venues, files and users is never parsed as HTML, which can load files."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QInputDialog, QLabel, QMessageBox, QToolTip, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from widgets.panes.setups.text import receipt, report
from widgets.theme.theme import apply_theme
from workstation.readmodels.session.setups import Detector, LevelKind, SetupEvent, SetupLevel, SetupState

HOSTILE = "<img src='file:///etc/hostname'><h1>BTC</h1>"
PLAIN = Qt.TextFormat.PlainText


@pytest.fixture(autouse=True)
def _styled(qapp: QApplication) -> Iterator[None]:
    before = qapp.styleSheet()
    apply_theme(qapp)
    yield
    qapp.setStyleSheet(before)


def labels_of(parent: QWidget, qtbot: QtBot) -> list[QLabel]:
    qtbot.addWidget(parent)
    parent.show()
    return parent.findChildren(QLabel)


def test_labels_and_dialogs_are_plain(qtbot: QtBot) -> None:
    window, box, question = QWidget(), QMessageBox(), QInputDialog()
    QVBoxLayout(window).addWidget(QLabel(HOSTILE))
    box.setText(HOSTILE)
    box.setInformativeText(HOSTILE)
    question.setLabelText(HOSTILE)
    found = [label for parent in (window, box, question) for label in labels_of(parent, qtbot)]
    shown = [label for label in found if HOSTILE in label.text()]
    assert len(shown) == 4
    assert {label.textFormat() for label in shown} == {PLAIN}


def test_tooltips_are_plain(qtbot: QtBot) -> None:
    for owner in (QLabel("one"), QLabel("styled by itself")):
        labels_of(owner, qtbot)
        QToolTip.showText(QPoint(5, 5), HOSTILE, owner)
        tips = [one for one in QApplication.topLevelWidgets() if isinstance(one, QLabel) and one.text() == HOSTILE]
        assert [tip.textFormat() for tip in tips] == [PLAIN]
        QToolTip.hideText()


def test_receipts_contain_no_tags_of_others() -> None:
    level = SetupLevel(LevelKind.SESSION_LOW, 1.0)
    numbers = ((HOSTILE, 1.0),)
    event = SetupEvent(
        HOSTILE, 1, Detector.SWEEP, 1, numbers, 1, level, SetupState.EXPIRED, 1, 1.0, numbers, reason=HOSTILE
    )
    for text in (receipt(event), report((), HOSTILE)):
        assert "<img" not in text
        assert "&lt;img" in text
