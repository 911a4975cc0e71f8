"""Events of a programme's publication and of validity policies: their arguments by name to domain events."""

from __future__ import annotations

from collections.abc import Mapping

from node_api.chain.event_args import Args, EventReader, bytes_of, number_of, struct_of, text_of
from node_api.domain.events import Event
from node_api.domain.life_events import ExceptionStep, PolicyStep, PolicyWritten, ProgrammeAnnounced, PublicationSet

_PUBLICATION = "notice_seconds how_to_use_hash how_to_use_uri conditions_hash conditions_uri"  # PublicationTerms
_POLICY = "faces difficulties rows"  # ValidityPolicy
_BATCH = (
    "programme line kind face minimum_spend percentage categories region channels valid_from valid_until"
    " claim_days quota"  # BatchTerms
)
_FACE_BYTES, _DIFFICULTY_BYTES = 6, 4
_ROW_BYTES = (1, 1, 1, 4, 4)  # ValidityRow


def _publication_set(args: Args) -> tuple[Event, ...]:
    terms = struct_of(args, "terms", _PUBLICATION)
    return (
        PublicationSet(
            programme=number_of(args, "programme"),
            notice_seconds=number_of(terms, "notice_seconds"),
            how_to_use_hash=bytes_of(terms, "how_to_use_hash"),
            how_to_use_uri=text_of(terms, "how_to_use_uri"),
            conditions_hash=bytes_of(terms, "conditions_hash"),
            conditions_uri=text_of(terms, "conditions_uri"),
            actor=bytes_of(args, "by"),
        ),
    )


def _announced(args: Args) -> tuple[Event, ...]:
    """The texts stand in the `PublicationSet` before it, too."""
    names = ("programme", "startsAt", "endsAt", "quota", "earliest")
    programme, starts_at, ends_at, quota, earliest = (number_of(args, name) for name in names)
    return (ProgrammeAnnounced(programme, starts_at, ends_at, quota, earliest),)


def _policy_proposed(args: Args) -> tuple[Event, ...]:
    terms = struct_of(args, "terms", _POLICY)
    faces, difficulties, rows = (terms[name] for name in _POLICY.split())
    assert isinstance(faces, tuple)
    assert isinstance(difficulties, tuple)
    assert isinstance(rows, tuple)
    policy = number_of(args, "policy")
    return (
        PolicyWritten(
            policy,
            b"".join(face.to_bytes(_FACE_BYTES, "big") for face in faces),
            b"".join(one.to_bytes(_DIFFICULTY_BYTES, "big") for one in difficulties),
            b"".join(value.to_bytes(size, "big") for row in rows for value, size in zip(row, _ROW_BYTES, strict=True)),
        ),
        PolicyStep(policy, "proposed", bytes_of(args, "by"), text_of(args, "reason")),
    )


def _policy_step(name: str) -> EventReader:
    def reader(args: Args) -> tuple[Event, ...]:
        reason = text_of(args, "reason") if "reason" in args else ""
        return (PolicyStep(number_of(args, "policy"), name, bytes_of(args, "by"), reason),)

    return reader


def _exception_step(name: str) -> EventReader:
    def reader(args: Args) -> tuple[Event, ...]:
        nothing: Args = dict.fromkeys(_BATCH.split(), 0)
        terms = struct_of(args, "terms", _BATCH) if "terms" in args else nothing
        step = ExceptionStep(
            exception=bytes_of(args, "exception"),
            name=name,
            ref=text_of(args, "ref") if "ref" in args else "",
            programme=number_of(terms, "programme"),
            valid_from=number_of(terms, "valid_from"),
            valid_until=number_of(terms, "valid_until"),
            claim_days=number_of(terms, "claim_days"),
            actor=bytes_of(args, "by"),
            reason=text_of(args, "reason") if "reason" in args else "",
        )
        return (step,)

    return reader


LIFE_READERS: Mapping[str, EventReader] = {
    "PublicationSet": _publication_set,
    "ProgrammeAnnounced": _announced,
    "PolicyProposed": _policy_proposed,
    "PolicyApproved": _policy_step("approved"),
    "PolicyWithdrawn": _policy_step("withdrawn"),
    "ValidityExceptionProposed": _exception_step("proposed"),
    "ValidityExceptionGranted": _exception_step("granted"),
    "ValidityExceptionRejected": _exception_step("rejected"),
}
