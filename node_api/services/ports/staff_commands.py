"""What staff do about merchants, budgets, places of rolls and the list of tokens while programmes run: one frozen command each.

Money is in the token's smallest unit, regions are packed, categories and channels are bit masks.
"""

from __future__ import annotations

from dataclasses import dataclass

from node_api.domain.ids import Address, Amount, Hash, LineId, MerchantId, Place, RollId
from node_api.services.ports.treasury_terms import MerchantTerms


@dataclass(frozen=True, slots=True)
class RejectMerchant:
    """Rejects an application for good. By the approver."""

    merchant: MerchantId
    reason: str


@dataclass(frozen=True, slots=True)
class ReinstateMerchant:
    """Takes a suspension back. By the approver."""

    merchant: MerchantId
    reason: str


@dataclass(frozen=True, slots=True)
class ProposeRemoval:
    """Proposes that a merchant be removed. By the registrar."""

    merchant: MerchantId
    reason: str


@dataclass(frozen=True, slots=True)
class RemoveMerchant:
    """Removes a merchant whose removal was proposed. By the approver."""

    merchant: MerchantId
    reason: str


@dataclass(frozen=True, slots=True)
class ProposeChange:
    """Proposes other terms with the same payout account. By the registrar."""

    merchant: MerchantId
    terms: MerchantTerms


@dataclass(frozen=True, slots=True)
class ChangeMerchant:
    """Puts exactly the proposed terms into force. By the approver."""

    merchant: MerchantId
    terms: MerchantTerms


@dataclass(frozen=True, slots=True)
class ProposePayout:
    """Proposes another payout account. By the registrar."""

    merchant: MerchantId
    account: Address


@dataclass(frozen=True, slots=True)
class ApprovePayout:
    """Puts exactly the proposed payout account into force, three days after its proposal. By the approver."""

    merchant: MerchantId
    account: Address


@dataclass(frozen=True, slots=True)
class WithdrawPayout:
    """Takes a proposed payout account back. By the registrar."""

    merchant: MerchantId
    reason: str


@dataclass(frozen=True, slots=True)
class AddKey:
    """Gives a merchant a key. By the registrar."""

    merchant: MerchantId
    key: Address


@dataclass(frozen=True, slots=True)
class RemoveKey:
    """Takes a key from a merchant. By the registrar."""

    merchant: MerchantId
    key: Address


@dataclass(frozen=True, slots=True)
class ReplaceKey:
    """Puts a key in another one's place. By the registrar."""

    merchant: MerchantId
    old: Address
    key: Address


@dataclass(frozen=True, slots=True)
class RemoveTerminal:
    """Takes a terminal from a merchant. By the registrar."""

    merchant: MerchantId
    terminal: Address


@dataclass(frozen=True, slots=True)
class ReplaceTerminal:
    """Puts a terminal in another one's place; its daily limit goes over. By the registrar."""

    merchant: MerchantId
    old: Address
    terminal: Address


@dataclass(frozen=True, slots=True)
class LimitTerminal:
    """Limits what a terminal may redeem in a local day; 0 for no limit. By the registrar."""

    merchant: MerchantId
    terminal: Address
    daily_limit: Amount


@dataclass(frozen=True, slots=True)
class ProposeMove:
    """Proposes to move budget between two lines of one programme and funder. By the treasurer."""

    from_line: LineId
    to_line: LineId
    amount: Amount
    reason: str


@dataclass(frozen=True, slots=True)
class ApproveMove:
    """Carries a proposed move out. By the approver."""

    move: int


@dataclass(frozen=True, slots=True)
class WithdrawMove:
    """Takes a proposed move back. By the treasurer."""

    move: int
    reason: str


@dataclass(frozen=True, slots=True)
class DepositFromFunder:
    """Moves money of the line's funder, who allowed it, into escrow; `slip` as for any deposit. By the treasurer."""

    line: LineId
    amount: Amount
    slip: Hash


@dataclass(frozen=True, slots=True)
class DisallowToken:
    """Takes a token off the Treasury's list. By the approver."""

    token: Address


@dataclass(frozen=True, slots=True)
class AppointAuditor:
    """Gives an account the role AUDITOR; it takes effect after the role's grant delay. By the admin."""

    account: Address


@dataclass(frozen=True, slots=True)
class GrantRelayer:
    """Gives an account the role OPERATOR; it takes effect after the role's grant delay. By the admin."""

    account: Address


@dataclass(frozen=True, slots=True)
class RevokeRelayer:
    """Takes the role OPERATOR from an account. By the admin."""

    account: Address


@dataclass(frozen=True, slots=True)
class SyncRelayer:
    """Has an account relay, or no longer relay, as its role says. Anybody may; here the admin does."""

    account: Address


@dataclass(frozen=True, slots=True)
class ProposePlace:
    """Proposes a roll's place for another holder; `batches` were opened so far. By the registrar."""

    roll: RollId
    place: Place
    account: Address
    reason: str
    batches: int


@dataclass(frozen=True, slots=True)
class ApprovePlace:
    """Gives a roll's place to exactly the holder proposed; `batches` were opened so far. By the approver."""

    roll: RollId
    place: Place
    account: Address
    batches: int


@dataclass(frozen=True, slots=True)
class WithdrawPlace:
    """Takes back what is proposed for a place. By the registrar."""

    roll: RollId
    place: Place
    reason: str


StaffCommand = (
    RejectMerchant
    | ReinstateMerchant
    | ProposeRemoval
    | RemoveMerchant
    | ProposeChange
    | ChangeMerchant
    | ProposePayout
    | ApprovePayout
    | WithdrawPayout
    | AddKey
    | RemoveKey
    | ReplaceKey
    | RemoveTerminal
    | ReplaceTerminal
    | LimitTerminal
    | ProposeMove
    | ApproveMove
    | WithdrawMove
    | DepositFromFunder
    | DisallowToken
    | AppointAuditor
    | GrantRelayer
    | RevokeRelayer
    | SyncRelayer
    | ProposePlace
    | ApprovePlace
    | WithdrawPlace
)
"""The commands of this module."""
