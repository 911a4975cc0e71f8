"""`vouchertrail replay`: play an import folder's redemptions as tills and wallets would."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path

import rich_click as click

from node_api.app import NotStarted, build_node
from node_api.chain.keys import KeyRole
from node_api.chain.player_keys import ReplayKeys
from node_api.chain.redeem import Relayer
from node_api.chain.relayed_till import RelayedTill
from node_api.chain.replay_clock import ReplayClock
from node_api.cli.folder import bar, checked_folder
from node_api.cli.options import FAULT, USAGE, Shared, fail, shared_options
from node_api.cli.treasury import TreasuryOffice, open_treasury, reviver, treasury_lock
from node_api.config import Settings
from node_api.loaders.http_till import HttpTill, TillFailed
from node_api.record import Record, open_record
from node_api.services.api_keys import ApiKeyring
from node_api.services.import_folder import ImportFolder
from node_api.services.loading.seen import Seen, look
from node_api.services.ports.playing import Outcome, Play, PlayerClock, Till
from node_api.services.replaying.journal import ReplayJournal
from node_api.services.replaying.plays import NobodySigns, NotLoaded, Plays
from node_api.services.replaying.replay import Replay, Summary, redeemed_before
from node_api.services.replaying.report import write_report
from node_api.services.replaying.run_keys import RunKeys
from node_api.serving import serving
from node_api.storage.api_keys import ApiKeys

_SHOWN = 20


@click.command(name="replay")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--report", type=click.Path(path_type=Path, dir_okay=False), help="Write one line for each row to this CSV."
)
@click.option("--unchecked", is_flag=True, help="Send straight to the contract, past the node's own check.")
@click.option("--url", help="A running node's API; without it one is started for the replay.")
@click.option("--shift-to-now", is_flag=True, help="Play every row now: for chains whose clock nobody can move.")
@shared_options
def cli(
    shared: Shared, folder: Path, report: Path | None, unchecked: bool, url: str | None, shift_to_now: bool
) -> None:
    """Play the redemptions of an import FOLDER that was loaded: one code for each receipt and programme, then redeem it.

    Programmes are activated as their time comes. Every outcome is compared with the column `expected`; any difference
    gives exit code 1. What an earlier run brought to its end is recognised, so a second run does nothing.
    """
    checked = checked_folder(shared, folder)
    with treasury_lock(shared.settings):
        summary = replay_folder(shared, checked, report, unchecked=unchecked, url=url, shift_to_now=shift_to_now)
    tell_summary(shared, summary)
    if summary.unexpected:
        raise SystemExit(FAULT)


def replay_folder(
    shared: Shared,
    folder: ImportFolder,
    report: Path | None,
    *,
    unchecked: bool = False,
    url: str | None = None,
    shift_to_now: bool = False,
    keyring: ApiKeyring | None = None,
    seen: Seen | None = None,
) -> Summary:
    """Plays a checked folder; the caller holds the treasury's lock.

    Args:
        shared: the settings.
        folder: what to play; it must have been loaded.
        report: where to write one line for each row; None for nowhere.
        unchecked: past the node's own check.
        url: a running node of this data folder; None starts one for as long as the replay lasts.
        shift_to_now: plays every row now.
        keyring: that node's API keys; None opens them in its database.
        seen: what the chain has of the folder, where a load has just looked.
    """
    if not folder.redemption_count:
        fail("the folder holds no redemptions", USAGE, kind="NothingToReplay", as_json=shared.as_json)
    with ExitStack() as stack:
        stage = _Stage.open(shared.settings, folder, seen, stack)
        _require_clock(shared, stage.clock, shift_to_now)
        run = _run_name(stage, folder)
        kind = "unchecked" if unchecked else "checked"
        journal = ReplayJournal(shared.settings.data.resolve() / "replays" / f"{run}-{kind}.jsonl")
        stack.callback(journal.close)
        till = (
            stage.relayed_till(shared.settings)
            if unchecked
            else _http_till(shared, stage, stack, run, url=url, keyring=keyring)
        )
        with stage.record.reads.at_head() as reader:
            redeemed = redeemed_before(reader)
        replay = Replay(till, stage.clock, stage.office.desk, redeemed, journal, shift_to_now=shift_to_now)
        played = replay.run(stage.plays, stage.seen, folder.programmes)
        try:
            with bar(shared, "replaying") as advance:
                watched = _watched(played, lambda rows: advance("replaying", rows, folder.redemption_count))
                if report is None:
                    for _ in watched:
                        pass
                else:
                    write_report(report, watched)
        except (NotLoaded, NobodySigns) as fault:
            fail(str(fault), USAGE, kind=type(fault).__name__, as_json=shared.as_json)
        except TillFailed as fault:
            fail(str(fault), FAULT, kind="TillFailed", as_json=shared.as_json)
        stage.record.indexer.catch_up()
        return replay.summary


@dataclass(frozen=True, slots=True)
class _Stage:
    """What a replay stands on."""

    office: TreasuryOffice
    record: Record
    seen: Seen
    keys: ReplayKeys
    plays: Plays
    clock: ReplayClock

    @staticmethod
    def open(settings: Settings, folder: ImportFolder, seen: Seen | None, stack: ExitStack) -> _Stage:
        office = open_treasury(settings)
        stack.callback(office.rpc.close)
        record = open_record(settings, office.handle)
        stack.callback(record.close)
        record.indexer.catch_up()
        seen = seen or look(folder, office.book, office.wallets)
        keys = ReplayKeys(office.wallets, office.handle.chain_id, office.deployed.address("Vouchers"))
        plays = Plays(folder, seen, keys.receipt_hash)
        clock = ReplayClock(office.rpc, settings.chain_folder if office.handle.embedded else None)
        return _Stage(office, record, seen, keys, plays, clock)

    def relayed_till(self, settings: Settings) -> Till:
        """A till past the node's check."""
        office = self.office
        account = office.keys.account(KeyRole.OPERATOR)
        relayer = Relayer(office.rpc, account, office.handle.chain_id, office.deployed.address("Vouchers"))
        return RelayedTill(relayer, self.keys, reviver(settings, office.handle))


