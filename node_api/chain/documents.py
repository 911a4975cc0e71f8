"""EIP-712 documents of what is signed, for devices and wallets: types, domain and message.

Numbers are decimal strings, so that no JSON reader rounds them.
"""

from node_api.chain.eip712 import NAME, TYPES, VERSION
from node_api.domain.ids import Address, Hash
from node_api.domain.items import Item, OpenCode, Spend
from node_api.domain.transfers import TransferOrder


def typed_data(chain_id: int, contract: Address, item: Item) -> dict[str, object]:
    """The whole document of an item."""
    return {
        "domain": {"name": NAME, "version": VERSION, "chainId": chain_id, "verifyingContract": contract},
        "primaryType": "Redemption",
        "types": {name: TYPES[name] for name in ("EIP712Domain", "Spend", "Redemption")},
        "message": {
            "spends": _spends_message(item.spends),
            "merchant": str(item.merchant),
            "bill": str(item.bill),
            "receipt": item.receipt,
            "channel": str(item.channel),
            "deadline": str(item.deadline),
        },
    }


def open_document(chain_id: int, contract: Address, code: OpenCode) -> dict[str, object]:
    """The whole document of an open code."""
    return {
        "domain": {"name": NAME, "version": VERSION, "chainId": chain_id, "verifyingContract": contract},
        "primaryType": "OpenRedemption",
        "types": {name: TYPES[name] for name in ("EIP712Domain", "Spend", "OpenRedemption")},
        "message": {
            "spends": _spends_message(code.spends),
            "maxBill": str(code.max_bill),
            "channel": str(code.channel),
            "deadline": str(code.deadline),
        },
    }


def case_document(
    chain_id: int, contract: Address, kind: str, redemption: Hash, voucher: int, reason: Hash, deadline: int
) -> dict[str, object]:
    """The whole document of a `Reversal` or `Dispute`."""
    return {
        "domain": {"name": NAME, "version": VERSION, "chainId": chain_id, "verifyingContract": contract},
        "primaryType": kind,
        "types": {name: TYPES[name] for name in ("EIP712Domain", kind)},
        "message": {
            "redemption": redemption,
            "voucher": str(voucher),
            "reason": reason,
            "deadline": str(deadline),
        },
    }


def transfer_document(chain_id: int, contract: Address, order: TransferOrder) -> dict[str, object]:
    """The whole document of a `Transfer`."""
    return {
        "domain": {"name": NAME, "version": VERSION, "chainId": chain_id, "verifyingContract": contract},
        "primaryType": "Transfer",
        "types": {name: TYPES[name] for name in ("EIP712Domain", "Transfer")},
        "message": {"voucher": str(order.voucher), "to": order.receiver, "deadline": str(order.deadline)},
    }


def _spends_message(spends: tuple[Spend, ...]) -> list[dict[str, str]]:
    return [
        {"voucher": str(spend.voucher), "amount": str(spend.amount), "sequence": str(spend.sequence)}
        for spend in spends
    ]
