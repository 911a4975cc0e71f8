"""The JSON-RPC client against a real chain, and against a server that misbehaves on purpose.

call
├── gives the result
├── raises what the chain refuses, with a revert's data
├── nobody there → unavailable
├── no answer in time → time-out
├── a page instead of JSON → protocol error; a gateway's 503 → unavailable
├── an answer that is no JSON-RPC → protocol error
├── on a new connection, for a client with a chain of its own
│   ├── that chain → gives the result
│   ├── another one, or one that does not say → refused, and asked for nothing else
│   └── a gateway with nobody behind it → the next question goes over a new connection
├── a kept connection that was closed
│   ├── asks again
│   └── does not repeat what takes effect twice
└── a kept connection that holds an answer to an earlier question
    ├── asks again on another
    └── does not repeat what takes effect twice
batch
├── keeps the order, whatever the order of the answers
├── is cut into chunks of the limit
├── raises the first refusal, or gives each in its place
└── an answer missing → protocol error
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from node_api.chain.contracts import contract, explain_revert
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import ForeignChain, RpcError, RpcProtocolError, RpcTimeout, RpcUnavailable
from node_api.chain.rpc_values import quantity
from tests.chain.conftest import Chain

Answer = Callable[[bytes], bytes | None]


def identity(chain_id: int, genesis: str | None) -> bytes:
    """What a chain answers to the question which one it is."""
    block = None if genesis is None else {"hash": genesis}
    return page(json.dumps([{"id": 0, "result": chain_id}, {"id": 1, "result": block}]).encode())


class Server:
    """Answers each request by a function of its body; None closes the connection without an answer."""

    def __init__(self, answer: Answer) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.bodies: list[bytes] = []
        self.connections = 0
        self._answer = answer
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(peer,), daemon=True).start()

    def _talk(self, peer: socket.socket) -> None:
        with peer, peer.makefile("rb") as stream:
            while line := stream.readline():
                length = 0
                while line.strip():
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                    line = stream.readline()
                body = stream.read(length)
                self.bodies.append(body)
                content = self._answer(body)
                if content is None:
                    return
                peer.sendall(content)


def page(content: bytes, status: str = "200 OK") -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status.encode(), len(content), content)


def echo_ids(body: bytes, *, backwards: bool = False, drop: bool = False) -> bytes:
    """Answers each question of a batch with its own first parameter."""
    questions = json.loads(body)
    if isinstance(questions, dict):
        return page(json.dumps({"id": questions["id"], "result": questions["params"][0]}).encode())
    answers = [{"id": entry["id"], "result": entry["params"][0]} for entry in questions]
    if backwards:
        answers.reverse()
    return page(json.dumps(answers[:-1] if drop else answers).encode())


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], Server]]:
    servers: list[Server] = []

    def start(answer: Answer) -> Server:
        servers.append(Server(answer))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def test_call__when_the_chain_answers__then_the_result(chain: Chain) -> None:
    assert quantity(chain.rpc.call("eth_chainId")) == chain.options.chain_id
    assert chain.rpc.batch([("eth_blockNumber", ()), ("eth_chainId", ())]) == ["0x0", "0x7a8d"]


def test_call__when_the_contract_reverts__then_its_error_is_readable(chain: Chain) -> None:
    token = contract("SettlementToken")
    created = chain.sender.transact(
        None, token.creation + token.constructor.encode(["Fen", "FEN", 2, chain.sender.address])
    ).created
    data = token.function("transfer").encode([chain.sender.address, 5])
    with pytest.raises(RpcError) as caught:
        chain.rpc.call("eth_call", [{"from": chain.sender.address, "to": created, "data": "0x" + data.hex()}, "latest"])
    assert explain_revert(caught.value.data) == (
        f"ERC20InsufficientBalance(sender={chain.sender.address.lower()}, balance=0, needed=5)"
    )


def test_call__when_the_method_is_unknown__then_error_with_its_code(chain: Chain) -> None:
    with pytest.raises(RpcError) as caught:
        chain.rpc.call("eth_fly")
    assert (caught.value.method, caught.value.code) == ("eth_fly", -32601)


def test_call__when_nobody_listens__then_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(RpcUnavailable, match=f"127.0.0.1:{port}"):
        RpcClient(f"http://user:hidden@127.0.0.1:{port}").call("eth_chainId")


def test_call__when_no_answer_in_time__then_timeout(serve: Callable[[Answer], Server]) -> None:
    release = threading.Event()

    def late(body: bytes) -> bytes:
        release.wait(5)
        return echo_ids(body)

    server = serve(late)
    with pytest.raises(RpcTimeout):
        RpcClient(server.url, timeout=0.1).call("eth_getBalance", ["late"])
    release.set()


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (page(b"<html>"), RpcProtocolError),
        (page(b"<html>", "503 Service Unavailable"), RpcUnavailable),
        (page(b'"text"'), RpcProtocolError),
        (page(b'{"id": 0}'), RpcProtocolError),
        (page(b"[]"), RpcProtocolError),
        (b"SSH-2.0-server\r\n", RpcUnavailable),
    ],
)
def test_call__when_the_answer_is_no_json_rpc__then_said_so(
    serve: Callable[[Answer], Server], content: bytes, fault: type[Exception]
) -> None:
    with pytest.raises(fault):
        RpcClient(serve(lambda _: content).url).call("eth_chainId")


def test_call__when_a_kept_connection_was_closed__then_asked_again(serve: Callable[[Answer], Server]) -> None:
    closing = iter([False, True, False])
    server = serve(lambda body: None if next(closing) else echo_ids(body))
    rpc = RpcClient(server.url)
    assert rpc.call("eth_getBalance", ["first"]) == "first"
    assert rpc.call("eth_sendRawTransaction", ["second"]) == "second"
    assert (len(server.bodies), server.connections) == (3, 2)


def test_call__when_it_would_take_effect_twice__then_not_asked_again(serve: Callable[[Answer], Server]) -> None:
    closing = iter([False, True])
    server = serve(lambda body: None if next(closing) else echo_ids(body))
    rpc = RpcClient(server.url)
    rpc.call("eth_getBalance", ["first"])
    with pytest.raises(RpcUnavailable):
        rpc.call("evm_mine", ["second"])
    assert len(server.bodies) == 2


def test_call__when_the_chain_is_the_clients_own__then_the_result(chain: Chain) -> None:
    rpc = RpcClient(chain.rpc.url, own=chain.handle.identity)
    assert (quantity(rpc.call("eth_chainId")), rpc.batch([("eth_blockNumber", ())])) == (31373, ["0x0"])
    rpc.close()


@pytest.mark.parametrize(
    ("who", "fault"),
    [
        ((1, "0xaa"), "its chain id is 1, this node's is 7"),
        ((7, "0xbb"), "its genesis hash is 0xbb, this node's is 0xaa"),
        ((7, None), "expected an object"),
    ],
)
def test_call__when_another_chain_answers__then_asked_for_nothing_else(
    serve: Callable[[Answer], Server], who: tuple[int, str | None], fault: str
) -> None:
    server = serve(lambda _: identity(*who))
    with pytest.raises(ForeignChain if who[1] else RpcProtocolError, match=fault):
        RpcClient(server.url, own=(7, "0xaa")).call("eth_sendRawTransaction", ["0x00"])
    assert [b"eth_sendRawTransaction" in body for body in server.bodies] == [False]


def test_call__after_a_gateway_found_nobody__then_looks_again_who_answers(serve: Callable[[Answer], Server]) -> None:
    said = iter([identity(7, "0xaa"), page(b"<html>", "502 Bad Gateway"), identity(7, "0xbb")])
    server = serve(lambda _: next(said))
    rpc = RpcClient(server.url, own=(7, "0xaa"))
    with pytest.raises(RpcUnavailable):
        rpc.call("eth_blockNumber")
    with pytest.raises(ForeignChain):
        rpc.call("eth_blockNumber")
    assert server.connections == 2


def test_call__when_the_last_answer_came_twice__then_asked_again(serve: Callable[[Answer], Server]) -> None:
    server = serve(_answer_before())
    rpc = RpcClient(server.url)
    assert [rpc.call("eth_getBalance", [name]) for name in ("first", "second", "third")] == ["first", "second", "third"]
    assert server.connections > 1


def test_call__when_the_last_answer_came_twice_and_it_would_take_effect_twice__then_protocol_error(
    serve: Callable[[Answer], Server],
) -> None:
    server = serve(_answer_before())
    rpc = RpcClient(server.url)
    rpc.call("eth_getBalance", ["first"])
    with pytest.raises(RpcProtocolError, match="another question"):
        rpc.call("evm_mine", ["second"])
    assert len(server.bodies) == 2


def _answer_before() -> Answer:
    """Answers every second question with the answer to the one before."""
    bodies: list[bytes] = []

    def answer(body: bytes) -> bytes:
        bodies.append(body)
        return echo_ids(bodies[-2] if len(bodies) % 2 == 0 else body)

    return answer


def test_batch__when_answers_come_backwards__then_in_order(serve: Callable[[Answer], Server]) -> None:
    server = serve(lambda body: echo_ids(body, backwards=True))
    asked = [("eth_getBalance", (number,)) for number in range(250)]
    assert RpcClient(server.url, batch_limit=100).batch(asked) == list(range(250))
    assert [len(json.loads(body)) for body in server.bodies] == [100, 100, 50]
    assert server.connections == 1


def test_batch__when_one_is_refused__then_raised_or_in_its_place(chain: Chain) -> None:
    asked = [("eth_chainId", ()), ("eth_fly", ()), ("eth_chainId", ())]
    with pytest.raises(RpcError, match="eth_fly"):
        chain.rpc.batch(asked)
    first, second, third = chain.rpc.try_batch(asked)
    assert isinstance(second, RpcError)
    assert first == third == "0x7a8d"


def test_batch__when_an_answer_is_missing__then_protocol_error(serve: Callable[[Answer], Server]) -> None:
    server = serve(lambda body: echo_ids(body, drop=True))
    with pytest.raises(RpcProtocolError, match="1 distinct answers to a batch of 2"):
        RpcClient(server.url).batch([("a", (1,)), ("b", (2,))])


@pytest.mark.parametrize("url", ["ws://127.0.0.1:1", "127.0.0.1:8545", ""])
def test_client__when_the_address_is_not_http__then_refused(url: str) -> None:
    with pytest.raises(ValueError, match="http"):
        RpcClient(url)
