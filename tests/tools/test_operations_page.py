"""The dashboard and the page of alarms beside the figures that a node has.

dashboard → valid, each panel asks for figures there are        every figure → on the page and on the dashboard
expressions of both
├── join figures of other labels → say by which                 ├── name labels → those that the figure has
├── count rises → of what only rises
└── break one of these → are told apart
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import pytest
from prometheus_client.parser import text_string_to_metric_families

from node_api.api.metrics import Metrics
from node_api.domain.vitals import ChainVitals, NodeStanding, NodesVitals, Queue, StoreVitals, Vitals
from tools.readme import ROOT

NAME = re.compile(r"\b(?:vouchertrail|process)_[a-z_]+\b")
PARTS = re.compile(r"_(?:bucket|count|sum|created)$")
OF_A_PROCESS = {"process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds"}

FIGURE = re.compile(r"\b(?:(?:vouchertrail|process)_[a-z_]+|up)\b")
SELECTED = re.compile(r"(\w+)\{([^}]*)\}")
LABEL = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"')
WITHIN = re.compile(r"\{[^}]*\}|\[[^\]]*\]")
OPERATOR = re.compile(r" (and|or|unless|[-+*/%]|[=!<>]=|[<>])(?: (on|ignoring) \(([^)]*)\))?(?= )")
AGGREGATE = re.compile(r"\b(?:sum|min|max|avg|count) ?(?:by \(([^)]*)\) )?\(")
RISE = re.compile(r"\b(?:i?rate|increase|resets)\((\w+)")
TARGET = {"instance", "job"}
"""What Prometheus puts on every figure of a process."""


@dataclass(frozen=True)
class Known:
    """What a figure is, by the name that expressions give it.

    Attributes:
        labels: its own, and those of its target.
        rises: whether it only rises, or begins anew.
    """

    labels: frozenset[str]
    rises: bool


def page_of_figures() -> str:
    """All that a node can tell, as it tells it."""
    store = StoreVitals({"q": Queue(1, 1)}, 1, 1, {"sent": 1}, {"Expired": 1}, {}, {"till": 1}, 1, {"till": False})
    nodes = NodesVitals((NodeStanding("here", 1),))
    chain, findings = ChainVitals(1, 1, 1), {"vote": 1}
    observed = Vitals(store, chain, 1, 1, 0, outbox_waits=False, findings=findings, nodes=nodes, watched=1)
    vitals = replace(observed, final=1, final_at=1)
    metrics = Metrics(lambda: vitals, {})
    metrics.seconds.labels("GET", "/", 200).observe(1)
    return metrics.page().decode()


def known() -> dict[str, Known]:
    found = {"up": Known(frozenset(TARGET), rises=False)}
    for family in text_string_to_metric_families(page_of_figures()):
        for sample in family.samples:
            rises = family.type == "counter" or (family.type == "histogram" and PARTS.search(sample.name) is not None)
            found[sample.name] = Known(frozenset({*sample.labels, *TARGET}), rises)
    return found


KNOWN = known()


def figures() -> set[str]:
    """Every figure of ours, by its name."""
    return {PARTS.sub("", name) for name in KNOWN if name.startswith("vouchertrail_")}


def named(text: str) -> set[str]:
    return {PARTS.sub("", name) for name in NAME.findall(text)}


def page() -> str:
    return (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def alarms() -> list[list[str]]:
    """Rows of the table: name, expression and how long, remedy."""
    table = page().partition("## Alarms")[2].partition("\n## ")[0]
    return [row.split(" | ") for row in table.splitlines() if row.startswith("| ") and "`" in row]


def alarming() -> list[str]:
    """Expressions of the alarms that have one; the others are lines of the log."""
    firsts = [condition.split("`")[1].replace("\\|", "|") for _, condition, _ in alarms()]
    return [expression for expression in firsts if FIGURE.search(expression)]


def asked() -> list[str]:
    dashboard = json.loads((ROOT / "docs" / "grafana.json").read_text(encoding="utf-8"))
    return [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]


def faults(expression: str) -> list[str]:
    """Why Prometheus would answer an expression with nothing, or with what never was. Empty where it would not."""
    return [*_joins(expression), *_rises(expression), *_labels(expression)]


def _joins(expression: str) -> Iterator[str]:
    """Series are joined where all their labels are equal: figures with other ones never are."""
    bare = WITHIN.sub("", expression)
    operators = list(OPERATOR.finditer(bare))
    bounds = [0, *(place for one in operators for place in one.span()), len(bare)]
    operands = [(start, bare[start:end]) for start, end in zip(bounds[::2], bounds[1::2], strict=True)]
    vectors = [(start, operand.strip()) for start, operand in operands if FIGURE.search(operand)]
    for (left_at, left), (right_at, right) in pairwise(vectors):
        between = [one for one in operators if left_at <= one.start() < right_at]
        matched = [one for one in between if one[2] is not None]
        ours, theirs = _labels_of(left), _labels_of(right)
        if any(one[2] == "on" and not set(one[3].split(", ")) <= ours & theirs for one in matched):
            yield f"{left} and {right} do not both have the labels they are joined on"
        elif not matched and ours != theirs and all(one[1] != "or" for one in between):
            yield f"{left} has the labels {sorted(ours)}, {right} has {sorted(theirs)}"


def _labels_of(operand: str) -> frozenset[str]:
    """Labels of what an operand without operators comes to."""
    grouped = AGGREGATE.search(operand)
    if grouped is not None:
        return frozenset(filter(None, (grouped[1] or "").split(", ")))
    figure = FIGURE.search(operand)
    assert figure is not None, operand
    return KNOWN[figure[0]].labels


def _rises(expression: str) -> Iterator[str]:
    for name in RISE.findall(expression):
        if not KNOWN[name].rises:
            yield f"{name} may fall, which reads as a counter that began anew"


def _labels(expression: str) -> Iterator[str]:
    for name, selector in SELECTED.findall(expression):
        for label in LABEL.findall(selector):
            if label not in KNOWN[name].labels:
                yield f"{name} has no label {label}"


def test_dashboard__its_panels__ask_for_figures_there_are() -> None:
    panels = json.loads((ROOT / "docs" / "grafana.json").read_text(encoding="utf-8"))["panels"]

    assert len({panel["id"] for panel in panels}) == len(panels) > 10
    assert all(named(expression) for expression in asked())
    assert named(" ".join(asked())) - OF_A_PROCESS == figures()


def test_page__its_alarms_and_figures__are_all_there_are() -> None:
    assert named(page()) - OF_A_PROCESS == figures()
    assert len(alarms()) >= 12
    assert all(len(row) == 3 and re.search(r"`.+`", row[1]) and row[2] for row in alarms())
    assert len(alarming()) >= 12


@pytest.mark.parametrize("expression", [*alarming(), *asked()])
def test_expressions__of_alarms_and_panels__can_come_true(expression: str) -> None:
    assert faults(expression) == []


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("time() - vouchertrail_final_block > 60 and vouchertrail_chain_node_up > 0", "has the labels"),
        ("vouchertrail_index_block - vouchertrail_queue_length > 0", "has the labels"),
        ("max(vouchertrail_chain_node_up) > 0 and vouchertrail_chain_up", "has the labels"),
        ("vouchertrail_chain_up unless on (node) vouchertrail_chain_node_up", "do not both have"),
        ("increase(vouchertrail_findings[10m]) > 0", "may fall"),
        ('sum by (state) (rate(vouchertrail_operations{state="failed"}[5m])) > 1', "may fall"),
        ('vouchertrail_findings{sort="vote"} > 0', "no label sort"),
    ],
)
def test_expressions__that_cannot_come_true__are_told_apart(expression: str, fault: str) -> None:
    (found,) = faults(expression)

    assert fault in found


@pytest.mark.parametrize(
    "expression",
    [
        "time() - vouchertrail_final_block > 60 and on (instance, job) vouchertrail_chain_node_up > 0",
        "vouchertrail_chain_up == 0 or vouchertrail_chain_node_lag_blocks > 5",
        "max by (instance, job) (vouchertrail_chain_node_up) > 0 and vouchertrail_chain_up",
        'sum by (le) (rate(vouchertrail_http_request_seconds_bucket{status=~"a|b - c"}[5m])) > 1',
    ],
)
def test_expressions__that_can__are_let_be(expression: str) -> None:
    assert faults(expression) == []
