"""The problems a route may answer with, for the OpenAPI page."""

from node_api.api.answers import ProblemOut
from node_api.api.problems import MEDIA_TYPE, problem, status_of
from node_api.domain import errors
from node_api.domain.booking_reverts import BOOKINGS
from node_api.domain.case_reverts import CASES
from node_api.domain.errors import BookingRefused, CaseRefused, DomainError, Refusal
from node_api.domain.refusals import REFUSALS
from node_api.domain.standing_reverts import STANDING

Responses = dict[int | str, dict[str, object]]

ACCESS: tuple[type[DomainError], ...] = (
    errors.ApiKeyMissing,
    errors.ApiKeyUnknown,
    errors.RoleNotAllowed,
    errors.RateLimited,
    errors.NodeStarting,
)
READING: tuple[type[DomainError], ...] = (
    *ACCESS,
    errors.ChainUnavailable,
    errors.StoreUnavailable,
    errors.StoreBusy,
    errors.IndexNotReady,
    errors.RequestInvalid,
)
KEEPING: tuple[type[DomainError], ...] = (*READING, errors.NodeOnlyObserves)
"""Of what only a node that carries something out answers."""
REDEEMING: tuple[type[DomainError], ...] = (
    *KEEPING,
    errors.BodyUnreadable,
    errors.RequestTooLarge,
    errors.CodeUnreadable,
    errors.ReceiptHashMismatch,
    errors.MerchantNotYours,
)
WRITING: tuple[type[DomainError], ...] = (
    *REDEEMING,
    errors.IdempotencyKeyMissing,
    errors.IdempotencyKeyInvalid,
    errors.IdempotencyKeyReused,
    errors.QueueFull,
)
OVERSEEING: tuple[type[DomainError], ...] = (
    *KEEPING,
    errors.RequestTooLarge,
    errors.OversightRefused,
    errors.OversightKeyMissing,
)
WRITING_CASES: tuple[type[DomainError], ...] = (
    *KEEPING,
    errors.RequestTooLarge,
    errors.MerchantNotYours,
    errors.IdempotencyKeyMissing,
    errors.IdempotencyKeyInvalid,
    errors.IdempotencyKeyReused,
    errors.CaseRefused,
    errors.ArbiterMissing,
)
CLAIMING: tuple[type[DomainError], ...] = (
    *KEEPING,
    errors.BodyUnreadable,
    errors.RequestTooLarge,
    errors.IdempotencyKeyMissing,
    errors.IdempotencyKeyInvalid,
    errors.IdempotencyKeyReused,
    errors.ProgrammeUnknown,
    errors.RoundUnknown,
    errors.WalletMissing,
)
ENDING_BOOKINGS: tuple[type[DomainError], ...] = (
    *KEEPING,
    errors.RequestTooLarge,
    errors.MerchantNotYours,
    errors.IdempotencyKeyMissing,
    errors.IdempotencyKeyInvalid,
    errors.IdempotencyKeyReused,
    errors.BookingUnknown,
    errors.BookingRefused,
)
BOOKING: tuple[type[DomainError], ...] = (
    *KEEPING,
    errors.BodyUnreadable,
    errors.RequestTooLarge,
    errors.MerchantNotYours,
    errors.IdempotencyKeyMissing,
    errors.IdempotencyKeyInvalid,
    errors.IdempotencyKeyReused,
    errors.CallFailed,
)
PASSING: tuple[type[DomainError], ...] = (
    *KEEPING,
    errors.RequestTooLarge,
    errors.IdempotencyKeyMissing,
    errors.IdempotencyKeyInvalid,
    errors.IdempotencyKeyReused,
    errors.CaseRefused,
)
RULES: tuple[type[DomainError], ...] = tuple(REFUSALS.values())


def problems(*kinds: type[DomainError]) -> Responses:
    """`responses=` of a route that may raise these: one entry for each status, an example for each error."""
    by_status: dict[int, list[type[DomainError]]] = {}
    for kind in dict.fromkeys(kinds):
        by_status.setdefault(int(status_of(kind)), []).append(kind)
    return {status: _response(found) for status, found in sorted(by_status.items())}


def _response(kinds: list[type[DomainError]]) -> dict[str, object]:
    examples = {kind.__name__: {"value": problem(_example(kind))} for kind in kinds}
    return {
        "model": ProblemOut,
        "description": " · ".join(kind.__name__ for kind in kinds),
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemOut"}, "examples": examples}},
    }


def _example(kind: type[DomainError]) -> DomainError:
    if issubclass(kind, errors.OversightRefused):
        name = "CaseDesk_FreezeTooLong"
        return kind(name, f"{name}: until 1790000000, latest 1780000000", *STANDING[name])
    if issubclass(kind, CaseRefused):
        name = "CaseDesk_ReversalWindowOver"
        return kind(name, f"{name}: voucher 34376516864, time 1780000000, until 1779990000", *CASES[name])
    if issubclass(kind, BookingRefused):
        name = "Vouchers_BookingLapsed"
        return kind(name, f"{name}: voucher 34376516864, time 1780000000, lapseAt 1779990000", *BOOKINGS[name])
    return kind("voucher 34376516864") if issubclass(kind, Refusal) else kind("what was asked for")
