"""What the engine of a chain asks of whoever uses it: a table, so that the engine is no code path."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from node_api.services.packing import ANY_NETWORK, ROOMY, CallBounds


@dataclass(frozen=True, slots=True)
class EngineProfile:
    """One engine's manners.

    Attributes:
        name: as the setting `VOUCHERTRAIL_CHAIN_ENGINE` names it.
        client: what its nodes call themselves, before the first slash of their version, lower case.
        gas_price: wei offered for a unit of gas; 0 where gas is free.
        batch: most requests in one HTTP body.
        page: most blocks in one step of the index.
        confirmations: blocks that must stand on one before nothing of it can change.
        by_signers: whether that number follows from the number of signers, which votes change.
        in_flight: most calls of the outbox that are sent and not final.
        block_gas: gas of the outbox's calls sent between two blocks, about: what every node carries out in a block's time; None
            for any.
        hold_seconds: after a block, before calls are sent: only the signer that has them from us makes the next one of them.
        calls: how large they may be.
        in_order: whether transactions of several accounts come into blocks in the order in which they were sent.
        steady: whether blocks come by the clock: one that stands still is out of order, and its time is the real one.
    """

    name: str
    client: str
    gas_price: int = 0
    batch: int = 100
    page: int = 500
    confirmations: int = 0
    by_signers: bool = False
    in_flight: int = 4
    block_gas: int | None = None
    hold_seconds: float = 0.0
    calls: CallBounds = ANY_NETWORK
    in_order: bool = True
    steady: bool = False

    def among(self, signers: int) -> EngineProfile:
        """The same where so many sign: a block is final once more than half of them have built on it."""
        return replace(self, confirmations=signers // 2 + 1) if self.by_signers else self


GAS_A_SECOND: Final = 70_000_000
"""Of blocks of geth, for each core: it carries out twice as much, but has to be done long before the next block is due."""
# An engine that is not in the table is taken for this one: blocks are final at once, gas is free.
ANVIL: Final = EngineProfile("anvil", "anvil")
# The chain that the node keeps for itself.
EMBEDDED: Final = replace(ANVIL, calls=ROOMY)
# geth passes on no transaction that leaves its signer nothing above the base fee. That begins at zero, and a block more than half
# full raises it by an eighth, a wei at least: to this price only 112 of them in a row would.
# A signer carries out each block twice, to make its own and to check another's; this is what it can where blocks are of a second.
# Where more is sent, blocks are late, others seal rivals of them, and all carry these out as well.
GETH_CLIQUE: Final = EngineProfile(
    "geth-clique",
    "geth",
    gas_price=1_000_000,
    by_signers=True,
    in_flight=64,
    block_gas=GAS_A_SECOND // 2,
    in_order=False,
    steady=True,
)
# Besu closes connections that ask more at once, and bounds what it answers.
BESU_QBFT: Final = EngineProfile("besu-qbft", "besu", batch=50, in_flight=64, in_order=False, steady=True)
PROFILES: Final = {one.name: one for one in (ANVIL, GETH_CLIQUE, BESU_QBFT)}


def profile_of(client: str, named: str | None) -> EngineProfile:
    """The profile that was named, else that of the program that answers."""
    if named is not None:
        return PROFILES[named]
    return next((one for one in PROFILES.values() if one.client == client), ANVIL)
