"""An observer's watch over a chain that is told what to answer; on both databases where it goes forth and back.

a chain → followed to its head, every notice with its block; again, and after a restart → nothing twice
└── a long one → in several looks; one that never settles → given up, and said, by every look from half a minute on
the chain goes back
├── what was said of blocks that are gone → gone, what is said of the new ones told
├── by more than is kept → begins anew       ├── the node only lags → nothing      └── it moves while it is read → the next look
├── a network's node begins anew, far below all that is kept → waited for; what comes back is another chain → begins anew
└── the node has no block where it has later ones → the next look
one signer, two blocks of a height: by a reorganisation, by another node's answer → told, and stays; a node that is gone → nothing
├── another's node is far ahead → asked for what is new there, and nothing of it kept
├── by both, forth and back → told once     ├── dozens of them, or far-off heights → one told, two kept at most
└── another node's block that names one as its maker, sealed by too few → nothing
time: half a minute after the block before → not yet; more → late; less than agreed → early, the first of several; block 1 → never
├── of early ones the first is written down at the second try, is replaced by an early one, or follows a restart → told once
├── the newest block: ahead by 15 s, old by 30 s → not yet; by more → told once, and once when it is right again
└── a chain that nobody seals → no clock
code that differs → told once
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import takewhile

import pytest
from sqlalchemy import Engine

from node_api.domain.council import Notice, SealedHeader
from node_api.domain.errors import ChainUnavailable, StoreUnavailable
from node_api.domain.findings import Finding
from node_api.domain.findings import FindingKind as Kind
from node_api.domain.ids import Address, Hash, UnixSeconds
from node_api.services.ports.indexing import PageUnsettled
from node_api.services.ports.watching import WatchedBlock
from node_api.services.watching import KEPT, Watch
from node_api.storage.watch import WatchTables
from tests.storage.conftest import MakeDatabase

A, B = (Address("0x" + letter * 40) for letter in "ab")
CREATED: Notice = (Kind.CONTRACT_CREATED, "0x" + "c" * 40, "by somebody")
CODE: Notice = (Kind.CODE_DIFFERS, "0x" + "d" * 40, "Vouchers: other code")


def hash_of(number: int, branch: str = "0") -> Hash:
    return Hash(f"0x{branch}{number:063x}")


@dataclass
class Chain:
    """Blocks by height; `branch` names those that are made."""

    blocks_made: list[WatchedBlock] = field(default_factory=list)
    told_codes: list[Notice] = field(default_factory=list)
    lags: int = 0

    def grow(
        self, count: int, *happened: Notice, branch: str = "0", signer: Address | None = None, gap: int = 1
    ) -> None:
        for _ in range(count):
            number = len(self.blocks_made)
            parent = self.blocks_made[-1].header if number else None
            header = SealedHeader(
                number,
                hash_of(number, branch),
                parent.hash if parent else hash_of(0, "f"),
                UnixSeconds((parent.timestamp if parent else 1_000) + gap),
                None if number == 0 else signer or (A, B)[number % 2],
                (A, B) if number == 0 else None,
            )
            self.blocks_made.append(WatchedBlock(header, happened))

    def cut(self, to: int) -> None:
        del self.blocks_made[to + 1 :]

    @property
    def newest(self) -> SealedHeader:
        return self.blocks_made[-1].header

    def head(self) -> SealedHeader:
        return self.blocks_made[-1 - self.lags].header

    def header(self, number: int) -> SealedHeader | None:
        return self.blocks_made[number].header if number < len(self.blocks_made) else None

    def blocks(self, first: int, last: int) -> list[WatchedBlock]:
        return self.blocks_made[first : last + 1]

    def codes(self) -> list[Notice]:
        return self.told_codes


@dataclass(eq=False)
class Other:
    """Another's node with its own newest blocks."""

    newest: list[SealedHeader]
    gone: bool = False
    told: list[int] = field(default_factory=list)

    def unknown(self, known: Callable[[Hash], bool], most: int) -> list[SealedHeader]:
        if self.gone:
            raise ChainUnavailable("nobody answers")
        found = list(takewhile(lambda one: not known(one.hash), self.newest))[:most]
        self.told.append(len(found))
        return found


