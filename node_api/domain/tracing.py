"""The whole life of one voucher, put together for an auditor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from node_api.domain.ids import Address, Amount, Hash, UnixSeconds
from node_api.domain.models import BlockRef, Merchant, Programme, TxRef, VoucherFacts, VoucherKind, VoucherState

ROLE_NAMES = (
    "ADMIN",
    "TREASURER",
    "APPROVER",
    "REGISTRAR",
    "OPERATOR",
    "ARBITER",
    "AUDITOR",
    "EMERGENCY",
    "ATTESTOR",
)
"""The roles of the AccessManager by number, as in `Roles.sol`."""


class Marks(NamedTuple):
    """What may have befallen a voucher beside being redeemed; False where it certainly did not."""

    frozen: bool = True
    refused: bool = True
    claimed: bool = True
    passed_on: bool = True
    place_changed: bool = True
    booked: bool = True
    consented: bool = True
    paid: bool = True
    disputed: bool = True
    reversed: bool = True


@dataclass(frozen=True, slots=True)
class LifeStep:
    """One thing that happened.

    Attributes:
        what: in a few words: `programme approved`, `roll written`, `redeemed` …
        tx: where.
        actor: the account that did it.
        roles: the roles that account had at that block.
        details: more about it, by name.
    """

    what: str
    tx: TxRef
    actor: Address
    roles: tuple[str, ...]
    details: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something checked anew.

    Attributes:
        what: the question, in words.
        good: the answer; None where it cannot be checked, `detail` says why.
        detail: what it rests on.
    """

    what: str
    good: bool | None
    detail: str


@dataclass(frozen=True, slots=True)
class VoucherTrace:
    """The outcome.

    Attributes:
        block: everything stands as of this block.
        facts: the voucher, its batch, roll, holder and redemption.
        programme: its programme.
        merchant: where it was redeemed; None where it was not.
        state: at the block's time.
        kind: fixed value, percentage or stored value.
        rest: what it still gives; of a percentage at most.
        next_sequence: of stored value, what its next redemption must carry; else 0.
        valid_until: end of its validity, exclusive.
        custodial: whether the node's wallet kept the holder's key, so that the operator could have signed; None where the
            voucher moved, since nobody recorded it.
        receipt: salted hash of the receipt it was redeemed against.
        steps: its life in the order of the chain.
        findings: what was checked anew.
    """

    block: BlockRef
    facts: VoucherFacts
    programme: Programme
    merchant: Merchant | None
    state: VoucherState
    kind: VoucherKind
    rest: Amount
    next_sequence: int
    valid_until: UnixSeconds
    custodial: bool | None
    receipt: Hash | None
    steps: tuple[LifeStep, ...]
    findings: tuple[Finding, ...]

    @property
    def sound(self) -> bool:
        """Whether no check failed; one that could not be made does not count against it."""
        return all(finding.good is not False for finding in self.findings)
