"""The end-to-end tests on a network of geth, five signers and an observer: `pytest --on-network`, `make test-network`.

Nobody moves such a chain's clock, mines by hand or takes blocks back: tests that do are left out, and `LEFT_OUT` says why.
The worlds of those that run (`tests/world.py`) begin half an hour ago and stand beside each other on the one network.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount

from node_api.chain.handle import ChainHandle, attach_nodes
from node_api.chain.options import OutsideOptions
from node_api.chain.rpc import RpcClient
from node_api.chain.sender import SignedTransaction, TxHash, nonce_of, submit, wait_for, wait_until_final
from node_api.domain.ids import Address
from node_api.network.endpoints import planned
from node_api.network.plan import Engine
from node_api.network.processes import find_program
from node_api.network.trial import OPERATOR, trial_network

VARIABLE = "VOUCHERTRAIL_TEST_NETWORK"
CHAIN_ID = 31373
_FAUCET = "faucet"
_GIFT_WEI = 10**21

_CLOCKED = [
    "acts",
    "bad_operator",
    "barring",
    "load",
    "replay",
    "rules",
    "stolen_terminal",
    "story",
    "transfer_caps",
    "validity",
]
RUN = {
    "tests/api/test_signers_down.py": "one of five signers hangs, and so many that no block comes; on a network alone",
    "tests/api/test_redeeming.py": "redemptions, batches, idempotency keys, what is refused",
    "tests/api/test_open_codes.py": "codes that name no merchant",
    "tests/api/test_cases.py": "reversals and disputes",
    "tests/api/test_bookings.py": "bookings, captures, releases",
    "tests/api/test_booking_kinds.py": "bookings in part, consents",
    "tests/api/test_transfers.py": "vouchers passed on",
    "tests/api/test_claims.py": "claims",
    "tests/api/test_events.py": "pages, streams, webhooks",
    "tests/api/test_record.py": "statements and traces",
    "tests/api/test_money.py": "settlement runs, moves of budget",
    "tests/api/test_stranger.py": "the client of docs/api.md",
    "tests/e2e/test_repeated_keys.py": "10,000 requests of 200 keys",
}
_NO_CHAIN = "no chain in it"
_CLOCK = "moves the chain's clock"
_BY_HAND = "mines by hand, drops transactions or takes blocks back, to have a moment for certain"
_EMBEDDED = "about the embedded chain: its start, its snapshots, its end"
_ALIKE = "asks what others ask, of the index or of HTTP alone; the chain does not matter"
LEFT_OUT = {
    "tests/api/test_intake.py": "kills the processes of one node, and takes its chain back",
    **{
        f"tests/api/test_{name}.py": _NO_CHAIN
        for name in ("body_hash", "described", "forward", "gathering", "heads", "joined", "waiting")
    },
    **{f"tests/api/test_{name}.py": _BY_HAND for name in ("bookings_crash", "claims_crash", "crash", "finality")},
    **{f"tests/api/test_{name}.py": _CLOCK for name in ("consents", "limits", "oversight")},
    **{f"tests/api/test_{name}.py": _ALIKE for name in ("access", "front", "fuzz", "metrics", "odd")},
    **{f"tests/api/test_{name}.py": _EMBEDDED for name in ("faults", "start")},
    **{f"tests/e2e/test_{name}.py": _CLOCK for name in _CLOCKED},
    **{f"tests/e2e/test_{name}.py": _EMBEDDED for name in ("backup", "demo", "kill")},
    "tests/api/test_observer.py": "compares cursors of two nodes, which tell how often each index went back",
    "tests/e2e/test_foreign_chain.py": "puts another chain behind the node's address",
    "tests/e2e/test_claim_flood.py": "5,000 people for 3,000 places: beside six nodes on two cores it takes a quarter of an hour",
    "tests/e2e/test_connections.py": "about connections to PostgreSQL, under the same flood",
    "tests/e2e/test_siege.py": "kills the node under load for minutes; `make siege`",
}
"""File → why."""
ONE_LEFT_OUT = {
    "tests/api/test_claims.py::test_claim__whose_place_another_relayer_gave_away__ends_refused": (
        "a rival has to be in a block within the two seconds that claims are gathered"
    ),
}
"""Of a file that runs."""


@dataclass(frozen=True, slots=True)
class Joined:
    """The network that the tests of this process run on."""

    folder: Path

    def attach(self, identity: Path) -> ChainHandle:
        """Reads from the observer, sends to the validators."""
        plan = planned(self.folder.parent, str(self.folder), OPERATOR)
        readers, senders = (tuple(str(plan[name]).split(",")) for name in ("chain_url", "chain_send_url"))
        return attach_nodes(OutsideOptions(readers, CHAIN_ID, identity, senders))

    def endow(self, rpc: RpcClient, accounts: Sequence[str]) -> None:
        """Gives accounts what they need to pay for gas: geth passes on nothing for nothing."""
        faucet: LocalAccount = Account.from_key((self.folder / _FAUCET).read_text())
        first = nonce_of(rpc, faucet.address)
        for nonce, account in enumerate(accounts, start=first):
            gift = {"nonce": nonce, "to": account, "value": _GIFT_WEI, "gas": 21_000, "data": b"", "chainId": CHAIN_ID}
            signed = faucet.sign_transaction(cast("Any", gift | {"gasPrice": rpc.profile.gas_price}))
            sent = SignedTransaction("0x" + signed.raw_transaction.hex(), TxHash("0x" + signed.hash.hex()), "", nonce)
            submit(rpc, sent)
        wait_until_final(rpc, wait_for(rpc, sent.hash))  # the signer that is sent to next may be a block behind


def joined() -> Joined | None:
    """The network of this process and of those that it starts; None where every world has a chain of its own."""
    folder = os.environ.get(VARIABLE)
    return None if folder is None else Joined(Path(folder))


def begin(resources: ExitStack) -> None:
    """Starts the network, until the stack is closed."""
    base = Path(tempfile.mkdtemp(prefix="vouchertrail-"))
    resources.callback(shutil.rmtree, base, ignore_errors=True)
    faucet: LocalAccount = Account.create()
    program = find_program(Engine.GETH_CLIQUE, None)
    resources.enter_context(trial_network(base / "network", program, [Address(faucet.address)], chain_id=CHAIN_ID))
    path = base / "network" / _FAUCET
    path.touch(mode=0o600)
    path.write_text("0x" + faucet.key.hex())
    os.environ[VARIABLE] = str(base / "network")
    resources.callback(os.environ.pop, VARIABLE)


def choose(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves those that run on the network."""
    kept = [item for item in items if _listed(item, RUN) and item.nodeid not in ONE_LEFT_OUT]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def lines() -> list[str]:
    """What runs, what is left out, and why."""
    return [
        "on a network of geth, five signers and an observer:",
        *(f"  runs      {name}" + (f": {note}" if note else "") for name, note in RUN.items()),
        *(f"  left out  {name}: {why}" for name, why in {**LEFT_OUT, **ONE_LEFT_OUT}.items()),
    ]


def _listed(item: pytest.Item, names: dict[str, str]) -> bool:
    return item.nodeid.partition("::")[0] in names
