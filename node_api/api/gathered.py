"""What requests of about the same time do together: who asks, taking redemptions and claims in, reading operations anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import Depends, Request

from node_api.api.fields import In, body_hash
from node_api.api.gathering import Gathering
from node_api.api.node import Node, TakesIn
from node_api.api.requests import RedeemIn
from node_api.api.waiting import Waiting
from node_api.domain.access import ApiKey
from node_api.domain.claims import ClaimOutcome
from node_api.domain.finality import Finality
from node_api.domain.operations import Operation
from node_api.services.claiming import ClaimSubmission
from node_api.services.operations import Submission

_MOST = 100
_MOST_BATCHES = 8
"""Requests of up to a hundred redemptions each: together what one transaction takes in without keeping others out."""
_NO_CLAIMS = "a process that only takes redemptions in has no route of claims"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to redeem, as it came in; `kind` keeps the keys of one body apart by the route it was sent to."""

    caller: ApiKey
    key: str
    kind: str
    body: In
    items: Sequence[RedeemIn]

    def submission(self) -> Submission | Exception:
        """For the services; or why it cannot be read, which is told to whoever asked it alone."""
        try:
            hash_ = body_hash(self.kind, self.body)
            requests = [item.to_domain(self.caller) for item in self.items]
        except Exception as fault:  # noqa: BLE001  CodeUnreadable, or a bug: it is raised where the answer is waited for
            return fault
        return Submission(self.caller, self.key, hash_, requests, batch=self.kind == "batch")


@dataclass(frozen=True, slots=True)
class Gathered:
    """One gathering for each kind of work; and who waits for operations."""

    callers: Gathering[str, ApiKey]
    singles: Gathering[Asked, Operation]
    batches: Gathering[Asked, Operation]
    operations: Gathering[str, Operation]
    claiming: Gathering[ClaimSubmission, ClaimOutcome]
    claims: Gathering[ClaimOutcome, ClaimOutcome]
    waiting: Waiting
    finality: Callable[[Operation], Finality | None]


def gather(node: TakesIn) -> Gathered:
    """Those of a node."""
    return Gathered(
        callers=Gathering(node.keyring.callers, most=_MOST),
        singles=Gathering(partial(_take_in, node), most=_MOST),
        batches=Gathering(partial(_take_in, node), most=_MOST_BATCHES),
        operations=Gathering(partial(_reload, node), most=_MOST),
        claiming=Gathering(partial(_claim, node), most=_MOST),
        claims=Gathering(partial(_claims_anew, node), most=_MOST),
        waiting=node.waiting,
        finality=partial(_finality, node),
    )


def _finality(node: TakesIn, operation: Operation) -> Finality | None:
    return node.redemptions.finality(operation)


def _take_in(node: TakesIn, asked: Sequence[Asked]) -> list[Operation | Exception]:
    read = [one.submission() for one in asked]
    taken = iter(node.redemptions.submit([one for one in read if isinstance(one, Submission)]))
    return [next(taken) if isinstance(one, Submission) else one for one in read]


def _reload(node: TakesIn, asked: Sequence[str]) -> list[Operation | Exception]:
    return node.redemptions.reload(asked)


def _claim(node: TakesIn, asked: Sequence[ClaimSubmission]) -> list[ClaimOutcome | Exception]:
    assert isinstance(node, Node), _NO_CLAIMS
    return node.writing.claims.submit(asked)


def _claims_anew(node: TakesIn, asked: Sequence[ClaimOutcome]) -> list[ClaimOutcome]:
    assert isinstance(node, Node), _NO_CLAIMS
    return node.writing.claims.reload(asked)


async def _gathered(request: Request) -> Gathered:
    """The gatherings of this application. On the event loop: a dependency that is no coroutine is handed to a thread."""
    gathered: Gathered = request.app.state.gathered
    return gathered


TheGathered = Annotated[Gathered, Depends(_gathered)]
