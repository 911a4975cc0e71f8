"""Every error the node answers with. Each names a value, the rule it breaks and a remedy.

    DomainError
    ├── Refusal                      the rules say no to a redemption (domain/refusals.py; also returned, not only raised)
    │   ├── RuleRefusal              one class for each reason of `IVouchersErrors`, named like it without `Vouchers_`
    │   ├── ClaimRefusal             a claim gets no place (domain/claim_refusals.py)
    │   └── NodeRefusal              what only the node can see
    │       ├── BillMismatch         the receipt's items do not add up to the signed bill
    │       └── ReceiptUsed          the receipt was redeemed against before
    ├── ContractReverted             a contract refused a whole call (domain/reverts.py); `name` is the custom error's
    │   ├── OversightRefused         a freeze, a revocation, or a use of the emergency lane
    │   ├── CaseRefused              a reversal, dispute or decision
    │   └── BookingRefused           a capture or release of a booking
    ├── CallFailed                   the chain refused the call that carried a redemption
    ├── Unknown                      nothing has this id or reference
    │   ├── ProgrammeUnknown
    │   ├── MerchantUnknown
    │   ├── SettlementUnknown
    │   ├── BudgetMoveUnknown
    │   ├── NothingProposed
    │   ├── VoucherNotFound
    │   ├── OperationUnknown
    │   ├── RedemptionUnknown
    │   ├── DisputeUnknown
    │   ├── RoundUnknown
    │   ├── ClaimUnknown
    │   ├── BookingUnknown
    │   ├── SubscriberUnknown
    │   └── RouteUnknown
    ├── Misuse                       the request cannot be carried out as it stands
    │   ├── RequestInvalid           it does not fit the schema
    │   ├── BodyUnreadable           its body is not JSON
    │   ├── MethodNotOffered         the route has other methods
    │   ├── RequestTooLarge          its body is longer than any request needs
    │   ├── CodeUnreadable           the compact code is not one of ours, or was damaged
    │   ├── ReceiptHashMismatch      the receipt given in clear is not the signed one
    │   ├── NodeOnlyObserves         the node holds no key and carries nothing out
    │   ├── RateLimited              the API key has made as many requests as it may
    │   ├── AddressRefused           nothing is sent to it
    │   ├── PlaceAhead               a subscriber is to begin beyond what the index has read
    │   ├── IdempotencyKeyMissing
    │   ├── IdempotencyKeyInvalid
    │   └── IdempotencyKeyReused     the key was used with another body
    ├── Denied                       who asks may not
    │   ├── ApiKeyMissing
    │   ├── ApiKeyUnknown
    │   ├── RoleNotAllowed
    │   └── MerchantNotYours
    └── Unavailable                  the node cannot answer now
        ├── ChainUnavailable
        ├── StoreUnavailable         the database is full, locked, broken or gone
        ├── StoreBusy                all of its connections stay in use
        ├── NodeStarting             one of its processes does not answer
        ├── WalletMissing
        ├── WebhookKeyUnfit          webhooks.key is missing, or not the one that the subscribers' secrets come from
        ├── OversightKeyMissing
        ├── ArbiterMissing
        ├── StreamsBusy              as many streams as the node keeps open
        ├── QueueFull                as many redemptions wait to be sent as may
        ├── IndexNotReady
        └── StateUnavailable         the chain no longer keeps the state of a block

HTTP statuses stand in `api/problems.py` alone; docs/errors.md lists every leaf.
"""

from node_api.domain.ids import VoucherId


class DomainError(Exception):
    """Root of the tree.

    Attributes:
        value: what broke the rule, with its number.
        rule: what must hold.
        remedy: what whoever asked can do about it.
    """

    rule: str
    remedy: str

    def __init__(self, value: str) -> None:
        super().__init__(value)
        self.value = value

    @property
    def name(self) -> str:
        """The error's name in problems, logs and docs."""
        return type(self).__name__

    def __str__(self) -> str:
        return f"{self.value}; the rule: {self.rule}; what to do: {self.remedy}"


