"""Gathers what the rules see of an item out of one reader, and what its limits have used up out of the contract's words."""

from collections.abc import Sequence

from node_api.domain.calendar import local_day
from node_api.domain.ids import MERCHANT_IDS, NOTHING, VOUCHER_BITS, Address, Day, Hash, LineId, UnixSeconds
from node_api.domain.items import Item, TerminalSeal
from node_api.domain.limits import HolderCounter, LimitSight, TerminalDay
from node_api.domain.models import BlockRef, Programme, Rules, Widening
from node_api.domain.rules import Scene, TerminalSight, VoucherSight
from node_api.services.known import SightReader
from node_api.services.ports.limits import LimitReads
from node_api.services.ports.signing import Signatures

_NO_TERMINAL = TerminalDay()


def sight_of(item: Item, digest: Hash, reader: SightReader) -> list[VoucherSight]:
    """What the rules see of the item's vouchers, one for each spend; `digest` is what was signed."""
    known = [spend.voucher for spend in item.spends if spend.voucher >> VOUCHER_BITS == 0]
    dead = reader.dead(digest, known) if known else frozenset()
    programmes: dict[int, Programme | None] = {}
    sights = []
    for spend in item.spends:
        voucher = spend.voucher
        facts = reader.voucher(voucher) if voucher >> VOUCHER_BITS == 0 else None
        if facts is None:
            sights.append(VoucherSight(voucher, None, None, None, UnixSeconds(0), redeemed=False))
            continue
        of = facts.roll.programme
        if of not in programmes:
            programmes[of] = reader.programme(of)
        sights.append(
            VoucherSight(
                voucher=voucher,
                holder=facts.holder,
                programme=programmes[of],
                batch=facts.batch if facts.issued else None,
                written_at=UnixSeconds(facts.roll.written_at + facts.roll.given_back),
                redeemed=facts.redeemed is not None,
                frozen_until=facts.frozen_until,
                revoked=facts.revoked,
                booked=facts.booked,
                dead=voucher in dead,
                taken=facts.taken,
            )
        )
    return sights


def are_signed(seen: Sequence[tuple[Item, Hash, list[VoucherSight]]], signatures: Signatures) -> list[bool]:
    """Whether the holder of an item's first voucher signed what it stands for: of each item, its digest and its vouchers.

    No signature is looked at where there is no such voucher: that is refused before.
    """
    first = [vouchers[0] if vouchers and vouchers[0].batch else None for _, _, vouchers in seen]
    asked = [
        (sight.holder, digest, item.holders_signature)
        for sight, (item, digest, _) in zip(first, seen, strict=True)
        if sight is not None and sight.holder is not None
    ]
    found = iter(signatures.are_signed_by(asked))
    return [sight is not None and sight.holder is not None and next(found) for sight in first]


def scene_of(
    item: Item,
    digest: Hash,
    seal: TerminalSeal | None,
    vouchers: list[VoucherSight],
    reader: SightReader,
    signatures: Signatures,
    limits: LimitReads,
    now: UnixSeconds,
    *,
    signed: bool,
) -> Scene:
    """What the rules see around them; `digest` is what was signed, `signed` whether by the first voucher's holder."""
    return Scene(
        now=now,
        merchant=reader.merchant(item.merchant) if item.merchant < MERCHANT_IDS else None,
        rules=_rules(vouchers, reader),
        terminal=None if seal is None else _terminal(item, seal, reader, signatures),
        signed=signed,
        widening=_widening(vouchers, reader),
        limits=_limits(item, digest, seal, vouchers, reader, signatures, limits, now),
    )


def _terminal(item: Item, seal: TerminalSeal, reader: SightReader, signatures: Signatures) -> TerminalSight:
    serves = reader.terminal_merchant(seal.terminal) == item.merchant
    return TerminalSight(seal.terminal, serves, serves and signatures.is_sealed(item, seal))


def _rules(vouchers: list[VoucherSight], reader: SightReader) -> Rules | None:
    """Those of the version the first voucher's batch was opened under."""
    if not vouchers or vouchers[0].batch is None:
        return None
    return reader.rules(vouchers[0].batch.programme, vouchers[0].batch.rules_version)


def _widening(vouchers: list[VoucherSight], reader: SightReader) -> Widening:
    """What opened the first voucher's programme: only later versions than the first do."""
    programme = vouchers[0].programme if vouchers else None
    return Widening() if programme is None or programme.rules_version == 1 else reader.widening(programme.id)


def _limits(
    item: Item,
    digest: Hash,
    seal: TerminalSeal | None,
    vouchers: list[VoucherSight],
    reader: SightReader,
    signatures: Signatures,
    limits: LimitReads,
    now: UnixSeconds,
) -> LimitSight:
    first = vouchers[0] if vouchers else None
    if first is None or first.programme is None or first.holder is None:
        return LimitSight()
    programme, holder, block = first.programme, first.holder, reader.block
    day = local_day(now, programme.utc_offset_minutes)

    def counter() -> HolderCounter:
        return limits.counter(programme.id, holder, day, block)

    def merchant_day(line: LineId) -> int:
        where = line, item.merchant
        return reader.redeemed_on(day, {where}).get(where, NOTHING)

    versions = _versions(vouchers, reader)
    wanted = bool(item.consent) and any(rules.step_up_threshold for rules in versions.values())
    return LimitSight(
        rules=versions,
        consented=wanted and _is_consented(item, digest, signatures, limits, block),
        counter=counter,
        merchant_day=merchant_day,
        terminal=_NO_TERMINAL if seal is None else _terminal_day(seal.terminal, reader, limits, day),
    )


def _terminal_day(terminal: Address, reader: SightReader, limits: LimitReads, day: Day) -> TerminalDay:
    limit = reader.terminal_limit(terminal)
    return TerminalDay(limit, limits.terminal_spent(terminal, day, reader.block)) if limit else _NO_TERMINAL


def _is_consented(item: Item, digest: Hash, signatures: Signatures, limits: LimitReads, block: BlockRef) -> bool:
    attestor = signatures.consenting(digest, item.consent)
    return attestor is not None and limits.attests(attestor, block)


def _versions(vouchers: list[VoucherSight], reader: SightReader) -> dict[int, Rules]:
    """The versions that the vouchers' batches were opened under."""
    found = {}
    for batch in (sight.batch for sight in vouchers if sight.batch):
        if batch.rules_version not in found:
            rules = reader.rules(batch.programme, batch.rules_version)
            if rules is not None:
                found[batch.rules_version] = rules
    return found
