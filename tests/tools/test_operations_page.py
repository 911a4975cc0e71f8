"""The dashboard and the page of alarms beside the figures that a node has.

dashboard → valid, each panel asks for figures there are        every figure → on the page and on the dashboard
"""

from __future__ import annotations

import json
import re

from node_api.api.metrics import Metrics
from node_api.domain.vitals import ChainVitals, NodeStanding, NodesVitals, Queue, StoreVitals, Vitals
from tools.readme import ROOT

NAME = re.compile(r"\b(?:vouchertrail|process)_[a-z_]+\b")
PARTS = re.compile(r"_(?:bucket|count|sum|created)$")
OF_A_PROCESS = {"process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds"}


def figures() -> set[str]:
    """Every figure of ours, by its name."""
    store = StoreVitals({"q": Queue(1, 1)}, 1, 1, {"sent": 1}, {"Expired": 1}, {}, {"till": 1})
    nodes = NodesVitals((NodeStanding("here", 1),))
    chain, findings = ChainVitals(1, 1, 1), {"vote": 1}
    vitals = Vitals(store, chain, 1, 1, 0, outbox_waits=False, findings=findings, final=1, final_at=1, nodes=nodes)
    metrics = Metrics(lambda: vitals, {})
    metrics.seconds.labels("GET", "/", 200).observe(1)
    names = re.findall(r"^(\w+)", re.sub(r"^#.*$", "", metrics.page().decode(), flags=re.MULTILINE), re.MULTILINE)
    return {PARTS.sub("", name) for name in names if name.startswith("vouchertrail_")}


def named(text: str) -> set[str]:
    return {PARTS.sub("", name) for name in NAME.findall(text)}


def test_dashboard__its_panels__ask_for_figures_there_are() -> None:
    dashboard = json.loads((ROOT / "docs" / "grafana.json").read_text(encoding="utf-8"))
    asked = {target["expr"] for panel in dashboard["panels"] for target in panel["targets"]}

    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"]) > 10
    assert all(named(expression) for expression in asked)
    assert named(" ".join(asked)) - OF_A_PROCESS == figures()


def test_page__its_alarms_and_figures__are_all_there_are() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")

    assert named(page) - OF_A_PROCESS == figures()
    alarms = page.partition("## Alarms")[2].partition("## Log")[0]
    rows = [row.split(" | ") for row in alarms.splitlines() if row.startswith("| ") and "`" in row]
    assert len(rows) >= 12
    assert all(len(row) == 3 and re.search(r"`.+`", row[1]) and row[2] for row in rows)
