"""What a step about a merchant takes: the command, or nothing where it is so already."""

from __future__ import annotations

from node_api.domain.errors import NothingProposed
from node_api.domain.ids import Address, Amount
from node_api.domain.models import Merchant, MerchantStatus, TxRef
from node_api.services.ports import staff_commands as s
from node_api.services.ports.auditing import AuditReader
from node_api.services.ports.treasury import ActivateMerchants, AddTerminal, Command, SuspendMerchant
from node_api.services.ports.treasury_terms import MerchantTerms

_REMOVAL = "removal-proposed"


def activation(merchant: Merchant) -> Command | None:
    """Activates it, unless it is active."""
    return None if merchant.status is MerchantStatus.ACTIVE else ActivateMerchants((merchant.id,))


def rejection(merchant: Merchant, reason: str) -> Command | None:
    """Rejects its application, unless it is removed."""
    return None if merchant.status is MerchantStatus.REMOVED else s.RejectMerchant(merchant.id, reason)


def suspension(merchant: Merchant, reason: str) -> Command | None:
    """Suspends it, unless it is suspended."""
    return None if merchant.status is MerchantStatus.SUSPENDED else SuspendMerchant(merchant.id, reason)


def reinstatement(merchant: Merchant, reason: str) -> Command | None:
    """Takes its suspension back, unless it is active."""
    return None if merchant.status is MerchantStatus.ACTIVE else s.ReinstateMerchant(merchant.id, reason)


def removal_proposal(reader: AuditReader, merchant: Merchant, reason: str) -> Command | None:
    """Proposes its removal, unless that was proposed or done."""
    proposed = any(step.name == _REMOVAL for step in reader.merchant_steps(merchant.id))
    return None if proposed else s.ProposeRemoval(merchant.id, reason)


def removal(merchant: Merchant, reason: str) -> Command | None:
    """Removes it, unless it is removed."""
    return None if merchant.status is MerchantStatus.REMOVED else s.RemoveMerchant(merchant.id, reason)


def terms_of(merchant: Merchant, categories: int | None, region: int | None, channels: int | None) -> MerchantTerms:
    """Its terms, other ones where given."""
    return MerchantTerms(
        categories=merchant.categories if categories is None else categories,
        region=merchant.region if region is None else region,
        channels=merchant.channels if channels is None else channels,
        payout=merchant.payout,
    )


def change_proposal(reader: AuditReader, merchant: Merchant, terms: MerchantTerms) -> Command | None:
    """Proposes other terms, unless they wait already. Those in force are proposed where others wait, in whose place they come."""
    waiting = proposed_terms(reader, merchant)
    if terms == (terms_of(merchant, None, None, None) if waiting is None else waiting):
        return None
    return s.ProposeChange(merchant.id, terms)


def proposed_terms(reader: AuditReader, merchant: Merchant) -> MerchantTerms | None:
    """The terms that wait for an approver; None where none do.

    Terms are proposed with the payout account of that time: once it changed, the contract does not take them any more.
    """
    steps = reader.terms_steps(merchant.id)
    if not steps or steps[-1].name != "proposed" or _payout_changed_since(reader, merchant, steps[-1].tx):
        return None
    return terms_of(merchant, steps[-1].categories, steps[-1].region, steps[-1].channels)


def change(reader: AuditReader, merchant: Merchant) -> Command | None:
    """Puts the proposed terms into force, unless the last ones proposed are.

    Raises:
        NothingProposed: nobody ever proposed any, or the payout account changed since.
    """
    terms = proposed_terms(reader, merchant)
    if terms is not None:
        return s.ChangeMerchant(merchant.id, terms)
    steps = reader.terms_steps(merchant.id)
    if not steps:
        raise NothingProposed(f"other terms of merchant {merchant.ref}")
    if steps[-1].name == "proposed":
        raise NothingProposed(f"other terms of merchant {merchant.ref}: its payout account changed since")
    return None


def _payout_changed_since(reader: AuditReader, merchant: Merchant, tx: TxRef) -> bool:
    then = tx.block.number, tx.log_index
    changes = [one.tx for one in reader.payout_changes(merchant.id) if one.name == "changed"]
    return any((one.block.number, one.log_index) > then for one in changes)


def payout_on_its_way(reader: AuditReader, merchant: Merchant) -> Address | None:
    """The payout account that waits for an approver; None where none does."""
    changes = reader.payout_changes(merchant.id)
    return changes[-1].account if changes and changes[-1].name == "proposed" else None


def payout_proposal(reader: AuditReader, merchant: Merchant, account: Address) -> Command | None:
    """Proposes a payout account, unless it is in force or on its way."""
    if account in (merchant.payout, payout_on_its_way(reader, merchant)):
        return None
    return s.ProposePayout(merchant.id, account)


def payout_approval(merchant: Merchant, account: Address) -> Command | None:
    """Puts exactly this account into force, unless it is."""
    return None if merchant.payout == account else s.ApprovePayout(merchant.id, account)


def payout_withdrawal(reader: AuditReader, merchant: Merchant, reason: str) -> Command | None:
    """Takes back the payout account on its way, if there is one."""
    return None if payout_on_its_way(reader, merchant) is None else s.WithdrawPayout(merchant.id, reason)


def account_added(reader: AuditReader, merchant: Merchant, kind: str, account: Address) -> Command | None:
    """Gives the merchant a `key` or `terminal`, unless it has it."""
    if (account, kind) in reader.accounts_of(merchant.id):
        return None
    return s.AddKey(merchant.id, account) if kind == "key" else AddTerminal(merchant.id, account)


def account_removed(reader: AuditReader, merchant: Merchant, kind: str, account: Address) -> Command | None:
    """Takes a `key` or `terminal` from the merchant, unless it does not have it."""
    if (account, kind) not in reader.accounts_of(merchant.id):
        return None
    return s.RemoveKey(merchant.id, account) if kind == "key" else s.RemoveTerminal(merchant.id, account)


def account_replaced(
    reader: AuditReader, merchant: Merchant, kind: str, old: Address, account: Address
) -> Command | None:
    """Puts a `key` or `terminal` in another one's place, unless that was done."""
    accounts = reader.accounts_of(merchant.id)
    if (account, kind) in accounts and (old, kind) not in accounts:
        return None
    return s.ReplaceKey(merchant.id, old, account) if kind == "key" else s.ReplaceTerminal(merchant.id, old, account)


def terminal_limited(reader: AuditReader, merchant: Merchant, terminal: Address, limit: Amount) -> Command | None:
    """Limits a terminal's day, unless it has this limit."""
    same = (terminal, "terminal") in reader.accounts_of(merchant.id) and reader.terminal_limit(terminal) == limit
    return None if same else s.LimitTerminal(merchant.id, terminal, limit)
