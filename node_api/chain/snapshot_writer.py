"""Takes snapshots of the running chain, and decides how often that is worth its price."""

from __future__ import annotations

import time
from collections.abc import Callable

from node_api.chain.block_journal import BlockJournal
from node_api.chain.follower import Follower, PathLeft, head_of
from node_api.chain.identity import recorded_identity
from node_api.chain.options import EmbeddedOptions
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import ChainError
from node_api.chain.rpc_values import data
from node_api.chain.snapshot import FORMAT, SnapshotHeader, digest, read_header, snapshot_files, write_snapshot

# Snapshots may take one part in this of the time; of a chain that is never still, one part in that.
_TIME_SHARE, _BUSY_TIME_SHARE = 20, 100
# A chain is still once no block came for a second, and for so many times as long as the next snapshot is likely to hold it.
_STILL_SECONDS, _STILL_TIMES = 1.0, 10
_BUSY_TIMES = 12
_ATTEMPTS = 5


class ChainNotStill(ChainError):
    """The chain kept moving while its state was read, though mining was held: the snapshot was not written."""


class SnapshotNotKept(ChainError):
    """The disk did not take the snapshot: the one before and the journal have all of it."""


class SnapshotSchedule:
    """When the next snapshot is due: never more often than asked, and never for more than 5 % of the time.

    While one is read the chain makes no block. So it waits until none came for a second, and for ten times as long as reading is
    likely to take: a pause within a rush is not taken for its end. Or until twelve times as long as asked has passed: the journal
    has every block meanwhile, and it takes the longer to come back from.
    """

    def __init__(self, least_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._least, self._clock = least_seconds, clock
        self.behind = False
        self._moved_at = self._still_after = self._second_a_byte = 0.0
        self._size = 0
        self._put_off_until = 0.0
        self._wait(0.0)

    def moved(self, journaled: int) -> None:
        """Tells that blocks came which no snapshot holds: so many bytes of journal by now, and about as many of a snapshot."""
        self.behind, self._moved_at = True, self._clock()
        self._still_after = max(_STILL_SECONDS, _STILL_TIMES * self._second_a_byte * (self._size + journaled))

    def taken(self, seconds: float, size: int) -> None:
        """Tells that a snapshot of so many bytes was taken and what it cost."""
        self.behind = False
        self._second_a_byte, self._size = seconds / size, size
        self._wait(seconds)

    def put_off(self, seconds: float) -> None:
        """Tells that one came to nothing, and what that cost: the next is tried when it takes 5 % of the time, wanted or not."""
        self._put_off_until = self._clock() + _TIME_SHARE * seconds

    def due(self, *, wanted: bool = False) -> bool:
        """Whether one should be taken now; one that is wanted waits for nothing but an end of what put it off."""
        now = self._clock()
        if now < self._put_off_until:
            return False
        still = now - self._moved_at >= self._still_after
        return wanted or (self.behind and now >= (self._due_at if still else self._overdue_at))

    def _wait(self, seconds: float) -> None:
        now = self._clock()
        self._due_at = now + max(self._least, _TIME_SHARE * seconds)
        self._overdue_at = now + max(_BUSY_TIMES * self._least, _BUSY_TIME_SHARE * seconds)


def take_snapshot(
    rpc: RpcClient, follower: Follower, journal: BlockJournal, options: EmbeddedOptions, wall: int | None = None
) -> tuple[SnapshotHeader, int, float]:
    """Holds mining, journals what is new, reads the state, and writes it once mining goes on.

    Transactions sent meanwhile wait in the pool and are mined afterwards. `wall` is the real time to write into the
    header, for a chain whose newest block was seen then; None means now.

    Returns: the header written, the block of the oldest snapshot still kept (0 where there is only this one), and
    the seconds it took.

    Raises:
        ChainNotStill: somebody mined by hand or by interval through every attempt.
        SnapshotNotKept: the disk is full, or takes nothing.
        ChainError: as the RPC client.
    """
    began = time.monotonic()
    identity = recorded_identity(options.identity_file)
    mining = _Mining(rpc)
    try:
        state = _read_still(rpc, mining, follower, journal)
    finally:
        mining.let_go()
    head = follower.seen
    header = SnapshotHeader(
        format=FORMAT,
        chain_id=options.chain_id,
        genesis_hash=identity.genesis_hash if identity else "",
        number=head.number,
        hash=head.hash,
        timestamp=head.timestamp,
        wall=int(time.time()) if wall is None else wall,
        size=len(state),
        sha256=digest(state),
    )
    try:
        write_snapshot(options.folder, header, state)
    except OSError as error:
        raise SnapshotNotKept(f"no snapshot of block {header.number}: {error}") from error
    kept = snapshot_files(options.folder)
    oldest = read_header(kept[-1]).number if len(kept) > 1 else 0
    return header, oldest, time.monotonic() - began


class _Mining:
    """anvil's automatic mining; where somebody held it before, it is theirs to let go."""

    def __init__(self, rpc: RpcClient) -> None:
        self._rpc, self._held = rpc, False

    def hold(self) -> None:
        if self._rpc.call("anvil_getAutomine") is True:
            self._held = True
            self._rpc.call("evm_setAutomine", [False])

    def let_go(self) -> None:
        if self._held:
            self._rpc.call("evm_setAutomine", [True])


def _read_still(rpc: RpcClient, mining: _Mining, follower: Follower, journal: BlockJournal) -> bytes:
    """The state at exactly the last block followed. Each attempt holds mining: somebody may have let it go meanwhile."""
    for _ in range(_ATTEMPTS):
        mining.hold()
        try:
            follower.write_down(journal)
        except PathLeft:
            follower.seen = head_of(rpc)
        state = data(rpc.call("anvil_dumpState"))
        if head_of(rpc).hash == follower.seen.hash:
            return state
    raise ChainNotStill(f"the chain moved during each of {_ATTEMPTS} attempts to read its state")
