"""Many transactions of several accounts in flight at once, surviving a chain that is restarted under them."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from node_api.chain.contracts import contract
from node_api.chain.deployed import CallReverted, Deployed
from node_api.chain.deployment.resolve import Accounts
from node_api.chain.key_errors import KeyFault
from node_api.chain.keys import KeyRole
from node_api.chain.landed import Landed
from node_api.chain.rpc import Request
from node_api.chain.rpc_errors import ChainError, RpcError, RpcUnavailable
from node_api.chain.rpc_values import quantity
from node_api.chain.sender import (
    RESEND_SECONDS,
    NonceTaken,
    NoReceipt,
    Receipt,
    Sender,
    SignedTransaction,
    final_nonce_of,
    is_known,
    is_past,
    nonce_of,
    receipt_of,
    receipts_of,
)
from node_api.domain.ids import Address, Hash

WINDOW = 48
"""Most transactions in flight."""
WINDOW_BYTES = 2_000_000
"""Most signed bytes in flight, unless one transaction alone is larger."""
GIVE_UP_SECONDS = 120.0
_PORTION_BYTES = 100_000  # sent at once, so that the chain works while the next ones are made and signed
_PAUSE = 0.004


@dataclass(frozen=True, slots=True)
class Call:
    """A transaction to be: who sends what where, and with how much gas at most. `to` overrides the contract's address."""

    role: KeyRole
    contract: str
    function: str
    arguments: tuple[object, ...]
    gas: int
    to: Address | None = None


@dataclass(frozen=True, slots=True)
class Mined:
    """A transaction in a block, successful."""

    transaction: Hash
    block: int
    gas: int


class WentBack(ChainError):
    """The chain lost blocks with transactions that had landed. All are in blocks again, but the outcome may be another.

    A call was refused that may have rested on what was lost, or something fared otherwise than before: look at the chain anew.
    """


@dataclass(frozen=True, slots=True)
class _Flying:
    call: Call
    to: str
    data: bytes
    signed: SignedTransaction