@pytest.fixture
def store(engine: Engine) -> WatchTables:
    return WatchTables(engine)


@pytest.fixture
def either(make_database: MakeDatabase) -> WatchTables:
    return WatchTables(make_database())


def watch_of(
    chain: Chain,
    store: WatchTables,
    *others: Other,
    block_time: int | None = 1,
    age: int = 0,
    one_node: bool = False,
) -> Watch:
    clock: Callable[[], float] = lambda: chain.newest.timestamp + age  # noqa: E731
    return Watch(chain, store, block_time=block_time, others=others, one_node=one_node, clock=clock)


def told(store: WatchTables) -> list[tuple[Kind, str, int]]:
    return [(one.kind, one.subject, one.number) for one in store.findings(limit=1_000)[::-1]]


def test_watch__when_the_chain_grows__then_every_notice_once(either: WatchTables) -> None:
    chain = Chain()
    chain.grow(251)
    chain.grow(1, CREATED)
    watch_of(chain, either).look()
    chain.grow(3)
    watch = watch_of(chain, either)
    watch.look()
    watch.look()
    assert told(either) == [(*CREATED[:2], 251)]
    at = either.watched()
    assert at is not None
    assert (at.number, at.hash) == (254, hash_of(254))
    (one,) = either.findings()
    assert one == Finding(*CREATED, 251, hash_of(251), one.at, one.noticed_at)
    assert either.counts() == {"contract-created": 1}
    assert either.findings([Kind.VOTE]) == []


def test_watch__when_there_is_much_to_read__then_in_several_looks(store: WatchTables) -> None:
    chain = Chain()
    chain.grow(2_001)
    watch = watch_of(chain, store)
    assert watch.look() is False
    watch.catch_up()
    at = store.watched()
    assert at is not None
    assert at.number == 2_000


def test_watch__when_the_chain_goes_back__then_what_is_gone_is_gone(either: WatchTables) -> None:
    chain = Chain()
    chain.grow(10)
    chain.grow(2, CREATED)
    watch = watch_of(chain, either)
    watch.look()
    assert told(either) == [(*CREATED[:2], 10), (*CREATED[:2], 11)]
    chain.cut(9)
    chain.grow(1, branch="1", signer=B)
    chain.grow(2, CREATED, branch="1", signer=A)
    watch.look()
    assert told(either) == [(*CREATED[:2], 11), (*CREATED[:2], 12)]
    assert either.hash_at(11) == hash_of(11, "1")


def test_watch__when_everything_kept_is_gone__then_it_begins_anew(store: WatchTables) -> None:
    chain = Chain()
    chain.grow(KEPT + 50, CREATED)
    watch = watch_of(chain, store, one_node=True)
    watch.look()
    assert store.hash_at(49) is None
    chain.cut(0)
    chain.grow(3, branch="1")
    watch.look()
    assert told(store)[-1] == (*CREATED[:2], 0)
    assert store.hash_at(3) == hash_of(3, "1")


def test_watch__when_a_networks_node_begins_anew__then_it_waits(store: WatchTables) -> None:
    chain = Chain()
    chain.grow(1, CREATED)
    chain.grow(KEPT + 100)
    watch = watch_of(chain, store)
    watch.look()
    chain.cut(10)
    chain.told_codes = [CODE]  # the contracts are not there yet
    assert watch_of(chain, store).look() is True
    assert store.findings([CODE[0]]) == []
    chain.told_codes = []
    at = store.watched()
    assert at is not None
    assert (at.number, [one.number for one in store.findings([CREATED[0]])]) == (KEPT + 100, [0])
    chain.grow(KEPT + 90)
    chain.grow(1, CREATED)
    assert watch.look() is True
    assert [one.number for one in store.findings([CREATED[0]])] == [KEPT + 101, 0]


