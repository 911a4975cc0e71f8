"""Who may use the API: keys, each with one role."""

from dataclasses import dataclass
from enum import StrEnum

from node_api.domain.errors import RoleNotAllowed
from node_api.domain.ids import MerchantId, UnixSeconds


class ApiRole(StrEnum):
    """What an API key is for."""

    MERCHANT = "merchant"
    WALLET = "wallet"
    TREASURER = "treasurer"
    AUDITOR = "auditor"
    OPERATOR = "operator"
    EMERGENCY = "emergency"
    ARBITER = "arbiter"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key, without its secret.

    Attributes:
        id: names it in lists.
        merchant: the one merchant a merchant's key reaches; None for other roles.
        name: who has it, for people.
        revoked_at: None while it works.
    """

    id: str
    role: ApiRole
    merchant: MerchantId | None
    name: str
    created_at: UnixSeconds
    revoked_at: UnixSeconds | None = None

    @property
    def owner(self) -> str:
        """To whom idempotency keys belong: a merchant's keys share them, so that a key can be replaced."""
        return f"merchant:{self.merchant}" if self.merchant is not None else f"{self.role}:{self.name}"


def require_wallet(caller: ApiKey) -> None:
    """Keeps the node's wallet from signing for anybody but the application that speaks for its holders.

    Raises:
        RoleNotAllowed: it is another role's key.
    """
    if caller.role is not ApiRole.WALLET:
        raise RoleNotAllowed(
            f"role {caller.role}, in a custodial holder's name: for whom a key of the role wallet asks"
        )
