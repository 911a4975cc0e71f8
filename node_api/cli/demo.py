"""`vouchertrail demo`: 27 real coupon campaigns funded, minted, redeemed and audited, and a node that serves them."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import rich_click as click
from fastapi import FastAPI

from node_api.app import NotStarted, build_node
from node_api.chain.clock import ChainClock
from node_api.chain.deployment.run import deployer
from node_api.chain.durable import private_folder
from node_api.chain.gas_used import gas_of_event
from node_api.chain.handle import ChainHandle, ensure_chain, living_status, stop_chain
from node_api.chain.identity import recorded_identity
from node_api.cli.demo_report import DemoFigures, figures_of, tell_demo
from node_api.cli.demo_story import Story
from node_api.cli.folder import checked_folder
from node_api.cli.keys import key_ring
from node_api.cli.load import load_folder
from node_api.cli.options import FAULT, USAGE, Shared, fail, shared_options
from node_api.cli.replay import replay_folder
from node_api.cli.serve import DEFAULT_PORT
from node_api.cli.telling_steps import Teller, end_by_signal
from node_api.cli.treasury import TreasuryOffice, open_treasury, treasury_lock
from node_api.loaders.completejourney.calendar import weeks_behind
from node_api.loaders.completejourney.load import REPORT, load_completejourney
from node_api.loaders.completejourney.source import DataMissing
from node_api.record import Record, open_record
from node_api.safekeeping import require_restored
from node_api.services.import_folder import ImportFolder
from node_api.services.reconciling import reconcile
from node_api.services.replaying.replay import Summary
from node_api.serving import serving

_BEFORE_THE_FIRST_PROGRAMME = 86_400
HOST = "127.0.0.1"


@click.command(name="demo")
@click.option("--no-serve", is_flag=True, help="End after the report instead of serving.")
@click.option(
    "--port", default=DEFAULT_PORT, show_default=True, type=click.IntRange(0, 65535), help="0 for any free one."
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Show this import folder instead of the Complete Journey.",
)
@click.option(
    "--story/--no-story",
    default=None,
    help="Tell the life of one small programme beside; without --folder it is told unless told otherwise.",
)
@shared_options
def cli(shared: Shared, no_serve: bool, port: int, folder: Path | None, story: bool | None) -> None:
    """Chain, contracts, 27 real campaigns, their redemptions, reconciliation, report; then serve until told to stop.

    What an earlier run did is recognised: a second run loads and redeems nothing, and gives the same figures.
    """
    if shared.settings.chain_url is not None:
        told = (
            "the demonstration moves its chain's clock: leave VOUCHERTRAIL_CHAIN_URL out, it starts a chain of its own"
        )
        fail(told, USAGE, kind="ClockFixed", as_json=shared.as_json)
    end_by_signal()
    was_running = living_status(shared.settings.chain_folder) is not None
    try:
        _demo(shared, no_serve, port, folder, folder is None if story is None else story)
    finally:
        if not was_running:
            stop_chain(shared.settings.chain_folder)


def _demo(shared: Shared, no_serve: bool, port: int, path: Path | None, with_story: bool) -> None:
    say = Teller(shared)
    with say.step("data"):
        folder = checked_folder(shared, path or _complete_journey(shared))
        story = Story(shared, min(row.starts_at for row in folder.programmes)) if with_story else None
    with say.step("chain and contracts"):
        handle = _chain(shared, folder)
    with say.step("loading"):
        loaded = load_folder(shared, folder)
        if story is not None:
            story.load()
    with ExitStack() as stack:
        office = open_treasury(shared.settings)
        stack.callback(office.rpc.close)
        try:
            node = stack.enter_context(build_node(shared.settings, handle, office.keys))
        except NotStarted as fault:
            fail(str(fault), FAULT, kind="NotStarted", as_json=shared.as_json)
        url = stack.enter_context(_serving_at(node.api, port))
        with say.step("replay through the API"), treasury_lock(shared.settings):
            report = shared.settings.data.resolve() / "replay.csv"
            beside = None if story is None else partial(story.open, url, node.keyring)
            summary = replay_folder(
                shared, folder, report, url=url, keyring=node.keyring, seen=loaded.seen, beside=beside
            )
            ChainClock(office.rpc).join_real_time()
        with say.step("reconciliation"):
            record = open_record(shared.settings, handle)
            stack.callback(record.close)
            figures = _figures(record, office, folder, summary, story)
        serving_at = None if no_serve else url
        tell_demo(shared, figures, say.seconds, url=serving_at, report=report, loaded=loaded.tally.transactions.total())
        if not figures.as_expected:
            raise SystemExit(FAULT)
        if not no_serve:
            with suppress(KeyboardInterrupt):  # the usual way to end it
                threading.Event().wait()


def _complete_journey(shared: Shared) -> Path:
    """The data set as an import folder, written once: its dates hang on the day of the first run."""
    path = shared.settings.data.resolve() / "import"
    if (path / REPORT).exists():
        return path
    private_folder(path.parent)  # the first thing in it names persons
    part = path.with_name("import.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        load_completejourney(part, weeks_behind(datetime.now(tz=UTC).date()))
    except DataMissing as fault:
        fail(str(fault), USAGE, kind="DataMissing", as_json=shared.as_json)
    shutil.rmtree(path, ignore_errors=True)
    part.rename(path)
    return path


def _chain(shared: Shared, folder: ImportFolder) -> ChainHandle:
    """The embedded chain, which begins a day before the first programme, with the contracts on it."""
    settings = shared.settings
    require_restored(settings)
    options = settings.embedded_chain()
    first = min(row.starts_at for row in folder.programmes)
    known = recorded_identity(options.identity_file)
    if known is not None and known.genesis_at > first:
        told = (
            f"the chain in {options.folder} began at {_instant(known.genesis_at)}, after the first programme did "
            f"({_instant(first)}), and a chain's clock does not go back: "
            "name another folder with --data or VOUCHERTRAIL_DATA"
        )
        fail(told, USAGE, kind="ChainBegunLate", as_json=shared.as_json)
    key_ring(settings).create_missing()
    begins = first - _BEFORE_THE_FIRST_PROGRAMME
    handle = ensure_chain(options if options.genesis_at else replace(options, genesis_at=begins))
    deployer(handle, settings.deployments_folder, key_ring(settings)).run()
    return handle


def _instant(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, tz=UTC):%Y-%m-%dT%H:%M:%SZ}"


@contextmanager
def _serving_at(api: FastAPI, port: int) -> Iterator[str]:
    """Serves at the port asked for, or at a free one where somebody else has it."""
    with ExitStack() as stack:
        try:
            url = stack.enter_context(serving(api, HOST, port))
        except OSError:
            url = stack.enter_context(serving(api, HOST, 0))
        yield url


def _figures(
    record: Record, office: TreasuryOffice, folder: ImportFolder, summary: Summary, story: Story | None
) -> DemoFigures:
    """Of the folder; the story's stand apart, and its gas is left out."""
    record.indexer.catch_up()
    told = None if story is None else story.figures(record)
    first, but = record.deployment.first_block, () if told is None else told.supply
    gas = [gas_of_event(office.deployed, "Vouchers", first, name, but) for name in ("RollWritten", "VouchersIssued")]
    with record.reads.at_head() as reader:
        outcome = reconcile(reader, record.ledger)
        return figures_of(reader, outcome, summary, told, synthetic=_synthetic_bills(folder.path), supply_gas=sum(gas))


def _synthetic_bills(folder: Path) -> dict[str, int]:
    """Codes whose bill the loader made up, by reason; none where no loader left a report."""
    report = folder / REPORT
    if not report.exists():
        return {}
    found: dict[str, int] = json.loads(report.read_text(encoding="utf-8"))["synthetic_bills"]
    return found
