"""Who may seal blocks, followed from header to header: sets, votes and who is silent, by the headers alone.

Clique lists its signers at block 0 and at each epoch only, so the votes between are counted here (EIP-225); QBFT lists its
validators in every header.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from node_api.domain.findings import FindingKind
from node_api.domain.ids import Address, Hash, UnixSeconds

ROUNDS = 3
"""A validator that sealed none of so many rounds' blocks is silent."""

_MOST_PROPOSED = 256
"""Proposals of QBFT that are remembered: nothing ends them but their maker, its next block, or that they are carried."""

Notice = tuple[FindingKind, str, str]
"""Kind, subject and detail of a finding."""


@dataclass(frozen=True, slots=True)
class SealedHeader:
    """A block's header, as far as it says who sealed it.

    Attributes:
        signer: who made it; None for block 0, and where the chain's engine seals nothing.
        listed: who may seal from here on, where the header says so.
        vote: whom its maker proposes to add (True) or to remove.
        committed: whose signatures it carries beside; None where its engine has none.
    """

    number: int
    hash: Hash
    parent: Hash
    timestamp: UnixSeconds
    signer: Address | None = None
    listed: tuple[Address, ...] | None = None
    vote: tuple[Address, bool] | None = None
    committed: tuple[Address, ...] | None = None


@dataclass(frozen=True, slots=True)
class Ballot:
    """A vote that is not decided."""

    signer: Address
    subject: Address
    add: bool


