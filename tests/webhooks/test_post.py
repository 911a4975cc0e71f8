"""Where messages go, and where not.

an address
├── of this machine, of a private network, odd spellings of them → refused, by number as by name
├── a name one of whose addresses is private → refused, whatever the others are
├── a name that is public when looked at and private afterwards → resolved once, asked where it was looked at
├── of version 4 written as one of version 6 → judged as it is
├── not https, a user in it, no host, no such port, unreadable → refused
└── allowed by the setting → reached, under its name
an answer → its status and Retry-After; its body is not waited for; a redirection is not followed
├── whose head, handshake or announcements come byte by byte, without end → given up at one deadline, the connection closed
└── after a name that took as long → given up, and not asked
a certificate of nobody we trust, nobody there → NotReached
"""

from __future__ import annotations

import socket
import threading
import time

import httpx
import pytest

from node_api.domain.errors import AddressRefused
from node_api.services.ports.telling import NotReached, Reply
from node_api.webhooks.post import HttpPost, resolved
from tests.webhooks.receiver import receiving, trickling

PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "192.168.0.9",
    "172.16.0.1",
    "169.254.169.254",
    "0.0.0.1",
    "100.64.0.1",
    "224.0.0.1",
]
PRIVATE_6 = [
    "::1",
    "fe80::1",
    "fd00::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::",
    "ff02::1",
    "fec0::1",
    "4000::1",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::127.0.0.1",
    "2002:7f00:1::1",
    "2002:a00:1::1",
    "2001:0:808:808:0:0:80ff:fffe",  # Teredo: 127.0.0.1 with its bits turned
]
PUBLIC = "93.184.216.34"
PUBLIC_6 = ["2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34", "64:ff9b::93.184.216.34"]


def nowhere(host: str, port: int) -> list[str]:
    raise AssertionError(f"{host}:{port} was resolved")


@pytest.mark.parametrize("address", PRIVATE)
def test_address__private__is_refused_before_it_is_kept(address: str) -> None:
    with pytest.raises(AddressRefused, match="address"):
        HttpPost(resolve=nowhere).require_fit(f"https://{address}/hook")


@pytest.mark.parametrize("address", PRIVATE_6)
def test_address__private_of_version_6__is_refused_before_it_is_kept(address: str) -> None:
    with pytest.raises(AddressRefused, match="address"):
        HttpPost(resolve=nowhere).require_fit(f"https://[{address}]/hook")


@pytest.mark.parametrize("address", [*PRIVATE, *PRIVATE_6])
def test_name__with_one_private_address__is_not_reached(address: str) -> None:
    post = HttpPost(resolve=lambda *_: [PUBLIC, address])

    with pytest.raises(NotReached, match="AddressRefused"):
        post.send("https://till.example/hook", {}, b"{}")


@pytest.mark.parametrize("address", PUBLIC_6)
def test_address__public_of_version_6__is_fit(address: str) -> None:
    HttpPost(resolve=nowhere).require_fit(f"https://[{address}]/hook")


@pytest.mark.parametrize(
    "url",
    [
        "http://till.example/",
        "ftp://till.example/",
        "https://",
        "https://me@till.example/",
        "https://till.example/#a",
        "till",
        "https://xn--a/",
        "https://xn--/",
        "https://till.example:0/",
        "https://till.example:-1/",
        "https://till.example:65536/",
        "https://till.example:99999/",
    ],
)
def test_address__that_is_none_for_messages__is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        HttpPost(resolve=nowhere).require_fit(url)


def test_name__fit__is_not_resolved_before_it_is_asked() -> None:
    HttpPost(resolve=nowhere).require_fit("https://till.example:8443/hook?a=b")
    HttpPost(resolve=nowhere).require_fit("https://till.example:65535/")
    HttpPost(resolve=nowhere).require_fit(f"https://{PUBLIC}/hook")


def test_name__that_turns_private__is_asked_where_it_was_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([[PUBLIC], ["127.0.0.1"]])
    reached: list[tuple[str, str, object]] = []

    async def send(_: object, request: httpx.Request) -> httpx.Response:
        reached.append((request.url.host, request.headers["host"], request.extensions["sni_hostname"]))
        return httpx.Response(200)

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", send)
    post = HttpPost(resolve=lambda *_: next(answers))

    assert post.send("https://till.example/hook", {}, b"{}") == Reply(200)
    with pytest.raises(NotReached, match=r"127\.0\.0\.1"):
        post.send("https://till.example/hook", {}, b"{}")
    post.close()
    assert reached == [(PUBLIC, "till.example", "till.example")]


