"""Events over HTTP: pages, streams, subscribers.

GET /v1/events
├── pages → go on from `next`; without `after`, from now on; a place that is none → RequestInvalid
├── the first time that the chain goes back → told to whoever goes on from `next` or `id:`, not to who names a block
├── a merchant's key → its own alone; another's → MerchantNotYours
├── Accept: text/event-stream → what happens, as it happens, with ids to go on from
│   ├── Last-Event-ID → what was missed, nothing twice
│   ├── nothing to tell for a while → a comment          ├── a key revoked meanwhile → the stream ends
│   ├── as many as may be, together or of one key → StreamsBusy, until one ends; other keys have theirs
│   └── the node stops → it ends, the node does not wait for it
/v1/webhooks
├── put, again, listed, replayed, removed → as told; the secret is in no list
├── put or replayed beyond the head → PlaceAhead; a page from there is none to refuse, the chain may have gone back
├── an address of a private network → AddressRefused     └── one nobody knows → SubscriberUnknown
└── told of a redemption while it is served
the command webhooks → the same without a node that serves
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from node_api.api import events
from node_api.app import build_node
from node_api.chain.keys import KeyRing
from node_api.config import Settings
from node_api.domain.access import ApiRole
from node_api.domain.errors import StreamsBusy
from node_api.domain.told import WHOLE_BLOCK
from node_api.serving import serving
from tests.api.conftest import Client, Json, Served
from tests.api.test_redeeming import assert_refused, code_for
from tests.api.test_start import run
from tests.webhooks.receiver import receiving
from tests.world import World

STREAM = {"Accept": "text/event-stream"}


def redeemed(served: Served, wallet: Client, merchant: Client, person: int) -> str:
    """A person's voucher, redeemed."""
    answer = merchant.redeem({"code": code_for(wallet, served, person)["code"]})
    assert answer.status_code == 200, answer.text
    return served.voucher(4, person)


@contextmanager
def streamed(client: Client, last: str | None = None, **query: str | int) -> Iterator[Iterator[Json]]:
    """The messages of a stream, each with its `cursor`; comments as `{"comment": …}`."""
    headers = STREAM | ({} if last is None else {"Last-Event-ID": last})

    def messages(lines: Iterator[str]) -> Iterator[Json]:
        fields: dict[str, str] = {}
        for line in lines:
            name, _, value = line.partition(": ")
            if line.startswith(":"):
                yield {"comment": value}
            elif line:
                fields[name] = value
            elif "data" in fields:
                message = json.loads(fields["data"])
                assert message["type"] == fields["event"]
                yield message | {"cursor": fields["id"]}
                fields = {}

    with client.http.stream("GET", "/v1/events", params=query, headers=headers, timeout=20) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield messages(answer.iter_lines())


def test_pages__from_the_beginning__go_on_from_next(operator: Client) -> None:
    whole = operator.get("/v1/events", after="0", limit=500).json()
    first = operator.get("/v1/events", after="0", limit=2).json()
    rest = operator.get("/v1/events", after=first["next"], limit=500).json()

    assert (len(first["events"]), first["more"]) == (2, True)
    assert first["events"] + rest["events"] == whole["events"]
    assert whole["events"][0]["type"] == "programme.drafted"
    assert operator.get("/v1/events", after=whole["events"][-1]["offset"]).json()["events"] == []
    assert operator.get("/v1/events").json()["events"] == []


@pytest.mark.parametrize("after", ["", "x", "-1", "1-2-3-4"])
def test_pages__from_no_place__are_refused(operator: Client, after: str) -> None:
    assert_refused(operator.get("/v1/events", after=after), "RequestInvalid", 400)


def test_chain__that_goes_back_a_first_time__is_told_to_who_goes_on(crashing: tuple[World, Settings, Json]) -> None:
    world, settings, _ = crashing
    with build_node(settings, world.handle, KeyRing(settings.keys_folder)) as node, serving(node.api) as url:
        operator = Client(url, node.keyring.create(ApiRole.OPERATOR, "o")[1])
        page = operator.get("/v1/events", after="0", limit=500).json()
        with streamed(operator, after="0") as messages:
            cursors = [next(messages)["cursor"] for _ in page["events"]]
        head, newest = world.head(), page["events"][-1]["block"]["number"]
        world.rpc.call("anvil_rollback", [head - newest + 1])
        world.mine(head - newest + 2)
        deadline = time.monotonic() + 20
        while not (told := operator.get("/v1/events", after=page["next"]).json()["events"]):
            assert time.monotonic() < deadline
            time.sleep(0.05)

        assert told[0]["type"] == "chain.retracted"
        assert told[0]["data"]["after_block"] < newest
        with streamed(operator, last=cursors[-1]) as messages:
            assert next(messages)["id"] == told[0]["id"]
        by_hand = operator.get("/v1/events", after=str(head)).json()
        assert by_hand["events"] == []
        operator.http.close()