@dataclass(frozen=True, slots=True)
class Council:
    """Validators as of a block.

    Attributes:
        sealed: each validator's newest block, or the one it was let in at.
        ballots: votes that are not decided, in the order of the chain.
        silent: who was told to be silent.
    """

    sealed: Mapping[Address, int]
    ballots: tuple[Ballot, ...] = ()
    silent: frozenset[Address] = frozenset()

    def follow(self, header: SealedHeader) -> tuple[Council, list[Notice]]:
        """The council after a block, and what is to be noticed of it."""
        told: list[Notice] = list(_seals_missing(header))
        after = self._sealed_by(header, told)
        if header.vote is not None and (ballot := after._voted(header)) is not None and ballot not in after.ballots:
            told.append((FindingKind.VOTE, header.vote[0], _vote_text(header)))  # engines repeat it in every block
        if header.listed is not None:
            after = after._listed(header, told)
        elif header.vote is not None:
            after = after._counted(header, told)
        return after._silence(header.number, told), told

    def made(self, header: SealedHeader) -> bool:
        """Whether one of its validators made the block, as far as nobody else can say so of it.

        Clique's makers seal what they make. QBFT's do not: of them only a block counts that two thirds of the validators sealed.
        """
        if header.signer not in self.sealed:
            return False
        return header.committed is None or len(set(self.sealed) & set(header.committed)) >= _enough(len(self.sealed))

    def _sealed_by(self, header: SealedHeader, told: list[Notice]) -> Council:
        signer = header.signer
        if signer is None or signer not in self.sealed:
            return self
        if signer in self.silent:
            missed = header.number - self.sealed[signer] - 1
            told.append((FindingKind.VALIDATOR_BACK, signer, f"seals again after {missed} blocks of others"))
        return replace(self, sealed={**self.sealed, signer: header.number}, silent=self.silent - {signer})

    def _listed(self, header: SealedHeader, told: list[Notice]) -> Council:
        """The list of a header stands, whatever was counted; of Clique's lists votes begin anew."""
        assert header.listed is not None
        if header.number == 0:
            return Council(dict.fromkeys(header.listed, 0))
        after = replace(self, ballots=() if header.committed is None else self._proposed(header))
        for validator in sorted(set(header.listed) - set(self.sealed), key=str.lower):
            after = after._added(validator, header.number, "listed by the header", told)
        for validator in sorted(set(self.sealed) - set(header.listed), key=str.lower):
            after = after._removed(validator, header.number, "not listed by the header any more", told)
        return replace(after, ballots=_without(after.ballots, lambda one: (one.subject in after.sealed) == one.add))

    def _proposed(self, header: SealedHeader) -> tuple[Ballot, ...]:
        """What QBFT's validators propose: who does so repeats it in each block of its own, one proposal after the other."""
        if header.vote is None:
            return _without(self.ballots, lambda one: one.signer == header.signer)
        ballot, (subject, _) = self._voted(header), header.vote
        if ballot in self.ballots:
            return self.ballots
        others = _without(self.ballots, lambda one: one.signer == header.signer and one.subject == subject)
        return others if ballot is None else (*others, ballot)[-_MOST_PROPOSED:]

    def _voted(self, header: SealedHeader) -> Ballot | None:
        """The header's vote; None where it would change nothing, as geth's vote for nobody."""
        assert header.vote is not None
        subject, add = header.vote
        if header.signer is None or (subject in self.sealed) == add:
            return None
        return Ballot(header.signer, subject, add)

    def _counted(self, header: SealedHeader, told: list[Notice]) -> Council:
        """Counts the vote: a signer has one for each account, and more than half of the signers decide."""
        assert header.vote is not None
        ballot, (subject, _) = self._voted(header), header.vote
        ballots = _without(self.ballots, lambda one: one.signer == header.signer and one.subject == subject)
        if ballot is not None:
            ballots = (*ballots, ballot)
        after = replace(self, ballots=ballots)
        of_it = [one for one in ballots if one.subject == subject]
        if len(of_it) <= len(self.sealed) // 2:
            return after
        by = f"by the votes of {', '.join(one.signer for one in of_it)}"
        decided = after._added if of_it[-1].add else after._removed
        after = decided(subject, header.number, by, told)
        return replace(after, ballots=_without(after.ballots, lambda one: one.subject == subject))

    def _added(self, validator: Address, number: int, how: str, told: list[Notice]) -> Council:
        told.append((FindingKind.VALIDATOR_ADDED, validator, f"{how}; {len(self.sealed) + 1} validators"))
        return replace(self, sealed={**self.sealed, validator: number})

    def _removed(self, validator: Address, _: int, how: str, told: list[Notice]) -> Council:
        told.append((FindingKind.VALIDATOR_REMOVED, validator, f"{how}; {len(self.sealed) - 1} validators"))
        return Council(
            {one: at for one, at in self.sealed.items() if one != validator},
            _without(self.ballots, lambda one: one.signer == validator),
            self.silent - {validator},
        )

    def _silence(self, number: int, told: list[Notice]) -> Council:
        allowed = ROUNDS * len(self.sealed)
        late = [one for one, at in self.sealed.items() if number - at >= allowed and one not in self.silent]
        told += [
            (FindingKind.VALIDATOR_SILENT, one, f"no block of its own since block {self.sealed[one]}") for one in late
        ]
        return replace(self, silent=self.silent | set(late)) if late else self


def _seals_missing(header: SealedHeader) -> Iterator[Notice]:
    """A QBFT block is final by the seals of two thirds of its validators: what a node that lies cannot make."""
    if header.committed is None or header.listed is None or header.number == 0:
        return
    validators = set(header.listed)
    good, needed = len(validators & set(header.committed)), _enough(len(validators))
    if good < needed:
        yield FindingKind.SEALS_MISSING, "", f"sealed by {good} of {len(validators)} validators, {needed} are needed"


def _enough(validators: int) -> int:
    """Of so many validators of QBFT, how many seal a block that stands: two thirds."""
    return -(-2 * validators // 3)


def _vote_text(header: SealedHeader) -> str:
    assert header.vote is not None
    return f"{header.signer} votes to {'add' if header.vote[1] else 'remove'} it"


def _without(ballots: Iterable[Ballot], gone: Callable[[Ballot], bool]) -> tuple[Ballot, ...]:
    return tuple(one for one in ballots if not gone(one))
