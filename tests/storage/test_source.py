"""What the indexer believes of a chain, and what it does not.

page
├── of a chain that stands still ....................... headers, senders, events in order, rolls with their holders
├── a node that lags behind
│   ├── and answers no receipts at all ................. the blocks have transactions: not believed
│   ├── and answers fewer of them ...................... not believed
│   ├── and does not know the last block ............... not believed
│   └── and has no code for a roll yet ................. not believed
├── receipts of a block that was replaced .............. not believed
├── headers that do not follow each other .............. not believed
├── receipts that are none, logs that are none ......... a fault of the node, not of the chain
├── receipts in hand ................................... are asked for by nobody again, those asked for are in hand
├── blocks full of gas ................................. a page of fewer of them
└── a lag that ends .................................... catch_up asks again and ends as without it
decode
├── every event of every contract ...................... has a decoder or is passed over by name
├── every log of the story ............................. decodes as web3 decodes it
├── redemptions of any content ......................... decode as eth_abi decodes them
├── redemptions no contract of ours logs ............... are an error
└── an unknown event ................................... is an error, never skipped
"""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from typing import cast

import orjson
import pytest
from eth_abi.abi import decode
from eth_typing import ABIEvent
from eth_utils.abi import event_abi_to_log_topic
from sqlalchemy import Engine
from web3 import Web3
from web3._utils.events import get_event_data

from node_api.chain import source
from node_api.chain.contracts import CONTRACTS
from node_api.chain.events import INDEXED_CONTRACTS, PASSED_OVER, EventUnknown, decoders
from node_api.chain.receipts_in_hand import ReceiptsInHand
from node_api.chain.rpc import Request, RpcClient
from node_api.chain.rpc_errors import RpcProtocolError
from node_api.chain.rpc_values import Json, data, record, rows, text
from node_api.chain.source import ChainLogs
from node_api.domain.events import (
    MerchantAccount,
    MerchantStep,
    ProgrammeStep,
    RedemptionRefused,
    RoleStep,
    RollWritten,
    RulesWritten,
    VoucherRedeemed,
)
from node_api.domain.ids import Hash
from node_api.domain.merchant_events import MerchantTermsStep, PayoutStep
from node_api.domain.money_events import TokenStep
from node_api.domain.rule_events import RulesStep, WideningProposed
from node_api.services.indexing import Indexer, compare
from node_api.services.ports.indexing import PageUnsettled
from node_api.storage.index import IndexTables
from tests.changes import changed
from tests.storage.conftest import indexer_of
from tests.world import World

Change = Callable[[str, Json], Json]
BENT = ("eth_getBlockReceipts", "eth_getCode")


class Bent(RpcClient):
    """The chain's real answers, changed on their way as long as the change lasts."""

    def __init__(self, url: str, change: Change, times: int = 1_000_000) -> None:
        super().__init__(url)
        self._change, self._times = change, times

    def batch(self, requests: Sequence[Request]) -> list[Json]:
        answers = super().batch(requests)
        if self._times <= 0 or not any(method in BENT for method, _ in requests):
            return answers
        self._times -= 1
        return [self._change(method, answer) for (method, _), answer in zip(requests, answers, strict=True)]


def bent(world: World, change: Change, times: int = 1_000_000) -> ChainLogs:
    return ChainLogs(Bent(world.rpc.url, change, times), world.addresses, own=world.handle.identity)


def only(method: str, change: Callable[[Json], Json]) -> Change:
    return lambda asked, answer: change(answer) if asked == method else answer


