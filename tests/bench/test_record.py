"""The benchmark of a large record, on a small one.

a record of two blocks ....... ends, reconciles, and its JSON has every figure
the tail
├── its answers .............. are the engine's own for the same redemptions, key by key
├── its redemptions .......... each of another voucher, the same again, blocks that follow each other
└── its storage .............. is the engine's own after the same redemptions
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench import __main__ as bench
from bench.record import lines
from bench.record.tail import CALL, CALLS, Placed, Redeemed, Tail, block_answer, receipt_answer
from bench.record.words import lines_of, slots_after
from node_api.chain.rpc_values import Json, data, quantity, record, rows, text
from node_api.chain.source import ChainLogs
from node_api.chain.words import mapped, slot_of
from node_api.domain.events import Header, VoucherRedeemed
from node_api.domain.ids import MerchantId, ProgrammeId, VoucherId
from tests.world import STARTS_AT, World

BLOCK = CALL * CALLS
HTTP = ("trace", "list", "statement")
UNREAD = {"logsBloom", "gasUsed", "cumulativeGasUsed", "effectiveGasPrice", "blobGasPrice", "type", "contractAddress"}
"""Of a receipt, what the index does not read, or not of one that has logs."""


@pytest.fixture(scope="module")
def spent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world in which two vouchers were redeemed in its newest block."""
    world = World(tmp_path_factory.mktemp("spent") / "chain").start()
    world.fund()
    world.issue()
    world.redeem_first_pair(STARTS_AT + 100)
    yield world
    world.stop()


def test_bench__of_a_small_record__tells_every_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_READS", "_WARM", "_LISTS", "_TOTALS"):
        monkeypatch.setattr(lines, name, 20)
    done = CliRunner().invoke(bench.main, ["--what", "record", "--size", str(2 * BLOCK), "--out", str(tmp_path)])
    assert done.exit_code == 0, f"{done.output}\n{done.exception!r}"
    told = json.loads((tmp_path / f"record-sqlite-{2 * BLOCK}.json").read_text(encoding="utf-8"))
    assert (told["vouchers"], told["redemptions"]) == (2 * BLOCK, 2 * BLOCK)
    assert told["issued"]["gas"] > 1_000_000
    assert told["words"] > 1_000
    served = told["http"]
    for where, names in (
        (told, ("trace", "trace_within", "list", "statement", "totals", "issued_list")),
        (served, HTTP),
    ):
        for name in names:
            assert 0 < where[name]["p50"] <= where[name]["p99"]
    assert served["start_seconds"] > 0
    assert 0 < served["started_mib"] <= served["mib"]


def test_bench__of_a_part_of_a_block__is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="blocks of 2,000"):
        lines.measure(tmp_path, BLOCK + 1, None)


def test_tail__its_answers__are_those_of_the_engine(spent: World) -> None:
    number = spent.head()
    block = record(spent.rpc.call("eth_getBlockByNumber", [hex(number), False]))
    (receipt,) = (record(one) for one in rows(spent.rpc.call("eth_getBlockReceipts", [hex(number)])))
    header, call = last_call(spent)
    closing = record(rows(receipt["logs"])[-1])

    placed = Placed(header, 0, data(receipt["transactionHash"]), text(receipt["from"]), text(receipt["to"]))
    made = receipt_answer(placed, call, data(closing["data"])[32:], 0)
    assert made == {name: value for name, value in receipt.items() if name in made}
    assert set(receipt) - set(made) <= UNREAD | {"blockTimestamp"}
    bare: dict[str, Json] = block_answer(header, rows(block["transactions"]), quantity(block["gasUsed"]))
    assert bare == {name: value for name, value in block.items() if name in bare}


def last_call(world: World) -> tuple[Header, list[Redeemed]]:
    """The newest block, and what was redeemed in it."""
    page = ChainLogs(world.rpc, world.addresses, own=world.handle.identity).page(world.head(), world.head())
    return page.headers[0], [redeemed(one.event) for one in page.events if isinstance(one.event, VoucherRedeemed)]


def redeemed(event: VoucherRedeemed) -> Redeemed:
    return Redeemed(
        event.number,
        VoucherId(event.voucher),
        MerchantId(event.merchant),
        event.receipt,
        event.digest,
        event.amount,
        event.rules_version,
    )


def test_tail__its_redemptions__are_each_of_another_voucher(spent: World) -> None:
    base = Header(7, b"\x07" * 32, b"\x06" * 32, STARTS_AT)
    tail = Tail(base, 2 * BLOCK, 60, sender="0x" + 40 * "1", vouchers="0x" + 40 * "2")
    assert tail.head == 9
    found = [one for number in (8, 9) for call in tail.calls(number) for one in call]
    assert len({one.voucher for one in found}) == len(found) == 2 * BLOCK
    assert [one.number for one in found] == list(range(1, 2 * BLOCK + 1))
    assert [one for number in (8, 9) for call in tail.calls(number) for one in call] == found
    assert tail.header(8).parent == base.hash
    assert tail.header(9).parent == tail.header(8).hash
    assert [len(rows(record(receipt)["logs"])) for receipt in tail.receipts(9)] == [CALL + 1] * CALLS


def test_tail__its_storage__is_that_of_the_engine(spent: World, monkeypatch: pytest.MonkeyPatch) -> None:
    vouchers, (header, call) = spent.addresses["Vouchers"], last_call(spent)
    before = record(spent.rpc.call("eth_getBlockByNumber", [hex(header.number - 1), False]))
    base = Header(header.number - 1, header.parent, data(before["parentHash"]), quantity(before["timestamp"]))
    seconds = header.timestamp - base.timestamp
    tail = Tail(base, len(call), seconds, sender=vouchers, vouchers=vouchers)
    assert tail.head == header.number
    monkeypatch.setattr(Tail, "calls", lambda *_: [call])

    def words(slots: Iterable[str], block: int) -> list[int]:
        answers = spent.rpc.batch([("eth_getStorageAt", (vouchers, slot, hex(block))) for slot in slots])
        return [int.from_bytes(data(answer)) for answer in answers]

    lines = lines_of(ProgrammeId(1))
    ledger = words([mapped(line, slot_of("Vouchers", "_lines")) for line in lines], base.number)
    changed = slots_after(tail, ProgrammeId(1), 480 * 60, dict(zip(lines, ledger, strict=True)))
    assert words(changed, header.number) == list(changed.values())
    assert words(changed, base.number) != list(changed.values())
