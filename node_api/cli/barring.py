"""`vouchertrail freezes bar`: people barred from every programme, one address, one transaction, one time each."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import rich_click as click

from node_api.chain.durable import alone, private_folder, write_whole
from node_api.chain.wallet import CustodialWallet
from node_api.cli.folder import tell_faults
from node_api.cli.keys import key_ring
from node_api.cli.options import FAULT, USAGE, Shared, fail, shared_options
from node_api.cli.oversight import Office, opened, reason_option, shown, until_option
from node_api.domain.barring import Bar, SpreadTooNarrow, schedule
from node_api.domain.errors import OversightRefused
from node_api.domain.freezes import Frozen, Subject
from node_api.domain.ids import Address, ProgrammeId, UnixSeconds
from node_api.domain.models import Programme, ProgrammeState
from node_api.services.importing.report import FaultReport
from node_api.services.oversight import was_frozen
from node_api.services.people_file import read_people_file
from node_api.services.ports.oversight import Freeze

_OPEN = (ProgrammeState.PUBLISHED, ProgrammeState.ACTIVE)
_HOUR = 3_600
_PEOPLE = click.Path(path_type=Path, dir_okay=False, exists=True)


@click.command()
@click.argument("people", type=_PEOPLE)
@until_option
@reason_option
@click.option(
    "--over", type=click.IntRange(1, 24 * 14), default=48, show_default=True, help="Hours to spread them over."
)
@click.option(
    "--wait", is_flag=True, help="Stay until the last one is sent, instead of sending what is due and ending."
)
@click.option(
    "--now", is_flag=True, help="Send all at once, one after the other: shows which addresses belong together."
)
@shared_options
def bar(shared: Shared, people: Path, until: UnixSeconds, reason: str, over: int, wait: bool, now: bool) -> None:
    """Freeze PEOPLE, a file of persons' references, one a line, in every open programme. AUDITOR.

    Each person's address in each programme follows from the node's wallet; what is frozen already is left out. The schedule is
    kept in the node's folder: the same command goes on with it, and sends nothing twice, nor anew what was lifted since.
    """
    with opened(shared) as office:
        path = shared.settings.data / "bars" / f"{_name_of(people, until, reason)}.json"
        # Of two that begin at once the second goes on with what the first has drawn.
        with alone(path.parent.with_name("bars.lock")):
            bars = _kept(path)
            if bars is None:
                bars = _planned(shared, office, people, 0 if now else over * _HOUR, until)
                _keep(path, bars)
        sent, left, refused = _carry_out(office, bars, reason, now=now, wait=wait)
    if refused:
        told = f"{sent} freezes sent, {len(left)} to come, {len(refused)} refused, the first of them: {refused[0]}"
        fail(told, FAULT, kind=refused[0].name, as_json=shared.as_json)
    following = left[0].due if left else 0
    told = f"{sent} freezes sent, {len(left)} to come" + (f", the next at {shown(following)}" if left else "")
    shared.tell({"sent": sent, "left": len(left), "next": following, "freezes": len(bars)}, told)


def _planned(shared: Shared, office: Office, people: Path, spread: int, until: UnixSeconds) -> list[Bar]:
    persons = read_people_file(people, listed=False)
    if isinstance(persons, FaultReport):
        tell_faults(shared, people, persons)
        raise SystemExit(USAGE)
    wallet = CustodialWallet(key_ring(shared.settings).unsafe_wallet_master())
    with office.fresh.open() as (reader, begin):
        programmes = [one for one in reader.programmes() if one.state in _OPEN]
        addresses = [
            (programme, holder)
            for programme, holder in _addresses(wallet, programmes, sorted(persons))
            if not any(one.holds(begin) for one in reader.freezes_of(Frozen(Subject.HOLDER, programme, holder)))
        ]
    try:
        return schedule(addresses, begin=begin, spread=spread, until=until, seed=secrets.token_bytes(32))
    except SpreadTooNarrow as fault:
        fail(f"{fault}: name more hours with --over", USAGE, kind="SpreadTooNarrow", as_json=shared.as_json)


def _addresses(
    wallet: CustodialWallet, programmes: Sequence[Programme], persons: Sequence[str]
) -> list[tuple[ProgrammeId, Address]]:
    return [
        (programme.id, Address(wallet.address(programme.ref, person).lower()))
        for programme in programmes
        for person in persons
    ]


def _carry_out(
    office: Office, bars: Sequence[Bar], reason: str, *, now: bool, wait: bool
) -> tuple[int, list[Bar], list[OversightRefused]]:
    """Sends what is due, each in a transaction of its own, once the one before stands in a block.

    Returns: how many were sent; those to come; what was refused: it keeps no other back, and is tried again the next time.
    """
    sent, refused = 0, list[OversightRefused]()
    left = _unsent(office, bars, reason)
    while left and (now or wait or left[0].due <= _now(office)):
        one = left.pop(0)
        while not now and one.due > _now(office):
            time.sleep(min(one.due - _now(office), 60))
        try:
            sent += office.work.act(Freeze(one.what, one.until, reason))[0]
        except OversightRefused as refusal:
            refused.append(refusal)
    return sent, left, refused


def _unsent(office: Office, bars: Sequence[Bar], reason: str) -> list[Bar]:
    with office.fresh.open() as (reader, _):
        return [one for one in bars if not was_frozen(Freeze(one.what, one.until, reason), reader)]


def _now(office: Office) -> UnixSeconds:
    with office.fresh.open() as (_, now):
        return now


def _name_of(people: Path, until: int, reason: str) -> str:
    return hashlib.sha256(people.read_bytes() + f"\0{until}\0{reason}".encode()).hexdigest()[:32]


def _kept(path: Path) -> list[Bar] | None:
    try:
        return [Bar(**one) for one in json.loads(path.read_text(encoding="utf-8"))]
    except FileNotFoundError:
        return None


def _keep(path: Path, bars: Sequence[Bar]) -> None:
    """For the node's own eyes: it tells which addresses belong together."""
    private_folder(path.parent)
    write_whole(path, [json.dumps([asdict(one) for one in bars]).encode()])
