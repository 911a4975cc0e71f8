"""Caps of transfers and vouchers passed on, from the import folder and the command line of a real node, some runs ended half-way.

load of a folder whose first rules let vouchers be passed on
├── sets the caps of the draft before it is proposed; a second load does nothing
├── ended between the two: the next load proposes, and sets nothing twice
└── with other caps than the chain has: names the difference
replay of an act that passes a voucher on
├── refuses the old holder, by a code signed before that and by one signed afterwards
└── with its journal line lost: passes nothing on twice
rules propose of a transferable version
├── ended between its caps and the proposal: nothing is proposed; the next run finishes, one more does nothing
├── with caps that are refused: nothing is proposed
└── while another version waits: refused, and no caps are left behind
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from node_api.chain.deployed import Question
from node_api.chain.treasury_desk import ChainDesk
from node_api.domain.ids import ProgrammeId
from node_api.domain.importing.wallets import Wallet
from node_api.services.ports.rules_commands import ProposeRules
from node_api.services.ports.treasury import Carried, Command, ProposeProgramme
from tests.e2e.town import FOLDER, Json, Town, rows_of, town, write_rows

AT = "2026-03-04T12:00:30+08:00"
PROPOSING = ("rules", "propose", "1", "--reason", "gifts", "--transferable", "--transfer-amount", "500")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Town]:
    with town(tmp_path / "data") as built:
        yield built


class CutOff(Exception):
    """The run ends here."""


def cut_before(patch: pytest.MonkeyPatch, kind: type[Command]) -> None:
    """Ends a run once everything before the first command of a kind stands in blocks."""
    carry_out = ChainDesk.carry_out

    def cut(desk: ChainDesk, commands: Iterable[Command]) -> Iterator[Carried]:
        reached: list[Command] = []

        def before() -> Iterator[Command]:
            for command in commands:
                if isinstance(command, kind):
                    reached.append(command)
                    return
                yield command

        yield from carry_out(desk, before())
        if reached:
            raise CutOff

    patch.setattr(ChainDesk, "carry_out", cut)


def with_caps(path: Path, at_once: str, a_month: str) -> Path:
    """A copy of the folder whose first programme lets vouchers be passed on."""
    shutil.copytree(FOLDER, path)
    rows = rows_of(path / "programmes.csv")
    caps = {"transferable": "yes", "transfer_amount": at_once, "transfer_month_amount": a_month}
    none = dict.fromkeys(caps, "")
    write_rows(path / "programmes.csv", [{**rows[0], **caps}, *({**row, **none} for row in rows[1:])])
    return path


def with_transfer(path: Path) -> Path:
    """The folder with caps, a voucher passed on, and two codes of who held it before."""
    folder = with_caps(path, "2000", "2000")
    spent = next(row for row in rows_of(folder / "redemptions.csv") if row["roll"] == "meals-devices")
    none = dict.fromkeys(("terminal", "note"), "")
    old = {**spent, **none, "place": "1", "redeemed_at": AT, "expected": "SignatureInvalid"}
    codes = [{**old, "row": str(n), "code": str(n), "receipt": f"old-{n}"} for n in (1, 2)]
    signed = [{**codes[0], "signed_at": "2026-03-04T11:59:00+08:00"}, {**codes[1], "signed_at": ""}]
    write_rows(folder / "redemptions.csv", signed)
    voucher = {"batch": spent["batch"], "roll": spent["roll"], "place": "1"}
    act = {"act": "1", "at": "2026-03-04T12:00:00+08:00", "kind": "transfer", **voucher, "to": "device:friend"}
    write_rows(folder / "acts.csv", [act])
    return folder


def caps_on_chain(place: Town, version: int) -> object:
    with place.office() as office:
        (caps,) = office.deployed.ask(Question("ProgrammeRegistry", "transferCaps", (1, version)))
    return caps


def versions(place: Town) -> list[Json]:
    return [version["rules"] for version, _ in place.told("rules", "show", "1")["rules"]["versions"]]


def test_load__of_transferable_rules__sets_their_caps_once(place: Town, tmp_path: Path) -> None:
    folder = with_caps(tmp_path / "folder", "500", "1500")
    assert place.told("load", folder)["sent"]["SetTransferCaps"]["transactions"] == 1
    (rules,) = versions(place)
    assert (rules["transferable"], rules["transfer_amount"], rules["transfer_month_amount"]) == (True, 500, 1_500)
    head = place.head()
    assert place.told("load", folder)["nothing_to_do"]
    assert place.head() == head

    other = place.told("load", with_caps(tmp_path / "other", "500", "1600"), exit_code=2)
    assert "programme meals-2026: transfer_month_amount is 1500 on chain and 1600" in other["message"]


def test_load__ended_between_caps_and_proposal__goes_on(
    place: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = with_caps(tmp_path / "folder", "500", "1500")
    with monkeypatch.context() as patch:
        cut_before(patch, ProposeProgramme)
        assert isinstance(place.run("load", folder, exit_code=1).exception, CutOff)
    with place.office() as office:
        (draft,) = office.book.programmes(["meals-2026"])
    assert draft is not None
    assert (draft.id, draft.state, draft.rules.transfer_amount) == (ProgrammeId(1), 1, 500)

    sent = place.told("load", folder)["sent"]
    assert "SetTransferCaps" not in sent
    assert sent["ProposeProgramme"]["transactions"] == 2
    assert place.told("load", folder)["nothing_to_do"]
    assert versions(place)[0]["transfer_month_amount"] == 1_500


def test_replay__of_a_voucher_passed_on__refuses_its_old_holder(place: Town, tmp_path: Path) -> None:
    folder = with_transfer(tmp_path / "folder")
    place.run("load", folder)
    told = place.told("replay", folder)
    assert (told["acts"], told["accepted"], told["refused"], told["unexpected"]) == (1, 0, {"SignatureInvalid": 2}, [])
    (passed,) = place.told("cases", "moves")["transfers"]
    with place.office() as office:
        assert passed["receiver"] == office.wallets.account(Wallet("device:friend")).lower()

    head = place.head()
    (journal,) = (place.data / "replays").glob("*-acts.jsonl")
    journal.write_text("")
    assert place.told("replay", folder)["acts"] == 1
    assert place.head() == head


def test_proposal__ended_behind_its_caps__is_finished_by_the_next_run(
    place: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.run("load", FOLDER)
    proposing = (*PROPOSING, "--transfer-month-amount", "1500")
    with monkeypatch.context() as patch:
        cut_before(patch, ProposeRules)
        assert isinstance(place.run(*proposing, exit_code=1).exception, CutOff)
    assert caps_on_chain(place, 2) == (500, 1_500)
    assert len(versions(place)) == 1

    done = place.told(*proposing)
    assert (done["version"], done["state"], done["transaction"] is None) == (2, "proposed", False)
    assert (done["terms"]["transfer_amount"], done["terms"]["transfer_month_amount"]) == (500, 1_500)
    assert place.told(*proposing)["transaction"] is None
    assert len(versions(place)) == 2

    other = place.told(*proposing[:4], "more", *proposing[5:], exit_code=1)
    assert other["error"] == "ProgrammeRegistry_RulesWaiting"
    assert caps_on_chain(place, 3) == (0, 0)


def test_proposal__with_caps_refused__is_not_made(place: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    place.run("load", FOLDER)
    with monkeypatch.context() as patch:
        cut_before(patch, ProposeRules)
        place.run(*PROPOSING, "--transfer-month-amount", "1500", exit_code=1)
    refused = place.told(*PROPOSING, "--transfer-month-amount", "499", exit_code=1)
    assert refused["error"] == "ProgrammeRegistry_CapsInvalid"
    assert len(versions(place)) == 1
