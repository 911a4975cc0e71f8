"""Brings the chain back to where it was: newest whole snapshot, then the journaled blocks.

Blocks are made again in an anvil of their own, at an address that nobody knows, and kept as a snapshot. Only then does
the chain's own anvil start, with that snapshot. So no client sees the chain half restored, and no transaction that
a client sends meanwhile gets between the journaled ones, which would make other blocks of them.
"""

from __future__ import annotations

import gzip
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from node_api.chain.anvil import kill, killed_on_failure, start_anvil
from node_api.chain.block_journal import BlockJournal, JournaledBlock, damaged_segments, read_blocks, segment_bases
from node_api.chain.durable import PRIVATE_FILE, write_whole
from node_api.chain.follower import Follower, head_of
from node_api.chain.options import EmbeddedOptions
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import ChainError, ForeignChain, RpcError
from node_api.chain.snapshot import SnapshotHeader, SnapshotTorn, read_snapshot, snapshot_files
from node_api.chain.snapshot_writer import take_snapshot

# A chain whose newest block was this close to real time when last seen keeps real time.
_ON_REAL_TIME_SECONDS = 120
_STATE_FILE = "restoring.json"


class ChainUnrestorable(ChainError):
    """Neither a whole snapshot nor a journal from block 0 is left: starting would mean starting anew."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back.

    Attributes:
        base: block of the snapshot used; 0 where none was.
        head: newest block now.
        replayed: blocks brought back from the journal.
        lost: journaled blocks that did not come back the same; their senders must send again.
        torn: names of snapshot files passed over; they are kept under `<name>.torn`.
        damaged: names of journal files damaged before their end; a copy of each is kept likewise.
    """

    base: int
    head: int
    replayed: int
    lost: int
    torn: tuple[str, ...]
    damaged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    """The newest whole snapshot."""

    header: SnapshotHeader
    state: bytes


Started = Callable[[subprocess.Popen[bytes]], object]
"""Told of an anvil as soon as it runs, so that it can be found when its supervisor is killed."""


def restore(
    options: EmbeddedOptions, genesis_at: int, wanted_port: int | None, started: Started
) -> tuple[subprocess.Popen[bytes], RpcClient, Restored]:
    """Starts anvil as the chain of the folder, with its clock set and mining held: the caller lets it go on.

    The clock goes on with real time where the chain was on real time; a chain on a clock of its own (a replay of
    the past) stands where its newest block was, so that time does not run on while it is down.

    Raises:
        ChainUnrestorable: nothing usable is left in the folder though a chain was here.
        ForeignChain: the snapshot is of another chain id.
        AnvilMissing, AnvilFailed: as `start_anvil`.
    """
    folder = options.folder
    found, torn = _newest(folder, options.chain_id)
    base = found.header.number if found else 0
    bases = segment_bases(folder)
    if found is None and 0 not in bases and (torn or bases):
        there = ", ".join(torn) or "none at all"
        raise ChainUnrestorable(
            f"no whole snapshot is left in {folder.name}/ ({there}) and the journal does not reach back "
            "to block 0. Put a copy of a snapshot file there, or remove the data folder to begin a new chain."
        )
    damaged, readable = damaged_segments(folder, base), any(True for _ in read_blocks(folder, base))
    if found is None and damaged and not readable:
        raise ChainUnrestorable(
            f"no snapshot is left in {folder.name}/ and the journal ({', '.join(damaged)}) is damaged from its first block on. "
            "Put a copy of either there, or remove the data folder to begin a new chain."
        )
    for name in torn:
        os.replace(folder / name, folder / f"{name}.torn")
    for name in damaged:  # what cannot be made again is cut off the journal
        write_whole(folder / f"{name}.torn", [(folder / name).read_bytes()])
    replayed = lost = 0
    if readable:
        replayed, lost = _replay_all(options, genesis_at, found, started)
        found, _ = _newest(folder, options.chain_id)
    process, rpc = _start(options, genesis_at, wanted_port, found)
    with killed_on_failure(process):
        started(process)
        if found is not None:
            _set_clock(rpc, found.header.timestamp, found.header.wall)
        lost += sum(damaged.values())
        return process, rpc, Restored(base, head_of(rpc).number, replayed, lost, tuple(torn), tuple(damaged))