class Pipeline:
    """Sends calls in order and waits for their receipts.

    One pipeline for an account at a time, or nonces collide. A chain that stops answering is waited for, and what may be
    lost is sent again byte for byte, the confirmed tail included: a restarted chain can be some blocks short.
    """

    def __init__(
        self,
        deployed: Deployed,
        keys: Accounts,
        chain_id: int,
        revive: Callable[[], object] = lambda: None,
        keep: Callable[[int], bool] = lambda _: True,
    ) -> None:
        """Opens no key yet.

        Args:
            deployed: the contracts.
            keys: role keys, opened when first used.
            chain_id: signed with every transaction.
            revive: called when the chain does not answer; returns once it does, or raises ChainError.
            keep: waits until a chain that is killed does not lose the block of this number any more; False where that takes long.
        """
        self._deployed = deployed
        self._rpc = deployed.rpc
        self._keys = keys
        self._chain_id = chain_id
        self._revive = revive
        self._keep = keep
        self._senders: dict[KeyRole, Sender] = {}
        self._resent_at = 0.0
        self._landed = Landed()
        self._held: Call | None = None  # waits until those of another account have landed

    def run(self, calls: Iterable[Call]) -> Iterator[tuple[Call, Mined]]:
        """Yields each call with its receipt, in order. Ends once none of them can be lost any more.

        Raises:
            CallReverted: a contract said no to the oldest call not yielded; calls behind it may have taken effect.
            WentBack: likewise, but what the call rested on may have been lost; everything in flight has landed.
            NoReceipt: a transaction stays out of the blocks for two minutes.
            NonceTaken: something else signs with one of the keys.
            ChainError: the chain is gone and does not come back.
        """
        flying: deque[_Flying] = deque()
        waiting, self._held = iter(calls), None  # a run that was refused may have left one
        exhausted, progress = False, time.monotonic()
        while flying or not exhausted:
            if not exhausted:
                exhausted = self._fill(flying, waiting)
            landed, refused = self._land(flying)
            if landed:
                progress = time.monotonic()
                yield from landed
            if refused is not None:
                raise self._refusal(*refused, [other.signed for other in flying])
            if flying and not landed:
                self._be_patient(flying, progress)
        self._see_kept()

    def _see_kept(self) -> None:
        """Waits until nothing that landed can be lost. Raises as `run`; NoReceipt where nobody writes the blocks down."""
        progress, kept = time.monotonic(), False
        while not kept:
            kept = self._keep(self._landed.newest)
            if self._have_moved():
                if self.settle():
                    raise WentBack("the chain lost blocks, and what it was sent again fared otherwise than before")
                progress, kept = time.monotonic(), False
            elif not kept and time.monotonic() - progress > GIVE_UP_SECONDS:
                raise NoReceipt(f"block {self._landed.newest} landed, but a crash of the chain could take it still")

    def settle(self, flying: Iterable[SignedTransaction] = ()) -> bool:
        """Gives a chain that went back what it has lost, and waits until that and what is in flight stands in blocks.

        Returns whether anything that had landed before has fared otherwise.

        Raises:
            NoReceipt: something stays out of the blocks for two minutes.
            ChainError: the chain is gone and does not come back.
        """
        awaited = [*self._landed.transactions, *flying]
        deadline, resent_at = time.monotonic() + GIVE_UP_SECONDS, -math.inf
        while None in (receipts := self._receipts(awaited)):
            missing = [signed for signed, receipt in zip(awaited, receipts, strict=True) if receipt is None]
            if time.monotonic() > deadline:
                raise NoReceipt(f"the chain went back and does not take transaction {missing[0].hash} again")
            if time.monotonic() - resent_at > RESEND_SECONDS:
                self._send(missing)
                resent_at = time.monotonic()
            time.sleep(_PAUSE)
        return self._landed.renew((signed, r) for signed, r in zip(awaited, receipts, strict=True) if r is not None)

    def _fill(self, flying: deque[_Flying], waiting: Iterator[Call]) -> bool:
        """Signs and sends while the window has room; says whether there is nothing more to send."""
        fresh: list[_Flying] = []
        size = sum(len(entry.data) for entry in flying)
        exhausted = False
        portion = size + _PORTION_BYTES
        while len(flying) + len(fresh) < WINDOW and size < min(WINDOW_BYTES, portion):
            call = next(waiting, None) if self._held is None else self._held
            self._held = None
            if call is None:
                exhausted = True
                break
            if not self._may_follow(call, [*flying, *fresh]):
                self._held = call
                break
            fresh.append(self._sign(call))
            size += len(fresh[-1].data)
        flying.extend(fresh)
        if fresh:
            self._send([entry.signed for entry in fresh])
        return exhausted

    def _may_follow(self, call: Call, before: Sequence[_Flying]) -> bool:
        """Whether the call comes into a block behind those in flight: where blocks do not keep the order, one account's do."""
        return self._rpc.profile.in_order or not before or before[-1].call.role is call.role

    def _sign(self, call: Call) -> _Flying:
        sender = self._sender(call.role)
        to = call.to or self._deployed.address(call.contract)
        data = contract(call.contract).function(call.function).encode(call.arguments)
        return _Flying(call, to, data, sender.sign(to, data, call.gas))

    def _sender(self, role: KeyRole) -> Sender:
        if role not in self._senders:
            sender = Sender(self._rpc, self._keys.account(role), self._chain_id)
            self._settle(sender.address)
            self._senders[role] = sender
        return self._senders[role]

    def wait_for_earlier(self, roles: Iterable[KeyRole]) -> None:
        """Waits until nothing is pending of the roles' accounts, as far as they have key files.

        What an earlier run that was killed sent must show before anybody looks what is left to do.

        Raises:
            NoReceipt: something stays out of the blocks for two minutes.
        """
        for role in roles:
            with suppress(KeyFault):  # who needs the key is told when it signs
                self._settle(self._keys.address(role))

    def _settle(self, address: str) -> None:
        """Waits until nothing of the account is pending."""
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while nonce_of(self._rpc, address) < quantity(self._rpc.call("eth_getTransactionCount", [address, "pending"])):
            if time.monotonic() > deadline:
                raise NoReceipt(f"transactions of {address} sent earlier stay out of the blocks")
            time.sleep(0.05)

    def _send(self, transactions: Iterable[SignedTransaction]) -> None:
        requests: list[Request] = [("eth_sendRawTransaction", (entry.raw,)) for entry in transactions]
        try:
            outcomes = self._rpc.try_batch(requests)
        except RpcUnavailable:
            return  # they are sent again when nothing lands
        for outcome in outcomes:
            if isinstance(outcome, RpcError) and not (is_known(outcome) or is_past(outcome)):
                raise outcome

    def _land(self, flying: deque[_Flying]) -> tuple[list[tuple[Call, Mined]], tuple[_Flying, int] | None]:
        """Takes the oldest transactions that have receipts off the queue, up to the first that was refused.

        Returns the successful ones, and the refused one with its block.
        """
        try:
            receipts = receipts_of(self._rpc, (entry.signed for entry in flying))
        except RpcUnavailable:
            return [], None
        landed: list[tuple[Call, Mined]] = []
        for receipt in receipts:
            if receipt is None:
                break
            entry = flying.popleft()
            self._landed.add(entry.signed, receipt)
            if not receipt.succeeded:
                return landed, (entry, receipt.block)
            landed.append((entry.call, Mined(Hash(receipt.transaction), receipt.block, receipt.gas_used)))
        return landed, None

    def _refusal(self, entry: _Flying, block: int, flying: list[SignedTransaction]) -> ChainError:
        """What a refused call means: the contract's no, unless the chain has lost what the call rested on."""
        if not self._have_moved():
            return self._why(entry, block)
        self.settle(flying)
        return WentBack(f"the chain lost blocks, and {entry.call.contract}.{entry.call.function} was refused meanwhile")

    def _have_moved(self) -> bool:
        return self._landed.have_moved(self._receipts(self._landed.transactions))

    def _receipts(self, transactions: list[SignedTransaction]) -> list[Receipt | None]:
        """Receipts of transactions, from a chain that is brought back where it does not answer."""
        try:
            return receipts_of(self._rpc, transactions)
        except RpcUnavailable:
            self._revive()
            return receipts_of(self._rpc, transactions)

    def _why(self, entry: _Flying, block: int) -> CallReverted:
        what = f"{entry.call.contract}.{entry.call.function}"
        return self._deployed.why(entry.signed.sender, entry.to, "0x" + entry.data.hex(), what, block)

    def _be_patient(self, flying: deque[_Flying], progress: float) -> None:
        """Waits a little; after a stall brings the chain back and sends again what it lacks."""
        still = time.monotonic() - progress
        if still > GIVE_UP_SECONDS:
            raise NoReceipt(f"transaction {flying[0].signed.hash} is in no block after {GIVE_UP_SECONDS:g} s")
        time.sleep(_PAUSE)
        now = time.monotonic()
        if min(still, now - self._resent_at) > RESEND_SECONDS:
            self._revive()
            self._resend(flying)
            self._resent_at = time.monotonic()

    def _resend(self, flying: deque[_Flying]) -> None:
        landed = self._landed.transactions
        try:
            receipts = receipts_of(self._rpc, landed)
            self._require_nonce(flying[0].signed)
        except RpcUnavailable:
            return
        lost = [signed for signed, receipt in zip(landed, receipts, strict=True) if receipt is None]
        self._send([*lost, *(entry.signed for entry in flying)])

    def _require_nonce(self, oldest: SignedTransaction) -> None:
        """Raises NonceTaken where another transaction of the account has the oldest one's nonce for good."""
        if final_nonce_of(self._rpc, oldest.sender) > oldest.nonce and receipt_of(self._rpc, oldest.hash) is None:
            raise NonceTaken(
                f"nonce {oldest.nonce} of {oldest.sender} belongs to another transaction: something else signs with this key"
            )
