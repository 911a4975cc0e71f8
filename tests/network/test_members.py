"""Members that come and go after block 0, and a validator's next key.

admit
├── the plan has it, block 0 stays, everybody's settings let it in, its folder has its keys, signatures are void
├── again → nothing changes, what was signed stays signed; cut off → the next run writes the rest
├── a port that is taken → refused, nothing written; a member of that name that is another → refused
└── its accounts: on Besu's allow-list, not in block 0
dismiss → nobody lets it in; its folder stays; nobody of that name → refused
next key → made once; switched → sealed with, the one before is gone; none, or an observer → refused
└── killed at any of the switch's steps → run again, it is done; the key that was voted in is never lost
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from node_api.domain.ids import Address
from node_api.network import members
from node_api.network.checksums import checked_list, put_signature, who_signed
from node_api.network.faults import PlanDiffers, PlanRefused
from node_api.network.files import read_network, require_derived
from node_api.network.keys import sign_text
from node_api.network.members import NotAMember, admit, awaited_signer, dismiss, next_signer, switch_signer
from node_api.network.plan import Engine, Organisation, Role
from tests.network.conftest import SENDER, Make

GETH, BESU = Engine.GETH_CLIQUE, Engine.BESU_QBFT
OTHER = Address("0xFE3B557E8Fb62b89F4916B721be55cEb828dBd73")
BANK = Organisation("bank", "Bank", "127.0.0.1", (Role.VALIDATOR,), accounts=(OTHER,))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("engine", Engine)
def test_admit__when_new__then_everybody_lets_it_in_and_block_0_stays(make: Make, folder: Path, engine: Engine) -> None:
    before, files = make(engine), contents(folder)
    after = admit(folder, (BANK,))
    assert read_network(folder) == after
    require_derived(folder, after)
    (node,) = (one for one in after.nodes if one not in before.nodes)
    assert (node.seat.name, node.seat.p2p_port, node.seat.rpc_port) == ("bank-validator", 30309, 8551)
    assert replace(after, nodes=before.nodes, signers_of_list=before.signers_of_list) == before
    assert set(after.sealers) - set(before.validators) == {node.signer}
    assert (folder / "bank" / "validator" / "node.key").stat().st_mode & 0o777 == 0o600
    name = "config.toml" if engine is GETH else "data/static-nodes.json"
    for one in before.nodes:
        assert node.enode in (folder / one.seat.organisation.name / one.seat.role / name).read_text()
    secrets = {path: files[path] for path in files if Path(path).name in ("node.key", "organisation.key", "key.json")}
    assert secrets.items() <= contents(folder).items()


def test_admit__when_it_has_accounts__then_besu_takes_their_transactions_and_block_0_has_them_not(
    make: Make, folder: Path
) -> None:
    make(BESU)
    network = admit(folder, (BANK,))
    assert (network.accounts, network.senders) == ((SENDER,), (SENDER, OTHER))
    assert OTHER.lower() in (folder / "treasury" / "validator" / "data" / "permissions_config.toml").read_text()


def test_admit__when_run_again_or_cut_off__then_the_same(
    make: Make, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(GETH)
    written: list[Path] = []

    def cut_off(path: Path, *_: object, **__: object) -> None:
        written.append(path)
        raise OSError("no space left")

    with monkeypatch.context() as patched:
        patched.setattr(members, "write_whole", cut_off)
        with pytest.raises(OSError, match="no space"):
            admit(folder, (BANK,))
    assert len(read_network(folder).nodes) == 6
    admit(folder, (BANK,))
    first = contents(folder)
    admit(folder, (BANK,))
    assert contents(folder) == first


def test_admit__when_signed_before__then_all_sign_the_new_list(make: Make, folder: Path) -> None:
    network = make(GETH)
    put_signature(folder, network, "treasury", sign_text(folder / "treasury", checked_list(folder)))
    after = admit(folder, (BANK,))
    assert {one.state for one in who_signed(folder, after)} == {"missing"}


@pytest.mark.parametrize("changed", [{"rpc_port": 8545}, {"p2p_port": 30303}, {"host": "192.0.2.1"}])
def test_admit__when_it_breaks_a_rule__then_nothing_is_written(
    make: Make, folder: Path, changed: dict[str, object]
) -> None:
    make(GETH)
    before = contents(folder)
    with pytest.raises(PlanRefused):
        admit(folder, (replace(BANK, **changed),))  # type: ignore[arg-type]
    assert contents(folder) == before


def test_admit__when_a_member_is_another__then_refused(make: Make, folder: Path) -> None:
    make(GETH)
    with pytest.raises(PlanDiffers, match="treasury is a member already, and another"):
        admit(folder, (replace(BANK, name="treasury"),))


def test_dismiss__when_a_member__then_nobody_lets_it_in_and_its_folder_stays(make: Make, folder: Path) -> None:
    make(GETH)
    (node,) = (one for one in admit(folder, (BANK,)).nodes if one.seat.organisation.name == "bank")
    after = dismiss(folder, "bank")
    assert "bank" not in after.signers_of_list
    assert node not in read_network(folder).nodes
    assert node.node_id not in (folder / "treasury" / "validator" / "config.toml").read_text()
    assert (folder / "bank" / "validator" / "node.key").exists()
    with pytest.raises(NotAMember, match="has no organisation bank"):
        dismiss(folder, "bank")


def test_key__when_switched__then_sealed_with_and_the_one_before_is_gone(make: Make, folder: Path) -> None:
    before = make(GETH)
    place = folder / "treasury" / "validator"
    old = (place / "signer" / "key.json").read_bytes()
    account = next_signer(folder, "treasury")
    assert next_signer(folder, "treasury") == account
    after = switch_signer(folder, "treasury")
    assert {account} == set(after.sealers) - set(before.sealers)
    assert after.validators == before.validators
    assert account in (place / "start.sh").read_text()
    key = (place / "signer" / "key.json").read_bytes()
    assert json.loads(key)["address"].lower() == account[2:].lower()
    assert old not in contents(folder).values()
    assert not (place / "next").exists()
    with pytest.raises(NotAMember, match="treasury has no next key"):
        switch_signer(folder, "treasury")


@pytest.mark.parametrize(("engine", "name"), [(GETH, "nobody"), (BESU, "treasury")])
def test_key__when_there_is_no_account_that_seals__then_refused(
    make: Make, folder: Path, engine: Engine, name: str
) -> None:
    make(engine)
    with pytest.raises(NotAMember, match=f"{name} has no validator that seals with an account of its own"):
        next_signer(folder, name)


def killed_at(step: int, folder: Path) -> bool:
    """Switches treasury's key in a process that ends before its so-many-th change of names; says whether it was killed."""
    changes = ("os.rename", "os.rmdir", "os.remove", "os.mkdir")
    child = os.fork()
    if child == 0:
        left = [step]

        def hook(event: str, _: object) -> None:
            if event in changes:
                left[0] -= 1
                if not left[0]:
                    os._exit(9)

        sys.addaudithook(hook)
        try:
            switch_signer(folder, "treasury")
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