def test_page__of_a_chain_that_stands_still__has_everything(told: World) -> None:
    page = ChainLogs(told.rpc, told.addresses, own=told.handle.identity).page(0, told.head())
    assert [header.number for header in page.headers] == list(range(told.head() + 1))
    assert all(after.parent == before.hash for before, after in itertools.pairwise(page.headers))
    places = [(logged.block, logged.log_index) for logged in page.events]
    assert places == sorted(places)
    assert {(logged.block, logged.tx_index) for logged in page.events} == {
        (sent.block, sent.tx_index) for sent in page.transactions
    }
    rolls = [logged.event for logged in page.events if isinstance(logged.event, RollWritten)]
    assert [roll.holders.hex() for roll in rolls][1] == "".join(one[2:].lower() for one in told.holder_addresses[:2])
    redeemed = [logged.event.number for logged in page.events if isinstance(logged.event, VoucherRedeemed)]
    assert redeemed == [1, 2, 3, 4, 5]


def test_page__receipts_in_hand__are_not_asked_for_again(told: World) -> None:
    asked: list[str] = []

    def noted(method: str, answer: Json) -> Json:
        asked.append(method)
        return answer

    in_hand, head = ReceiptsInHand(), told.head()
    rpc = Bent(told.rpc.url, noted)
    logs = ChainLogs(rpc, told.addresses, own=told.handle.identity, in_hand=in_hand)
    first = logs.page(head, head)
    transactions = [Hash("0x" + one.hash.hex()) for one in first.transactions]
    assert asked.count("eth_getBlockReceipts") == 1
    assert transactions
    assert all(one in in_hand for one in transactions)

    assert logs.page(head, head) == first
    assert asked.count("eth_getBlockReceipts") == 1
    assert not any(one in in_hand for one in transactions)


def with_other_hash(answer: Json) -> Json:
    return [{**record(receipt), "blockHash": "0x" + 64 * "2"} for receipt in rows(answer)]


@pytest.mark.parametrize(
    "change",
    [
        only("eth_getBlockReceipts", lambda _: []),
        only("eth_getBlockReceipts", lambda answer: rows(answer)[:-1]),
        only("eth_getBlockReceipts", lambda _: None),
        only("eth_getBlockReceipts", with_other_hash),
        only("eth_getCode", lambda _: "0x"),
    ],
    ids=["no receipts", "some receipts", "no such block", "a replaced block's receipts", "no code"],
)
def test_page__from_a_node_that_lags__is_not_believed(told: World, change: Change) -> None:
    with pytest.raises(PageUnsettled):
        bent(told, change).page(0, told.head())


@pytest.mark.parametrize(
    "receipt",
    [{"logs": [1]}, {"logs": [{}]}, {"logs": None}, {"transactionHash": None, "logs": 3}, {"blockHash": None}],
    ids=["a log that is a number", "a log without anything", "no list", "no hash", "no block"],
)
def test_page__with_receipts_that_are_none__is_not_taken_in(told: World, receipt: dict[str, Json]) -> None:
    change = only("eth_getBlockReceipts", lambda answer: [{**record(one), **receipt} for one in rows(answer)])
    with pytest.raises((PageUnsettled, RpcProtocolError)):
        bent(told, change).page(0, told.head())


def test_page__with_receipts_without_their_logs__is_not_believed(told: World) -> None:
    change = only("eth_getBlockReceipts", lambda answer: [{**record(one), "logs": []} for one in rows(answer)])
    with pytest.raises(PageUnsettled, match="without its logs"):
        bent(told, change).page(0, told.head())


