"""Who may read from a node, and what: the node behind is a stand-in that remembers what reached it.

token: none, another scheme, a wrong one, one taken back → 401, nothing reaches the node; taken → passes
method
├── every read → passes, as understood, without the caller's token
├── what writes, signs, votes, rewinds, keeps something, or is unknown → refused by its id, alone and in a batch
└── the same where it is served → passes
form: a name given twice → the last counts, and is all that is forwarded
      no JSON, nested too deep, no id, no method, params by name → refused
bounds: body and batch, both sides; an answer too large; a node that is gone → 502
tokens: kept as hashes, mode 0600; one anew, one dropped; a file of others, a bad name, a bad line → refused
        many at once → none lost, none back
commands: token shown once; a gateway without tokens, or on a public address → refused
"""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from node_api.__main__ import cli
from node_api.chain.key_errors import KeyExposed
from node_api.chain.rpc import RpcClient
from node_api.network import gateway as gateways
from node_api.network.gateway import MAX_BATCH, MAX_BODY, READS, Gateway
from node_api.network.tokens import TokensUnusable, drop_token, make_token, read_tokens
from node_api.serving import serving

TOKEN = "vtn_" + "a" * 43
TOKENS = {"operator": hashlib.sha256(b"vtn_other").digest(), "merchants": hashlib.sha256(TOKEN.encode()).digest()}
FORBIDDEN = (
    "admin_addPeer",
    "anvil_setBalance",
    "clique_propose",
    "clique_getSigners",
    "debug_setHead",
    "debug_traceTransaction",
    "eth_accounts",
    "eth_newFilter",
    "eth_sendRawTransaction",
    "eth_sendTransaction",
    "eth_sign",
    "evm_mine",
    "miner_stop",
    "perm_addNodesToAllowlist",
    "personal_unlockAccount",
    "qbft_proposeValidatorVote",
    "txpool_content",
    "ETH_CHAINID",
    "eth_chainId ",
    "",
)


@dataclass
class Node:
    """What stands behind, and what reached it."""

    url: str = ""
    asked: list[Any] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    answer: Any = None

    async def answered(self, request: Request) -> JSONResponse:
        asked = await request.json()
        self.asked.append(asked)
        self.headers.append(dict(request.headers))
        return JSONResponse(self.answer or [{"jsonrpc": "2.0", "id": one["id"], "result": "0x1"} for one in asked])


@pytest.fixture
def node() -> Iterator[Node]:
    node = Node()
    with serving(Starlette(routes=[Route("/", node.answered, methods=["POST"])])) as url:
        node.url = url
        yield node


@dataclass
class Served:
    """A gateway that is asked."""

    url: str
    http: httpx.Client

    def ask(self, body: object, token: str | None = TOKEN, **headers: str) -> httpx.Response:
        given = headers if token is None else {"Authorization": f"Bearer {token}", **headers}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.post(self.url, content=content, headers=given)


@pytest.fixture
def opened(node: Node) -> Iterator[Any]:
    """Opens gateways to the node."""
    with ExitStack() as resources:

        def opens(methods: frozenset[str] = READS, url: str | None = None) -> Served:
            app = Gateway(url or node.url, TOKENS, methods).app()
            at = resources.enter_context(serving(app, lifespan=True))
            return Served(at, resources.enter_context(httpx.Client(timeout=60)))

        yield opens


@pytest.fixture
def gateway(opened: Any) -> Served:
    served: Served = opened()
    return served


def question(method: str, *params: object, number: object = 7) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": list(params)}


def test_token__when_none_that_is_taken__then_nothing_reaches_the_node(gateway: Served, node: Node) -> None:
    digest = TOKENS["merchants"].hex()
    refused = [gateway.ask([question("eth_chainId")], token) for token in (None, "x", "vtn_", TOKEN + "a", digest)]
    refused.append(gateway.ask([question("eth_chainId")], None, Authorization=TOKEN))
    refused.append(gateway.ask([question("eth_chainId")], None, Authorization=f"Basic {TOKEN}"))
    assert [one.status_code for one in refused] == [401] * 7
    assert {one.headers["www-authenticate"] for one in refused} == {"Bearer"}
    assert "no token" in refused[0].json()["error"]["message"]
    assert node.asked == []
    assert gateway.ask([question("eth_chainId")]).json() == [{"jsonrpc": "2.0", "id": 7, "result": "0x1"}]


def test_method__when_it_reads__then_passes_without_the_token(gateway: Served, node: Node) -> None:
    asked = [question(method, "0x1", True, number=f"q{number}") for number, method in enumerate(sorted(READS))]
    assert gateway.ask(asked).status_code == 200
    assert node.asked == [asked]
    assert "authorization" not in node.headers[0]
    with RpcClient(gateway.url, headers={"Authorization": f"Bearer {TOKEN}"}) as rpc:
        assert rpc.batch([("eth_chainId", ()), ("eth_blockNumber", ())]) == ["0x1", "0x1"]


def test_method__when_it_does_more__then_refused_and_passes_where_it_is_served(opened: Any, node: Node) -> None:
    gateway, open_to_all = opened(), opened(READS | set(FORBIDDEN))
    for method in FORBIDDEN:
        alone = gateway.ask(question(method, "0x1"))
        together = gateway.ask([question("eth_chainId", number=1), question(method)])
        for answer in (alone, together):
            assert answer.status_code == 403, method
            error = {"code": -32601, "message": f"{method} is not served here"}
            assert answer.json() == {"jsonrpc": "2.0", "id": 7, "error": error}
    assert node.asked == []
    for method in FORBIDDEN:
        assert open_to_all.ask([question(method)]).status_code == 200
    assert node.asked == [[question(method)] for method in FORBIDDEN]


