"""Who may seal, followed by headers alone. `a`, `b`, … are accounts.

genesis → its list, nothing to tell
votes (Clique)
├── half of the signers → nothing; one more → in; the same signer twice → counts once, its last vote
│   └── in every block of its own, of either engine → told once; taken back (QBFT) and proposed anew → told again
├── against one → out, with its own votes, and what was voted about it is forgotten
├── for one that is in, or by nobody → no vote
└── an epoch's list → stands, whatever was counted
lists (QBFT) → one more, one less; too few seals → told, both sides of two thirds
who made a block → a validator by its own seal; where makers do not seal, by the seals of two thirds
silence: three rounds less one → not yet; three rounds → told once; its next block → back
└── a new one has three rounds from its entry on
"""

from __future__ import annotations

import pytest

from node_api.domain.council import Ballot, Council, Notice, SealedHeader
from node_api.domain.findings import FindingKind as Kind
from node_api.domain.ids import Address, Hash, UnixSeconds

A, B, C, D, E = (Address("0x" + letter * 40) for letter in "abcde")
GENESIS = Council({}).follow(SealedHeader(0, Hash("0x"), Hash("0x"), UnixSeconds(0), listed=(A, B, C)))


def header(number: int, signer: Address | None, **told: object) -> SealedHeader:
    return SealedHeader(number, Hash(f"0x{number}"), Hash(f"0x{number - 1}"), UnixSeconds(number), signer, **told)  # type: ignore[arg-type]


def follow(council: Council, *headers: SealedHeader) -> tuple[Council, list[tuple[Kind, str]]]:
    told: list[Notice] = []
    for one in headers:
        council, noticed = council.follow(one)
        told += noticed
    return council, [(kind, subject) for kind, subject, _ in told]


def of(*members: Address) -> Council:
    return Council(dict.fromkeys(members, 0))


def test_genesis__when_it_lists_signers__then_they_are_in_and_nothing_is_told() -> None:
    assert (of(A, B, C), []) == GENESIS


def test_votes__when_more_than_half_agree__then_one_is_in() -> None:
    half, told = follow(of(A, B, C, D), header(1, A, vote=(E, True)), header(2, B, vote=(E, True)))
    assert (set(half.sealed), told) == ({A, B, C, D}, [(Kind.VOTE, E), (Kind.VOTE, E)])
    whole, told = follow(half, header(3, C, vote=(E, True)))
    assert told == [(Kind.VOTE, E), (Kind.VALIDATOR_ADDED, E)]
    assert (whole.sealed[E], whole.ballots) == (3, ())


def test_votes__when_one_votes_twice__then_its_last_counts_once() -> None:
    found, told = follow(of(A, B, C), header(1, A, vote=(E, True)), header(2, A, vote=(E, True)))
    assert (found.ballots, E in found.sealed) == ((Ballot(A, E, True),), False)
    taken_back, told = follow(found, header(3, A, vote=(E, False)))
    assert (taken_back.ballots, told) == ((), [])


def test_votes__when_one_repeats_its_vote__then_told_once() -> None:
    votes = [header(1, A, vote=(E, True)), header(2, B), header(3, A, vote=(E, True)), header(5, A, vote=(E, True))]
    found, told = follow(of(A, B, C, D), *votes)
    assert (found.ballots, told) == ((Ballot(A, E, True),), [(Kind.VOTE, E)])
    assert follow(found, header(6, A, vote=(E, False)), header(7, A, vote=(E, True)))[1] == [(Kind.VOTE, E)]


def test_list__when_one_repeats_its_votes__then_each_is_told_once() -> None:
    def block(number: int, signer: Address, *vote: tuple[Address, bool], listed: tuple[Address, ...]) -> SealedHeader:
        return header(number, signer, listed=listed, vote=vote[0] if vote else None, committed=(A, B, C))

    members = (A, B, C)
    votes = [
        block(1, A, (D, True), listed=members),
        block(2, B, listed=members),
        block(3, A, (E, True), listed=members),
        block(4, A, (D, True), listed=members),
        block(5, C, (B, False), listed=members),
        block(6, C, (B, False), listed=members),
    ]
    found, told = follow(of(*members), *votes)
    assert told == [(Kind.VOTE, D), (Kind.VOTE, E), (Kind.VOTE, B)]
    taken_back, told = follow(found, block(7, A, listed=members), block(8, A, (D, True), listed=members))
    assert (taken_back.ballots, told) == ((Ballot(C, B, False), Ballot(A, D, True)), [(Kind.VOTE, D)])
    carried, told = follow(taken_back, block(9, B, listed=(*members, D)))
    assert (carried.ballots, told) == ((Ballot(C, B, False),), [(Kind.VALIDATOR_ADDED, D)])


