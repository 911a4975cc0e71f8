"""A terminal's key is stolen, on a real chain with the node's own code.

├── every function that is not a terminal's: refused in a block
├── redeems what holders signed, up to its daily limit, and nothing else
└── reverses what it answered for, up to its daily limit, and nothing else
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from eth_account import Account

from node_api.chain.keys import KeyRole
from node_api.chain.redeem_codec import encode_redeem
from node_api.domain.ids import MerchantId
from node_api.domain.item_words import ItemGroup
from node_api.domain.items import Item, TerminalSeal
from tests.e2e.other_node import figures, opened, opening
from tests.e2e.thief import Thief, encoded, refusals
from tests.world import ENDS_AT, FACE_A, FACE_B, STARTS_AT, World

FAR = 2 * ENDS_AT
WHY = bytes(31) + b"\x01"
TERMINAL_LIMIT = FACE_A + 3 * FACE_B
BEFORE_MIDNIGHT = STARTS_AT + 17 * 3_600  # 23:30 of the programmes' first day


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path / "chain").start()
    yield world
    world.stop()
    world.rpc.close()


def test_terminal__with_the_key_stolen__does_what_its_caps_say(world: World, tmp_path: Path) -> None:
    world.fund()
    world.issue()
    world.send(
        KeyRole.REGISTRAR, "MerchantRegistry", "limitTerminal", 1, world.address_of(world.terminal), TERMINAL_LIMIT
    )
    thief = Thief(world, Account.from_key(world.terminal.secret))

    def sell(now: int, *items: Item, merchant: int = 1) -> bytes:
        seal = TerminalSeal(world.address_of(world.terminal), b"")
        world.at(now)
        return encode_redeem([ItemGroup.of(MerchantId(merchant), items, seal)])

    day1, day2 = BEFORE_MIDNIGHT, BEFORE_MIDNIGHT + 3_600
    relayed = world.item(2, [(1, 1)], 1, day1 - 60)
    world.redeem([ItemGroup.of(MerchantId(1), (relayed,))], day1 - 60)
    first, second = (world.item(holder, [(1, 1)], 1, day1) for holder in (0, 1))
    sold = thief.send("Vouchers", sell(day1, first, second, thief.stolen_item(day1)))
    assert refusals(sold) == ["TerminalLimitPassed", "SignatureInvalid"]
    assert thief.refusal("Vouchers", sell(day1 + 2, merchant=2)).startswith("Vouchers_SenderNotAllowed")
    thief.send("Vouchers", sell(day2, world.item(1, [(1, 1)], 1, day2)))  # another day, another limit

    with opened(world, tmp_path / "node") as record:
        others, own, later = (opening(record, number) for number in (1, 2, 3))
        thief.says("CaseDesk_TerminalNotNamed", "CaseDesk", "reverse", others, WHY, FAR, b"")
        thief.send("CaseDesk", encoded("CaseDesk", "reverse", own, WHY, FAR, b""))
        thief.says("CaseDesk_TerminalLimitPassed", "CaseDesk", "reverse", later, WHY, FAR, b"")
        assert thief.is_refused_all("terminal") >= 80
        record.indexer.catch_up()
        figures(record)
        with record.reads.at_head() as reader:
            assert [reader.reversal_of(number) is not None for number in (1, 2, 3)] == [False, True, False]