class Refusal(DomainError):
    """A redemption the rules say no to.

    Attributes:
        voucher: the first voucher that failed; None where the refusal is not about one.
    """

    def __init__(self, value: str, voucher: VoucherId | None = None) -> None:
        super().__init__(value)
        self.voucher = voucher


class ContractReverted(DomainError):
    """A contract refused a whole call: nothing of it took effect.

    Attributes:
        error: the contract's custom error, e.g. `Treasury_Unbacked`; empty for one that no shipped contract has.
    """

    def __init__(self, error: str, value: str, rule: str, remedy: str) -> None:
        super().__init__(value)
        self.error, self.rule, self.remedy = error, rule, remedy

    @property
    def name(self) -> str:
        """The custom error's name."""
        return self.error or type(self).__name__


class OversightRefused(ContractReverted):
    """A contract refused an auditor's order or the emergency lane's: nothing of it took effect."""


class CaseRefused(ContractReverted):
    """A contract refused a reversal, a dispute or a decision: nothing of it took effect."""


class BookingRefused(ContractReverted):
    """A contract refused a capture or release of a booking: nothing of it took effect."""


class CallFailed(DomainError):
    """The chain refused the call that carried a redemption."""

    rule = "the relayer is listed in the contract, and its calls fit a block"
    remedy = "nothing was redeemed: tell the operator, then send it again with a new Idempotency-Key"


class Unknown(DomainError):
    """Nothing has this id or reference."""


class ProgrammeUnknown(Unknown):
    """There is no such programme."""

    rule = "a programme is named by its number or by its text reference"
    remedy = "list the programmes with GET /v1/programmes"


class MerchantUnknown(Unknown):
    """There is no such merchant."""

    rule = "a merchant is named by its number or by its text reference"
    remedy = "check the number on the merchant's letter of admission, or ask the registrar"


class SettlementUnknown(Unknown):
    """There is no such settlement run."""

    rule = "a settlement run is named by the number it was prepared under"
    remedy = "list the runs with GET /v1/settlements"


class BudgetMoveUnknown(Unknown):
    """There is no such move of budget."""

    rule = "a move of budget is named by the number it was proposed under"
    remedy = "list a programme's moves with GET /v1/programmes/{programme}/budget-moves"


class NothingProposed(Unknown):
    """Nothing of the kind waits for a second person."""

    rule = "a second person decides on what a first one proposed"
    remedy = "propose it first"


class VoucherNotFound(Unknown):
    """There is no such voucher."""

    rule = "a voucher exists once its batch was issued to its roll"
    remedy = "list the holder's vouchers with GET /v1/holders/{address}/vouchers"


class OperationUnknown(Unknown):
    """There is no such operation, or it belongs to another API key."""

    rule = "an operation is read with an API key of its owner, or of an operator or auditor"
    remedy = "use the id that the write answered with, and the same API key"


class RedemptionUnknown(Unknown):
    """There is no such redemption on chain."""

    rule = "a redemption is named by the digest its holder signed and by the voucher it redeemed"
    remedy = "take both from GET /v1/merchants/{merchant}/redemptions, or from the operation that redeemed it"


class DisputeUnknown(Unknown):
    """There is no such dispute."""

    rule = "a dispute is named by the number it was opened under"
    remedy = "list the disputes with GET /v1/disputes"


class RoundUnknown(Unknown):
    """There is no such round of claims."""

    rule = "a round is named by its programme and by the number it was opened under"
    remedy = "list a programme's rounds with GET /v1/programmes/{programme}/rounds"


class ClaimUnknown(Unknown):
    """There is no such claim, or it belongs to another API key."""

    rule = "a claim is read with an API key of its owner, or of an operator, auditor, treasurer or arbiter"
    remedy = "use the id that the claim was answered with, and the same API key"


class BookingUnknown(Unknown):
    """There is no such booking on chain."""

    rule = "a booking is named by the digest its holder signed, and has the vouchers that were booked by it"
    remedy = "list the bookings with GET /v1/bookings"


