"""Which role reaches which route: one table, and the dependency that holds to it."""

from typing import Annotated

from fastapi import Depends, Header, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from node_api.api.gathered import TheGathered
from node_api.api.node import TakesIn, TheNode
from node_api.api.observing import note
from node_api.domain.access import ApiKey, ApiRole
from node_api.domain.errors import (
    ApiKeyMissing,
    ApiKeyUnknown,
    IdempotencyKeyInvalid,
    IdempotencyKeyMissing,
    MerchantNotYours,
    NodeOnlyObserves,
    RoleNotAllowed,
)
from node_api.domain.ids import MerchantId
from node_api.services.api_keys import PREFIX

MERCHANT, WALLET, TREASURER, AUDITOR, OPERATOR, EMERGENCY, ARBITER = ApiRole
STAFF = frozenset({TREASURER, AUDITOR, OPERATOR, EMERGENCY, ARBITER})
EVERYBODY = frozenset(ApiRole)

ROLES: dict[str, frozenset[ApiRole]] = {
    "POST /v1/wallet/codes": frozenset({WALLET}),
    "GET /v1/wallet/vouchers": frozenset({WALLET}),
    "POST /v1/redemptions/check": frozenset({MERCHANT, WALLET, OPERATOR}),
    "POST /v1/redemptions": frozenset({MERCHANT, OPERATOR}),
    "POST /v1/redemptions/batch": frozenset({MERCHANT, OPERATOR}),
    "GET /v1/operations/{operation}": frozenset({MERCHANT, *STAFF}),
    "GET /v1/vouchers/{voucher}": EVERYBODY,
    "GET /v1/holders/{address}/vouchers": frozenset({WALLET, *STAFF}),
    "GET /v1/merchants/{merchant}/statement": frozenset({MERCHANT, *STAFF}),
    "GET /v1/merchants/{merchant}/redemptions": frozenset({MERCHANT, *STAFF}),
    "GET /v1/merchants/{merchant}": frozenset({MERCHANT, TREASURER, AUDITOR}),
    "GET /v1/settlements": frozenset({TREASURER, AUDITOR}),
    "GET /v1/settlements/{run}": frozenset({TREASURER, AUDITOR}),
    "GET /v1/programmes/{programme}/budget-moves": frozenset({TREASURER, AUDITOR}),
    "GET /v1/programmes": EVERYBODY,
    "GET /v1/programmes/{programme}": EVERYBODY,
    "GET /v1/programmes/{programme}/rules": EVERYBODY,
    "GET /v1/programmes/{programme}/life": EVERYBODY,
    "GET /v1/validity": EVERYBODY,
    "POST /v1/validity/check": STAFF,
    "POST /v1/freezes": frozenset({AUDITOR}),
    "POST /v1/freezes/lift": frozenset({AUDITOR}),
    "POST /v1/freezes/confirm": frozenset({AUDITOR}),
    "POST /v1/freezes/appeal": frozenset({AUDITOR, OPERATOR}),
    "GET /v1/freezes": STAFF,
    "POST /v1/revocations": frozenset({AUDITOR}),
    "GET /v1/revocations": STAFF,
    "POST /v1/extensions": frozenset({EMERGENCY}),
    "POST /v1/pauses": frozenset({EMERGENCY}),
    "POST /v1/pauses/end": frozenset({EMERGENCY}),
    "POST /v1/channel-widenings": frozenset({EMERGENCY}),
    "GET /v1/emergency": STAFF,
    "POST /v1/reversals": frozenset({MERCHANT, OPERATOR, ARBITER}),
    "GET /v1/reversals": frozenset({MERCHANT, *STAFF}),
    "POST /v1/transfers": frozenset({WALLET, OPERATOR}),
    "POST /v1/wallet/transfers": frozenset({WALLET}),
    "GET /v1/transfers": frozenset({WALLET, *STAFF}),
    "GET /v1/reassignments": STAFF,
    "POST /v1/disputes": frozenset({MERCHANT, WALLET, OPERATOR, ARBITER}),
    "GET /v1/disputes": frozenset({MERCHANT, *STAFF}),
    "GET /v1/disputes/{dispute}": frozenset({MERCHANT, *STAFF}),
    "POST /v1/disputes/{dispute}/decision": frozenset({ARBITER}),
    "POST /v1/claims": frozenset({WALLET, OPERATOR}),
    "GET /v1/claims/{claim}": frozenset({WALLET, TREASURER, AUDITOR, OPERATOR, ARBITER}),
    "GET /v1/programmes/{programme}/rounds": EVERYBODY,
    "POST /v1/wallet/nullifiers": frozenset({WALLET}),
    "POST /v1/wallet/bookings": frozenset({WALLET}),
    "POST /v1/bookings": frozenset({MERCHANT, OPERATOR}),
    "GET /v1/bookings": frozenset({MERCHANT, WALLET, *STAFF}),
    "GET /v1/bookings/{booking}": frozenset({MERCHANT, WALLET, *STAFF}),
    "POST /v1/bookings/{booking}/capture": frozenset({MERCHANT, OPERATOR}),
    "POST /v1/bookings/{booking}/release": frozenset({MERCHANT, WALLET, OPERATOR}),
    "GET /v1/audit/vouchers/{voucher}/trace": STAFF,
    "GET /v1/audit/programmes/{programme}/reconciliation": STAFF,
    "GET /v1/audit/findings": STAFF,
    "GET /v1/audit/index": frozenset({AUDITOR}),
    "GET /v1/events": frozenset({MERCHANT, *STAFF}),
    "PUT /v1/webhooks/{name}": frozenset({OPERATOR}),
    "GET /v1/webhooks": frozenset({AUDITOR, OPERATOR}),
    "DELETE /v1/webhooks/{name}": frozenset({OPERATOR}),
    "POST /v1/webhooks/{name}/replay": frozenset({OPERATOR}),
    "POST /v1/webhooks/{name}/secret": frozenset({OPERATOR}),
    "GET /metrics": frozenset({AUDITOR, OPERATOR}),
}
"""Method and path → the roles that reach it."""