def test_events__with_a_merchants_key__are_its_own(
    served: Served, wallet: Client, merchant: Client, rival: Client, person: int
) -> None:
    redeemed(served, wallet, merchant, person)

    own = merchant.get("/v1/events", after="0", limit=500).json()["events"]
    assert {event["merchant"] for event in own} == {1}
    assert served.voucher(4, person) in {event["data"].get("voucher") for event in own}
    others = rival.get("/v1/events", after="0", limit=500).json()["events"]
    assert not {event["id"] for event in own} & {event["id"] for event in others}
    assert_refused(rival.get("/v1/events", merchant=1), "MerchantNotYours", 403)
    assert merchant.get("/v1/events", merchant=1).status_code == 200


def test_stream__while_redeeming__tells_at_once_and_goes_on(
    served: Served, wallet: Client, merchant: Client, operator: Client, person: int
) -> None:
    with streamed(operator, programme=1) as messages:
        voucher = redeemed(served, wallet, merchant, person)
        first = next(messages)
    assert (first["type"], first["data"]["voucher"], first["merchant"]) == ("voucher.redeemed", voucher, 1)
    assert operator.get("/v1/events", after=first["cursor"]).json()["events"] == []

    missed = [redeemed(served, wallet, merchant, 170 + n) for n in range(2)]
    with streamed(operator, last=first["cursor"]) as messages:
        assert [next(messages)["data"]["voucher"] for _ in missed] == missed
        later = redeemed(served, wallet, merchant, 180)
        assert next(messages)["data"]["voucher"] == later


def test_stream__with_nothing_to_tell__says_that_it_lives_until_the_key_is_revoked(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "_ALIVE_SECONDS", 0.1)
    key, token = served.node.keyring.create(ApiRole.AUDITOR, "listens")
    with streamed(served.with_token(token)) as messages:
        assert next(messages) == {"comment": "alive"}
        served.node.keyring.revoke(key.id)
        assert [message for message in messages if "comment" not in message] == []


def test_streams__as_many_as_may_be__are_busy(
    served: Served, operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "MAX_STREAMS", 0)

    answer = operator.http.get("/v1/events", headers=STREAM)
    assert_refused(answer, "StreamsBusy", 503)
    assert answer.headers["retry-after"]
    assert operator.get("/v1/events").status_code == 200


def test_streams__of_one_key__leave_room_for_others(
    served: Served, merchant: Client, rival: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "MAX_STREAMS_OF_KEY", 2)
    monkeypatch.setattr(events, "_ALIVE_SECONDS", 0.05)
    with streamed(merchant) as first:
        with streamed(merchant):
            answer = merchant.http.get("/v1/events", headers=STREAM)
            assert_refused(answer, "StreamsBusy", 503)
            assert "of this API key" in answer.json()["detail"]
            with streamed(rival) as others:
                assert next(others) == {"comment": "alive"}

        def may_open_another() -> bool:
            with merchant.http.stream("GET", "/v1/events", headers=STREAM) as answer:
                return answer.status_code == 200

        deadline = time.monotonic() + 20
        while not may_open_another():
            assert time.monotonic() < deadline
        assert next(first) == {"comment": "alive"}


def test_streams__that_many_ask_for_together__are_counted_before_they_begin() -> None:
    streams = events.Streams()
    for _ in range(events.MAX_STREAMS_OF_KEY):
        streams.take("a")
    with pytest.raises(StreamsBusy, match="10 streams of this API key"):
        streams.take("a")
    for n in range(events.MAX_STREAMS - events.MAX_STREAMS_OF_KEY):
        streams.take(f"b-{n}")
    with pytest.raises(StreamsBusy, match="100 streams"):
        streams.take("c")
    streams.give_back("a")
    streams.take("c")
    streams.give_back("b-0")
    streams.take("a")
    with pytest.raises(StreamsBusy, match="10 streams of this API key"):
        streams.take("a")


def test_subscriber__put_listed_removed__as_told(served: Served, operator: Client) -> None:
    body = {"url": "https://till.example/hook", "merchant": 1}
    made = operator.http.put("/v1/webhooks/till", json=body)
    assert made.status_code == 200, made.text
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", made.json()["secret"])
    assert operator.http.put("/v1/webhooks/till", json=body).json() == made.json()

    listed = operator.get("/v1/webhooks")
    assert [(one["name"], one["merchant"], one["told"]) for one in listed.json()["subscribers"]] == [("till", 1, 0)]
    assert "secret" not in listed.text
    assert operator.post("/v1/webhooks/till/secret", {}).json()["secret"] != made.json()["secret"]
    assert operator.http.delete("/v1/webhooks/till").status_code == 204
    for answer in (
        operator.http.delete("/v1/webhooks/till"),
        operator.post("/v1/webhooks/till/replay", {"after": "0"}),
        operator.post("/v1/webhooks/till/secret", {}),
    ):
        assert_refused(answer, "SubscriberUnknown", 404)


