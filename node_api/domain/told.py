"""What is told outside of what happened on chain: events with a place, and the news that some of them do not stand any more."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from node_api.domain.finality import Finality
from node_api.domain.ids import Hash, MerchantId, ProgrammeId
from node_api.domain.models import BlockRef

Detail = str | int | bool | None

WHOLE_BLOCK = (1 << 31) - 1
"""A place behind everything of its block."""

_CURSOR = re.compile(r"([0-9]{1,15})(?:-([0-9]{1,10}))?(?:-([0-9]{1,15}))?")
CURSOR_PATTERN = f"^{_CURSOR.pattern}$"
_RULE = "a place is a block, block-log, or block-log-rewinds, in digits"
_REMEDY = "name a block (0: everything), an event's `offset`, or `next` of a page, as it was told"


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far somebody has been told: everything up to a place, as the chain was then.

    Attributes:
        block, log: number of the block, and of the log in it. The same event has the same place in every index of a chain.
        rewinds: number of the newest rewind of the index that is known; what came after it may have taken back what was told.
    """

    block: int
    log: int
    rewinds: int

    def __str__(self) -> str:
        """All three, always: a text without its rewinds is read as of now, and what was taken back before is not told."""
        return f"{self.block}-{self.log}-{self.rewinds}"

    @classmethod
    def read(cls, text: str, rewinds: int) -> Cursor:
        """A cursor from its text: `block`, `block-log` or `block-log-rewinds`; a block alone means all of it.

        Args:
            text: as `str` wrote it, or shorter, as people write it.
            rewinds: taken where the text names none: the newest for what people write; 0 for what was kept when a 0 was left out.

        Raises:
            ValueError: it is not one.
        """
        found = _CURSOR.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no place; the rule: {_RULE}; what to do: {_REMEDY}")
        block, log, known = found.groups()
        return cls(int(block), WHOLE_BLOCK if log is None else int(log), rewinds if known is None else int(known))


@dataclass(frozen=True, slots=True)
class Happened:
    """One event of the chain.

    Attributes:
        type: what happened, e.g. `voucher.redeemed`.
        block: where it stands.
        log: number of its log in the block.
        programme: whose it is; None where it belongs to none, or to one that does not exist.
        merchant: whom it concerns; None where it concerns none.
        data: the rest, as docs/api.md lists it.
        finality: how sure it was that it stays, when it was told.
    """

    type: str
    block: BlockRef
    log: int
    transaction: Hash
    programme: ProgrammeId | None
    merchant: MerchantId | None
    data: Mapping[str, Detail]
    finality: Finality = Finality.FINAL

    @property
    def id(self) -> str:
        """Its own, for ever: another event at the same place of another branch of the chain has another one."""
        return f"evt_{self.block.number}-{self.log}-{self.block.hash[2:18]}"


@dataclass(frozen=True, slots=True)
class Retracted:
    """The chain went back: what was told of blocks above `after_block` does not stand, what stands there now follows.

    Attributes:
        rewind: number of the newest rewind of the index that this covers.
        after_block: newest block that stands as it was told.
        at: when the node saw it, Unix seconds.
    """

    rewind: int
    after_block: int
    at: int

    @property
    def id(self) -> str:
        """Its own, for ever."""
        return f"ret_{self.rewind}-{self.after_block}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events somebody wants; None leaves it open."""

    programme: ProgrammeId | None = None
    merchant: MerchantId | None = None


@dataclass(frozen=True, slots=True)
class EventPage:
    """What follows a cursor. Each event comes with the cursor behind it; `next` goes on from there, also where none was found.

    Attributes:
        more: whether more may be there already.
    """

    events: list[tuple[Cursor, Happened | Retracted]]
    next: Cursor
    more: bool
