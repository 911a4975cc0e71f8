"""Whether a redemption would be accepted: the rules, and what only the node can see."""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from node_api.domain import refusals as no
from node_api.domain.errors import ReceiptHashMismatch, Refusal
from node_api.domain.ids import Address, Hash, ProgrammeId, UnixSeconds
from node_api.domain.items import Item, TerminalSeal
from node_api.domain.models import BlockRef
from node_api.domain.receipts import Receipt, categories_of
from node_api.domain.rules import VoucherSight, judge
from node_api.services.fresh import FreshReads
from node_api.services.known import Known, SightReader
from node_api.services.ports.limits import LimitReads
from node_api.services.ports.operations import Claim, OperationStore
from node_api.services.ports.signing import Signatures
from node_api.services.sight import are_signed, scene_of, sight_of

_NEAR_SECONDS = 60


class Request(NamedTuple):
    """One redemption as handed in.

    Attributes:
        seal: the terminal that answers for it, if any.
        receipt: in clear, if the merchant gives it: then the bill is added up again.
    """

    item: Item
    seal: TerminalSeal | None = None
    receipt: Receipt | None = None


class Judgement(NamedTuple):
    """What the node finds.

    Attributes:
        refusal: None where it would be accepted.
        holder: of the first voucher; None where there is none.
        block: the block the judgement stands on.
    """

    request: Request
    digest: Hash
    refusal: Refusal | None
    vouchers: tuple[VoucherSight, ...]
    holder: Address | None
    programme: ProgrammeId | None
    block: BlockRef


class Judge:
    """Judges redemptions without a transaction. Thread-safe."""

    def __init__(
        self,
        fresh: FreshReads,
        signatures: Signatures,
        limits: LimitReads,
        store: OperationStore,
        clock: Callable[[], float] | None = None,
    ) -> None:
        """Reads nothing yet; `clock`, Unix seconds, where blocks come by it: a code that has ended can stand in none any more."""
        self._clock = clock
        self._fresh = fresh
        self._signatures = signatures
        self._limits = limits
        self._store = store

    def judge_all(self, requests: Sequence[Request], *, claims: bool = True) -> list[Judgement]:
        """Judges each as if it stood in the next block alone; all on the same block.

        Args:
            requests: what is handed in.
            claims: whether receipts are looked for that others claim here; who takes redemptions in learns it by claiming theirs.
                What was captured against a receipt, through whichever node, is looked for always.

        Raises:
            ReceiptHashMismatch: a receipt given in clear is not the one signed.
            ChainUnavailable, IndexNotReady: see `FreshReads.open`.
        """
        for request in requests:
            self.require_receipt(request)
        with self._fresh.open() as (reader, now):
            known = Known(reader, [request.item for request in requests])
            wanted = _claims(requests, known)
            used = reader.receipted(wanted).keys() | (self._store.claimed(wanted) if claims else ())
            seen = [self._see(request.item, known) for request in requests]
            signed, ended = are_signed(seen, self._signatures), self._ended(now)
            return [
                self._judge(request, digest, vouchers, known, used, now, ended, signed=one)
                for request, (_, digest, vouchers), one in zip(requests, seen, signed, strict=True)
            ]

    def _see(self, item: Item, reader: SightReader) -> tuple[Item, Hash, list[VoucherSight]]:
        """With what was signed and what the rules see of the vouchers."""
        digest = self._signatures.digest(item)
        return item, digest, sight_of(item, digest, reader)

    def _judge(
        self,
        request: Request,
        digest: Hash,
        vouchers: list[VoucherSight],
        reader: SightReader,
        used: AbstractSet[Claim],
        now: UnixSeconds,
        ended: float,
        *,
        signed: bool,
    ) -> Judgement:
        item = request.item
        scene = scene_of(
            item, digest, request.seal, vouchers, reader, self._signatures, self._limits, now, signed=signed
        )
        refusal = judge(item, vouchers, scene) or _node_rules(request, vouchers, used, ended)
        first = vouchers[0] if vouchers else None
        return Judgement(
            request=request,
            digest=digest,
            refusal=refusal,
            vouchers=tuple(vouchers),
            holder=None if first is None else first.holder,
            programme=None if first is None or first.programme is None else first.programme.id,
            block=reader.block,
        )

    def _ended(self, newest: UnixSeconds) -> float:
        """What ends by then has ended. A clock far from the newest block says nothing: it is wrong, or the chain stands still."""
        now = 0.0 if self._clock is None else self._clock()
        return now if abs(now - newest) < _NEAR_SECONDS else 0.0

    def require_receipt(self, request: Request) -> None:
        """Raises ReceiptHashMismatch where a receipt given in clear is not the one signed."""
        if request.receipt is None:
            return
        found = self._signatures.keccak(request.receipt.canonical())
        if found != request.item.receipt:
            raise ReceiptHashMismatch(
                f"receipt {request.receipt.number} hashes to {found}, signed: {request.item.receipt}"
            )


def _claims(requests: Sequence[Request], known: Known) -> set[Claim]:
    """What each would claim."""
    claims = set()
    for item in (request.item for request in requests):
        first = known.voucher(item.spends[0].voucher) if item.spends else None
        if first is not None:
            claims.add((first.roll.programme, item.merchant, item.receipt))
    return claims


def _node_rules(
    request: Request, vouchers: Sequence[VoucherSight], used: AbstractSet[Claim], ended: float
) -> Refusal | None:
    """What the contract cannot know. Comes after the rules: their reasons are the same with and without a node."""
    item, first = request.item, vouchers[0]
    if item.deadline <= ended:  # by the newest block's time, which is over, it may still do
        return no.DeadlinePassed(f"deadline {item.deadline} at {int(ended)}", first.voucher)
    if request.receipt is not None:
        counted = request.receipt.counted(categories_of(sight.batch for sight in vouchers if sight.batch))
        if counted != item.bill:
            return no.BillMismatch(f"bill {item.bill}, the receipt's items add up to {counted}", first.voucher)
    programme = first.programme
    if programme is not None and (programme.id, item.merchant, item.receipt) in used:
        return no.ReceiptUsed(f"receipt {item.receipt}", first.voucher)
    return None