def _newest(folder: Path, chain_id: int) -> tuple[_Found | None, list[str]]:
    """The newest whole snapshot, and the names of those passed over."""
    torn: list[str] = []
    for path in snapshot_files(folder):
        try:
            header, state = read_snapshot(path)
        except SnapshotTorn:
            torn.append(path.name)
            continue
        if header.chain_id != chain_id:
            raise ForeignChain(f"{path.name} is of chain id {header.chain_id}, this node's is {chain_id}")
        return _Found(header, state), torn
    return None, torn


def _start(
    options: EmbeddedOptions, genesis_at: int, wanted_port: int | None, found: _Found | None
) -> tuple[subprocess.Popen[bytes], RpcClient]:
    """Starts anvil, not mining, with the snapshot's state from its first answer on."""
    if found is None:
        return start_anvil(options, genesis_at, wanted_port, mining=False)
    path = options.folder / _STATE_FILE
    try:
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "wb") as file:
            file.write(gzip.decompress(found.state))
        process, rpc = start_anvil(options, genesis_at, wanted_port, state=path, mining=False)
    finally:
        path.unlink(missing_ok=True)
    with killed_on_failure(process):
        head = head_of(rpc).hash
        if head != found.header.hash:
            raise ChainUnrestorable(
                f"the snapshot of block {found.header.number} was loaded, but its newest block is {head}, "
                f"not {found.header.hash}"
            )
    return process, rpc


def _replay_all(options: EmbeddedOptions, genesis_at: int, found: _Found | None, started: Started) -> tuple[int, int]:
    """Makes the journaled blocks again and keeps the outcome as the newest snapshot; how many came back, how many not."""
    folder, base = options.folder, found.header.number if found else 0
    process, rpc = _start(options, genesis_at, None, found)
    try:
        started(process)
        replayed, lost, wall = _replay(rpc, read_blocks(folder, base))
        head = head_of(rpc)
        wall = wall or (found.header.wall if found else int(time.time()))
        journal = BlockJournal(folder, max(segment_bases(folder)), keep=head.number)
        header, oldest, _ = take_snapshot(rpc, Follower(rpc, head), journal, options, wall)
        journal.follow_snapshot(header.number, oldest).close()
        return replayed, lost
    finally:
        rpc.close()
        kill(process)


def _replay(rpc: RpcClient, blocks: Iterator[JournaledBlock]) -> tuple[int, int, int]:
    """Makes the blocks again, up to the first that does not become the same: came, lost, and when the last was seen."""
    replayed = lost = wall = 0
    for block in blocks:
        if lost or not _make(rpc, block):
            lost += 1
            continue
        replayed += 1
        wall = block.wall
    return replayed, lost, wall


def _make(rpc: RpcClient, block: JournaledBlock) -> bool:
    """Makes the block again; says whether it is the same block. Nothing is made where it cannot follow."""
    if head_of(rpc).hash != block.parent:
        return False
    try:
        rpc.call("evm_setNextBlockTimestamp", [hex(block.timestamp)])
        for raw in block.transactions:
            rpc.call("eth_sendRawTransaction", [raw])
        rpc.call("evm_mine")
    except RpcError:
        rpc.call("anvil_dropAllTransactions")
        return False
    return head_of(rpc).hash == block.hash


def _set_clock(rpc: RpcClient, block_time: int, wall: int) -> None:
    now = int(time.time())
    on_real_time = abs(block_time - wall) <= _ON_REAL_TIME_SECONDS
    rpc.call("evm_setTime", [hex(max(block_time, now) if on_real_time else block_time)])