def test_subscriber__beyond_the_head__is_refused_and_a_page_is_not(served: Served, operator: Client) -> None:
    head = served.world.head()
    body = {"url": "https://till.example/hook"}
    assert_refused(operator.http.put("/v1/webhooks/till", json=body | {"after": "999999"}), "PlaceAhead", 400)
    assert operator.get("/v1/webhooks").json()["subscribers"] == []
    assert operator.http.put("/v1/webhooks/till", json=body | {"after": f"{head}"}).status_code == 200
    for after in ("999999", "999999-1", f"{head}-1-7"):
        refused = operator.post("/v1/webhooks/till/replay", {"after": after})
        assert_refused(refused, "PlaceAhead", 400)
        assert f"place {after} " in refused.json()["value"]
    assert operator.get("/v1/events", after="999999").json() == {
        "events": [],
        "next": f"999999-{WHOLE_BLOCK}-0",
        "more": False,
    }
    assert operator.http.delete("/v1/webhooks/till").status_code == 204


def test_subscriber__at_a_private_address__is_refused(operator: Client) -> None:
    urls = ("https://127.0.0.1/", "http://till.example/", "https://[::1]/", "https://xn--a/", "https://a:99999/")
    for url in urls:
        assert_refused(operator.http.put("/v1/webhooks/till", json={"url": url}), "AddressRefused", 400)
    assert operator.get("/v1/webhooks").json()["subscribers"] == []


def test_node__with_subscribers_and_streams__tells_both_and_stops(crashing: tuple[World, Settings, Json]) -> None:
    world, settings, _ = crashing
    settings = settings.model_copy(update={"webhooks_private": True})
    with receiving() as receiver:
        with build_node(settings, world.handle, KeyRing(settings.keys_folder)) as node, serving(node.api) as url:
            operator = Client(url, node.keyring.create(ApiRole.OPERATOR, "o")[1])
            assert operator.http.put("/v1/webhooks/till", json={"url": receiver.url, "after": "0"}).status_code == 200
            expected = operator.get("/v1/events", after="0", limit=500).json()["events"]
            deadline = time.monotonic() + 20
            while len(receiver.taken) < len(expected) and time.monotonic() < deadline:
                time.sleep(0.05)
            listening = operator.http.stream("GET", "/v1/events", headers=STREAM)
            answer = listening.__enter__()
            began = time.monotonic()
        rest = list(answer.iter_bytes())
        stopped = time.monotonic() - began
        with pytest.raises(httpx.HTTPError):
            operator.get("/healthz")
        operator.http.close()

    assert [one.message for one in receiver.taken] == expected
    assert rest
    assert stopped < 10


def test_command__put_listed_replayed_removed__as_told(tmp_path: Path) -> None:
    code, said = run("webhooks", "put", "till", "https://till.example/", "--programme", "3", "--json", data=tmp_path)
    assert code == 0, said
    made = json.loads(said)
    assert made["secret"].startswith("whsec_")

    _, listed = run("webhooks", "list", "--json", data=tmp_path)
    assert [one["name"] for one in json.loads(listed)["subscribers"]] == ["till"]
    assert made["secret"] not in listed
    assert "well" in run("webhooks", "list", data=tmp_path)[1]
    assert (
        json.loads(run("webhooks", "replay", "till", "--after", "0-1", "--json", data=tmp_path)[1])["upto"] == "0-1-0"
    )
    assert run("webhooks", "rotate", "till", data=tmp_path)[1].strip() != made["secret"]
    assert run("webhooks", "remove", "till", data=tmp_path)[0] == 0


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (("put", "Till", "https://till.example/"), 2),
        (("put", "till", "https://till.example/", "--after", "x"), 2),
        (("put", "till", "https://till.example/", "--after", "7"), 1),
        (("put", "till", "http://till.example/"), 1),
        (("replay", "nobody", "--after", "0"), 1),
        (("rotate", "nobody"), 1),
        (("remove", "nobody"), 1),
    ],
)
def test_command__with_what_cannot_be__is_refused(tmp_path: Path, given: tuple[str, ...], code: int) -> None:
    exit_code, said = run("webhooks", *given, "--json", data=tmp_path)
    assert exit_code == code
    assert "; the rule: " in said
    assert "; what to do: " in said
