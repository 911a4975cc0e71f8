"""What is kept between gatherings, and when it is read again.

a redemption ............... what stands around it is kept, its voucher is redeemed all the same
merchant suspended or frozen, roll or batch frozen, programme or network paused, terminal removed, rules activated
├── indexed here ............ the very next judgement says so
├── indexed by another ...... likewise
└── taken back .............. the very next judgement is the one of before
blocks by the clock ........ a code that has ended is refused, whatever the newest block's time; not by a clock far from it
another process says that blocks left everything as it was → what is kept goes on; of an unknown block nothing is
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from node_api.chain.head import Head
from node_api.chain.keys import KeyRole
from node_api.chain.limit_words import LimitWords
from node_api.chain.rpc_values import text
from node_api.chain.signing import ChainSignatures
from node_api.domain.ids import Hash, MerchantId, ProgrammeId, RollId
from node_api.domain.item_words import ItemGroup
from node_api.record import Follower, source_of
from node_api.services.fresh import FreshReads
from node_api.services.indexing import Indexer
from node_api.services.judging import Judge, Request
from node_api.storage.engine import open_database
from node_api.storage.index import IndexTables
from node_api.storage.kept import Kept
from node_api.storage.migrate import migrate
from node_api.storage.operations import Operations
from node_api.storage.reads import IndexReads
from tests.storage.conftest import indexer_of
from tests.world import CHAIN_ID, DAY, STARTS_AT, World

ONLINE = 1


@dataclass
class Court:
    """A world and a judge, whose index and readers share what is kept."""

    world: World
    engine: Engine
    kept: Kept = field(default_factory=Kept)

    def __post_init__(self) -> None:
        source = source_of(self.world.rpc, self.world.handle, self.world.deployment)
        self.reads = IndexReads(self.engine, self.kept)
        follower = Follower(Indexer(source, IndexTables(self.engine, self.kept), one_node=True))
        vouchers = self.world.addresses["Vouchers"]
        self.head = Head(self.world.rpc, movable_clock=True)
        self.judge, self.timed = (
            Judge(
                FreshReads(self.reads, self.head, follower),
                ChainSignatures(self.world.rpc, CHAIN_ID, vouchers),
                LimitWords(self.world.rpc, vouchers),
                Operations(self.engine),
                clock,
            )
            for clock in (None, lambda: self.clock)
        )

    def verdict(self, *, sealed: bool = False, clock: float | None = None, lasts: int = 600) -> str | None:
        """Why a voucher of roll 1 would be refused at merchant 1 now, if it would; `clock` of a chain that goes by one."""
        world, now = self.world, self.head.next_block().timestamp
        item = world.item(1, [(1, 1)], 1, now + lasts - 600)
        seal = world.seal([item]) if sealed else None
        self.clock = 0.0 if clock is None else now + clock
        (found,) = (self.judge if clock is None else self.timed).judge_all([Request(item, seal)])
        return None if found.refusal is None else found.refusal.name

    def snapshot(self) -> str:
        return text(self.world.rpc.call("evm_snapshot"))

    def revert(self, to: str) -> None:
        """The chain goes back, and on with another block."""
        self.world.rpc.call("evm_revert", [to])
        self.world.mine()
        for sender in self.world.senders.values():
            sender.forget_nonce()

    def until(self) -> int:
        return self.head.next_block().timestamp + DAY


@pytest.fixture(scope="module")
def court(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Court]:
    folder: Path = tmp_path_factory.mktemp("court")
    world = World(folder / "chain").start()
    world.fund()
    world.issue()
    world.at(STARTS_AT + 100)
    world.mine()
    engine = open_database(f"sqlite:///{folder / 'node.sqlite'}")
    migrate(engine)
    yield Court(world, engine)
    engine.dispose()
    world.stop()


Change = Callable[[Court], object]


def suspend(court: Court) -> object:
    return court.world.send(KeyRole.REGISTRAR, "MerchantRegistry", "suspend", 1, "missing papers")


def freeze(subject: int) -> Change:
    def change(court: Court) -> object:
        return court.world.send(KeyRole.AUDITOR, "CaseDesk", "freeze", subject, 1, court.until(), "suspicion")

    return change


def pause(court: Court) -> object:
    return court.world.send(KeyRole.EMERGENCY, "ProgrammeRegistry", "pause", 1, court.until(), "flood")


def pause_all(court: Court) -> object:
    return court.world.send(KeyRole.EMERGENCY, "ProgrammeRegistry", "pauseAll", court.until(), "worse")


def remove_terminal(court: Court) -> object:
    return court.world.send(
        KeyRole.REGISTRAR, "MerchantRegistry", "removeTerminal", 1, court.world.address_of(court.world.terminal)
    )


CHANGES: dict[str, tuple[Change, str]] = {
    "merchant suspended": (suspend, "MerchantNotActive"),
    "merchant frozen": (freeze(5), "MerchantFrozen"),
    "roll frozen": (freeze(2), "VoucherFrozen"),
    "batch frozen": (freeze(3), "VoucherFrozen"),
    "programme paused": (pause, "ProgrammePaused"),
    "network paused": (pause_all, "ProgrammePaused"),
    "terminal removed": (remove_terminal, "TerminalUnknown"),
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("by_another", [False, True], ids=["here", "by another"])
def test_judge__something_changed__sees_it_at_once_and_that_it_was_taken_back(
    court: Court, name: str, *, by_another: bool
) -> None:
    change, reason = CHANGES[name]
    before = court.snapshot()
    assert court.verdict(sealed=True) is None

    change(court)
    if by_another:
        indexer_of(court.world, court.engine).catch_up()
    assert court.verdict(sealed=True) == reason

    court.revert(before)
    assert court.verdict(sealed=True) is None


@pytest.mark.parametrize(("clock", "reason"), [(None, None), (19, None), (21, "DeadlinePassed"), (10_000, None)])
def test_code__that_ended__is_refused_where_blocks_go_by_a_clock_that_is_right(
    court: Court, clock: float | None, reason: str | None
) -> None:
    assert court.verdict(clock=clock, lasts=20) == reason


def test_judge__a_new_version_widens_the_programme__sees_it_at_once(court: Court) -> None:
    world, before = court.world, court.snapshot()

    def rules() -> tuple[int, int]:
        court.verdict()
        with court.reads.at_head() as reader:
            programme = reader.programme(ProgrammeId(1))
            assert programme is not None
            return programme.rules_version, reader.widening(programme.id).channels

    assert rules() == (1, 0)
    world.propose_rules(1, (0, [], 1 << ONLINE))
    assert rules() == (1, 0)
    world.at(STARTS_AT + 9 * DAY)
    world.send(KeyRole.APPROVER, "ProgrammeRegistry", "activateRules", 1, 2)
    assert rules() == (2, 1 << ONLINE)
    court.revert(before)
    assert rules() == (1, 0)


def test_facts__after_a_redemption__are_kept_and_its_voucher_is_redeemed(court: Court) -> None:
    world, before = court.world, court.snapshot()
    assert court.verdict() is None
    now = court.head.next_block().timestamp
    world.redeem([ItemGroup.of(MerchantId(1), (world.item(1, [(1, 1)], 1, now),))], now)
    statements: list[str] = []
    event.listen(court.engine, "before_cursor_execute", lambda *told: statements.append(str(told[2])))

    assert court.verdict() == "AlreadyRedeemed"

    read = " ".join(one for one in statements if one.startswith("SELECT"))
    assert "FROM redemptions" in read
    assert not [table for table in ("merchants", "programmes", "batches", "rolls") if f"FROM {table} " in read]
    court.revert(before)
    assert court.verdict() is None


def test_facts__left_as_they_were_by_another_process__are_kept_as_soon_as_it_says_so() -> None:
    kept, told = Kept(), list[tuple[Hash, Hash]]()
    before, after, last = (Hash("0x" + digit * 64) for digit in "abc")
    facts = kept.at(before)
    kept.on_leaving(lambda *blocks: told.append(blocks))
    kept.leave(before, after)
    kept.leave(Hash("0x" + "f" * 64), last)  # a block that nothing is known of

    assert kept.at(after) is facts
    assert kept.at(last) is not facts
    assert told == []  # it was said to us


def test_facts__of_an_older_block__are_its_own(court: Court) -> None:
    before = court.snapshot()
    assert court.verdict() is None
    old = court.world.head()
    suspend(court)
    assert court.verdict() == "MerchantNotActive"
    with court.reads.at(old) as then, court.reads.at_head() as now:
        found = [reader.merchant(MerchantId(1)) for reader in (then, now)]
        assert [one is not None and one.status.name for one in found] == ["ACTIVE", "SUSPENDED"]
        assert then.roll(RollId(1)) == now.roll(RollId(1))
    court.revert(before)
    assert court.verdict() is None
