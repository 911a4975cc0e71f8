"""The fault simulator itself, on a small town: what it does befalls, and its checker finds what was planted.

plan
├── same seed → the same acts and faults; another seed → others
└── ten rounds → every point and shape, 200 kills and 100 reorganisations at least
run
└── nothing delivered → told of each point, shape and kind; enough → nothing; one point short → told of it
stale head, for each kind of question → the answer is as of an earlier block
proxy
├── a transaction reaches another chain → it is kept
└── each kind → what it says befalls a request, and the client takes no answer for another
round
├── kills, reorganisations, a jump of the clock, a killed and a swapped chain, RPC faults → nothing found, expired codes counted
├── a process that takes in, killed around an insert while the chain reorganises → nothing found
├── a node that stores signed bytes once they were sent, killed between → found
├── a node that commits the checkpoint before the rows, killed between → found
└── a node that loses an item of a batch and its records, tells what is not so and stays behind → each of it is found
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from eth_hash.auto import keccak

from bench.chaos.acts import Act, Jump, NewNode, Reorganise, Sizes, draw
from bench.chaos.chain import SHAPES
from bench.chaos.faults import Faults, Kind, Question, Want
from bench.chaos.lives import Doom
from bench.chaos.minimums import node_killed, short_of
from bench.chaos.place import build
from bench.chaos.planted import CHECKPOINT_BEFORE_ROWS, LIES, SEND_BEFORE_STORING
from bench.chaos.points import AFTER_SENDING, IN_INTAKES, IN_REWINDING, POINTS
from bench.chaos.proxy import Proxy, proxying
from bench.chaos.rounds import play
from bench.chaos.stale import Answer, answer_as_of
from bench.redemptions.town import Town
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import RpcProtocolError, RpcTimeout, RpcUnavailable
from node_api.chain.rpc_values import Json
from tests.chain.test_rpc import Server, echo_ids

SHORT = Sizes(kills=3, reorganisations=3, jumps=1, chain_kills=1, store_kills=0, swaps=1, faults=1, customers=2, last=6)
CALM = Sizes(kills=0, reorganisations=0, jumps=0, chain_kills=0, store_kills=0, swaps=0, faults=0, customers=1, last=0)
PLACES = 150
METHODS: dict[str, list[Json]] = {
    "eth_sendRawTransaction": ["0x00"],
    "eth_getTransactionReceipt": ["0x00"],
    "eth_getTransactionCount": ["0x00", "latest"],
    "eth_getBlockByNumber": ["latest", False],
    "eth_getLogs": [{}],
    "eth_chainId": [],
}
"""One of each class."""
QUESTIONS: list[Question] = [{"method": method, "params": params} for method, params in METHODS.items()]
REQUESTS = [[question, question] for question in QUESTIONS]


def test_plan__same_seed__is_the_same() -> None:
    first, again, other = (draw(random.Random(seed), Sizes(), server=True) for seed in ("7 1", "7 1", "7 2"))
    assert first == again != other
    found = [
        [faults.due(asked) for _ in range(4_000) for asked in REQUESTS]
        for faults in (Faults(random.Random(3), 9), Faults(random.Random(3), 9))
    ]
    assert found[0] == found[1]
    befallen = [fault for fault in found[0] if fault]
    assert Counter(kind for kind, _ in befallen) == dict.fromkeys(Kind, 9)
    hit = {kind for kind, want in befallen if want is Want.SEND}
    assert hit == set(Kind) - {Kind.STALE_HEAD, Kind.EMPTY_LOGS, Kind.SWAPPED}


def test_plan__ten_rounds__hold_what_a_full_run_asks_for() -> None:
    acts = [act for number in range(10) for act in draw(random.Random(f"1 {number}"), Sizes(), server=False)]
    dooms = [act.doom.point for act in acts if isinstance(act, NewNode) and act.doom]
    moves = [act for act in acts if isinstance(act, Reorganise)]
    assert len(dooms) > 200
    assert set(dooms) == set(POINTS)
    assert len(moves) >= 100
    assert {act.shape for act in moves} == set(SHAPES)
    assert 10 * Sizes().faults >= 50


def test_run__nothing_delivered__is_told_of_each() -> None:
    short = short_of(Counter(), Counter(), Counter(), server=True)
    for what in (*(f"kills {point}" for point in POINTS), *(f"reorganisations, {shape}" for shape in SHAPES), *Kind):
        assert any(one.startswith(f"{what}: 0, of") for one in short)
    plenty = Counter(dict.fromkeys((one.partition(":")[0] for one in short), 201))
    done = plenty + Counter({node_killed(point): 201 for point in POINTS})
    done += Counter({f"reorganisation, {shape}": 201 for shape in SHAPES})
    way = Counter({(kind, Want.SEND): 201 for kind in Kind})
    assert short_of(done, plenty, way, server=True) == []
    done[node_killed(AFTER_SENDING)] = 0
    assert [one.partition(":")[0] for one in short_of(done, plenty, way, server=True)] == [f"kills {AFTER_SENDING}"]


@pytest.mark.parametrize(
    ("method", "params", "stale"),
    [
        ("eth_blockNumber", [], "0x7"),
        ("eth_getTransactionCount", ["0x00", "latest"], ["0x00", "0x7"]),
        ("eth_getBlockByNumber", ["pending", False], ["0x8", False]),
        ("eth_getTransactionReceipt", [{"blockNumber": "0x8"}], None),
        ("eth_getTransactionReceipt", [{"blockNumber": "0x7"}], {"blockNumber": "0x7"}),
        ("eth_getBlockByNumber", [{"number": "0x8"}], None),
        ("eth_getLogs", [[{"blockNumber": "0x7"}, {"blockNumber": "0x8"}]], [{"blockNumber": "0x7"}]),
    ],
)
def test_stale_head__question__is_answered_as_of_an_earlier_block(method: str, params: list[Json], stale: Json) -> None:
    def ask(question: Question) -> Answer:
        asked = question["params"]
        assert isinstance(asked, list)
        return {"id": 1, "result": asked[0] if isinstance(asked[0], (dict, list)) else asked}

    answer, changed = answer_as_of({"id": 1, "method": method, "params": params}, 7, ask)
    assert answer["result"] == stale
    assert changed == (stale != {"blockNumber": "0x7"})


class OneKind(Faults):
    """The first request is befallen by it."""

    def __init__(self, kind: Kind, want: Want = Want.OTHER) -> None:
        super().__init__(random.Random(1), 0)
        self._waits = {(kind, want): [1]}


@pytest.fixture
def upstream() -> Iterator[Server]:
    server = Server(echo_ids)
    yield server
    server.close()


@pytest.mark.parametrize(
    ("kind", "fault", "delivered"),
    [
        (Kind.LATE_BEFORE, RpcTimeout, 0),
        (Kind.LATE_AFTER, RpcTimeout, 1),
        (Kind.RESET, RpcUnavailable, None),
        (Kind.TOO_MANY, RpcProtocolError, 0),
        (Kind.BROKEN_SERVER, (RpcProtocolError, RpcUnavailable), 0),
        (Kind.WRONG_JSON, RpcProtocolError, 1),
        (Kind.TRUNCATED, RpcUnavailable, 1),
    ],
)
def test_proxy__fault_that_shows__is_raised_as_what_it_is(
    upstream: Server, kind: Kind, fault: type[Exception] | tuple[type[Exception], ...], delivered: int | None
) -> None:
    with proxying(Proxy(upstream.url, OneKind(kind), patience=1.0)) as proxy, RpcClient(proxy.url, timeout=0.5) as rpc:
        with pytest.raises(fault):
            rpc.call("eth_getBalance", ["first"])
        assert delivered in (None, len(upstream.bodies))
        rpc.timeout = 30
    with proxying(Proxy(upstream.url, OneKind(kind), patience=1.0)) as calm, RpcClient(calm.url) as again:
        calm.faults.on = False
        assert again.call("eth_getBalance", ["second"]) == "second"


@pytest.mark.parametrize("kind", [Kind.TWICE, Kind.SWAPPED])
def test_proxy__answers_twice_or_swapped__are_told_apart(upstream: Server, kind: Kind) -> None:
    with proxying(Proxy(upstream.url, OneKind(kind), patience=0)) as proxy, RpcClient(proxy.url) as rpc:
        if kind is Kind.TWICE:
            assert [rpc.call("eth_getBalance", [name]) for name in "abc"] == ["a", "b", "c"]
        assert rpc.batch([("eth_getBalance", (name,)) for name in "abc"]) == ["a", "b", "c"]
        assert proxy.faults.done == {(kind, Want.OTHER): 1}


@pytest.mark.parametrize(
    ("kind", "want", "method", "asked", "told"),
    [
        (Kind.DROPPED, Want.SEND, "eth_sendRawTransaction", "0x00", "0x" + keccak(bytes(1)).hex()),
        (Kind.EMPTY_LOGS, Want.PAGE, "eth_getLogs", ["a log"], []),
    ],
)
def test_proxy__what_misleads__misleads_once(
    upstream: Server, kind: Kind, want: Want, method: str, asked: Json, told: object
) -> None:
    with proxying(Proxy(upstream.url, OneKind(kind, want), patience=0)) as proxy, RpcClient(proxy.url) as rpc:
        assert rpc.call(method, [asked]) == told
        assert rpc.call(method, [asked]) == asked
        assert proxy.faults.done == {(kind, want): 1}


def test_proxy__transaction_to_another_chain__is_kept(upstream: Server) -> None:
    other, nothing = Server(echo_ids), Faults(random.Random(1), 0)
    with proxying(Proxy(upstream.url, nothing, patience=0)) as proxy, RpcClient(proxy.url) as rpc:
        rpc.call("eth_sendRawTransaction", ["0x00"])
        with proxy.leading_to(other.url):
            rpc.call("eth_getBalance", ["0x00"])
            assert not proxy.strayed
            rpc.call("eth_sendRawTransaction", ["0x01"])
        rpc.call("eth_sendRawTransaction", ["0x02"])
        assert [question["params"] for question in proxy.strayed] == [["0x01"]]
    other.close()


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return build(tmp_path_factory.mktemp("town"), PLACES)


@pytest.mark.slow
def test_round__everything_befalls_it__nothing_is_found(town: Town, tmp_path: Path) -> None:
    outcome = play(town, tmp_path, "5", SHORT)
    assert outcome.faults == []
    assert sum(outcome.done[node_killed(point)] for point in POINTS) == SHORT.kills
    assert {kind for kind, _ in outcome.way.elements()} == set(Kind)
    assert outcome.done["node that refused another chain"] == 1
    for once in ("SIGKILL of anvil", "clock jump", "chain swapped for another"):
        assert outcome.done[once] == 1
    expired = sum(count for what, count in outcome.checked.items() if what.startswith("codes expired"))
    assert expired >= 1
    assert outcome.checked["index digests equal to a rebuild"] == 1
    assert outcome.checked["redemptions on the chain"] > 0
    assert outcome.checked["operations"] == outcome.checked["keys"] <= outcome.checked["final answers compared"]


@pytest.mark.slow
def test_round__a_process_that_takes_in_is_killed__nothing_is_found(town: Town, tmp_path: Path) -> None:
    before, after = IN_INTAKES
    acts: list[Act] = [
        NewNode(Doom(before, 3)),
        Reorganise(SHAPES[0], 2),
        NewNode(Doom(after, 3)),
        Reorganise(SHAPES[1], 2),
    ]
    outcome = play(town, tmp_path, "8", CALM, intakes=1, acts=acts)
    assert outcome.faults == []
    for point in (before, after):
        assert outcome.done[f"SIGKILL of a process that takes in {point}"] == 1
    assert outcome.done["process that takes in replaced"] == 2
    assert outcome.checked["redemptions on the chain"] > 0
    assert outcome.checked["operations"] == outcome.checked["keys"]


@pytest.mark.slow
def test_round__bytes_stored_after_sending__is_found(town: Town, tmp_path: Path) -> None:
    acts = [NewNode(Doom(AFTER_SENDING, 2)), NewNode(None)]
    outcome = play(town, tmp_path, "6", CALM, planted=SEND_BEFORE_STORING, acts=acts)
    assert outcome.done[f"SIGKILL of the node {AFTER_SENDING}"] == 1
    assert any("and the chain redeemed it" in fault for fault in outcome.faults), outcome.faults
    assert any("nobody redeemed it" in fault for fault in outcome.faults), outcome.faults


@pytest.mark.slow
def test_round__checkpoint_committed_before_rows__is_found(town: Town, tmp_path: Path) -> None:
    acts = [NewNode(Doom(IN_REWINDING, 5)), NewNode(None)]
    outcome = play(town, tmp_path, "7", CALM, planted=CHECKPOINT_BEFORE_ROWS, acts=acts)
    assert outcome.done[f"SIGKILL of the node {IN_REWINDING}"] == 1
    assert any(fault.startswith("index at block") for fault in outcome.faults), outcome.faults


@pytest.mark.slow
def test_round__node_lies__each_lie_is_found(town: Town, tmp_path: Path) -> None:
    outcome = play(town, tmp_path, "9", CALM, planted=LIES, acts=[NewNode(None), Jump(2, 1)])
    for found in (
        "asked for",
        "was told what the database does not hold",
        "answered 200, and is refused",
        "the refusal log: ",
        "claims on receipts: ",
        "a receipt used more than once",
        "refused at once on a block",
        "the index does not come to the chain's newest block",
        "the index was left at",
    ):
        assert any(found in fault for fault in outcome.faults), (found, outcome.faults)
