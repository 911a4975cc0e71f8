"""What became of a merchant's terms, payout account and terminals, as the record tells it."""

from __future__ import annotations

from dataclasses import dataclass

from node_api.domain.ids import Address, Amount, UnixSeconds
from node_api.domain.models import TxRef


@dataclass(frozen=True, slots=True)
class TermsStep:
    """Other terms were proposed, or came into force.

    Attributes:
        name: `proposed` or `changed`.
        categories, channels: bit masks.
        region: packed.
    """

    name: str
    categories: int
    region: int
    channels: int
    actor: Address
    tx: TxRef


@dataclass(frozen=True, slots=True)
class PayoutChange:
    """A payout account was proposed, put in force or withdrawn.

    Attributes:
        name: `proposed`, `changed` or `withdrawn`.
        ripe_at: from when on a proposed one may be approved; 0 for the other names.
    """

    name: str
    account: Address
    actor: Address
    ripe_at: UnixSeconds
    reason: str
    tx: TxRef


@dataclass(frozen=True, slots=True)
class MerchantAccountFact:
    """An account that is a merchant's now; `daily_limit` is a terminal's, None for none."""

    account: Address
    kind: str
    daily_limit: Amount | None