@pytest.mark.skipif(not hasattr(os, "fork"), reason="it is killed in a process of its own")
def test_key__when_the_switch_is_killed_at_any_step__then_run_again_it_is_done(
    make: Make, folder: Path, tmp_path: Path
) -> None:
    make(GETH)
    account = next_signer(folder, "treasury")
    waiting = folder / "treasury" / "validator" / "next"
    password = (waiting / "signer.password").read_bytes()
    shutil.copytree(folder, tmp_path / "before")
    step = 0
    while True:
        step += 1
        if not killed_at(step, folder):
            break
        assert next_signer(folder, "treasury") == awaited_signer(folder, "treasury") == account
        after = switch_signer(folder, "treasury")
        assert read_network(folder) == after
        assert account in after.sealers
        place = folder / "treasury" / "validator"
        assert account in (place / "start.sh").read_text()
        assert json.loads((place / "signer" / "key.json").read_bytes())["address"].lower() == account[2:].lower()
        assert (place / "signer.password").read_bytes() == password
        assert not (place / "next").exists()
        assert not (place / "switching").exists()
        shutil.rmtree(folder)
        shutil.copytree(tmp_path / "before", folder)
    assert step > 6


def test_admit__when_run_again_after_all_signed__then_what_was_signed_stays(make: Make, folder: Path) -> None:
    make(GETH)
    after = admit(folder, (BANK,))
    for name in ("treasury", "bank"):
        put_signature(folder, after, name, sign_text(folder / name, checked_list(folder)))
    admit(folder, (BANK,))
    assert {one.organisation for one in who_signed(folder, after) if one.state == "signed"} == {"treasury", "bank"}
    gone = dismiss(folder, "bank")
    assert {one.state for one in who_signed(folder, gone)} == {"missing"}
    assert not list((folder / "shared" / "signatures").iterdir())