def test_page__of_blocks_full_of_gas__is_the_first_of_them(
    told: World, engine: Engine, make_database: Callable[[], Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_database()
    indexer_of(told, engine).catch_up()
    monkeypatch.setattr(source, "_PAGE_GAS", 1)
    logs = ChainLogs(told.rpc, told.addresses, own=told.handle.identity)
    assert [header.number for header in logs.page(5, told.head()).headers] == [5]
    indexer_of(told, other).catch_up()
    assert not compare(IndexTables(engine).digest(), IndexTables(other).digest())


def test_page__above_the_head__is_not_believed(told: World) -> None:
    with pytest.raises(PageUnsettled, match="is gone"):
        ChainLogs(told.rpc, told.addresses, own=told.handle.identity).page(told.head(), told.head() + 1)


@pytest.mark.parametrize("page", [3, 500])
def test_catch_up__while_a_node_lags__asks_again(
    told: World, engine: Engine, make_database: Callable[[], Engine], page: int
) -> None:
    other = make_database()
    lagging = ChainLogs(
        Bent(told.rpc.url, only("eth_getBlockReceipts", lambda _: []), 3),
        told.addresses,
        own=told.handle.identity,
        first_block=told.deployment.first_block,
    )
    Indexer(lagging, IndexTables(engine), page=page).catch_up()
    indexer_of(told, other).catch_up()
    assert not compare(IndexTables(engine).digest(), IndexTables(other).digest())


def test_decoders__know_every_event_of_every_contract() -> None:
    for name in INDEXED_CONTRACTS:
        names = {entry["name"] for entry in event_abis(name)}
        assert len(decoders()[name]) == len(names)
    everything = {entry["name"] for name in CONTRACTS for entry in event_abis(name)}
    assert everything >= PASSED_OVER


def test_decode__of_every_log_of_the_story__agrees_with_web3(told: World) -> None:
    assert len(decoded_alike(told)) == 36


def test_decode__of_every_log_of_a_changing_world__agrees_with_web3(world: World) -> None:
    new = {"MerchantPayoutSkipped", "BudgetMoveWithdrawn", "MoneyMoved", "PayoutWithdrawn", "TokenDisallowed"}
    assert new < decoded_alike(changed(world))


def decoded_alike(told: World) -> set[str]:
    """The names of all events logged, each decoded as web3 does."""
    names = {told.addresses[name].lower(): name for name in INDEXED_CONTRACTS}
    asked: Json = {"fromBlock": "0x0", "toBlock": "latest", "address": list(names)}
    codec, seen = Web3().codec, set[str]()
    for log in map(record, rows(told.rpc.call("eth_getLogs", [asked]))):
        contract = names[text(log["address"])]
        topics = [text(topic) for topic in rows(log["topics"])]
        events = decoders()[contract][topics[0]](topics, data(log["data"]))
        abi = next(entry for entry in event_abis(contract) if "0x" + event_abi_to_log_topic(entry).hex() == topics[0])
        theirs = get_event_data(codec, abi, as_web3(log))
        for event in events:
            seen.add(theirs["event"])
            expected = Counter(flat(theirs["args"]))
            names_of = event._fields if isinstance(event, VoucherRedeemed) else event.__slots__
            ours = [getattr(event, name) for name in names_of if name not in FIXED.get(type(event), ())]
            assert not Counter(ours) - expected, (theirs["event"], Counter(ours) - expected)
    return seen


# What a decoder puts in from the event's name rather than from its arguments.
FIXED: dict[type, tuple[str, ...]] = {
    RulesWritten: ("version",),
    ProgrammeStep: ("name", "approvals", "reason"),
    MerchantStep: ("name", "reason"),
    MerchantAccount: ("kind", "added"),
    RoleStep: ("granted",),
    RulesStep: ("name", "ripe_at", "reason", "version"),
    WideningProposed: ("regions",),
    RollWritten: ("holders",),
    TokenStep: ("allowed",),
    MerchantTermsStep: ("name",),
    PayoutStep: ("name", "ripe_at", "reason"),
    RedemptionRefused: ("voucher", "digest", "group_index", "item_index"),
}


def flat(value: object) -> list[object]:
    """All leaves, addresses and hashes as bytes."""
    if isinstance(value, Mapping):
        return [leaf for one in value.values() for leaf in flat(one)]
    if isinstance(value, (list, tuple)):
        return [leaf for one in value for leaf in flat(one)]
    if isinstance(value, str) and value.startswith("0x") and len(value) == 42:
        return [bytes.fromhex(value[2:])]
    return [bytes(value)] if isinstance(value, bytes) else [value]


def as_web3(log: dict[str, Json]) -> dict[str, object]:
    return {
        "address": Web3.to_checksum_address(text(log["address"])),
        "topics": [bytes.fromhex(text(topic)[2:]) for topic in rows(log["topics"])],
        "data": data(log["data"]),
        "blockHash": data(log["blockHash"]),
        "transactionHash": data(log["transactionHash"]),
        "blockNumber": 1,
        "logIndex": 1,
        "transactionIndex": 1,
    }


def event_abis(name: str) -> list[ABIEvent]:
    artifact = orjson.loads((files("node_api.chain") / "artifacts" / f"{name}.json").read_bytes())
    return [cast(ABIEvent, entry) for entry in artifact["abi"] if entry["type"] == "event"]


def redeemed_log(numbers: Sequence[int], hashes: Sequence[bytes]) -> tuple[list[str], bytes]:
    """Topics and data: voucher, merchant, then amount, rules version, number; receipt and digest."""
    voucher, merchant, *plain = numbers
    content = b"".join(hashes) + b"".join(number.to_bytes(32) for number in plain)
    return [redeemed_topic(), f"0x{voucher:064x}", f"0x{merchant:064x}"], content


def redeemed_topic() -> str:
    (entry,) = (one for one in event_abis("Vouchers") if one["name"] == "VoucherRedeemed")
    return "0x" + event_abi_to_log_topic(entry).hex()


def test_decode__of_redemptions_of_any_content__agrees_with_the_abi() -> None:
    rng, decoder = random.Random(5), decoders()["Vouchers"][redeemed_topic()]
    kinds = ["bytes32", "bytes32", "uint256", "uint256", "uint256"]
    for _ in range(500):
        numbers = [rng.getrandbits(rng.choice((0, 1, 59, 64))) for _ in range(5)]
        topics, content = redeemed_log(numbers, (rng.randbytes(32), rng.randbytes(32)))
        receipt, digest, amount, version, number = decode(kinds, content)
        expected = VoucherRedeemed(number, numbers[0], numbers[1], receipt, digest, amount, version)
        assert decoder(topics, content) == (expected,)


@pytest.mark.parametrize("word", [2, 3, 4])
def test_decode__of_a_redemption_with_a_number_above_64_bits__is_an_error(word: int) -> None:
    topics, content = redeemed_log([1, 2, 0, 0, 0], (bytes(32), bytes(32)))
    decoder = decoders()["Vouchers"][redeemed_topic()]
    for number, fits in ((1 << 64) - 1, True), (1 << 64, False):
        bent_content = content[: 32 * word] + number.to_bytes(32) + content[32 * word + 32 :]
        if fits:
            (found,) = decoder(topics, bent_content)
            assert isinstance(found, VoucherRedeemed)
            assert number in found
        else:
            with pytest.raises(EventUnknown, match="above 64 bits"):
                decoder(topics, bent_content)


@pytest.mark.parametrize("size", [0, 159, 161, 192])
def test_decode__of_a_redemption_of_another_length__is_an_error(size: int) -> None:
    topics, _ = redeemed_log([1, 2, 0, 0, 0], ())
    with pytest.raises(EventUnknown, match=f"with {size} bytes"):
        decoders()["Vouchers"][redeemed_topic()](topics, bytes(size))


def with_topic(answer: Json) -> Json:
    """The receipts, their logs under a topic nobody knows."""
    return [
        {**record(one), "logs": [{**record(log), "topics": ["0x" + 64 * "3"]} for log in rows(record(one)["logs"])]}
        for one in rows(answer)
    ]


def test_page__with_an_unknown_event__is_an_error(told: World) -> None:
    with pytest.raises(EventUnknown, match="AccessManager logged an event this release does not know"):
        bent(told, only("eth_getBlockReceipts", with_topic)).page(0, told.head())
