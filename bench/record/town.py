"""A chain with many vouchers: a folder of any size, deployed and loaded by the node's own commands."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.record.folder import write_folder
from bench.redemptions import town
from bench.redemptions.chain import client_version, head
from bench.redemptions.processes import memory_mib
from node_api.chain.handle import living_status, stop_chain
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_values import quantity, record
from node_api.config import Settings


@dataclass(frozen=True, slots=True)
class Issued:
    """What it took to issue a folder's vouchers.

    Attributes:
        seconds: of `vouchertrail load`, the folder's check included.
        gas: of all that the chain took in, deployment included.
        anvil_mib, load_mib: memory of the chain afterwards, and the most that the command had.
        chain_mib: the chain's folder on disk, its newest snapshot included.
    """

    engine: str
    seconds: float
    gas: int
    anvil_mib: int
    load_mib: int
    chain_mib: int


@contextmanager
def issued(work: Path, holders: int) -> Iterator[tuple[Settings, Issued]]:
    """A loaded chain that runs as long as the context lasts."""
    data, folder = work / "data", work / "import"
    write_folder(folder, holders)
    settings = Settings(data=data)
    try:
        town.command(data, "deploy")
        began = time.perf_counter()
        load_mib = town.command(data, "load", str(folder))
        seconds = time.perf_counter() - began
        status = living_status(settings.chain_folder)
        assert status is not None
        yield (
            settings,
            Issued(
                engine=client_version(status.url),
                seconds=seconds,
                gas=_gas(status.url),
                anvil_mib=memory_mib({"anvil": status.anvil_pid})["anvil"],
                load_mib=load_mib,
                chain_mib=mib_of(settings.chain_folder),
            ),
        )
    finally:
        stop_chain(settings.chain_folder)


def mib_of(folder: Path) -> int:
    """What the files of a folder take."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) >> 20


def _gas(url: str) -> int:
    with RpcClient(url) as rpc:
        blocks = rpc.batch([("eth_getBlockByNumber", (hex(n), False)) for n in range(head(url) + 1)])
        return sum(quantity(record(block)["gasUsed"]) for block in blocks)