def test_send__to_a_name__reaches_the_address_under_the_name() -> None:
    with receiving() as receiver:
        port = httpx.URL(receiver.url).port
        post = HttpPost(allow_private=True, resolve=lambda *_: ["127.0.0.1"])
        reply = post.send(f"http://till.example:{port}/hook", {"webhook-id": "evt_1"}, b"{}")
        post.close()

    assert reply == Reply(204)
    assert [(one.host, one.id) for one in receiver.taken] == [(f"till.example:{port}", "evt_1")]
    assert receiver.taken[0].headers["connection"] == "close"  # else the next name at this address had the same


@pytest.mark.parametrize(
    ("told", "pause"), [("120", 120), ("9" * 5_000, 3_600), ("Wed, 21 Oct 2026 07:28:00 GMT", None)]
)
def test_answer__that_asks_to_wait__says_how_long(told: str, pause: int | None) -> None:
    with receiving() as receiver:
        receiver.answer, receiver.headers = lambda _: 503, {"Retry-After": told}
        post = HttpPost(allow_private=True)
        assert post.send(receiver.url, {"webhook-id": "evt_1"}, b"{}") == Reply(503, pause)
        post.close()


def test_answer__that_leads_elsewhere__is_not_followed() -> None:
    with receiving() as receiver:
        receiver.answer, receiver.headers = lambda _: 307, {"Location": receiver.url}
        post = HttpPost(allow_private=True)
        assert post.send(receiver.url, {"webhook-id": "evt_1"}, b"{}").status == 307
        post.close()
        assert len(receiver.taken) == 1


def test_answer__without_end__is_not_waited_for() -> None:
    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def endless() -> None:
            connection, _ = server.accept()
            held.append(connection)
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nx")

        thread = threading.Thread(target=endless, daemon=True)
        thread.start()
        post = HttpPost(allow_private=True)
        assert post.send(f"http://127.0.0.1:{server.getsockname()[1]}/", {}, b"{}").status == 200
        post.close()
        thread.join()
        held[0].close()


@pytest.mark.parametrize(
    ("scheme", "said"),
    [
        ("http", b"HTTP/1.1 200 OK\r\nX: " + b"a" * 10_000),
        ("http", b"HTTP/1.1 102 Processing\r\n\r\n"),
        ("https", b"\x16\x03\x03\x40\x00" + b"\x02" * 10_000),
    ],
    ids=["head", "announcements", "handshake"],
)
def test_answer__byte_by_byte_without_end__is_given_up(
    monkeypatch: pytest.MonkeyPatch, scheme: str, said: bytes
) -> None:
    monkeypatch.setattr("node_api.webhooks.post._ANSWER_SECONDS", 0.5)
    post = HttpPost(allow_private=True)
    post._begun()  # what TLS needs is read once, and may take as long
    with trickling(said, 0.01) as (port, left):
        began = time.monotonic()
        with pytest.raises(NotReached, match=r"no answer within 0\.5 seconds"):
            post.send(f"{scheme}://127.0.0.1:{port}/", {}, b"{}")
        assert time.monotonic() - began < 5
        assert left.wait(5)
    post.close()


def test_name__that_takes_as_long_as_a_message_may__is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node_api.webhooks.post._ANSWER_SECONDS", 0.1)

    def slow(*_: object) -> list[str]:
        time.sleep(0.2)
        return ["127.0.0.1"]

    with receiving() as receiver:
        post = HttpPost(allow_private=True, resolve=slow)
        with pytest.raises(NotReached, match="no answer"):
            post.send(receiver.url, {}, b"{}")
        post.close()
        assert receiver.taken == []


def test_name__whose_server_is_silent__is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node_api.webhooks.post._ANSWER_SECONDS", 0.2)
    answered = threading.Event()

    def silent(*_: object) -> list[str]:
        answered.wait(60)
        return ["127.0.0.1"]

    post = HttpPost(allow_private=True, resolve=silent)
    began = time.monotonic()
    with pytest.raises(NotReached, match="no answer"):
        post.send("http://till.example/", {}, b"{}")
    assert time.monotonic() - began < 20
    answered.set()
    post.close()


def test_send__to_somebody_without_a_certificate__is_not_reached() -> None:
    with receiving() as receiver:
        url = receiver.url.replace("http:", "https:")
        with pytest.raises(NotReached, match="ConnectError"):
            HttpPost(allow_private=True).send(url, {}, b"{}")
        assert receiver.taken == []


def test_send__to_nobody__is_not_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(NotReached, match="ConnectError"):
        HttpPost(allow_private=True).send(f"http://127.0.0.1:{port}/", {}, b"{}")
    with pytest.raises(NotReached, match="no address"):
        HttpPost(resolve=lambda *_: []).send("https://till.example/", {}, b"{}")
    assert set(resolved("localhost", 1)) & {"127.0.0.1", "::1"}
