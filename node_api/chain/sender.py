"""Sends transactions of one account: signed before anything is sent, so that a caller can write the bytes down first.

The same signed bytes can only take effect once, whoever sends them and however often. That is what every resumption
rests on: keep `SignedTransaction`, send it again when in doubt, and look for its receipt.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NewType, cast

from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address

from node_api.chain.contracts import explain_revert
from node_api.chain.kept_blocks import is_kept
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import ChainError, RpcError
from node_api.chain.rpc_values import Json, quantity, record, text

TxHash = NewType("TxHash", str)

RECEIPT_SECONDS = 120.0
RESEND_SECONDS = 2.0
"""Without a receipt for so long, the same bytes are sent again: a restarted chain may have lost them, a pool dropped them."""
_FIRST_WAIT, _LONGEST_WAIT = 0.001, 0.25
_SHOWN_SECONDS = 2.0
# What engines say of bytes they have already, in lower case.
_KNOWN = ("already known", "already imported", "known transaction")
_PAST = ("nonce too low", "nonce is too low", "nonce below")


class WouldRevert(ChainError):
    """A trial run says that the contract refuses the call: nothing was sent."""

    def __init__(self, what: str, data: str) -> None:
        super().__init__(f"{what} is refused: {explain_revert(data)}")
        self.data = data


class Reverted(ChainError):
    """The transaction is in a block and the contract refused it: nothing changed but the sender's nonce."""

    def __init__(self, receipt: Receipt) -> None:
        super().__init__(f"transaction {receipt.transaction} was refused in block {receipt.block}")
        self.receipt = receipt


class NonceTaken(ChainError):
    """Another transaction of the account has the nonce: these bytes can never take effect."""


class NoReceipt(ChainError):
    """No receipt in time. The transaction may still come into a block: send the same bytes again, never new ones."""


class TakenBack(ChainError):
    """A crash of the embedded chain took the transaction's block: nothing of it happened, and nobody sends it again."""


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """A transaction ready to send.

    Attributes:
        raw: signed bytes, 0x-hex.
        hash: its hash, under which its receipt appears.
        sender: account that signed it, checksummed.
        nonce: its place among the sender's transactions.
    """

    raw: str
    hash: TxHash
    sender: str
    nonce: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a transaction.

    Attributes:
        transaction: its hash.
        block: number of its block.
        block_hash: hash of its block.
        succeeded: False where the contract refused it.
        gas_used: by it alone.
        created: address of the contract it created, checksummed; None where it created none.
        logs: its events, as the chain gave them.
        told: all of it, as the chain gave it.
    """

    transaction: TxHash
    block: int
    block_hash: str
    succeeded: bool
    gas_used: int
    created: str | None
    logs: tuple[dict[str, Json], ...]
    told: dict[str, Json]


class Sender:
    """Transactions of one account, in order. Thread-safe; one sender for each account, or nonces collide."""

    def __init__(self, rpc: RpcClient, account: LocalAccount, chain_id: int) -> None:
        """Asks for nothing yet.

        Args:
            rpc: where to send; what its engine asks for gas is offered.
            account: who signs.
            chain_id: EIP-155 chain id, signed with every transaction.
        """
        self.rpc = rpc
        self.address = str(to_checksum_address(account.address))
        self._account = account
        self._chain_id = chain_id
        self._gas_price = rpc.profile.gas_price
        self._nonce: int | None = None
        self._lock = threading.Lock()

    def estimate(self, to: str | None, data: bytes, what: str = "the call") -> int:
        """Gas the call takes now, with a quarter on top for what may change before its block.

        Raises:
            WouldRevert: the contract refuses it now.
        """
        call: dict[str, Json] = {"from": self.address, "data": "0x" + data.hex()}
        if to is not None:
            call["to"] = to
        try:
            return quantity(self.rpc.call("eth_estimateGas", [call])) * 5 // 4
        except RpcError as error:
            if error.data:
                raise WouldRevert(what, error.data) from error
            raise

    def sign(self, to: str | None, data: bytes, gas: int) -> SignedTransaction:
        """Signs the next transaction and takes its nonce; nothing is sent.

        A signed transaction that is never sent leaves a gap that holds up all later ones: call `forget_nonce`
        when you throw one away.
        """
        with self._lock:
            if self._nonce is None:
                self._nonce = nonce_of(self.rpc, self.address)
            nonce, self._nonce = self._nonce, self._nonce + 1
        fields: dict[str, int | bytes | str] = {
            "nonce": nonce,
            "gasPrice": self._gas_price,
            "gas": gas,
            "value": 0,
            "data": data,
            "chainId": self._chain_id,
        }
        if to is not None:
            fields["to"] = to
        signed = self._account.sign_transaction(cast(Any, fields))
        return SignedTransaction(
            "0x" + signed.raw_transaction.hex(), TxHash("0x" + signed.hash.hex()), self.address, nonce
        )

    def forget_nonce(self) -> None:
        """Asks the chain for the next nonce anew, after a transaction that was not sent or a chain that went back."""
        self.next_nonce(None)

    def next_nonce(self, nonce: int | None) -> None:
        """Has the next transaction take this nonce; None: the one the chain says."""
        with self._lock:
            self._nonce = nonce

    def transact(self, to: str | None, data: bytes, *, gas: int | None = None, what: str = "the call") -> Receipt:
        """Signs, sends and waits. For callers that need not survive a kill in between; others keep the bytes.

        Raises: as `estimate` (only where no gas is given), `submit` and `see_through`.
        """
        signed = self.sign(to, data, gas if gas is not None else self.estimate(to, data, what))
        submit(self.rpc, signed)
        return see_through(self.rpc, signed)


def nonce_of(rpc: RpcClient, address: str) -> int:
    """The account's next nonce by the newest block."""
    return quantity(rpc.call("eth_getTransactionCount", [address, "latest"]))


