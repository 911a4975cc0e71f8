"""The treasury's commands on the embedded or any other chain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from node_api.chain.deployed import CallReverted, Deployed
from node_api.chain.deployment.resolve import Accounts
from node_api.chain.pipeline import Call, Pipeline, WentBack
from node_api.chain.rpc_values import quantity, record
from node_api.chain.treasury_calls import call_of
from node_api.domain.ids import UnixSeconds
from node_api.services.ports.treasury import Carried, ChainWentBack, Command, CommandRefused


class ChainDesk:
    """Implements `TreasuryDesk` with the node's role keys."""

    def __init__(self, deployed: Deployed, keys: Accounts, pipeline: Pipeline) -> None:
        self._deployed = deployed
        self._keys = keys
        self._pipeline = pipeline

    def carry_out(self, commands: Iterable[Command]) -> Iterator[Carried]:
        """See the port."""
        sent: dict[int, Command] = {}

        def calls() -> Iterator[Call]:
            for command in commands:
                call = call_of(command, self._deployed, self._keys)
                sent[id(call)] = command
                yield call

        try:
            for call, mined in self._pipeline.run(calls()):
                yield Carried(sent.pop(id(call)), mined.transaction, mined.block, mined.gas)
        except CallReverted as refusal:
            oldest = next(iter(sent.values()))  # all before it were yielded
            raise CommandRefused(oldest, refusal.error, refusal.detail) from refusal
        except WentBack as fault:
            raise ChainWentBack(str(fault)) from fault

    def settle(self) -> None:
        """See the port."""
        self._pipeline.settle()

    def now(self) -> UnixSeconds:
        """Time of the pending block, where the chain has one that does not come by the clock; else of the newest."""
        tags = ("latest",) if self._deployed.rpc.profile.steady else ("pending", "latest")
        answers = self._deployed.rpc.batch([("eth_getBlockByNumber", (tag, False)) for tag in tags])
        return UnixSeconds(max(quantity(record(block)["timestamp"]) for block in answers if block is not None))
