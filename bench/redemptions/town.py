"""The node that is measured: a loaded folder, copied for each line, its chain and its API as processes of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from bench.redemptions.folder import bend_folder
from bench.redemptions.processes import children
from node_api.chain.eip712 import domain_separator
from node_api.chain.handle import living_status, stop_chain
from node_api.chain.import_wallets import KeptWallets
from node_api.cli.api_keys import keyring
from node_api.cli.treasury import open_treasury
from node_api.config import Settings
from node_api.domain.access import ApiRole
from node_api.domain.ids import Address
from node_api.services.import_folder import ImportFolder
from node_api.services.loading.seen import Seen, look

_NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Town:
    """A loaded folder; its embedded chain is stopped.

    Attributes:
        data: the node's folder, to be copied.
        seen: numbers that the chain gave to what the folder names.
        tokens: API key of each merchant by number; 0 is a platform that redeems for all of them.
        wallets: signs for the folder's holders.
    """

    data: Path
    folder: ImportFolder
    seen: Seen
    tokens: Mapping[int, str]
    wallets: KeptWallets
    vouchers: Address
    chain_id: int

    @property
    def domain(self) -> bytes:
        """EIP-712 domain separator of `Vouchers`."""
        return domain_separator(self.chain_id, self.vouchers)


@dataclass(frozen=True, slots=True)
class Place:
    """A copy of the town whose chain runs.

    Attributes:
        processes: pid of each of its processes, by name.
        settings: of its node, beside the data folder, as variables of the environment.
        options: its node is served with.
    """

    data: Path
    chain_url: str
    processes: dict[str, int]
    settings: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()


def build_town(source: Path, work: Path) -> Town:
    """A town on an embedded chain."""
    data = work / "town"
    try:
        return load_town(bend_folder(source, work / "import"), Settings(data=data), {})
    finally:
        stop_chain(Settings(data=data).chain_folder)


def load_town(folder: ImportFolder, settings: Settings, told: Mapping[str, str]) -> Town:
    """Deploys, loads the bent folder, and makes API keys.

    Args:
        folder: what to load.
        settings: of its node.
        told: the same, beside the data folder, as variables of the environment.
    """
    data = settings.data
    command(data, "deploy", told=told)
    command(data, "load", str(folder.path), told=told)
    office = open_treasury(settings)
    try:
        seen = look(folder, office.book, office.wallets)
        with keyring(settings) as ring:
            tokens = {0: ring.create(ApiRole.OPERATOR, "platform")[1]}
            for merchant in seen.merchants.values():
                tokens[merchant.id] = ring.create(ApiRole.MERCHANT, f"till {merchant.id}", merchant.id)[1]
        vouchers = Address(office.deployment.address("Vouchers"))
        return Town(data, folder, seen, tokens, office.wallets, vouchers, office.handle.chain_id)
    finally:
        office.rpc.close()


@contextmanager
def copied(town: Town, data: Path) -> Iterator[Place]:
    """A copy of the town in a folder of its own, its chain running; all of it is gone afterwards."""
    shutil.copytree(town.data, data)
    chain = Settings(data=data).chain_folder
    try:
        command(data, "chain", "start")
        status = living_status(chain)
        assert status is not None
        yield Place(data, status.url, {"anvil": status.anvil_pid, "supervisor": status.pid})
    finally:
        stop_chain(chain)
        shutil.rmtree(data, ignore_errors=True)


@contextmanager
def served(place: Place) -> Iterator[str]:
    """The place's API, as long as the context lasts; gives its address."""
    command = [sys.executable, "-m", "node_api", "serve", "--port", "0", "--json", *place.options]
    with process(command, place.data / "node.log", _environment(place.data, place.settings)) as (running, line):
        place.processes["node"] = running.pid
        place.processes.update({f"intake {number}": pid for number, pid in enumerate(children(running.pid), start=1)})
        yield str(orjson.loads(line)["url"])


@contextmanager
def process(
    command: list[str], log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that says on its first line that it is ready; told to end with the context.

    Raises:
        ChildProcessError: it ended before it said anything.
    """
    pipe = subprocess.PIPE
    with (
        log.open("w", encoding="utf-8") as errors,
        subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, stderr=errors, text=True) as running,
    ):
        try:
            assert running.stdout is not None
            line = running.stdout.readline()
            if not line:
                raise ChildProcessError(f"{command} ended with {running.wait()}: {log.read_text(encoding='utf-8')}")
            yield running, line
        finally:
            running.terminate()


def command(data: Path, *arguments: str, told: Mapping[str, str] = _NOTHING) -> int:
    """Runs a command of the node on a data folder, with other settings `told`; the MiB that it had at most.

    Raises:
        ChildProcessError: it fails; the message is all that it said.
    """
    whole = [sys.executable, "-m", "node_api", *arguments]
    with tempfile.TemporaryFile("w+") as said:
        running = subprocess.Popen(whole, env=_environment(data, told), stdout=said, stderr=said)
        _, status, used = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
        if running.returncode:
            said.seek(0)
            raise ChildProcessError(f"{' '.join(arguments)}: {said.read()}")
    return used.ru_maxrss >> 10


def _environment(data: Path, told: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VOUCHERTRAIL_")}
    return {**kept, "VOUCHERTRAIL_DATA": str(data), **told}