def test_watch__when_another_chain_comes_back__then_it_begins_anew(store: WatchTables) -> None:
    chain = Chain()
    chain.grow(KEPT + 100)
    watch = watch_of(chain, store)
    watch.look()
    chain.cut(0)
    chain.grow(10, branch="1")
    watch.look()
    assert store.hash_at(KEPT + 99) == hash_of(KEPT + 99)
    chain.grow(KEPT, branch="1")
    assert watch.look() is True
    assert (store.hash_at(KEPT + 10), store.hash_at(KEPT + 99)) == (hash_of(KEPT + 10, "1"), None)


def test_watch__when_the_node_answers_emptily__then_the_next_look_goes_on(
    store: WatchTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = Chain()
    chain.grow(10, CREATED)
    watch = watch_of(chain, store)
    watch.look()
    before = store.findings()
    chain.grow(1)
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(chain, "header", lambda number: None)
        assert watch.look() is False
        chain.cut(8)
        chain.grow(1, branch="1", signer=A)
        assert watch.look() is False
    assert store.findings() == before
    assert watch.look() is True
    assert [number for *_, number in told(store)] == list(range(9))


def test_watch__when_the_node_lags__then_it_waits(store: WatchTables) -> None:
    chain = Chain()
    chain.grow(10)
    watch = watch_of(chain, store)
    watch.look()
    chain.lags = 4
    watch.look()
    assert store.hash_at(9) == hash_of(9)
    at = store.watched()
    assert at is not None
    assert at.number == 9


def test_watch__when_the_chain_moves_while_read__then_the_next_look_goes_on(store: WatchTables) -> None:
    chain = Chain()
    chain.grow(5)
    middle = chain.blocks_made[3]
    chain.blocks_made[3] = WatchedBlock(SealedHeader(3, hash_of(3, "2"), hash_of(2), UnixSeconds(1_004), A), ())
    watch = watch_of(chain, store)
    assert watch.look() is False
    assert store.watched() is None
    with pytest.raises(PageUnsettled):
        watch.catch_up(patience=0.1)
    chain.blocks_made[3] = middle
    assert watch.look() is True
    assert store.hash_at(4) == hash_of(4)


def test_watch__when_the_chain_never_settles__then_looks_say_so_after_half_a_minute(store: WatchTables) -> None:
    chain, now = Chain(), [0.0]
    chain.grow(5)
    middle = chain.blocks_made[3]
    chain.blocks_made[3] = WatchedBlock(SealedHeader(3, hash_of(3, "2"), hash_of(2), UnixSeconds(1_004), A), ())
    watch = Watch(chain, store, clock=lambda: now[0])
    for second in (0.0, 30.0):
        now[0] = second
        assert watch.look() is False
    for second in (30.5, 31.0):
        now[0] = second
        with pytest.raises(PageUnsettled, match="do not follow each other"):
            watch.look()
    chain.blocks_made[3] = middle
    assert watch.look() is True
    chain.blocks_made.append(WatchedBlock(SealedHeader(5, hash_of(5, "2"), hash_of(3), UnixSeconds(1_006), A), ()))
    assert watch.look() is False


def test_watch__when_the_head_is_replaced_and_comes_back__then_the_next_look_goes_on(
    store: WatchTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain, rival = Chain(), Chain()
    chain.grow(5)
    watch = watch_of(chain, store)
    assert watch.look()
    rival.grow(4)
    rival.grow(1, branch="1")
    asked: list[tuple[int, int]] = []
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(chain, "head", lambda: rival.newest)
        meanwhile.setattr(chain, "blocks", lambda first, last: asked.append((first, last)))
        assert not watch.look()
    assert asked == []
    assert watch.look()
    at = store.watched()
    assert at is not None
    assert at.hash == hash_of(4)


def test_signer__when_it_seals_a_height_twice__then_told_and_it_stays(store: WatchTables) -> None:
    chain = Chain()
    chain.grow(10)
    watch = watch_of(chain, store)
    watch.look()
    chain.cut(7)
    chain.grow(1, branch="1", signer=B)
    chain.grow(2, branch="1", signer=B)
    watch.look()
    assert told(store) == [(Kind.SEALED_TWICE, B, 9)]
    (one,) = store.findings()
    assert (one.hash, one.detail) == (hash_of(9, "1"), f"this block, and {hash_of(9)}")
    chain.cut(8)
    chain.grow(2, branch="2", signer=A)
    watch.look()
    assert told(store)[0] == (Kind.SEALED_TWICE, B, 9)


def test_signer__when_another_node_has_its_other_block__then_told_once(either: WatchTables) -> None:
    chain = Chain()
    chain.grow(10)
    rival = SealedHeader(9, hash_of(9, "9"), hash_of(8), UnixSeconds(1_010), B)
    strangers = SealedHeader(9, hash_of(9, "8"), hash_of(8), UnixSeconds(1_010), Address("0x" + "e" * 40))
    beside = Other([strangers, rival, chain.newest])
    watch = watch_of(chain, either, beside, Other([], gone=True))
    watch.look()
    watch.look()
    assert told(either) == [(Kind.SEALED_TWICE, B, 9)]
    assert either.hash_at(9) == hash_of(9)
    assert (either.knows(rival.hash), either.knows(strangers.hash)) == (True, False)


def test_signer__when_the_chain_goes_over_to_its_other_block_and_back__then_told_once(store: WatchTables) -> None:
    chain = Chain()
    chain.grow(10)
    mine = chain.blocks_made[9]
    rival = SealedHeader(9, hash_of(9, "9"), hash_of(8), UnixSeconds(1_010), B)
    watch = watch_of(chain, store, Other([rival]))
    for block in (mine, WatchedBlock(rival, ()), mine, WatchedBlock(rival, ())):
        chain.blocks_made[9] = block
        watch.look()
        assert store.hash_at(9) == block.header.hash
    assert told(store) == [(Kind.SEALED_TWICE, B, 9)]


def test_signer__when_it_makes_dozens_for_another_node__then_one_is_told_and_few_are_kept(store: WatchTables) -> None:
    chain = Chain()
    chain.grow(10)
    many = [SealedHeader(9, hash_of(9, f"{n:x}"), hash_of(8), UnixSeconds(1_010), B) for n in range(1, 16)]
    far = SealedHeader(1 << 40, hash_of(1 << 40, "9"), hash_of(8), UnixSeconds(1_010), B)
    watch = watch_of(chain, store, Other([far, *many]))
    watch.look()
    watch.look()
    assert told(store) == [(Kind.SEALED_TWICE, B, 9)]
    assert [store.knows(one.hash) for one in (far, *many)] == [False, True, *(False,) * 14]


def test_watch__when_its_node_is_far_behind_another__then_that_is_asked_for_what_is_new_alone(
    store: WatchTables,
) -> None:
    chain = Chain()
    chain.grow(10)
    ahead = [
        SealedHeader(n, hash_of(n), hash_of(n - 1), UnixSeconds(n), (A, B)[n % 2]) for n in range(9_000, 8_900, -1)
    ]
    beside = Other(ahead[2:])
    watch = watch_of(chain, store, beside)
    watch.look()
    watch.look()
    beside.newest = ahead
    watch.look()
    assert beside.told == [64, 0, 2]
    assert not store.knows(ahead[2].hash)


def test_signer__when_another_node_forges_its_other_block__then_nothing(store: WatchTables) -> None:
    chain = Chain()
    chain.grow(10)
    forged = SealedHeader(9, hash_of(9, "9"), hash_of(8), UnixSeconds(1_010), B, committed=(B,))
    watch_of(chain, store, Other([forged])).look()
    assert told(store) == []
    assert not store.knows(forged.hash)


@pytest.mark.parametrize(("gap", "kinds"), [(1, []), (30, []), (31, [Kind.BLOCK_LATE]), (0, [Kind.BLOCK_EARLY])])
def test_time__of_a_block__then_late_or_early_by_the_one_before(
    store: WatchTables, gap: int, kinds: list[Kind]
) -> None:
    chain = Chain()
    chain.grow(1)
    chain.grow(1, gap=10_000)  # block 0 is as old as the plan
    chain.grow(1, gap=gap)
    watch_of(chain, store).look()
    assert [kind for kind, _, number in told(store) if number == 2] == kinds == [kind for kind, _, _ in told(store)]


def test_time__when_several_are_early__then_told_of_the_first(store: WatchTables) -> None:
    chain = Chain()
    chain.grow(2)
    for gap in (0, 0, 0, 1, 0):
        chain.grow(1, gap=gap)
    watch_of(chain, store).look()
    assert [(kind, number) for kind, _, number in told(store)] == [(Kind.BLOCK_EARLY, 2), (Kind.BLOCK_EARLY, 6)]


def test_time__when_the_first_early_one_is_written_down_at_the_second_try__then_told(
    store: WatchTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = Chain()
    chain.grow(3)
    watch = watch_of(chain, store)
    watch.look()
    chain.grow(1, gap=0)

    def full(*_: object) -> None:
        raise StoreUnavailable("the disk is full")

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(store, "append", full)
        with pytest.raises(StoreUnavailable):
            watch.look()
    watch.look()
    assert told(store) == [(Kind.BLOCK_EARLY, B, 3)]


def test_time__when_the_first_early_one_is_replaced_by_another__then_told_of_that(store: WatchTables) -> None:
    chain = Chain()
    chain.grow(3)
    chain.grow(1, gap=0)
    watch = watch_of(chain, store)
    watch.look()
    chain.cut(2)
    chain.grow(1, gap=0, branch="1", signer=A)
    watch.look()
    assert told(store) == [(Kind.BLOCK_EARLY, A, 3)]


def test_time__when_early_ones_go_on_over_a_restart__then_told_of_the_first(store: WatchTables) -> None:
    chain = Chain()
    chain.grow(3)
    for _ in range(3):
        chain.grow(1, gap=0)
        watch_of(chain, store).look()
    assert told(store) == [(Kind.BLOCK_EARLY, B, 3)]


def test_time__when_nothing_is_agreed__then_never_early(store: WatchTables) -> None:
    chain = Chain()
    chain.grow(2)
    chain.grow(1, gap=0)
    watch_of(chain, store, block_time=None).look()
    assert told(store) == []


@pytest.mark.parametrize(("age", "off"), [(30, False), (31, True), (-15, False), (-16, True)])
def test_clock__of_the_newest_block__then_off_beyond_its_bounds(store: WatchTables, age: int, off: bool) -> None:
    chain = Chain()
    chain.grow(3)
    for _ in range(2):
        watch_of(chain, store, age=age).look()
    assert told(store) == ([(Kind.CLOCK_OFF, "", 2)] if off else [])
    chain.grow(1)
    watch_of(chain, store).look()
    assert told(store)[1:] == ([(Kind.CLOCK_RIGHT, "", 3)] if off else [])


def test_clock__when_nobody_seals__then_none(store: WatchTables) -> None:
    chain = Chain()
    chain.grow(1)
    watch_of(chain, store, age=10_000).look()
    assert told(store) == []


def test_code__when_it_differs__then_told_once(store: WatchTables) -> None:
    chain = Chain(told_codes=[CODE])
    chain.grow(2)
    for _ in range(2):
        watch_of(chain, store).look()
    assert told(store) == [(*CODE[:2], 1)]
