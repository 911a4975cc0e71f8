"""What both peers need to call the same function of the same contract: ABI, EIP-712 domain, a relayer's account."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson
from eth_account import Account
from eth_account.signers.local import LocalAccount
from hexbytes import HexBytes

GAS = 600_000
"""Named beforehand, as a bound: asking for it would double what is asked of the chain."""
_ZERO = "0x" + 40 * "0"
_SPEND = ("voucher", "amount", "sequence")
_TYPES = {
    "Spend": [{"name": name, "type": "uint256"} for name in _SPEND],
    "Redemption": [
        {"name": "spends", "type": "Spend[]"},
        {"name": "merchant", "type": "uint256"},
        {"name": "bill", "type": "uint256"},
        {"name": "receipt", "type": "bytes32"},
        {"name": "channel", "type": "uint256"},
        {"name": "deadline", "type": "uint256"},
    ],
}


@dataclass(frozen=True, slots=True)
class Contract:
    """`Vouchers` as web3.py knows it; `account` is a relayer of it."""

    address: Any
    chain_id: int
    account: LocalAccount
    abi: Any

    @property
    def domain(self) -> dict[str, Any]:
        """The EIP-712 domain."""
        return {
            "name": "VoucherTrail",
            "version": "1",
            "chainId": self.chain_id,
            "verifyingContract": self.address,
        }

    @property
    def types(self) -> dict[str, Any]:
        """The EIP-712 types."""
        return _TYPES


def opened(vouchers: str, chain_id: int, keys: Path) -> Contract:
    """The contract, and the account of the node's key file for OPERATOR."""
    sealed = orjson.loads((keys / "operator.json").read_bytes())
    secret = Account.decrypt(sealed, (keys / "password").read_text(encoding="utf-8").strip())
    artifact = files("node_api.chain").joinpath("artifacts/Vouchers.json").read_bytes()
    return Contract(vouchers, chain_id, Account.from_key(secret), orjson.loads(artifact)["abi"])


def one_item(message: dict[str, Any], signature: str) -> list[Any]:
    """The argument of `redeem` for one item."""
    spends = [tuple(spend[name] for name in _SPEND) for spend in message["spends"]]
    item = (
        spends,
        message["bill"],
        HexBytes(message["receipt"]),
        message["channel"],
        message["deadline"],
        HexBytes(signature),
    )
    return [(message["merchant"], _ZERO, b"", [item])]