class SubscriberUnknown(Unknown):
    """There is no such subscriber to events."""

    rule = "a subscriber is named as it was put"
    remedy = "list them with GET /v1/webhooks, or with the command `vouchertrail webhooks list`"


class RouteUnknown(Unknown):
    """The API has no such path."""

    rule = "a request goes to a path that /openapi.json lists"
    remedy = "check the path, its version prefix /v1 included; an id in it must not be empty or hold a slash"


class Misuse(DomainError):
    """The request cannot be carried out as it stands."""


class RequestInvalid(Misuse):
    """The request does not fit its schema."""

    rule = "every field is given once, in its type and bounds; unknown fields are refused"
    remedy = "compare the request with /openapi.json"


class BodyUnreadable(Misuse):
    """The request's body cannot be read."""

    rule = "a body is JSON (RFC 8259) in UTF-8"
    remedy = "send what a JSON library writes, with Content-Type: application/json"


class MethodNotOffered(Misuse):
    """The path is known, but not with this method."""

    rule = "a path is asked with a method that /openapi.json lists for it"
    remedy = "use a method of the answer's Allow header"


class RequestTooLarge(Misuse):
    """The request's body is too large."""

    rule = "a request's body has at most 4 MiB, which a batch of 100 with their receipts fits into"
    remedy = "send the items in several batches, or receipts by their hash"


class CodeUnreadable(Misuse):
    """The compact code is not one of ours, or was damaged."""

    rule = "a code begins with VT1: and carries its own checksum"
    remedy = "scan the code again, or have a new one made"


class ReceiptHashMismatch(Misuse):
    """The receipt given in clear is not the one that was signed."""

    rule = "the salted hash of the receipt equals the signed one"
    remedy = "send the receipt exactly as it was hashed, salt included, or leave it out"


class NodeOnlyObserves(Misuse):
    """The node only observes: it carries nothing out."""

    rule = "an observer (`vouchertrail observe`) holds no key, sends nothing to the chain and keeps no operations"
    remedy = "ask a node that an operator serves (`vouchertrail serve`)"


class RateLimited(Misuse):
    """The API key has made as many requests as it may for now.

    Attributes:
        seconds: when it may make one again.
    """

    rule = "an API key makes so many requests a second, and so many at once, as the node's settings allow"
    remedy = (
        "wait as long as Retry-After says, then send the same again; the operator may raise VOUCHERTRAIL_RATE_LIMIT"
    )

    def __init__(self, value: str, seconds: int = 1) -> None:
        super().__init__(value)
        self.seconds = seconds


class AddressRefused(Misuse):
    """The address is none that messages are sent to."""

    rule = "messages go to https addresses that everybody can reach; no user, no fragment, no private network"
    remedy = "give a public https address; the operator may allow others with VOUCHERTRAIL_WEBHOOKS_PRIVATE"


class PlaceAhead(Misuse):
    """The place lies beyond what the node's index has read."""

    rule = "a subscriber begins behind a block that the index has read, and knows of no more reorganisations than it has seen"
    remedy = (
        "name a block up to the newest one that `vouchertrail index status` tells, an event's `offset`, or 0 for everything; "
        "where the index still reads, wait for it"
    )


class IdempotencyKeyMissing(Misuse):
    """A write without an Idempotency-Key."""

    rule = "every write carries the header Idempotency-Key"
    remedy = "choose a key for each redemption, keep it, and send the same one when you try again"


class IdempotencyKeyInvalid(Misuse):
    """The Idempotency-Key cannot be used."""

    rule = "an Idempotency-Key has 1 to 255 printable ASCII characters"
    remedy = "use for instance a UUID, or the receipt's number"


class IdempotencyKeyReused(Misuse):
    """The Idempotency-Key came before with another body."""

    rule = "one Idempotency-Key stands for one request body, for ever"
    remedy = "choose a new key for a new request; send the same body to ask for the old one again"