def test_form__when_a_name_is_given_twice__then_only_what_was_understood_is_forwarded(
    gateway: Served, node: Node
) -> None:
    twice = b'[{"id": 1, "method": "debug_setHead", "method": "eth_chainId", "params": [], "more": 5, "jsonrpc": "9"}]'
    assert gateway.ask(twice).status_code == 200
    assert node.asked == [[question("eth_chainId", number=1)]]
    assert gateway.ask(b'[{"id": 1, "method": "eth_chainId", "method": "debug_setHead"}]').status_code == 403
    assert len(node.asked) == 1


UNFIT: tuple[object, ...] = (
    b"",
    b"{",
    b'"eth_chainId"',
    b"null",
    [],
    [[question("eth_chainId")]],
    {"method": "eth_chainId"},
    {"id": None, "method": "eth_chainId"},
    {"id": 1, "method": 5},
    {"id": 1, "method": "eth_call", "params": {"to": "0x"}},
)


@pytest.mark.parametrize("depth", [300, 1_000, 2_000])  # orjson writes 254 levels, and reads 1,024
def test_form__when_nested_too_deep__then_refused(gateway: Served, node: Node, depth: int) -> None:
    answer = gateway.ask(b'[{"id": 1, "method": "eth_call", "params": ' + b"[" * depth + b"]" * depth + b"}]")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, -32700)
    assert node.asked == []


def test_form__when_another__then_refused(gateway: Served, node: Node) -> None:
    for body in UNFIT:
        answer = gateway.ask(body)
        assert answer.status_code == 400, body
        assert answer.json()["error"]["code"] in (-32700, -32600)
    assert node.asked == []


def test_method__when_not_post__then_refused(gateway: Served) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert gateway.http.get(gateway.url, headers=headers).status_code == 405
    assert gateway.http.post(gateway.url + "/other", headers=headers).status_code == 404


def test_bounds__of_batch_and_body__then_up_to_them(gateway: Served, node: Node) -> None:
    assert gateway.ask([question("eth_chainId")] * MAX_BATCH).status_code == 200
    assert gateway.ask([question("eth_chainId")] * (MAX_BATCH + 1)).status_code == 400
    body = json.dumps([question("eth_chainId", "x")]).encode()
    assert gateway.ask(body + b" " * (MAX_BODY - len(body))).status_code == 200
    assert gateway.ask(body + b" " * (MAX_BODY - len(body) + 1)).status_code == 413
    assert len(node.asked) == 2


def test_node__when_gone_or_too_talkative__then_502(opened: Any, node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    assert opened(url="http://127.0.0.1:1").ask([question("eth_chainId")]).status_code == 502
    node.answer = "x" * 1_000
    assert opened().ask([question("eth_chainId")]).status_code == 200
    monkeypatch.setattr(gateways, "MAX_ANSWER", 1_001)
    answer = opened().ask([question("eth_chainId")])
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, -32603)


def test_tokens__when_made_and_dropped__then_kept_as_hashes(tmp_path: Path) -> None:
    file = tmp_path / "gateway.tokens"
    first, second = make_token(file, "operator"), make_token(file, "merchants")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not any(token in file.read_text() for token in (first, second))
    assert read_tokens(file)["operator"] == hashlib.sha256(first.encode()).digest()
    assert make_token(file, "operator") != first
    assert read_tokens(file)["operator"] != hashlib.sha256(first.encode()).digest()
    assert (drop_token(file, "operator"), drop_token(file, "operator")) == (True, False)
    assert list(read_tokens(file)) == ["merchants"]


def test_tokens__when_they_cannot_be_used__then_refused(tmp_path: Path) -> None:
    file = tmp_path / "gateway.tokens"
    with pytest.raises(TokensUnusable, match="holds no token"):
        read_tokens(file)
    for name in ("", "Operator", "a b", "1st", "x" * 31):
        with pytest.raises(TokensUnusable, match="a name has"):
            make_token(file, name)
    make_token(file, "operator")
    file.chmod(0o640)
    with pytest.raises(KeyExposed):
        read_tokens(file)
    file.chmod(0o600)
    file.write_text("operator 00\n")
    with pytest.raises(TokensUnusable, match="a line is a name"):
        read_tokens(file)


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["network", *arguments], prog_name="vouchertrail")
    return done.exit_code, done.output


def test_commands__of_tokens_and_gateway__then_as_told(tmp_path: Path) -> None:
    file = str(tmp_path / "gateway.tokens")
    code, said = run("gateway", "http://127.0.0.1:1", "--tokens", file)
    assert (code, "vouchertrail network token" in said) == (4, True)
    code, said = run("token", file, "operator", "--json")
    made = json.loads(said)
    assert (code, hashlib.sha256(made["token"].encode()).digest()) == (0, read_tokens(Path(file))["operator"])
    assert run("gateway", "http://127.0.0.1:1", "--tokens", file, "--host", "192.0.2.7")[0] == 4
    assert run("token", file, "Bad")[0] == 2
    assert "may read no more" in run("token", file, "operator", "--drop")[1]


def test_tokens__when_made_and_dropped_at_once__then_none_is_lost_and_none_comes_back(tmp_path: Path) -> None:
    file = tmp_path / "gateway.tokens"
    made = {f"old-{number}": make_token(file, f"old-{number}") for number in range(8)}
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: drop_token(file, name), made))
        new = dict(zip("abcdefgh", pool.map(lambda name: make_token(file, name), "abcdefgh"), strict=True))
    assert read_tokens(file) == {name: hashlib.sha256(token.encode()).digest() for name, token in new.items()}
