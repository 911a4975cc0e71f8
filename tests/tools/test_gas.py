"""The comparison of measured gas with its record and limits.

gas
├── record
│   ├── every target has a recorded figure
│   └── every recorded figure is within its limit
└── tool
    ├── a figure that fell or rose is shown as changed, one over its limit as over
    ├── recording a rise without a reason is refused
    └── recording a rise with a reason keeps the reason
"""

import json
from pathlib import Path

import pytest

from tools import gas


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A record of two figures, and a measurement in which one rose over its limit and the other fell."""
    monkeypatch.setattr(gas, "RECORD", tmp_path / "record")
    monkeypatch.setattr(gas, "MEASURED", tmp_path / "measured")
    for folder, alone, roll in (("record", 100_000, 4_500), ("measured", 109_000, 4_400)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "redemption.json").write_text(json.dumps({"alone": str(alone)}))
        (tmp_path / folder / "supply.json").write_text(json.dumps({"roll": str(roll)}))
    targets = {"supply": {"roll": 4_700}, "redemption": {"alone": 110_000}}
    (tmp_path / "record" / "targets.json").write_text(json.dumps(targets))
    return tmp_path


def test_record__when_read__then_every_target_has_a_figure() -> None:
    assert gas.limits().keys() <= gas.figures(gas.RECORD).keys()


def test_record__when_read__then_every_figure_is_within_its_limit() -> None:
    limits = gas.limits()
    over = {name: used for name, used in gas.figures(gas.RECORD).items() if used > limits.get(name, used)}
    assert not over


@pytest.mark.usefixtures("folders")
def test_compare__when_figures_moved__then_each_is_marked() -> None:
    lines = {line.name: line for line in gas.compare()}
    alone, roll = lines["alone"], lines["roll"]
    assert (alone.rose, alone.over, alone.limit) == (True, True, 108_900)  # 1 % below the target
    assert (roll.rose, roll.changed, roll.over, roll.limit) == (False, True, False, 4_700)
    assert "OVER rose" in gas.table([alone])


@pytest.mark.usefixtures("folders")
def test_record__when_a_figure_rose_without_a_reason__then_refused() -> None:
    with pytest.raises(SystemExit, match="Figures rose"):
        gas.record(gas.compare(), None)


def test_record__when_a_figure_rose_with_a_reason__then_the_reason_is_kept(folders: Path) -> None:
    gas.record(gas.compare(), "a new rule")
    assert gas.figures(gas.RECORD) == {"alone": 109_000, "roll": 4_400}
    rises = (folders / "record" / "rises.md").read_text()
    assert "a new rule" in rises
    assert "alone: 100000 → 109000" in rises
