"""`redeem(Group[])` and `redeemWithConsents(Group[], Consent[])` by hand: call data out of items, verdicts out of logs.

A test holds the first equal to eth_abi.
"""

from collections.abc import Iterator, Sequence

from node_api.chain.contracts import contract
from node_api.chain.eip712 import holder_digest
from node_api.chain.rpc_errors import RpcProtocolError
from node_api.chain.rpc_values import Json, data, record, rows, text
from node_api.domain.ids import Address, Amount, VoucherId
from node_api.domain.items import Item, ItemGroup
from node_api.domain.operations import Accepted, Declined, SpentVoucher, Verdict
from node_api.domain.refusals import RULES

SELECTOR = contract("Vouchers").function("redeem").selector
SELECTOR_WITH_CONSENTS = contract("Vouchers").function("redeemWithConsents").selector
_TOPICS = contract("Vouchers").topics
_REDEEMED = "0x" + _TOPICS["VoucherRedeemed"].hex()
_REFUSED = "0x" + _TOPICS["RedemptionRefused"].hex()
_ITEM_REFUSED = "0x" + _TOPICS["RedemptionItemRefused"].hex()

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
        return SELECTOR + _word(32) + items
    given = _array([digest + _word(64) + _bytes(signature) for digest, signature in consents])
    return SELECTOR_WITH_CONSENTS + _word(64) + _word(64 + len(items)) + items + given


def consents_to(groups: Sequence[ItemGroup], domain: bytes) -> list[tuple[bytes, bytes]]:
    """The consents that items bring; `domain` is the EIP-712 domain separator."""
    return [(holder_digest(domain, item), item.consent) for group in groups for item in group.items if item.consent]


def _group(group: ItemGroup) -> bytes:
    seal = group.seal
    signature = _bytes(b"" if seal is None else seal.signature)
    terminal = bytes(32) if seal is None else bytes(12) + bytes.fromhex(seal.terminal[2:])
    head = _word(group.merchant) + terminal + _word(128) + _word(128 + len(signature))
    return head + signature + _array([_item(item) for item in group.items])


def _item(item: Item) -> bytes:
    spends = _word(len(item.spends)) + b"".join(
        _word(spend.voucher) + _word(spend.amount) + _word(spend.sequence) for spend in item.spends
    )
    signature = _bytes(item.signature)
    head = (
        _word(192)
        + _word(item.bill)
        + bytes.fromhex(item.receipt[2:])
        + _word(item.channel)
        + _word(item.deadline)
        + _word(192 + len(spends))
    )
    return head + spends + signature


def _array(parts: Sequence[bytes]) -> bytes:
    """An array of parts that are themselves of no fixed size."""
    offsets, at = [], 32 * len(parts)
    for part in parts:
        offsets.append(_word(at))
        at += len(part)
    return _word(len(parts)) + b"".join(offsets) + b"".join(parts)


def _bytes(content: bytes) -> bytes:
    return _word(len(content)) + content + bytes(-len(content) % 32)


def _word(value: int) -> bytes:
    return value.to_bytes(32)


def read_verdicts(logs: Sequence[Json], vouchers: Address, groups: Sequence[ItemGroup]) -> list[Verdict]:
    """What a call's logs say of each of its items, in their order.

    The contract logs items one after the other: a refused one once, a redeemed one once for each voucher.

    Raises:
        RpcProtocolError: the logs do not tell of these items.
    """
    entries = _entries(logs, vouchers)
    verdicts = [_verdict(entries, item, g, i) for g, group in enumerate(groups) for i, item in enumerate(group.items)]
    if next(entries, None) is not None:
        raise RpcProtocolError("the call's logs tell of more items than it had")
    return verdicts


def _entries(logs: Sequence[Json], vouchers: Address) -> Iterator[tuple[str, list[str], bytes]]:
    """Topic, indexed values and data of the logs about items."""
    for log in map(record, logs):
        topics = [text(topic) for topic in rows(log["topics"])]
        if text(log["address"]).lower() == vouchers.lower() and topics[0] in (_REDEEMED, _REFUSED, _ITEM_REFUSED):
            yield topics[0], topics[1:], data(log["data"])


def _verdict(entries: Iterator[tuple[str, list[str], bytes]], item: Item, group: int, index: int) -> Verdict:
    topic, indexed, body = _next(entries)
    if topic == _ITEM_REFUSED:
        if (_int(body, 0), _int(body, 1)) != (group, index):
            raise RpcProtocolError(f"a refusal of item {_int(body, 1)} where item {index} of group {group} was due")
        return Declined(_reason(body[64:68]), None)
    if topic == _REFUSED:
        return Declined(_reason(body[32:36]), VoucherId(int(indexed[0], 16)))
    spent = [_spent(indexed, body)]
    while len(spent) < len(item.spends):
        topic, indexed, body = _next(entries)
        spent.append(_spent(indexed, body))
    if [entry.voucher for entry in spent] != [spend.voucher for spend in item.spends]:
        raise RpcProtocolError(f"the call's logs do not redeem the vouchers of item {index} of group {group}")
    return Accepted(tuple(spent))


def _next(entries: Iterator[tuple[str, list[str], bytes]]) -> tuple[str, list[str], bytes]:
    entry = next(entries, None)
    if entry is None:
        raise RpcProtocolError("the call's logs tell of fewer items than it had")
    return entry


def _spent(indexed: list[str], body: bytes) -> SpentVoucher:
    return SpentVoucher(VoucherId(int(indexed[0], 16)), Amount(_int(body, 2)), _int(body, 4))


def _reason(selector: bytes) -> str:
    """The refusal's name; a selector this release does not know keeps its digits."""
    return REASONS.get(selector, "0x" + selector.hex())


def _int(body: bytes, word: int) -> int:
    return int.from_bytes(body[32 * word : 32 * word + 32])