def final_nonce_of(rpc: RpcClient, address: str) -> int:
    """The account's next nonce by the newest block that is final."""
    deep = rpc.profile.confirmations
    if not deep:
        return nonce_of(rpc, address)
    final = max(0, quantity(rpc.call("eth_blockNumber")) - deep)
    return quantity(rpc.call("eth_getTransactionCount", [address, hex(final)]))


def submit(rpc: RpcClient, signed: SignedTransaction) -> None:
    """Sends the bytes; sending what the chain has already is no fault.

    Raises:
        NonceTaken: another transaction has its nonce.
        RpcError: the chain does not take it for another reason.
    """
    try:
        rpc.call("eth_sendRawTransaction", [signed.raw])
    except RpcError as error:
        if is_known(error):
            return
        if is_past(error):
            if _landed_soon(rpc, signed.hash) or final_nonce_of(rpc, signed.sender) <= signed.nonce:
                return  # where another has it, the chain may still take it back
            if receipt_of(rpc, signed.hash) is not None:
                return  # another node may have told the nonce, which has seen more than the one asked before
            raise NonceTaken(f"nonce {signed.nonce} of {signed.sender} belongs to another transaction") from error
        raise


def _landed_soon(rpc: RpcClient, transaction: TxHash) -> bool:
    """Whether it has a receipt: an engine may count a block's nonces before it shows its receipts."""
    deadline = time.monotonic() + _SHOWN_SECONDS
    while receipt_of(rpc, transaction) is None:
        if time.monotonic() > deadline:
            return False
        time.sleep(_SHOWN_SECONDS / 20)
    return True


def is_known(error: RpcError) -> bool:
    """Whether the chain says that it has these very bytes already."""
    return any(phrase in error.message.lower() for phrase in _KNOWN)


def is_past(error: RpcError) -> bool:
    """Whether the chain says that the nonce is used up: by these bytes, or by others."""
    return any(phrase in error.message.lower() for phrase in _PAST)


