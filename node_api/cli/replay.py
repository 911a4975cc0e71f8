"""`vouchertrail replay`: play an import folder's redemptions as tills and wallets would."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import rich_click as click

from node_api.cli.folder import bar, checked_folder, fail_differing
from node_api.cli.options import FAULT, USAGE, Shared, fail, shared_options
from node_api.cli.replay_stage import ReplayStage, open_stage, require_clock
from node_api.cli.treasury import treasury_lock
from node_api.domain.errors import DomainError, StoreUnavailable
from node_api.domain.importing.acts import ActRow
from node_api.domain.printable import counted
from node_api.loaders.http_till import TillFailed
from node_api.services.api_keys import ApiKeyring
from node_api.services.import_folder import ImportFolder, RedemptionsChanged
from node_api.services.loading.differences import voucher_differences
from node_api.services.loading.load import FolderDiffers
from node_api.services.loading.seen import Seen
from node_api.services.ports.playing import Outcome, Play
from node_api.services.ports.treasury import CommandRefused
from node_api.services.replaying.booking_acts import ActUnexpected
from node_api.services.replaying.plays import NobodySigns, NotLoaded
from node_api.services.replaying.replay import Beside, Redeemed, Replay, Summary, nothing_beside
from node_api.services.replaying.report import write_report

_SHOWN = 20
OpenBeside = Callable[[ReplayStage, Redeemed, ExitStack], Beside]
"""Opens a replay beside the one whose stage it is given."""


@click.command(name="replay")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--report", type=click.Path(path_type=Path, dir_okay=False), help="Write one line for each row to this CSV."
)
@click.option("--unchecked", is_flag=True, help="Send straight to the contract, past the node's own check.")
@click.option("--url", help="A running node's API; without it one is started for the replay.")
@click.option("--shift-to-now", is_flag=True, help="Play every row now: for chains whose clock nobody can move.")
@click.option("--together", default=1, type=click.IntRange(1, 64), help="With --shift-to-now: so many codes at once.")
@shared_options
def cli(
    shared: Shared,
    folder: Path,
    report: Path | None,
    unchecked: bool,
    url: str | None,
    shift_to_now: bool,
    together: int,
) -> None:
    """Play the redemptions of an import FOLDER that was loaded: one code for each receipt and programme, then redeem it.

    Programmes are activated as their time comes. Every outcome is compared with the column `expected`; any difference
    gives exit code 1. What an earlier run brought to its end is recognised, so a second run does nothing.
    """
    checked = checked_folder(shared, folder)
    with treasury_lock(shared.settings):
        summary = replay_folder(
            shared, checked, report, unchecked=unchecked, url=url, shift_to_now=shift_to_now, together=together
        )
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
    beside: OpenBeside | None = None,
    together: int = 1,
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
        beside: opens another replay, to be played by the same clock.
        together: how many codes are played at once, where every row is played now.
    """
    if not folder.redemption_count:
        fail("the folder holds no redemptions", USAGE, kind="NothingToReplay", as_json=shared.as_json)
    with _faults_told(shared), ExitStack() as stack:
        stage = open_stage(shared, folder, seen, stack)
        if seen is None:
            _require_same(stage, folder)
        require_clock(shared, stage.clock, shift_to_now)
        name = "unchecked" if unchecked else "checked"
        journal = stage.journal(name, stack)
        till = stage.relayed_till(stack) if unchecked else stage.http_till(stack, url=url, keyring=keyring)
        redeemed = stage.redeemed()
        acts = stage.acts(folder, name, stack) if folder.acts and not shift_to_now else None
        desk, clock = stage.office.desk, stage.clock
        many = 1 if unchecked else together  # the relayer sends for one at a time
        replay = Replay(till, clock, desk, redeemed, journal, acts, shift_to_now=shift_to_now, together=many)
        also = nothing_beside if beside is None else beside(stage, redeemed, stack)
        _carry_through(shared, replay.run(stage.plays, stage.seen, folder.programmes, also), folder, report)
        stage.record.indexer.catch_up()
        return replay.summary


def _carry_through(
    shared: Shared, played: Iterator[tuple[Play, Outcome]], folder: ImportFolder, report: Path | None
) -> None:
    """Plays to the end with a progress bar, writing the report on the way."""
    with bar(shared, "replaying") as advance:
        watched = _watched(played, lambda rows: advance("replaying", rows, folder.redemption_count))
        if report is None:
            deque(watched, maxlen=0)
        else:
            write_report(report, watched)


def _require_same(stage: ReplayStage, folder: ImportFolder) -> None:
    """What a code is made from is as it was loaded: what comes of another one is kept for good. Raises FolderDiffers."""
    office = stage.office
    if found := voucher_differences(folder, stage.seen, office.book, office.wallets):
        raise FolderDiffers(found)


@contextmanager
def _faults_told(shared: Shared) -> Iterator[None]:
    """What stops a replay ends the command."""
    try:
        yield
    except FolderDiffers as fault:
        fail_differing(shared, fault)
    except RedemptionsChanged as fault:
        told = f"redemptions.csv was changed since it was checked: {fault} Replay again once nobody writes to it"
        fail(told, USAGE, kind="RedemptionsChanged", as_json=shared.as_json)
    except (NotLoaded, NobodySigns) as fault:
        fail(str(fault), USAGE, kind=type(fault).__name__, as_json=shared.as_json)
    except (TillFailed, ActUnexpected) as fault:
        fail(str(fault), FAULT, kind=type(fault).__name__, as_json=shared.as_json)
    except CommandRefused as fault:
        fail(str(fault), FAULT, kind=fault.error or "CommandRefused", as_json=shared.as_json)
    except StoreUnavailable:  # told by what all commands share
        raise
    except DomainError as fault:
        fail(str(fault), FAULT, kind=fault.name, as_json=shared.as_json)


def tell_summary(shared: Shared, summary: Summary) -> None:
    """Tells what became of a replay."""
    head = (
        f"{counted(summary.rows, 'row')} in {counted(summary.codes, 'code')}: {counted(summary.accepted, 'code')} "
        f"({counted(summary.accepted_rows, 'redemption')}) accepted, {counted(summary.refused.total(), 'code')} refused, "
        f"{summary.skipped:,} skipped; "
        f"{summary.known:,} were known from an earlier run; {summary.seconds:.1f} s"
    )
    lines = [
        head,
        *_told_acts(summary),
        *(f"  refused {count:,} × {reason}" for reason, count in sorted(summary.refused.items())),
    ]
    if summary.unexpected:
        lines.append(f"{counted(len(summary.unexpected), 'code')} did not end as expected:")
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
        "acts": len(summary.acts),
        "acts_refused": len(_refused_acts(summary)),
        "unexpected": [play.code for play, _ in summary.unexpected],
        "seconds": round(summary.seconds, 2),
    }
    shared.tell(fields, "\n".join(lines))


def _told_acts(summary: Summary) -> list[str]:
    if not summary.acts:
        return []
    refused = f", {len(_refused_acts(summary)):,} of them refused as expected" if _refused_acts(summary) else ""
    return [f"  {len(summary.acts):,} acts of staff and parties in between{refused}"]


def _refused_acts(summary: Summary) -> list[ActRow]:
    return [act for act, outcome in summary.acts if outcome.reason is not None]


def _watched(played: Iterable[tuple[Play, Outcome]], advance: Callable[[int], None]) -> Iterator[tuple[Play, Outcome]]:
    for play, outcome in played:
        advance(len(play.rows))
        yield play, outcome
