"""For every event of a claim: its arguments by name, as the ABI has them, to domain events."""

from __future__ import annotations

from collections.abc import Mapping

from node_api.chain.event_args import Args, EventReader, bytes_of, number_of, struct_of, text_of
from node_api.domain.claim_events import (
    ClaimRefused,
    ClaimRolled,
    NullifiersUsed,
    RootStep,
    RoundClosed,
    RoundOpened,
)
from node_api.domain.events import Event

_BATCH_BYTES = 3
_ROUND = "places opens_at closes_at root batches"  # RoundTerms


def _root_step(kind: str) -> EventReader:
    def reader(args: Args) -> tuple[Event, ...]:
        reason = text_of(args, "reason") if "reason" in args else ""
        return (RootStep(number_of(args, "programme"), bytes_of(args, "root"), kind, bytes_of(args, "by"), reason),)

    return reader


def _opened(args: Args) -> tuple[Event, ...]:
    terms = struct_of(args, "terms", _ROUND)
    batches = terms["batches"]
    assert isinstance(batches, tuple)
    return (
        RoundOpened(
            round_key=_round_key(args),
            actor=bytes_of(args, "by"),
            places=number_of(terms, "places"),
            opens_at=number_of(terms, "opens_at"),
            closes_at=number_of(terms, "closes_at"),
            root=bytes_of(terms, "root"),
            batches=b"".join(batch.to_bytes(_BATCH_BYTES) for batch in batches),
        ),
    )


def _rolled(args: Args) -> tuple[Event, ...]:
    return (ClaimRolled(number_of(args, "roll"), _round_key(args), number_of(args, "places")),)


def _used(args: Args) -> tuple[Event, ...]:
    nullifiers = args["nullifiers"]
    assert isinstance(nullifiers, tuple)
    return (NullifiersUsed(number_of(args, "roll"), b"".join(nullifiers)),)


def _refused(args: Args) -> tuple[Event, ...]:
    index, digest, reason = number_of(args, "index"), bytes_of(args, "digest"), bytes_of(args, "reason")
    return (ClaimRefused(_round_key(args), index, digest, reason),)


def _closed(args: Args) -> tuple[Event, ...]:
    return (RoundClosed(_round_key(args), bytes_of(args, "by"), number_of(args, "given")),)


def _round_key(args: Args) -> int:
    return number_of(args, "programme") << 16 | number_of(args, "round")


CLAIM_READERS: Mapping[str, EventReader] = {
    "EligibilityRootProposed": _root_step("proposed"),
    "EligibilityRootApproved": _root_step("approved"),
    "EligibilityRootWithdrawn": _root_step("withdrawn"),
    "RoundOpened": _opened,
    "ClaimRolled": _rolled,
    "NullifiersUsed": _used,
    "ClaimRefused": _refused,
    "RoundClosed": _closed,
}