def receipt_of(rpc: RpcClient, transaction: TxHash) -> Receipt | None:
    """The transaction's receipt; None while it is in no block."""
    return _receipt(rpc.call("eth_getTransactionReceipt", [transaction]))


def receipts_of(rpc: RpcClient, transactions: Iterable[SignedTransaction]) -> list[Receipt | None]:
    """Receipts in the order of the transactions; None for those in no block."""
    return [_receipt(answer) for answer in rpc.batch([("eth_getTransactionReceipt", (t.hash,)) for t in transactions])]


def _receipt(answer: Json) -> Receipt | None:
    return None if answer is None else read_receipt(record(answer))


def read_receipt(fields: dict[str, Json]) -> Receipt:
    """A receipt as the chain gave it."""
    created, logs = fields.get("contractAddress"), fields.get("logs")
    return Receipt(
        transaction=TxHash(text(fields["transactionHash"])),
        block=quantity(fields["blockNumber"]),
        block_hash=text(fields["blockHash"]),
        succeeded=quantity(fields["status"]) == 1,
        gas_used=quantity(fields["gasUsed"]),
        created=str(to_checksum_address(created)) if isinstance(created, str) else None,
        logs=tuple(record(entry) for entry in logs) if isinstance(logs, list) else (),
        told=fields,
    )


def wait_for(rpc: RpcClient, transaction: TxHash, *, seconds: float = RECEIPT_SECONDS) -> Receipt:
    """Waits for the transaction's receipt; sends nothing.

    Raises:
        Reverted: it is in a block and failed.
        NoReceipt: it is in no block within the time.
    """
    deadline, pause = time.monotonic() + seconds, _FIRST_WAIT
    while (receipt := receipt_of(rpc, transaction)) is None:
        if time.monotonic() > deadline:
            raise NoReceipt(f"transaction {transaction} is in no block after {seconds:g} s")
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_WAIT)
    if not receipt.succeeded:
        raise Reverted(receipt)
    return receipt


def wait_until_final(rpc: RpcClient, receipt: Receipt, *, seconds: float = RECEIPT_SECONDS) -> Receipt:
    """Waits until a transaction that was in a block stands in a final one; where a network goes back, it comes again by itself.

    Raises: as `wait_for`; of the embedded chain TakenBack, and NotWritten.
    """
    if rpc.journal is not None and not is_kept(rpc, rpc.journal, receipt.block, receipt.block_hash):
        raise TakenBack(f"a crash of the chain took block {receipt.block:,}")
    if not rpc.profile.confirmations:
        return receipt
    while True:
        wait_until_built_on(rpc, receipt.block, seconds=seconds)
        found = wait_for(rpc, receipt.transaction, seconds=seconds)
        if found.block_hash == receipt.block_hash:
            return found
        receipt = found


def wait_until_built_on(rpc: RpcClient, block: int, *, seconds: float = RECEIPT_SECONDS) -> None:
    """Waits until so many blocks stand on the one of this number that it is final. Raises NoReceipt."""
    deadline = time.monotonic() + seconds
    while quantity(rpc.call("eth_blockNumber")) < block + rpc.profile.confirmations:
        if time.monotonic() > deadline:
            raise NoReceipt(f"block {block} is not final after {seconds:g} s")
        time.sleep(_LONGEST_WAIT)


def see_through(rpc: RpcClient, signed: SignedTransaction, *, seconds: float = RECEIPT_SECONDS) -> Receipt:
    """Waits for the receipt of bytes that were submitted, and submits them again every two seconds until it is there.

    Raises: as `submit` and `wait_for`.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            return wait_for(rpc, signed.hash, seconds=RESEND_SECONDS)
        except NoReceipt:
            if time.monotonic() > deadline:
                raise NoReceipt(f"transaction {signed.hash} is in no block after {seconds:g} s") from None
        submit(rpc, signed)
