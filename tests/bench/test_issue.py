"""The benchmark of issuing, on a few vouchers.

a run of the node and of its peers → each issues as many, and its JSON has every figure
"""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from bench import __main__ as bench

FIGURES = {"name", "engine", "vouchers", "rates", "rate", "times_peer", "gas_each", "calls"}


def test_bench__of_a_small_issue__tells_every_figure(tmp_path: Path) -> None:
    short = ["--what", "issue", "--size", "2000", "--runs", "1", "--out", str(tmp_path)]
    done = CliRunner().invoke(bench.main, short)
    assert done.exit_code == 0, f"{done.output}\n{done.exception!r}"
    told = json.loads((tmp_path / "issue.json").read_text(encoding="utf-8"))
    ours, erc1155, erc721 = told["lines"]
    for line in told["lines"]:
        assert line.keys() == FIGURES
        assert line["vouchers"] == 2_000
        assert line["rate"] > 0
        assert line["calls"] > 1
    assert ours["gas_each"] < 10_000 < erc1155["gas_each"] < erc721["gas_each"]
    assert erc1155["times_peer"] == 1
