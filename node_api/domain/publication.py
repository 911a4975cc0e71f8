"""What a programme is published with beside its terms."""

from __future__ import annotations

from dataclasses import dataclass

from node_api.domain.ids import Amount, Hash, UnixSeconds


@dataclass(frozen=True, slots=True)
class PublishedText:
    """A published text: its hash, and where it is found; the address may be empty."""

    hash: Hash
    uri: str


@dataclass(frozen=True, slots=True)
class Publication:
    """What a programme is, or will be, published with.

    Attributes:
        notice_seconds: between publication and activation at least.
        quota: sum of its budget lines as approved; 0 before its publication.
        earliest: first second in which it can be activated; 0 before its publication.
    """

    notice_seconds: int
    how_to_use: PublishedText | None
    conditions: PublishedText | None
    quota: Amount
    earliest: UnixSeconds
