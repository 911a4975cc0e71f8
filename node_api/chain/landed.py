"""What a sender has seen in blocks, and whether it still stands there: a restarted chain can be some blocks short."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from node_api.chain.sender import Receipt, SignedTransaction

_KEPT = 400
"""A chain that is killed loses what its supervisor had not written down: a few blocks, far less than this."""


@dataclass(frozen=True, slots=True)
class _Landing:
    """A transaction in a block, successful or not: even a refused one is needed again, its nonce comes before others."""

    signed: SignedTransaction
    block: int
    block_hash: str
    succeeded: bool


class Landed:
    """The last transactions that came into blocks."""

    def __init__(self) -> None:
        self._landings: deque[_Landing] = deque(maxlen=_KEPT)

    @property
    def transactions(self) -> list[SignedTransaction]:
        """Oldest first."""
        return [landing.signed for landing in self._landings]

    @property
    def newest(self) -> int:
        """The highest block with one of them; -1 where there is none."""
        return max((landing.block for landing in self._landings), default=-1)

    def add(self, signed: SignedTransaction, receipt: Receipt) -> None:
        """Notes where a transaction stands."""
        self._landings.append(_Landing(signed, receipt.block, receipt.block_hash, receipt.succeeded))

    def have_moved(self, receipts: Iterable[Receipt | None]) -> bool:
        """Whether any of `transactions`, with these receipts now, is in no block or in another one than it was.

        Blocks that a restarted chain brings back from its journal have the hashes they had: they have not moved.
        """
        pairs = zip(self._landings, receipts, strict=True)
        return any(receipt is None or receipt.block_hash != landing.block_hash for landing, receipt in pairs)

    def renew(self, entries: Iterable[tuple[SignedTransaction, Receipt]]) -> bool:
        """Notes anew where all stands; says whether anything failed that had succeeded before, or the reverse."""
        before = {landing.signed.hash: landing.succeeded for landing in self._landings}
        turned = False
        self._landings.clear()
        for signed, receipt in entries:
            turned |= before.get(signed.hash, receipt.succeeded) != receipt.succeeded
            self.add(signed, receipt)
        return turned