_KEPT = frozenset(
    {"GET /v1/operations/{operation}", "GET /v1/claims/{claim}", "GET /v1/wallet/vouchers", "GET /v1/webhooks"}
)
OBSERVED = frozenset({"POST /v1/validity/check", *(route for route in ROLES if route.startswith("GET "))}) - _KEPT
"""What a node that only observes answers: everything that is read off the chain."""

PUBLIC = frozenset(
    {"GET /v1/eip712", "GET /healthz", "GET /readyz", "GET /version", "GET /errors", "GET /openapi.json", "GET /docs"}
)
"""Open to all: nothing here names a holder or a merchant."""

_MAX_KEY = 255
KEY_HEADER = "idempotency-key"
KEY_SCHEMA = {"type": "string", "minLength": 1, "maxLength": _MAX_KEY, "pattern": "^[ -~]+$"}
"""What `is_write_key` takes, as the description says it."""
Bearer = Annotated[
    HTTPAuthorizationCredentials | None,
    Depends(HTTPBearer(bearerFormat=f"{PREFIX}…", scheme_name="API key", auto_error=False)),
]


async def caller(request: Request, node: TheNode, gathered: TheGathered, given: Bearer) -> ApiKey:
    """Who asks, if their role reaches the route.

    Raises:
        ApiKeyMissing, ApiKeyUnknown, RateLimited, RoleNotAllowed, NodeOnlyObserves: see there.
    """
    if "authorization" not in request.headers:
        raise ApiKeyMissing("no Authorization header")
    if given is None or not given.credentials.startswith(PREFIX):
        raise ApiKeyUnknown("an Authorization header that is not Bearer with an API key")
    route = f"{request.method} {request.scope['route'].path}"
    return admit(node, await gathered.callers.ask(given.credentials), route)


def admit(node: TakesIn, key: ApiKey, route: str) -> ApiKey:
    """The key, if it may ask now and its role reaches the route; the request's log names it either way.

    Raises:
        RateLimited, RoleNotAllowed, NodeOnlyObserves: see there.
    """
    note(key=key.id)
    node.rates.take(key.id)
    if key.role not in ROLES[route]:
        raise RoleNotAllowed(f"role {key.role} at {route}")
    if node.only_observes and route not in OBSERVED:
        raise NodeOnlyObserves(route)
    return key


def require_merchant(key: ApiKey, merchant: MerchantId) -> None:
    """Keeps a merchant's key to its merchant.

    Raises:
        MerchantNotYours: it is another's.
    """
    if key.merchant is not None and key.merchant != merchant:
        raise MerchantNotYours(f"merchant {merchant}, the API key is for {key.merchant}")


async def idempotency_key(
    idempotency_key: Annotated[str | None, Header(description="1 to 255 printable ASCII characters")] = None,
) -> str:
    """The key of a write.

    Raises:
        IdempotencyKeyMissing, IdempotencyKeyInvalid: see there.
    """
    if idempotency_key is None:
        raise IdempotencyKeyMissing("no Idempotency-Key header")
    if not is_write_key(idempotency_key):
        raise IdempotencyKeyInvalid(f"a key of {len(idempotency_key)} characters")
    return idempotency_key


def is_write_key(text: str) -> bool:
    """Whether it can be the key of a write."""
    return 1 <= len(text) <= _MAX_KEY and text.isascii() and text.isprintable()


Caller = Annotated[ApiKey, Depends(caller)]
WriteKey = Annotated[str, Depends(idempotency_key)]