def tell_summary(shared: Shared, summary: Summary) -> None:
    """Tells what became of a replay."""
    head = (
        f"{summary.rows:,} rows in {summary.codes:,} codes: {summary.accepted:,} codes ({summary.accepted_rows:,} "
        f"redemptions) accepted, {summary.refused.total():,} codes refused, {summary.skipped:,} skipped; "
        f"{summary.known:,} were known from an earlier run; {summary.seconds:.1f} s"
    )
    lines = [
        head,
        *(f"  refused {count:,} × {reason}" for reason, count in sorted(summary.refused.items())),
    ]
    if summary.unexpected:
        lines.append(f"{len(summary.unexpected):,} codes did not end as expected:")
        lines += [
            f"  code {play.code} (rows {', '.join(map(str, play.rows))}): {outcome.reason or 'accepted'}, "
            f"expected {play.expected or 'accepted'}"
            for play, outcome in summary.unexpected[:_SHOWN]
        ]
    fields: dict[str, object] = {
        "codes": summary.codes,
        "rows": summary.rows,
        "accepted": summary.accepted,
        "accepted_rows": summary.accepted_rows,
        "refused": dict(summary.refused),
        "refused_rows": summary.refused_rows,
        "skipped": summary.skipped,
        "known": summary.known,
        "activated": summary.activated,
        "unexpected": [play.code for play, _ in summary.unexpected],
        "seconds": round(summary.seconds, 2),
    }
    shared.tell(fields, "\n".join(lines))


def _require_clock(shared: Shared, clock: PlayerClock, shift_to_now: bool) -> None:
    if clock.movable() or shift_to_now:
        return
    fail(
        "this chain's clock cannot be moved, so rows cannot be played at their times. With --shift-to-now every row is "
        "played at once, its deadline counted from now; rows whose vouchers are not valid now, and rows that test "
        "NotYetValid, Expired or ProgrammeNotActive, are skipped",
        USAGE,
        kind="ClockFixed",
        as_json=shared.as_json,
    )


def _watched(played: Iterable[tuple[Play, Outcome]], advance: Callable[[int], None]) -> Iterator[tuple[Play, Outcome]]:
    for play, outcome in played:
        advance(len(play.rows))
        yield play, outcome


def _http_till(
    shared: Shared, stage: _Stage, stack: ExitStack, run: str, *, url: str | None, keyring: ApiKeyring | None
) -> Till:
    """A till of the running node, or of one started for the replay; it has API keys of its own."""
    if url is None:
        try:
            node = stack.enter_context(build_node(shared.settings, stage.office.handle, stage.office.keys))
        except NotStarted as fault:
            told = f"{fault}: give its address with --url"
            fail(told, FAULT, kind="NotStarted", as_json=shared.as_json)
        url, keyring = stack.enter_context(serving(node.api)), node.keyring
    keys = stack.enter_context(RunKeys(keyring or ApiKeyring(ApiKeys(stage.record.engine))))
    return stack.enter_context(HttpTill(url, keys.wallet(), keys.merchant, stage.keys, run))


def _run_name(stage: _Stage, folder: ImportFolder) -> str:
    """Names a replay by what is played on which contracts, so that the same one is recognised."""
    with (folder.path / "redemptions.csv").open("rb") as file:
        name = file_digest(file, sha256)
    name.update(f"{stage.office.handle.genesis_hash} {stage.office.deployed.address('Vouchers')}".encode())
    return name.hexdigest()[:24]
