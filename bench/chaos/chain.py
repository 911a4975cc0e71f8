"""What befalls the chain itself: it takes another path, its clock jumps, it is killed."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from eth_account.signers.local import LocalAccount

from node_api.chain.clock import ChainClock
from node_api.chain.contracts import contract
from node_api.chain.handle import living_status
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import ChainError
from node_api.chain.rpc_values import Json, quantity, record, rows, text
from node_api.chain.sender import Sender, nonce_of
from node_api.chain.status import Phase
from node_api.domain.ids import Hash, UnixSeconds
from node_api.domain.models import BlockRef

JUMP_SECONDS = 600
SHAPES = ("moved", "dropped", "reordered")
_BACK_SECONDS = 60.0
_CALM_SECONDS, _CALM_LOOKS = 0.05, 4
_UNSEEN = 8

Placed = list[tuple[str, int]]
"""Raw transactions with the number of the new block, from 0, that each is to stand in."""


@dataclass(frozen=True, slots=True)
class _Stand:
    """A transaction, and in which of the newest blocks, from 0, it stands."""

    raw: str
    sender: str
    block: int


class ChainDown(Exception):
    """It was not back in time."""


class Chain:
    """The chain behind the proxy, spoken to directly.

    Attributes:
        done: reorganisations by their shape, jumps, kills.
    """

    def __init__(
        self, url: str, folder: Path, relayer: str, registrar: LocalAccount, merchants: str, chain_id: int
    ) -> None:
        """
        Args:
            url: where it answers.
            folder: its supervisor's.
            relayer: who sends redemptions.
            registrar: whose transactions redemptions are reordered with.
            merchants: address of `MerchantRegistry`.
            chain_id: EIP-155 chain id.
        """
        self.rpc = RpcClient(url, timeout=60)
        self._folder, self._merchants, self._relayer = folder, merchants, relayer.lower()
        self._passer_by = Sender(self.rpc, registrar, chain_id)
        self._clock = ChainClock(self.rpc)
        self._names = 0
        self.floor = self.head() + 1
        """The lowest block that stays: anvil has no states of blocks before its start, and a jump of the clock is not undone."""
        self.first = self.floor
        """The first block that is made from now on."""
        self.jumps: list[tuple[float, int]] = []
        """When its clock began to jump, by the machine's, and a block made after it."""
        self.taken_back: set[BlockRef] = set()
        """Blocks that were there before it took another path, or was killed; not all of them are gone."""
        self.unseen: list[range] = []
        """Numbers of blocks that it may have made in the instant before it was killed, and lost."""
        self.done: Counter[str] = Counter()

    def head(self) -> int:
        """Number of the newest block."""
        return quantity(self.rpc.call("eth_blockNumber"))

    def says(self) -> str:
        """How it stands, for a finding: its head, and blocks that it lacks below."""
        try:
            head = self.head()
            blocks = self.rpc.batch([("eth_getBlockByNumber", (hex(at), False)) for at in range(head + 1)])
        except ChainError as error:
            return f"the chain itself: {error}"
        return f"the chain stands at block {head}, lacks {[at for at, block in enumerate(blocks) if block is None]}"

    def nonce(self, account: str) -> int:
        """The account's next nonce."""
        return nonce_of(self.rpc, account)

    def now(self) -> int:
        """Block time of the newest block; waits for a chain that is being brought back."""
        deadline = time.monotonic() + _BACK_SECONDS
        while True:
            try:
                return self._clock.last_block_time()
            except ChainError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def pass_by(self) -> None:
        """Somebody else's transaction, with an event that the index keeps."""
        self._names += 1
        calldata = contract("MerchantRegistry").function("nameCategories").encode(([60], [f"name {self._names}"]))
        self._passer_by.forget_nonce()
        with suppress(ChainError):  # a chain that was killed, or has lost the transaction before: somebody else's worry
            signed = self._passer_by.sign(self._merchants, calldata, 200_000)
            self.rpc.call("eth_sendRawTransaction", [signed.raw])

    def reorganise(self, shape: str, depth: int, rng: random.Random) -> bool:
        """Has the newest blocks replaced, as many as `depth`, where that changes where redemptions stand.

        Returns: whether it was done: not below the floor, and not where nothing is there to be moved, dropped or reordered.
        """
        if self._wanted(shape, depth, rng) is None:
            return False
        with self.held():
            placed = self._wanted(shape, depth, rng)
            if placed is not None:
                head = self.head()
                self.taken_back.update(self.blocks(head - depth + 1, head))
                self.rpc.call("anvil_reorg", [depth, [[raw, block] for raw, block in placed]])
                self.done[f"reorganisation, {shape}"] += 1
        return placed is not None

    def _wanted(self, shape: str, depth: int, rng: random.Random) -> Placed | None:
        """The new blocks; None where there is nothing to be done."""
        head = self.head()
        if head - depth < self.floor:
            return None
        known = [one for at in range(depth) for one in self._stand(head - depth + 1 + at, at)]
        return _placed(shape, known, depth, rng) if self._relayer in {one.sender for one in known} else None

    @contextmanager
    def held(self) -> Iterator[None]:
        """No block is made meanwhile: one that anvil makes while it reorganises leaves a gap in its chain for good."""
        self.rpc.call("evm_setAutomine", [False])
        try:
            head, calm = self.head(), 0
            while calm < _CALM_LOOKS:
                time.sleep(_CALM_SECONDS)
                self.rpc.call("evm_setAutomine", [False])  # the supervisor may have let it go, having read a snapshot
                head, calm = self.head(), calm + 1 if self.head() == head else 0
            yield
        finally:
            self.rpc.call("evm_setAutomine", [True])
            self.rpc.call("evm_mine")  # what was sent meanwhile

    def _stand(self, number: int, at: int) -> list[_Stand]:
        """The transactions of a block."""
        block = record(self.rpc.call("eth_getBlockByNumber", [hex(number), True]))
        sent = [record(one) for one in rows(block["transactions"])]
        known = self.rpc.batch([("eth_getRawTransactionByHash", (one["hash"],)) for one in sent])
        return [_Stand(text(raw), text(one["from"]), at) for raw, one in zip(known, sent, strict=True)]

    def jump(self, ready: Callable[[], object]) -> None:
        """The clock jumps ten minutes, once `ready` returns; what is sent while it runs stands in a block after the jump."""
        with self.held():
            ready()
            began = time.time()
            self._clock.jump_to(self.now() + JUMP_SECONDS)
        self.floor = self.head()
        self.jumps.append((began, self.floor))
        self.done["clock jump"] += 1

    def kill(self) -> None:
        """SIGKILL to anvil; returns once its supervisor has brought it back."""
        status = living_status(self._folder)
        if status is None or status.phase is not Phase.READY:
            raise ChainDown("it was not up")
        known = self.first
        for _ in range(2):  # the second time there are few: what is made before the signal are fewer
            head = self.head()
            self.taken_back.update(self.blocks(known, head))
            known = head + 1
        os.kill(status.anvil_pid, signal.SIGKILL)
        self.unseen.append(range(known, known + _UNSEEN))
        self.done["SIGKILL of anvil"] += 1
        deadline = time.monotonic() + _BACK_SECONDS
        while True:
            now = living_status(self._folder)
            if now is not None and now.restarts > status.restarts and now.phase is Phase.READY:
                self.floor = self.head() + 1
                return
            if time.monotonic() > deadline:
                raise ChainDown(f"not back after {_BACK_SECONDS:g} s: {now}")
            time.sleep(0.02)

    def blocks(self, first: int, last: int) -> list[BlockRef]:
        """Those of these numbers that it has."""
        asked = [("eth_getBlockByNumber", (hex(number), False)) for number in range(first, last + 1)]
        found = [record(block) for block in self.rpc.batch(asked) if block is not None]
        return [
            BlockRef(quantity(one["number"]), Hash(text(one["hash"])), UnixSeconds(quantity(one["timestamp"])))
            for one in found
        ]

    def receipts(self, transactions: Sequence[str]) -> list[dict[str, Json] | None]:
        """What the chain has of them."""
        answers = self.rpc.batch([("eth_getTransactionReceipt", (one,)) for one in transactions])
        return [None if answer is None else record(answer) for answer in answers]


def _placed(shape: str, known: Sequence[_Stand], depth: int, rng: random.Random) -> Placed | None:
    """Where transactions stand in the new blocks, those of one sender in their order, as their nonces want it.

    Returns: None where they would stand as they do.
    """
    if shape == "dropped":
        return []
    order = [one.sender for one in known]
    if shape == "reordered":
        order.reverse()
        if order == [one.sender for one in known]:
            return None
    queues: dict[str, list[str]] = defaultdict(list)
    for one in known:
        queues[one.sender].append(one.raw)
    blocks = sorted(rng.randrange(depth) for _ in order)
    placed = [(queues[sender].pop(0), block) for sender, block in zip(order, blocks, strict=True)]
    return None if placed == [(one.raw, one.block) for one in known] else placed
