"""The time that the next block of the embedded chain was given, kept so that a restarted anvil gives it as well.

A killed anvil forgets it, and a transaction made for that moment would come into a block of another one.
"""

from __future__ import annotations

from pathlib import Path

from node_api.chain.follower import head_of
from node_api.chain.rpc import RpcClient

_FILE = "next-time"


def keep_wanted_time(folder: Path, timestamp: int) -> None:
    """Writes down the time before it is given to the chain. It survives a kill; after a power cut the clock is asked for anew."""
    part = folder / f"{_FILE}.part"
    part.write_bytes(str(timestamp).encode())
    part.replace(folder / _FILE)


def give_wanted_time(rpc: RpcClient, folder: Path) -> None:
    """Gives a restarted chain the time that was written down, unless its newest block is past it."""
    try:
        wanted = int((folder / _FILE).read_bytes())
    except (FileNotFoundError, ValueError):
        return
    if wanted >= head_of(rpc).timestamp:
        rpc.call("evm_setNextBlockTimestamp", [hex(wanted)])