def test_votes__when_one_is_voted_out__then_its_votes_go_and_those_about_it() -> None:
    votes = [header(1, C, vote=(E, True)), header(2, A, vote=(C, False)), header(3, B, vote=(C, False))]
    found, told = follow(of(A, B, C), *votes)
    assert told[-2:] == [(Kind.VOTE, C), (Kind.VALIDATOR_REMOVED, C)]
    assert (set(found.sealed), found.ballots) == ({A, B}, ())
    back, told = follow(found, header(4, A, vote=(C, True)), header(5, B, vote=(C, True)))
    assert (set(back.sealed), told[-1]) == ({A, B, C}, (Kind.VALIDATOR_ADDED, C))


@pytest.mark.parametrize(("signer", "vote"), [(A, (A, True)), (A, (E, False)), (None, (E, True))])
def test_votes__when_they_would_change_nothing__then_none(signer: Address | None, vote: tuple[Address, bool]) -> None:
    found, told = follow(of(A), header(1, signer, vote=vote))
    assert (set(found.sealed), found.ballots, told) == ({A}, (), [])


def test_epoch__when_it_lists_others__then_the_list_stands_and_votes_begin_anew() -> None:
    voted, _ = follow(of(A, B, C), header(1, A, vote=(E, True)))
    found, told = follow(voted, header(2, B, listed=(A, B, D)))
    assert (set(found.sealed), found.ballots) == ({A, B, D}, ())
    assert told == [(Kind.VALIDATOR_ADDED, D), (Kind.VALIDATOR_REMOVED, C)]


def test_list__when_every_header_has_one__then_changes_and_votes_are_told() -> None:
    found, told = follow(
        of(A, B, C),
        header(1, A, listed=(A, B, C), vote=(D, True), committed=(A, B)),
        header(2, B, listed=(A, B, C, D), committed=(A, B, C)),
    )
    assert (set(found.sealed), told) == ({A, B, C, D}, [(Kind.VOTE, D), (Kind.VALIDATOR_ADDED, D)])


@pytest.mark.parametrize(
    ("committed", "told"),
    [
        ((A, B, C), []),
        ((A, B), [(Kind.SEALS_MISSING, "")]),
        ((A, B, B), [(Kind.SEALS_MISSING, "")]),
        ((A, B, E), [(Kind.SEALS_MISSING, "")]),
    ],
)
def test_seals__when_of_two_thirds__then_enough(committed: tuple[Address, ...], told: list[tuple[Kind, str]]) -> None:
    assert follow(of(A, B, C, D), header(1, A, listed=(A, B, C, D), committed=committed))[1] == told


@pytest.mark.parametrize(
    ("signer", "committed", "made"),
    [
        (A, None, True),
        (E, None, False),
        (None, None, False),
        (A, (B, C, D), True),
        (A, (B, C), False),
        (A, (B, C, C, E), False),
        (A, (), False),
        (E, (A, B, C, D), False),
    ],
)
def test_block__by_its_seals__then_made_by_a_validator(
    signer: Address | None, committed: tuple[Address, ...] | None, made: bool
) -> None:
    assert of(A, B, C, D).made(header(1, signer, listed=(A, B, C, D), committed=committed)) is made


def test_silence__when_three_rounds_pass__then_told_once_and_back() -> None:
    two = [header(number, (A, B)[number % 2]) for number in range(1, 10)]
    quiet, told = follow(of(A, B, C), *two[:8])
    assert told == []
    silent, told = follow(quiet, *two[8:], header(10, A), header(11, B))
    assert (told, silent.silent) == ([(Kind.VALIDATOR_SILENT, C)], frozenset({C}))
    back, told = follow(silent, header(12, C))
    assert (told, back.silent, back.sealed[C]) == ([(Kind.VALIDATOR_BACK, C)], frozenset(), 12)


def test_silence__when_one_is_new__then_three_rounds_from_its_entry_on() -> None:
    joined, _ = follow(of(A), header(5, A, vote=(B, True)))
    assert follow(joined, *(header(number, A) for number in range(6, 11)))[1] == []
    assert follow(joined, *(header(number, A) for number in range(6, 12)))[1] == [(Kind.VALIDATOR_SILENT, B)]
