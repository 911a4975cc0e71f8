"""Brings a freshly started, empty anvil to where the chain was: newest whole snapshot, then the journaled blocks."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from node_api.chain.block_journal import JournaledBlock, read_blocks, segment_bases
from node_api.chain.identity import ForeignChain
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import ChainError, RpcError
from node_api.chain.rpc_values import quantity, record, text
from node_api.chain.snapshot import SnapshotHeader, SnapshotTorn, read_snapshot, snapshot_files

# A chain whose newest block was this close to real time when last seen keeps real time.
_ON_REAL_TIME_SECONDS = 120


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
        torn: names of snapshot files passed over.
    """

    base: int
    head: int
    replayed: int
    lost: int
    torn: tuple[str, ...]


def restore(rpc: RpcClient, folder: Path, chain_id: int) -> Restored:
    """Restores the chain and sets its clock.

    The clock goes on with real time where the chain was on real time; a chain on a clock of its own (a replay of
    the past) stands where its newest block was, so that time does not run on while it is down.

    Raises:
        ChainUnrestorable: nothing usable is left in the folder though a chain was here.
        ForeignChain: the snapshot is of another chain id.
    """
    header, torn = _load_newest(rpc, folder, chain_id)
    base = header.number if header else 0
    if header is None and torn and 0 not in segment_bases(folder):
        raise ChainUnrestorable(
            f"no whole snapshot is left in {folder.name}/ ({', '.join(torn)}) and the journal does not reach back "
            "to block 0. Put a copy of a snapshot file there, or remove the data folder to begin a new chain."
        )
    last_seen = (header.timestamp, header.wall) if header else None
    replayed = lost = 0
    for block in read_blocks(folder, base):
        if lost or not _replay(rpc, block):
            lost += 1
            continue
        replayed += 1
        last_seen = (block.timestamp, block.wall)
    if last_seen is not None:
        _set_clock(rpc, *last_seen)
    return Restored(base, quantity(rpc.call("eth_blockNumber")), replayed, lost, tuple(torn))


def _load_newest(rpc: RpcClient, folder: Path, chain_id: int) -> tuple[SnapshotHeader | None, list[str]]:
    torn: list[str] = []
    for path in snapshot_files(folder):
        try:
            header, state = read_snapshot(path)
        except SnapshotTorn:
            torn.append(path.name)
            continue
        if header.chain_id != chain_id:
            raise ForeignChain(f"{path.name} is of chain id {header.chain_id}, this node's is {chain_id}")
        rpc.call("anvil_loadState", ["0x" + state.hex()])
        found = text(record(rpc.call("eth_getBlockByNumber", ["latest", False]))["hash"])
        if found != header.hash:
            raise ChainUnrestorable(f"{path.name} was loaded, but its newest block is {found}, not {header.hash}")
        return header, torn
    return None, torn


def _replay(rpc: RpcClient, block: JournaledBlock) -> bool:
    """Makes the block again; says whether it is the same block. Nothing is made where it cannot follow."""
    head = record(rpc.call("eth_getBlockByNumber", ["latest", False]))
    if text(head["hash"]) != block.parent:
        return False
    rpc.call("evm_setAutomine", [False])
    try:
        rpc.call("evm_setNextBlockTimestamp", [hex(block.timestamp)])
        for raw in block.transactions:
            rpc.call("eth_sendRawTransaction", [raw])
        rpc.call("evm_mine")
    except RpcError:
        rpc.call("anvil_dropAllTransactions")
        return False
    finally:
        rpc.call("evm_setAutomine", [True])
    return text(record(rpc.call("eth_getBlockByNumber", ["latest", False]))["hash"]) == block.hash


def _set_clock(rpc: RpcClient, block_time: int, wall: int) -> None:
    now = int(time.time())
    on_real_time = abs(block_time - wall) <= _ON_REAL_TIME_SECONDS
    rpc.call("evm_setTime", [hex(max(block_time, now) if on_real_time else block_time)])
