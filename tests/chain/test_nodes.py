"""Several nodes of one chain as one client, against servers that answer as told.

read
├── the first one answers → it alone is asked
├── it does not → the next one is asked, and from then on first
├── it is back and keeps up → it is read from again; it lags → it is not, up to the bound it is
├── nobody answers → unavailable
└── another chain answers → refused
send
├── the first one takes it → it alone is sent to; it does not answer → the next
├── it has it already, in its pool or in a block → the next is sent to as well; no next one takes it → as it says
├── Clique's signers are reached → whose turn is the next block but one's; it lags, or is not reached → as they are named
└── without addresses of its own → where is read
look
├── who does not answer, and how far behind the others are
├── another block where nothing can change any more → named, until they tell the same of that block
├── another block that can change → nothing
├── one that differed and does not answer → named still
├── one is far behind, says that it is far ahead, or tells no block → the others are compared all the same
└── signers were voted in or out → blocks become final by the new number; it stays where nobody says, or where it was set
an address that is none → refused
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from node_api.chain.nodes import MOST_LAG, ChainNodes, Disagreement
from node_api.chain.profile import ANVIL, BESU_QBFT, GETH_CLIQUE, EngineProfile, profile_of
from node_api.chain.rpc_errors import ForeignChain, RpcError, RpcUnavailable
from tests.chain.test_rpc import Server, page

OWN = (7, "0xaa")
THREE = GETH_CLIQUE.among(5)
Serve = Callable[..., "Node"]


class Node:
    """A node of chain 7 at some height. Its blocks are named by number and branch."""

    def __init__(self, name: str, height: int = 100) -> None:
        self.name, self.height, self.genesis = name, height, OWN[1]
        self.branch: dict[int, str] = {}
        self.signers: int | None = 5
        self.known = self.signer = ""
        """What it says of bytes that it has."""
        self.down = self.tells_no_block = False
        self.server = Server(self._answer)
        self.url = self.server.url

    @property
    def address(self) -> str:
        return self.url.removeprefix("http://")

    def asked(self) -> list[str]:
        """Methods it was asked, but who it is."""
        found = [one for body in self.server.bodies for one in _listed(json.loads(body))]
        return [one["method"] for one in found if one["id"] > 1]

    def _answer(self, body: bytes) -> bytes | None:
        if self.down:
            return None
        asked = json.loads(body)
        told = [{"id": one["id"], **self._outcome(one)} for one in _listed(asked)]
        return page(json.dumps(told if isinstance(asked, list) else told[0]).encode())

    def _outcome(self, one: Any) -> dict[str, object]:
        match one["method"], one["params"]:
            case "eth_chainId", _:
                return {"result": hex(OWN[0])}
            case "eth_getBlockByNumber", [str(number), *_] if self.tells_no_block and number != "0x0":
                return {"error": {"code": -32000, "message": "no"}}
            case "eth_getBlockByNumber", [str(number), *_]:
                at = int(number, 16)
                return {"result": {"hash": self.genesis if at == 0 else self.branch.get(at, f"0x{at}")}}
            case "clique_getSigners", _ if self.signers is not None:
                return {"result": [f"0x{one:040x}" for one in range(self.signers)]}
            case "clique_getSigners", _:
                return {"error": {"code": -32601, "message": "the method clique_getSigners does not exist"}}
            case "eth_blockNumber", _:
                return {"result": hex(self.height)}
            case "eth_coinbase", _ if self.signer:
                return {"result": self.signer}
            case "eth_sendRawTransaction", _ if self.known:
                return {"error": {"code": -32000, "message": self.known}}
        return {"result": self.name}


def _listed(asked: Any) -> list[Any]:
    return asked if isinstance(asked, list) else [asked]


@pytest.fixture
def serve() -> Iterator[Serve]:
    nodes: list[Node] = []

    def start(name: str, height: int = 100) -> Node:
        nodes.append(Node(name, height))
        return nodes[-1]

    yield start
    for node in nodes:
        node.server.close()


def client(readers: list[Node], senders: list[Node] | None = None, profile: EngineProfile = THREE) -> ChainNodes:
    return ChainNodes([one.url for one in readers], [one.url for one in senders or []], own=OWN, profile=profile)


def test_read__when_the_first_does_not_answer__then_the_next_from_then_on(serve: Serve) -> None:
    first, second = serve("first"), serve("second")
    rpc = client([first, second])
    assert rpc.call("web3_clientVersion") == "first"
    assert second.asked() == []
    first.down = True
    assert rpc.batch([("web3_clientVersion", ())] * 2) == ["second"] * 2
    asked = len(first.server.bodies)
    assert rpc.call("web3_clientVersion") == "second"
    assert len(first.server.bodies) == asked
    rpc.look()
    first.down = False
    rpc.look()
    assert rpc.call("web3_clientVersion") == "first"
    second.down = first.down = True
    with pytest.raises(RpcUnavailable):
        rpc.call("web3_clientVersion")


def test_read__when_the_first_lags__then_the_next_beyond_the_bound(serve: Serve) -> None:
    first, second = serve("first", 100), serve("second", 100 + MOST_LAG)
    rpc = client([first, second])
    rpc.look()
    assert rpc.call("web3_clientVersion") == "first"
    second.height += 1
    rpc.look()
    assert rpc.call("web3_clientVersion") == "second"


def test_read__when_another_chain_answers__then_refused(serve: Serve) -> None:
    first, second = serve("first"), serve("second")
    first.genesis = "0xbb"
    with pytest.raises(ForeignChain):
        client([first, second]).call("web3_clientVersion")


def test_send__when_the_first_takes_it__then_no_other(serve: Serve) -> None:
    reader, first, second = serve("reader"), serve("first"), serve("second")
    rpc = client([reader], [first, second])
    assert rpc.call("eth_sendRawTransaction", ["0x01"]) == "first"
    assert (reader.asked(), second.asked()) == ([], [])
    first.down = True
    assert rpc.batch([("eth_sendRawTransaction", ("0x02",))]) == ["second"]


@pytest.mark.parametrize("known", ["already known", "nonce too low: next nonce 8, tx nonce 7"])
def test_send__when_it_has_it_already__then_the_next_as_well(serve: Serve, known: str) -> None:
    first, second = serve("first"), serve("second")
    rpc = client([serve("reader")], [first, second])
    first.known = known
    assert rpc.call("eth_sendRawTransaction", ["0x01"]) == "second"
    for says in (known, "txpool is full"):
        second.known = says
        with pytest.raises(RpcError, match=known):
            rpc.call("eth_sendRawTransaction", ["0x01"])
    first.down = second.down = True
    with pytest.raises(RpcUnavailable):
        rpc.call("eth_sendRawTransaction", ["0x01"])


def test_send__without_addresses_of_its_own__then_where_is_read(serve: Serve) -> None:
    reader = serve("reader")
    assert client([reader]).call("eth_sendRawTransaction", ["0x01"]) == "reader"


def test_send__when_signers_are_reached__then_to_whose_turn_it_is(serve: Serve) -> None:
    reader, first, second = serve("reader", 99), serve("first"), serve("second")
    reader.signers, first.signer, second.signer = 3, f"0x{1:040x}", f"0x{2:040x}"
    rpc = client([reader], [second, first])
    rpc.look()
    for height, signer in ((99, "second"), (100, "second"), (101, "first"), (102, "second")):
        reader.height = first.height = second.height = height
        assert rpc.call("eth_sendRawTransaction", ["0x01"]) == signer
    second.height += MOST_LAG + 1
    rpc.look()
    assert rpc.call("eth_sendRawTransaction", ["0x01"]) == "second"
    reader.height = 104
    assert rpc.call("eth_sendRawTransaction", ["0x01"]) == "second"
    second.down, reader.down = True, True
    assert rpc.call("eth_sendRawTransaction", ["0x01"]) == "first"


def test_look__then_who_does_not_answer_and_who_lags(serve: Serve) -> None:
    reader, ahead, gone = serve("reader", 98), serve("ahead", 100), serve("gone")
    gone.down = True
    rpc = client([reader], [ahead, gone])
    assert not rpc.standings
    rpc.look()
    found = [(one.address, one.height, one.lag, bool(one.fault)) for one in rpc.standings]
    assert found == [(reader.address, 98, 2, False), (ahead.address, 100, 0, False), (gone.address, None, 0, True)]


def test_look__when_nodes_differ_where_nothing_can_change__then_named_until_they_agree(serve: Serve) -> None:
    first, second, third = serve("first", 100), serve("second", 101), serve("third", 102)
    rpc = client([first], [second, third])
    second.branch[98] = "0xother"
    assert differs(rpc) is None  # two blocks on it: it can change
    first.height = second.height = third.height = 101
    told = {first.address: "0x98", second.address: "0xother", third.address: "0x98"}
    found = differs(rpc)
    assert found == Disagreement(98, told)
    assert f"{second.address} says 0xother" in str(found)
    second.height = first.height = third.height = 110
    second.down = True
    assert differs(rpc) is not None
    second.down = False
    del second.branch[98]
    assert differs(rpc) is None


@pytest.mark.parametrize(("height", "tells_no_block"), [(10, False), (0, False), (1 << 60, False), (110, True)])
def test_look__when_one_node_is_of_no_use__then_the_others_are_compared(
    serve: Serve, height: int, tells_no_block: bool
) -> None:
    first, useless, third = serve("first", 110), serve("useless", height), serve("third", 111)
    useless.tells_no_block = tells_no_block
    rpc = client([first, useless, third])
    assert differs(rpc) is None
    third.branch[107] = "0xother"
    found = differs(rpc)
    assert found is not None
    assert (found.number, found.hashes[first.address], found.hashes[third.address]) == (107, "0x107", "0xother")


def test_look__when_signers_were_voted_in_or_out__then_final_by_the_new_number(serve: Serve) -> None:
    reader, other = serve("reader"), serve("other")
    rpc = client([reader, other])
    found = []
    for reader.signers in (5, 6, None, 3):
        rpc.look()
        found.append(rpc.profile.confirmations)
    assert found == [3, 4, 4, 2]
    assert "clique_getSigners" not in other.asked()
    reader.down, other.signers = True, 7
    rpc.look()
    assert rpc.profile.confirmations == 4
    other.down, other.signers = True, 1
    rpc.look()
    assert rpc.profile.confirmations == 4


@pytest.mark.parametrize("profile", [BESU_QBFT, replace(THREE, confirmations=9, by_signers=False)])
def test_look__when_the_number_does_not_follow_from_signers__then_nobody_is_asked(
    serve: Serve, profile: EngineProfile
) -> None:
    reader = serve("reader")
    rpc = client([reader], profile=profile)
    rpc.look()
    assert rpc.profile == profile
    assert "clique_getSigners" not in reader.asked()


def differs(rpc: ChainNodes) -> Disagreement | None:
    rpc.look()
    return rpc.disagreement


def test_nodes__with_an_address_that_is_none__are_refused(serve: Serve) -> None:
    with pytest.raises(ValueError, match="must be http"):
        ChainNodes([serve("reader").url, "ftp://elsewhere"], [], own=OWN, profile=THREE)


def test_start__then_looks_until_closed(serve: Serve) -> None:
    reader = serve("reader")
    rpc = client([reader])
    rpc.start()
    while not rpc.standings:
        time.sleep(0.01)
    rpc.close()
    asked = len(reader.asked())
    assert asked
    assert len(reader.asked()) == asked


@pytest.mark.parametrize(("signers", "on_top"), [(1, 1), (3, 2), (4, 3), (5, 3), (6, 4), (7, 4)])
def test_profile__among_signers__then_more_than_half_build_on_a_block(signers: int, on_top: int) -> None:
    assert GETH_CLIQUE.among(signers).confirmations == on_top
    assert 2 * on_top > signers
    assert (BESU_QBFT.among(signers), ANVIL.among(signers)) == (BESU_QBFT, ANVIL)


def test_profile__by_what_answers_or_by_name() -> None:
    assert [profile_of(client, None) for client in ("anvil", "geth", "besu")] == [ANVIL, GETH_CLIQUE, BESU_QBFT]
    assert (profile_of("reth", None), profile_of("reth", "besu-qbft")) == (ANVIL, BESU_QBFT)
