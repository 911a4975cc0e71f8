"""The benchmark of validators, on the smallest network, where geth is built (`make geth`).

a network of one validator and an observer → ends, and its JSON has every figure
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench import __main__ as bench
from bench.validators import lines
from node_api.network.plan import Engine
from node_api.network.processes import NotRunning, find_program

FIGURES = {"validators", "engine", "rest_share", "gas", "seconds", "cpu_each", "memory_mib", "disk_bytes"}


@pytest.mark.slow
def test_bench__of_one_validator__tells_every_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        find_program(Engine.GETH_CLIQUE, None)
    except NotRunning as missing:
        pytest.skip(str(missing))
    monkeypatch.setattr(lines, "VALIDATORS", (1,))
    monkeypatch.setattr(lines, "_SECONDS_AT_REST", 0.1)
    done = CliRunner().invoke(bench.main, ["--what", "validators", "--size", "1000", "--out", str(tmp_path)])
    assert done.exit_code == 0, f"{done.output}\n{done.exception!r}"
    (line,) = json.loads((tmp_path / "validators.json").read_text(encoding="utf-8"))["lines"]
    assert line.keys() == FIGURES
    assert line["validators"] == 1
    assert line["gas"] > 1_000 * 22_000
    for name in ("seconds", "cpu_each", "memory_mib", "disk_bytes"):
        assert line[name] > 0
