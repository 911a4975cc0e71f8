"""`vouchertrail network-demo`: five organisations' signers, an observer, one real campaign, and the regulator's audit of it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import rich_click as click
from rich.table import Column, Table

from node_api.app import build_node
from node_api.chain.deployment.run import deployer
from node_api.chain.handle import ChainHandle
from node_api.chain.keys import ACCOUNT_ROLES, KeyRing
from node_api.chain.sender import wait_until_built_on
from node_api.cli.deploy import open_chain
from node_api.cli.folder import checked_folder, console
from node_api.cli.keys import key_ring
from node_api.cli.load import load_folder
from node_api.cli.network_local import network_faults
from node_api.cli.options import FAULT, USAGE, Shared, fail, shared_options
from node_api.cli.replay import replay_folder
from node_api.cli.telling_steps import Teller, end_by_signal
from node_api.cli.treasury import treasury_lock
from node_api.config import Settings
from node_api.domain.ids import Address
from node_api.loaders.completejourney.load import load_completejourney
from node_api.loaders.completejourney.source import DataMissing
from node_api.loaders.open_today import NoSuchProgramme, open_today
from node_api.network.plan import Engine
from node_api.network.processes import find_program
from node_api.network.trial import OPERATOR, REGULATOR, trial_network
from node_api.record import Record, open_record
from node_api.services.import_folder import ImportFolder
from node_api.services.reconciling import reconcile
from node_api.services.replaying.replay import Summary
from node_api.services.tracing import trace
from node_api.serving import serving
from node_api.telling import index_events

_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class NetworkFigures:
    """What stands on the network at the end, as the regulator's own index has it.

    Attributes:
        block: everything is as of it, and it is final.
        codes: accepted; `unexpected` those that did not end as the data says.
        reorganisations: times the operator's index took blocks back.
        operators_digest, regulators_digest: of all tables of both indexes, a hash.
        traced: a redeemed voucher; the steps of its life, and how many of what was checked anew is not as it should be.
    """

    block: int
    vouchers: int
    redemptions: int
    codes: int
    unexpected: int
    reorganisations: int
    values_compared: int
    differences: int
    traced: str
    trace_steps: int
    trace_faults: int
    operators_digest: str
    regulators_digest: str

    @property
    def as_expected(self) -> bool:
        """Whether every code ended as expected, all money agrees, and both indexes are equal."""
        equal = self.operators_digest == self.regulators_digest
        return equal and not (self.unexpected or self.differences or self.trace_faults) and self.redemptions > 0


@click.command(name="network-demo")
@click.option("--campaign", default=18, show_default=True, type=click.IntRange(1, 27), help="Of the Complete Journey.")
@click.option("--program", envvar="GETH", type=click.Path(path_type=Path, dir_okay=False), help="geth, as for `up`.")
@shared_options
def cli(shared: Shared, campaign: int, program: Path | None) -> None:
    """Run a network for one real campaign: loaded, replayed at an operator's node, audited from the regulator's.

    Nobody moves this chain's clock: the campaign is moved by whole days so that it is open today, and every row is played now.
    All of it lies in a temporary folder and is gone at the end.
    """
    end_by_signal()
    geth = _program(shared, program)
    folder = Path(tempfile.mkdtemp(prefix="vouchertrail-"))
    try:
        _demo(shared, folder, geth, campaign)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _program(shared: Shared, named: Path | None) -> Path:
    with network_faults(shared):
        return find_program(Engine.GETH_CLIQUE, named)


def _demo(shared: Shared, folder: Path, geth: Path, campaign: int) -> None:
    say = Teller(shared)
    with ExitStack() as stack:
        with say.step("data"):
            path = _campaign(shared, folder, campaign)
            keys = KeyRing(folder / OPERATOR / "keys")
            keys.create_missing()
        with say.step("network of five signers and an observer"), network_faults(shared):
            accounts = [Address(keys.address(role)) for role in ACCOUNT_ROLES]
            stack.enter_context(trial_network(folder / "network", geth, accounts))
        operator = Shared(_settings(folder, OPERATOR), shared.as_json)
        imported = checked_folder(operator, path)
        with say.step("contracts"):
            handle = open_chain(operator.settings)
            deployer(handle, operator.settings.deployments_folder, keys).run()
        with say.step("loading"):
            load_folder(operator, imported)
        with say.step("replay through the operator's API"):
            summary = _replayed(operator, handle, imported)
        with say.step("the regulator's index and audit"):
            figures = _audited(folder, operator, handle, summary)
    _tell(shared, figures, say.seconds)
    if not figures.as_expected:
        raise SystemExit(FAULT)


def _settings(folder: Path, organisation: str) -> Settings:
    """Of an organisation's voucher node on the network."""
    return Settings(data=folder / organisation, network=str(folder / "network"), organisation=organisation)


