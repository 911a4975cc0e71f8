"""`redeem(Group[])` and `redeemWithConsents(Group[], Consent[])` by hand: call data out of items, verdicts out of logs.

A test holds the first equal to eth_abi.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from node_api.chain.contracts import contract
from node_api.chain.eip712 import holder_digest
from node_api.chain.events import HOT, Decoder
from node_api.chain.rpc_errors import RpcProtocolError
from node_api.chain.rpc_values import Json
from node_api.domain.abi import counted_bytes, word
from node_api.domain.events import Event, RedemptionRefused, VoucherRedeemed
from node_api.domain.ids import Address, Amount, VoucherId
from node_api.domain.item_words import ItemGroup, ItemWords
from node_api.domain.operations import Accepted, Declined, SpentVoucher, Verdict
from node_api.domain.refusals import RULES

SELECTOR = contract("Vouchers").function("redeem").selector
SELECTOR_WITH_CONSENTS = contract("Vouchers").function("redeemWithConsents").selector
_ABOUT_ITEMS: Mapping[str, Decoder] = {
    "0x" + contract("Vouchers").topics[name].hex(): HOT[name]
    for name in ("VoucherRedeemed", "RedemptionRefused", "RedemptionItemRefused")
}

REASONS: dict[bytes, str] = {
    selector: error.name.removeprefix("Vouchers_")
    for selector, error in contract("Vouchers").errors.items()
    if error.name.removeprefix("Vouchers_") in RULES
}
"""Selector of each refusal reason → its name in domain/refusals.py."""


def encode_redeem(groups: Sequence[ItemGroup], consents: Sequence[tuple[bytes, bytes]] = ()) -> bytes:
    """Call data of `redeem`; of `redeemWithConsents` where there are any.

    Args:
        groups: what is redeemed.
        consents: each by the digest that the item's holder signed.
    """
    items = _array([_group(group) for group in groups])
    if not consents:
        return SELECTOR + word(32) + items
    given = _array([digest + word(64) + counted_bytes(signature) for digest, signature in consents])
    return SELECTOR_WITH_CONSENTS + word(64) + word(64 + len(items)) + items + given


def consents_to(groups: Sequence[ItemGroup], domain: bytes) -> list[tuple[bytes, bytes]]:
    """The consents that items bring; `domain` is the EIP-712 domain separator."""
    brought = [item for group in groups for item in group.items if item.consent]
    return [(holder_digest(domain, item.item()), item.consent) for item in brought]


def _group(group: ItemGroup) -> bytes:
    seal = group.seal
    signature = counted_bytes(b"" if seal is None else seal.signature)
    terminal = bytes(32) if seal is None else bytes(12) + bytes.fromhex(seal.terminal[2:])
    head = word(group.merchant) + terminal + word(128) + word(128 + len(signature))
    return head + signature + _array([item.abi for item in group.items])


def _array(parts: Sequence[bytes]) -> bytes:
    """An array of parts that are themselves of no fixed size."""
    offsets, at = [], 32 * len(parts)
    for part in parts:
        offsets.append(word(at))
        at += len(part)
    return word(len(parts)) + b"".join(offsets) + b"".join(parts)


def read_verdicts(logs: Sequence[Json], vouchers: Address, groups: Sequence[ItemGroup]) -> list[Verdict]:
    """What a call's logs say of each of its items, in their order.

    The contract logs items one after the other: a refused one once, a redeemed one once for each voucher.

    Raises:
        RpcProtocolError: the logs do not tell of these items.
        EventUnknown: they tell in a form that this release does not know.
    """
    try:
        events = iter(_events(logs, vouchers.lower()))
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as fault:
        raise RpcProtocolError(f"no logs as they should be: {type(fault).__name__}: {fault}") from fault
    verdicts = [_verdict(events, item, g, i) for g, group in enumerate(groups) for i, item in enumerate(group.items)]
    if next(events, None) is not None:
        raise RpcProtocolError("the call's logs tell of more items than it had")
    return verdicts


def _events(logs: Sequence[Any], own: str) -> list[Event]:
    """What they say about items. Each call is read here once: what is no log fails, unasked."""
    return [
        event
        for log in logs
        if log["address"].lower() == own and (decoder := _ABOUT_ITEMS.get(log["topics"][0])) is not None
        for event in decoder(log["topics"], bytes.fromhex(log["data"][2:]))
    ]


def _verdict(events: Iterator[Event], item: ItemWords, group: int, index: int) -> Verdict:
    event = _next(events)
    if isinstance(event, RedemptionRefused):
        if event.voucher is None and (event.group_index, event.item_index) != (group, index):
            raise RpcProtocolError(f"a refusal of item {event.item_index} where item {index} of group {group} was due")
        return Declined(_reason(event.reason), None if event.voucher is None else VoucherId(event.voucher))
    vouchers = item.vouchers
    spent = [_spent(event)]
    while len(spent) < len(vouchers):
        spent.append(_spent(_next(events)))
    if [entry.voucher for entry in spent] != vouchers:
        raise RpcProtocolError(f"the call's logs do not redeem the vouchers of item {index} of group {group}")
    return Accepted(tuple(spent))


def _next(events: Iterator[Event]) -> Event:
    event = next(events, None)
    if event is None:
        raise RpcProtocolError("the call's logs tell of fewer items than it had")
    return event


def _spent(event: Event) -> SpentVoucher:
    if not isinstance(event, VoucherRedeemed):
        raise RpcProtocolError("a refusal in the midst of an item that was redeemed")
    return SpentVoucher(VoucherId(event.voucher), Amount(event.amount), event.number)


def _reason(selector: bytes) -> str:
    """The refusal's name; a selector this release does not know keeps its digits."""
    return REASONS.get(selector, "0x" + selector.hex())
