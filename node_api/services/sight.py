"""Gathers what the rules see of an item out of one reader."""

from node_api.domain.ids import VOUCHER_BITS, Address, UnixSeconds
from node_api.domain.items import Item, TerminalSeal
from node_api.domain.models import Programme, Rules
from node_api.domain.rules import Scene, TerminalSight, VoucherSight
from node_api.services.ports.reading import Reader
from node_api.services.ports.signing import Signatures

_MERCHANT_IDS = 1 << 32


def sight_of(item: Item, reader: Reader) -> list[VoucherSight]:
    """What the rules see of the item's vouchers, one for each spend."""
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
            )
        )
    return sights


def scene_of(
    item: Item,
    seal: TerminalSeal | None,
    vouchers: list[VoucherSight],
    reader: Reader,
    signatures: Signatures,
    now: UnixSeconds,
) -> Scene:
    """What the rules see around them."""

    def signed_by(holder: Address) -> bool:
        return signatures.is_signed_by(holder, signatures.digest(item), item.signature)

    return Scene(
        now=now,
        merchant=reader.merchant(item.merchant) if item.merchant < _MERCHANT_IDS else None,
        rules=_rules(vouchers, reader),
        terminal=None if seal is None else _terminal(item, seal, reader, signatures),
        signed_by=signed_by,
    )


def _terminal(item: Item, seal: TerminalSeal, reader: Reader, signatures: Signatures) -> TerminalSight:
    serves = reader.terminal_merchant(seal.terminal) == item.merchant
    return TerminalSight(seal.terminal, serves, serves and signatures.is_sealed(item, seal))


def _rules(vouchers: list[VoucherSight], reader: Reader) -> Rules | None:
    """Those of the version the first voucher's batch was opened under."""
    if not vouchers or vouchers[0].batch is None:
        return None
    return reader.rules(vouchers[0].batch.programme, vouchers[0].batch.rules_version)
