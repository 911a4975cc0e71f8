"""The index's peer: logs by range, each decoded by its contract's event object of web3.py, and kept nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import orjson
from web3 import HTTPProvider, Web3


class EventReader:
    """Reads the events of some contracts."""

    def __init__(self, chain: str, contracts: Mapping[str, str]) -> None:
        """Args:
        chain: address of the node.
        contracts: address of each contract by its name.
        """
        self._web3 = Web3(HTTPProvider(chain))
        self._addresses: Any = [Web3.to_checksum_address(address) for address in contracts.values()]
        self._events: dict[Any, dict[bytes, Any]] = {}
        for name, address in zip(contracts, self._addresses, strict=True):
            abi = orjson.loads(files("node_api.chain").joinpath(f"artifacts/{name}.json").read_bytes())["abi"]
            contract = self._web3.eth.contract(address=address, abi=abi)
            events = [contract.events[entry["name"]]() for entry in abi if entry["type"] == "event"]
            self._events[address] = {bytes.fromhex(event.topic.removeprefix("0x")): event for event in events}

    def read(self, first: int, last: int) -> int:
        """Decodes all that was logged in the blocks `first … last`; how many events it was."""
        wanted: Any = {"fromBlock": first, "toBlock": last, "address": self._addresses}
        found = [
            self._events[log["address"]][log["topics"][0]].process_log(log) for log in self._web3.eth.get_logs(wanted)
        ]
        return len(found)