class Denied(DomainError):
    """Who asks may not."""


class ApiKeyMissing(Denied):
    """No API key was given."""

    rule = "the header Authorization carries Bearer and an API key"
    remedy = "have the operator make one with: vouchertrail api-keys create"


class ApiKeyUnknown(Denied):
    """The API key is unknown or was revoked."""

    rule = "an API key was made on this node and is not revoked"
    remedy = "check the key, or have the operator make a new one"


class RoleNotAllowed(Denied):
    """The API key's role does not reach this route."""

    rule = "each route is open to the roles that docs/api.md lists"
    remedy = "use an API key of such a role"


class MerchantNotYours(Denied):
    """A merchant's API key asked for another merchant's things."""

    rule = "a merchant's API key reaches that merchant alone"
    remedy = "use the other merchant's own API key"


class Unavailable(DomainError):
    """The node cannot answer now."""


class ChainUnavailable(Unavailable):
    """The chain does not answer."""

    rule = "the node answers about the chain only when the chain answers the node"
    remedy = "try again with the same Idempotency-Key; see /readyz"


class StoreUnavailable(Unavailable):
    """The node's database takes nothing, or does not answer."""

    rule = "a node answers for what its database has written down"
    remedy = "try again with the same Idempotency-Key once the operator has seen to the database and its disk"


class StoreBusy(Unavailable):
    """All of the node's connections to its database are in use."""

    rule = "a request waits ten seconds at most for a connection that is free"
    remedy = "try again with the same Idempotency-Key; the operator may raise VOUCHERTRAIL_DATABASE_CONNECTIONS"


class NodeStarting(Unavailable):
    """The process of the node that answers this does not."""

    rule = "processes that take redemptions in hand all else to the one that sends"
    remedy = "try again with the same Idempotency-Key; the operator finds the reason in the node's log"


class WalletMissing(Unavailable):
    """The node has no custodial wallet."""

    rule = "codes for custodial holders are signed by a node that keeps their wallet"
    remedy = "ask a node with a wallet, or let the holder sign on their own device"


class WebhookKeyUnfit(Unavailable):
    """The node's webhooks.key is missing, cannot be used, or is not the one that subscribers' secrets are derived from."""

    rule = (
        "every process on a database has the same keys/webhooks.key: the one its subscribers' secrets are derived from"
    )
    remedy = (
        "copy that file from the node that put the subscribers, or from where keys are kept, and start this node anew; "
        "where it is lost, remove the subscribers and put them again: they get new secrets"
    )


class OversightKeyMissing(Unavailable):
    """The node keeps no key of the role that the order takes."""

    rule = "freezes are signed by a node that keeps the key of AUDITOR, pauses and extensions by one with EMERGENCY's"
    remedy = "ask the node of whoever has the role"


class ArbiterMissing(Unavailable):
    """The node keeps no arbiter's key."""

    rule = "decisions are signed by a node that keeps the key of ARBITER"
    remedy = "ask the arbiter's own node"


class StreamsBusy(Unavailable):
    """The node keeps as many streams open as it may."""

    rule = "a process keeps a hundred streams of events open at most, and ten of one API key"
    remedy = "close streams that nobody reads, or ask for pages: the same route without Accept: text/event-stream"


class QueueFull(Unavailable):
    """As many redemptions wait to be sent as may."""

    rule = "so many redemptions wait at most as the operator has set: more would wait longer than their codes live"
    remedy = (
        "wait as long as Retry-After says, then send the same again with the same key; what was taken in before is kept. "
        "The operator may raise VOUCHERTRAIL_QUEUE_ITEMS"
    )


class IndexNotReady(Unavailable):
    """The index has read nothing yet."""

    rule = "reads are answered from the index"
    remedy = "wait until /readyz says ready"


class StateUnavailable(Unavailable):
    """The chain no longer keeps the state of the block asked about."""

    rule = "an audit compares the index with the chain's state at the same block"
    remedy = "ask again: the newest block's state is always there"