def _campaign(shared: Shared, folder: Path, campaign: int) -> Path:
    """One campaign as an import folder, open today."""
    out = folder / "import"
    try:
        load_completejourney(folder / "journey")
        open_today(folder / "journey", out, f"campaign-{campaign}", datetime.now(tz=UTC))
    except (DataMissing, NoSuchProgramme) as fault:
        fail(str(fault), USAGE, kind=type(fault).__name__, as_json=shared.as_json)
    return out


def _replayed(operator: Shared, handle: ChainHandle, imported: ImportFolder) -> Summary:
    """Every row played now, many at once, over HTTP."""
    keys = key_ring(operator.settings)
    with (
        build_node(operator.settings, handle, keys) as node,
        serving(node.api) as url,
        treasury_lock(operator.settings),
    ):
        report = operator.settings.data / "replay.csv"
        return replay_folder(
            operator, imported, report, url=url, keyring=node.keyring, shift_to_now=True, together=_AT_ONCE
        )


def _audited(folder: Path, operator: Shared, handle: ChainHandle, summary: Summary) -> NetworkFigures:
    """What the regulator finds with an index of its own, beside the operator's as of the same final block."""
    regulator = _settings(folder, REGULATOR)
    shutil.copytree(operator.settings.deployments_folder, regulator.deployments_folder)
    with ExitStack() as stack:
        ours = open_record(operator.settings, handle)
        stack.callback(ours.close)
        theirs = open_record(regulator, open_chain(regulator))
        stack.callback(theirs.close)
        block = final_block(ours)
        theirs.indexer.catch_up(block)
        with theirs.reads.at(block) as reader:
            outcome = reconcile(reader, theirs.ledger)
            (programme,) = reader.programmes()
            totals = reader.totals(programme.id)
            (first, *_) = reader.redemptions(programme=programme.id, limit=1)
            traced = trace(reader, theirs.ledger, theirs.calls, first.voucher)
        return NetworkFigures(
            block=block,
            vouchers=totals.issued,
            redemptions=totals.redeemed,
            codes=summary.accepted,
            unexpected=len(summary.unexpected),
            reorganisations=index_events(operator.settings, ours.engine).newest().rewinds,
            values_compared=len(outcome.checks),
            differences=len(outcome.differences),
            traced=str(first.voucher),
            trace_steps=len(traced.steps),
            trace_faults=sum(one.good is False for one in traced.findings),
            operators_digest=ours.digest(),
            regulators_digest=theirs.digest(),
        )


def final_block(record: Record) -> int:
    """Brings an index up to a block, and waits until that is final and still the one it was."""
    while True:
        at = record.indexer.catch_up()
        wait_until_built_on(record.rpc, at.number)
        found = record.rpc.call("eth_getBlockByNumber", [hex(at.number), False])
        if isinstance(found, dict) and found["hash"] == at.hash:
            return at.number


def _tell(shared: Shared, figures: NetworkFigures, seconds: Mapping[str, float]) -> None:
    if shared.as_json:
        shared.tell({"figures": asdict(figures), "seconds": dict(seconds), "as_expected": figures.as_expected}, "")
        return
    table = Table("what", Column("figure", justify="right"))
    lines = {
        "vouchers issued": f"{figures.vouchers:,}",
        "redemptions": f"{figures.redemptions:,}",
        "… by codes, one for each receipt": f"{figures.codes:,}",
        "codes that did not end as the data says": f"{figures.unexpected:,}",
        "blocks taken back meanwhile": f"{figures.reorganisations:,} times",
        "final block that both indexes stand on": f"{figures.block:,}",
        "values compared by the regulator between bits, events, index and escrow": f"{figures.values_compared:,}",
        "… that differ": f"{figures.differences:,}",
        f"steps in the life of voucher {figures.traced}": f"{figures.trace_steps:,}",
        "… of what was checked anew, wrong": f"{figures.trace_faults:,}",
        "digest of the operator's index": figures.operators_digest[:16],
        "digest of the regulator's index": figures.regulators_digest[:16],
    }
    for name, value in lines.items():
        table.add_row(name, value)
    table.add_section()
    for name, spent in seconds.items():
        table.add_row(f"seconds: {name}", f"{spent:.1f}")
    console.print(table)
