"""What is measured of a node at work."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits to be sent.

    Attributes:
        length: redemptions or claims that wait.
        oldest_at: when the oldest was received, milliseconds since 1970; None where none waits.
    """

    length: int
    oldest_at: int | None


@dataclass(frozen=True, slots=True)
class StoreVitals:
    """What the database says. Processes that share one say the same.

    Attributes:
        queues: what waits, by its kind.
        in_flight: signed calls whose outcome is not known.
        next_nonce: the lowest nonce that the chain still has to take from the relayer; None where nothing was signed yet.
        operations: how many stand at each state.
        refused_here: how many redemptions the node refused before sending, by reason.
        refused_on_chain: how many the contract refused, by the selector of the reason, 0x-hex.
        failing: tries in a row that each subscriber to events did not take.
        gone: whether each of them said that nobody will ever take anything there, so that it is told nothing more.
        oldest_call_at: when the oldest call in flight was signed, milliseconds since 1970; None where none is.
    """

    queues: Mapping[str, Queue]
    in_flight: int
    next_nonce: int | None
    operations: Mapping[str, int]
    refused_here: Mapping[str, int]
    refused_on_chain: Mapping[str, int]
    failing: Mapping[str, int]
    oldest_call_at: int | None = None
    gone: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChainVitals:
    """What the chain says.

    Attributes:
        head, head_at: number and time of the newest block.
        next_nonce: the relayer's next nonce by that block.
    """

    head: int
    head_at: int
    next_nonce: int


@dataclass(frozen=True, slots=True)
class NodeStanding:
    """How a node was at the last look.

    Attributes:
        address: host and port.
        height: its newest block; None where it does not answer.
        lag: blocks behind the highest.
        fault: why it does not answer; empty where it does.
    """

    address: str
    height: int | None
    lag: int = 0
    fault: str = ""


@dataclass(frozen=True, slots=True)
class NodesVitals:
    """The nodes of a chain of several, and whether any two tell different blocks where nothing can change any more."""

    standings: tuple[NodeStanding, ...] = ()
    differ: bool = False


@dataclass(frozen=True, slots=True)
class Vitals:
    """Everything measured at one moment.

    Attributes:
        chain: None where it does not answer.
        indexed, indexed_at: number and time of the newest block of the index; None where it is empty.
        rewinds: how often this process took blocks back that the chain had left.
        outbox_waits: whether something keeps the outbox from sending.
        unsigned: subscribers to events that this process can sign nothing for, for want of the key of their secrets.
        final, final_at: number and time of the newest final block of the index; None where it holds none.
        nodes: of the chain, where there may be several.
        findings: what an observer noticed, by kind; empty for a node that watches nothing.
        watched: number of the newest block that an observer looked at; None for a node that watches nothing.
    """

    store: StoreVitals
    chain: ChainVitals | None
    indexed: int | None
    indexed_at: int | None
    rewinds: int
    outbox_waits: bool
    findings: Mapping[str, int] = field(default_factory=dict)
    final: int | None = None
    final_at: int | None = None
    nodes: NodesVitals = NodesVitals()
    unsigned: int = 0
    watched: int | None = None

    @property
    def nonce_gap(self) -> int | None:
        """Nonces the chain lacks before it takes what was signed next: above 0 it lost some. None where it cannot be known."""
        if self.chain is None or self.store.next_nonce is None:
            return None
        return max(0, self.store.next_nonce - self.chain.next_nonce)

    @property
    def lag_blocks(self) -> int | None:
        """Blocks of the chain that the index does not have yet."""
        return None if self.chain is None else max(0, self.chain.head - (-1 if self.indexed is None else self.indexed))

    @property
    def lag_seconds(self) -> int | None:
        """Block time between the newest block indexed and the chain's newest."""
        if self.chain is None or self.indexed_at is None:
            return None
        return max(0, self.chain.head_at - self.indexed_at)
