"""What time the next block will have, and on which block it will stand."""

from dataclasses import dataclass
from typing import Protocol

from node_api.domain.ids import Hash, UnixSeconds


@dataclass(frozen=True, slots=True)
class NextBlock:
    """The block a transaction sent now would stand in.

    Attributes:
        timestamp: the time the rules will be judged by, as far as it is known before the block is there.
        head: number of the newest block.
        head_hash: its hash.
    """

    timestamp: UnixSeconds
    head: int
    head_hash: Hash


class ChainHead(Protocol):
    """Looks at the chain's head. Thread-safe."""

    def next_block(self) -> NextBlock:
        """The next block.

        Raises:
            ChainUnavailable: the chain does not answer.
        """
        ...


class IndexFollower(Protocol):
    """Brings the index up to the chain. Thread-safe."""

    def catch_up(self) -> None:
        """Indexes everything up to the chain's newest block.

        Raises:
            ChainUnavailable: the chain does not answer.
        """
        ...
