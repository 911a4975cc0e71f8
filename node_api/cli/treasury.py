"""Opens what the treasury's commands need: the chain, its contracts, the role keys, the wallet."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from node_api.chain.block_journal import wait_until_journaled
from node_api.chain.deployed import Deployed
from node_api.chain.deployment.addresses import Deployment, read_deployment
from node_api.chain.durable import alone
from node_api.chain.handle import ChainHandle
from node_api.chain.import_wallets import KeptWallets
from node_api.chain.keys import KeyRing, KeyRole
from node_api.chain.patient_rpc import PatientRpc
from node_api.chain.pipeline import Pipeline
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import ChainError
from node_api.chain.sender import wait_until_built_on
from node_api.chain.treasury_book import ChainBook
from node_api.chain.treasury_desk import ChainDesk
from node_api.chain.wallet import CustodialWallet
from node_api.cli.deploy import open_chain, open_deployed_chain
from node_api.cli.keys import key_ring
from node_api.config import Settings
from node_api.domain.ids import Address

_SUPERVISOR_NOTICES_SECONDS = 0.3
_STAFF = KeyRole.TREASURER, KeyRole.APPROVER, KeyRole.REGISTRAR, KeyRole.ISSUER, KeyRole.ADMIN
"""Who signs what these commands send, and nothing that a node sends while it serves."""


class TreasuryBusy(ChainError):
    """Another command of this node sends with the same role keys."""


@dataclass(frozen=True)
class TreasuryOffice:
    """Everything opened.

    Attributes:
        rpc: the chain; closed by whoever opened the office.
    """

    handle: ChainHandle
    deployment: Deployment
    rpc: RpcClient
    deployed: Deployed
    keys: KeyRing
    desk: ChainDesk
    book: ChainBook

    @cached_property
    def wallets(self) -> KeptWallets:
        """The holders' wallets. Raises KeyFault where the wallet's master cannot be opened: most commands need none."""
        return KeptWallets(CustodialWallet(self.keys.unsafe_wallet_master()))


def open_treasury(settings: Settings, *, sends: bool = True) -> TreasuryOffice:
    """Opens the office on the settings' chain. Who sends waits for what a command that was killed left on its way.

    Raises:
        ChainError: no chain, or nothing deployed on it.
    """
    handle = open_deployed_chain(settings)
    deployment = read_deployment(settings.deployments_folder, handle.chain_id, handle.genesis_hash)
    revive = reviver(settings, handle)
    rpc = PatientRpc(handle.url, revive, handle.identity) if handle.embedded else handle.connect()
    deployed = Deployed(rpc, {name: Address(entry.address) for name, entry in deployment.contracts.items()})
    keys = key_ring(settings)
    pipeline = Pipeline(deployed, keys, handle.chain_id, revive, keeper(settings, handle))
    if sends:
        pipeline.wait_for_earlier(_STAFF)
    desk, book = ChainDesk(deployed, keys, pipeline), ChainBook(deployed, keys)
    return TreasuryOffice(handle, deployment, rpc, deployed, keys, desk, book)


def reviver(settings: Settings, handle: ChainHandle) -> Callable[[], object]:
    """What to do when the chain is silent: the embedded one is started again where it does not run, others are waited for."""

    def revive() -> None:
        time.sleep(_SUPERVISOR_NOTICES_SECONDS)  # else its status may still say that the dead chain is ready
        if handle.embedded:
            open_chain(settings)

    return revive


def keeper(settings: Settings, handle: ChainHandle) -> Callable[[int], bool]:
    """Waits until a block is kept: the embedded chain's supervisor writes it down, on others it becomes final."""

    def keep(block: int) -> bool:
        if handle.embedded:
            return wait_until_journaled(settings.chain_folder, block)
        if handle.profile.confirmations:
            with handle.connect() as rpc:
                wait_until_built_on(rpc, block)
        return True

    return keep


@contextmanager
def treasury_lock(settings: Settings) -> Iterator[None]:
    """Keeps other treasury commands of this node out: two that sign with one key would take each other's nonces.

    Raises:
        TreasuryBusy: one is running.
    """
    try:
        with alone(settings.data.resolve() / "treasury.lock", wait=False):
            yield
    except BlockingIOError:
        raise TreasuryBusy(
            "another command of this node sends with the keys of its roles: wait until it has ended"
        ) from None
