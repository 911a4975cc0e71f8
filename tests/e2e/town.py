"""A small town for tests: its node is the real one, with its own chain, run through the commands a person would type."""

from __future__ import annotations

import csv
import itertools
import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from click.testing import CliRunner, Result

from node_api.__main__ import cli
from node_api.app import build_node
from node_api.chain.clock import ChainClock
from node_api.chain.handle import stop_chain
from node_api.cli.treasury import TreasuryOffice, open_treasury
from node_api.config import Settings
from node_api.domain.access import ApiRole
from node_api.domain.ids import MerchantId
from node_api.services.api_keys import ApiKeyring
from node_api.services.ports.treasury import Carried, Command
from node_api.serving import serving

FOLDER = Path(__file__).parent / "folder"
BEFORE_ANYTHING = 1_772_000_000
"""25 February 2026: the chain begins some days before the first programme of the folder does."""

Json = dict[str, Any]


def moment(text: str) -> int:
    """Unix seconds of a local time of the town, `2026-03-02T11:30`."""
    return int(datetime.fromisoformat(f"{text}+08:00").timestamp())


@dataclass
class Town:
    """A node's data folder, and the commands on it."""

    data: Path
    codes: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def settings(self) -> Settings:
        return Settings(data=self.data, chain_genesis_at=BEFORE_ANYTHING)

    def run(self, *arguments: str | Path, exit_code: int = 0) -> Result:
        """Runs a `vouchertrail` command in this process."""
        env = {"VOUCHERTRAIL_DATA": str(self.data), "VOUCHERTRAIL_CHAIN_GENESIS_AT": str(BEFORE_ANYTHING)}
        result = CliRunner().invoke(cli, [str(argument) for argument in arguments], env=env)
        assert result.exit_code == exit_code, f"{arguments}: {result.exit_code}\n{result.output}\n{result.exception!r}"
        return result

    def told(self, *arguments: str | Path, exit_code: int = 0) -> Json:
        """What a command tells programs."""
        answer = json.loads(self.run(*arguments, "--json", exit_code=exit_code).stdout.strip().splitlines()[-1])
        assert isinstance(answer, dict)
        return answer

    @contextmanager
    def office(self) -> Iterator[TreasuryOffice]:
        """The treasury's desk and book."""
        office = open_treasury(self.settings)
        try:
            yield office
        finally:
            office.rpc.close()

    def do(self, *commands: Command) -> list[Carried]:
        """Carries treasury commands out."""
        with self.office() as office:
            return list(office.desk.carry_out(commands))

    def wait_until(self, time: int) -> None:
        """Lets time pass on the chain."""
        with self.office() as office:
            ChainClock(office.rpc).jump_to(time)

    def head(self) -> int:
        """Number of the newest block."""
        return int(self.told("chain", "status")["head"])

    def stop(self) -> None:
        """Stops the chain."""
        stop_chain(self.settings.chain_folder)


@contextmanager
def town(data: Path) -> Iterator[Town]:
    """A town with the contracts deployed; its chain ends with it."""
    place = Town(data)
    try:
        place.run("deploy")
        yield place
    finally:
        place.stop()


@contextmanager
def copied(built: Path, data: Path) -> Iterator[Town]:
    """A town like one that was built and stopped: its data folder, copied. Its chain ends with it."""
    shutil.copytree(built, data)
    place = Town(data)
    try:
        place.run("chain", "start")
        yield place
    finally:
        place.stop()


class Street:
    """The town's node, serving, and those who speak to it."""

    def __init__(self, place: Town, url: str, keyring: ApiKeyring) -> None:
        self.town, self.url, self.keyring = place, url, keyring
        self._made = itertools.count(1)
        self._clients: list[httpx.Client] = []

    def close(self) -> None:
        """Hangs up for everybody."""
        for client in self._clients:
            client.close()

    def client(self, role: ApiRole, merchant: int | None = None) -> httpx.Client:
        """Somebody with an API key."""
        number = None if merchant is None else MerchantId(merchant)
        _, token = self.keyring.create(role, f"{role} {next(self._made)}", number)
        headers = {"Authorization": f"Bearer {token}"}
        self._clients.append(httpx.Client(base_url=self.url, headers=headers, timeout=60))
        return self._clients[-1]


@contextmanager
def open_street(place: Town) -> Iterator[Street]:
    """Starts the node of a town."""
    with ExitStack() as stack:
        office = stack.enter_context(place.office())
        node = stack.enter_context(build_node(place.settings, office.handle, office.keys))
        street = Street(place, stack.enter_context(serving(node.api)), node.keyring)
        stack.callback(street.close)
        yield street


def rows_of(path: Path) -> list[dict[str, str]]:
    """A CSV file as dictionaries."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_rows(path: Path, rows: Iterable[dict[str, str]]) -> None:
    """Writes dictionaries with the same keys as a CSV file."""
    known = list(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(known[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(known)
