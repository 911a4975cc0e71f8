"""The issue's peers: OpenZeppelin's tokens, minted through web3.py by calls for many holders, several of them in flight."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount
from web3 import HTTPProvider, Web3

from tools.compile import ROOT, artifact, run_compiler, settings

_HOLDERS = 100
"""In a call: with ten batches a thousand vouchers, some 27 million gas."""
_GAS = 60_000_000
_IN_FLIGHT = 8
_LOOK_SECONDS = 0.002
_CODE = ("abi", "evm.bytecode.object", "evm.deployedBytecode.object", "storageLayout")


@dataclass(frozen=True, slots=True)
class Minted:
    """What it took."""

    seconds: float
    gas: int
    calls: int


class Minter:
    """A token of its own on a chain."""

    def __init__(self, chain: str, name: str, account: LocalAccount | None = None, gas_price: int = 0) -> None:
        """Compiles and deploys one of `contracts/`, by its name.

        Args:
            chain: address of a node.
            name: of the contract.
            account: who mints; where gas costs nothing anybody can, and a new one is made.
            gas_price: of every transaction.
        """
        self._web3, self._gas_price = Web3(HTTPProvider(chain)), gas_price
        self._account = account or Account.create()
        self._nonce, self._chain_id = 0, self._web3.eth.chain_id
        code = _compiled(name)
        token: Any = self._web3.eth.contract(abi=code["abi"], bytecode=code["bytecode"])
        receipt = self._receipt(self._send(token.constructor().data_in_transaction, None))
        self._token: Any = self._web3.eth.contract(address=receipt["contractAddress"], abi=code["abi"])

    def mint(self, holders: Sequence[str], batches: Sequence[int]) -> Minted:
        """Gives every holder one of each batch.

        Raises:
            ValueError: a call failed.
        """
        began, gas, under_way = time.perf_counter(), 0, list[Any]()
        calls = [holders[at : at + _HOLDERS] for at in range(0, len(holders), _HOLDERS)]
        for some in calls:
            if len(under_way) == _IN_FLIGHT:
                gas += int(self._receipt(under_way.pop(0))["gasUsed"])
            under_way.append(self._send(self._token.encode_abi("issue", [some, batches]), self._token.address))
        gas += sum(int(self._receipt(sent)["gasUsed"]) for sent in under_way)
        return Minted(time.perf_counter() - began, gas, len(calls))

    def _send(self, data: str, to: str | None) -> Any:
        transaction: Any = {
            "data": data,
            "nonce": self._nonce,
            "gas": _GAS,
            "gasPrice": self._gas_price,
            "value": 0,
            "chainId": self._chain_id,
        }
        self._nonce += 1
        if to is not None:
            transaction["to"] = to
        signed = self._account.sign_transaction(transaction)
        return self._web3.eth.send_raw_transaction(signed.raw_transaction)

    def _receipt(self, sent: Any) -> Any:
        receipt = self._web3.eth.wait_for_transaction_receipt(sent, poll_latency=_LOOK_SECONDS)
        if receipt["status"] != 1:
            raise ValueError(f"the call {sent.hex()} failed")
        return receipt


def holder_of(address: bytes) -> str:
    """An address as web3.py wants it written."""
    return Web3.to_checksum_address(address)


def _compiled(name: str) -> dict[str, Any]:
    """With the settings that our own contracts are compiled with."""
    chosen, path = settings(), (Path(__file__).parent / "contracts" / f"{name}.sol").relative_to(ROOT).as_posix()
    request = {
        "language": "Solidity",
        "sources": {path: {"content": (ROOT / path).read_text(encoding="utf-8")}},
        "settings": {**chosen, "outputSelection": {path: {name: list(_CODE)}}},
    }
    return dict(artifact(name, path, run_compiler(request, ROOT)["contracts"][path][name], chosen))
