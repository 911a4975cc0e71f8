"""What the API answers from: the services of one node."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import Depends, Request

from node_api.api.events import Streams
from node_api.api.waiting import Waiting
from node_api.domain.errors import NodeOnlyObserves
from node_api.services.api_keys import ApiKeyring
from node_api.services.audits import Audits
from node_api.services.bookings import Bookings
from node_api.services.casework import CaseWork
from node_api.services.claiming import Claiming
from node_api.services.codes import CodeMaker
from node_api.services.fresh import FreshReads
from node_api.services.operations import Redemptions
from node_api.services.oversight import Oversight
from node_api.services.passing import Passing
from node_api.services.ports.telling import EventLog
from node_api.services.ports.watching import FindingReads
from node_api.services.rates import Rates
from node_api.services.reserving import Reserving
from node_api.services.subscribing import Subscribing
from node_api.services.vitals import NodeVitals


@dataclass(frozen=True, slots=True)
class SigningDomain:
    """What a holder's own wallet needs to sign: the EIP-712 domain and types, as JSON."""

    domain: dict[str, str | int]
    types: dict[str, list[dict[str, str]]]


@dataclass(frozen=True, slots=True)
class Writing:
    """The services that carry something out, and what they keep of it."""

    redemptions: Redemptions
    codes: CodeMaker
    oversight: Oversight
    cases: CaseWork
    claims: Claiming
    bookings: Bookings
    reserving: Reserving
    passing: Passing
    subscribing: Subscribing


@dataclass(frozen=True, slots=True)
class Node:
    """The services behind the routes.

    Attributes:
        writes: what carries something out; None for a node that only observes.
        error_selectors: 0x-hex selector of every custom error of the contracts, by name.
        faults: what keeps the node from working now, by name; empty when it is ready.
    """

    fresh: FreshReads
    audits: Audits
    writes: Writing | None
    keyring: ApiKeyring
    waiting: Waiting
    signing: SigningDomain
    error_selectors: dict[str, str]
    faults: Callable[[], dict[str, str]]
    vitals: NodeVitals
    events: EventLog
    findings: FindingReads
    streams: Streams
    rates: Rates

    @property
    def writing(self) -> Writing:
        """What carries something out. Raises NodeOnlyObserves."""
        if self.writes is None:
            raise NodeOnlyObserves("this node")
        return self.writes

    @property
    def only_observes(self) -> bool:
        """Whether it carries nothing out."""
        return self.writes is None

    @property
    def redemptions(self) -> Redemptions:
        """What takes redemptions in. Raises NodeOnlyObserves."""
        return self.writing.redemptions


class TakesIn(Protocol):
    """The services behind the hot routes: of a whole node, or of a process that only takes in."""

    @property
    def keyring(self) -> ApiKeyring:
        """Who asks."""
        ...

    @property
    def rates(self) -> Rates:
        """How often they may."""
        ...

    @property
    def waiting(self) -> Waiting:
        """Who waits for operations."""
        ...

    @property
    def redemptions(self) -> Redemptions:
        """What takes redemptions in. Raises NodeOnlyObserves."""
        ...

    @property
    def only_observes(self) -> bool:
        """Whether it carries nothing out."""
        ...


@dataclass(frozen=True, slots=True)
class Intake:
    """The services of a process that only takes redemptions in. Implements `TakesIn`."""

    keyring: ApiKeyring
    rates: Rates
    waiting: Waiting
    redemptions: Redemptions
    only_observes: bool = False


async def node_of(request: Request) -> Node:
    """The node that this application was made for. On the event loop: a dependency that is no coroutine is handed to a thread."""
    node: Node = request.app.state.node
    return node


TheNode = Annotated[Node, Depends(node_of)]
