"""A validator's keys in a second place, with a stand-in for geth that seals for all but the last validator.

backup → keys and settings, mode 0600, no chain; never over another file
restore
├── the same files, held; what was signed stays signed; cut off → the next run brings the rest
└── keys of before a change of keys → refused; keys are there, or the node runs, or another network's → refused, nothing written
held → geth starts without sealing, Besu does not start
release
├── three rounds have not passed since → refused
├── a block of them has its seal: another node has the keys → refused
├── none has → free, and let go
└── blocks are old, or it is not held → refused
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from node_api.chain.rpc import RpcClient
from node_api.network.checksums import checked_list, put_signature, who_signed
from node_api.network.create import create_network
from node_api.network.faults import FilesDiffer
from node_api.network.files import read_network
from node_api.network.holding import Held, KeysInUse, back_up, hold, let_go, require_free, restore
from node_api.network.keys import sign_text
from node_api.network.members import NotAMember, next_signer, switch_signer, validator_of
from node_api.network.plan import Engine, Network
from node_api.network.processes import start, stop
from node_api.network.standing import wait_until_up
from tests.network.conftest import Make, at_free_ports, parameters, validators
from tests.network.geth_control import PATIENCE, until

GETH, BESU = Engine.GETH_CLIQUE, Engine.BESU_QBFT


def files(place: Path) -> dict[str, tuple[bytes, int]]:
    found = (path for path in place.rglob("*") if path.is_file() and path.name != "held.json")
    return {str(path.relative_to(place)): (path.read_bytes(), path.stat().st_mode) for path in found}


@pytest.mark.parametrize("engine", Engine)
def test_restore__when_the_folder_is_lost__then_the_same_and_held(
    make: Make, folder: Path, tmp_path: Path, engine: Engine
) -> None:
    make(engine)
    place = folder / "treasury" / "validator"
    before = {path: found for path, found in files(place).items() if not path.startswith("data/")}
    (place / "data" / "geth").mkdir(parents=True)
    (place / "data" / "geth" / "chain").write_bytes(b"of any size")
    back_up(folder, "treasury", tmp_path / "copy")
    assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o600
    assert b"of any size" not in (tmp_path / "copy").read_bytes()
    with pytest.raises(KeysInUse, match="is there already"):
        back_up(folder, "regulator", tmp_path / "copy")
    shutil.rmtree(place)
    network = read_network(folder)
    put_signature(folder, network, "regulator", sign_text(folder / "regulator", checked_list(folder)))
    restore(folder, tmp_path / "copy")
    assert [one.organisation for one in who_signed(folder, network) if one.state == "signed"] == ["regulator"]
    assert {path: found for path, found in files(place).items() if not path.startswith("data/")} == before
    assert json.loads((place / "held.json").read_bytes())["since"] <= time.time()


def test_restore__when_it_was_cut_off__then_the_next_one_brings_the_rest(
    make: Make, folder: Path, tmp_path: Path
) -> None:
    make(GETH)
    place = folder / "treasury" / "validator"
    before = files(place)
    back_up(folder, "treasury", tmp_path / "copy")
    shutil.rmtree(place)
    place.mkdir()
    (place / "signer.password").mkdir()  # nothing can be written there
    with pytest.raises(OSError, match="signer"):
        restore(folder, tmp_path / "copy")
    assert (place / "held.json").exists()
    (place / "signer.password").rmdir()
    restore(folder, tmp_path / "copy")
    assert files(place) == before


@pytest.mark.parametrize("engine", [GETH])
def test_restore__when_the_key_was_changed_since__then_refused(
    make: Make, folder: Path, tmp_path: Path, engine: Engine
) -> None:
    make(engine)
    back_up(folder, "treasury", tmp_path / "copy")
    account = next_signer(folder, "treasury")
    switch_signer(folder, "treasury")
    shutil.rmtree(folder / "treasury" / "validator")
    with pytest.raises(FilesDiffer, match=f"the plan's treasury-validator seals with {account}"):
        restore(folder, tmp_path / "copy")
    assert not (folder / "treasury" / "validator").exists()


def test_restore__when_keys_are_there__then_refused(make: Make, folder: Path, tmp_path: Path) -> None:
    make(GETH)
    back_up(folder, "treasury", tmp_path / "copy")
    with pytest.raises(KeysInUse, match="treasury-validator has its keys, or runs"):
        restore(folder, tmp_path / "copy")
    assert not (folder / "treasury" / "validator" / "held.json").exists()


def test_restore__when_it_is_no_backup_or_anothers__then_refused(make: Make, folder: Path, tmp_path: Path) -> None:
    make(GETH)
    (tmp_path / "copy").write_bytes(b"no archive")
    with pytest.raises(FilesDiffer, match="is no backup of a validator"):
        restore(folder, tmp_path / "copy")
    other = tmp_path / "other"
    create_network(other, parameters(), validators(3), ())
    back_up(other, "treasury", tmp_path / "others")
    shutil.rmtree(folder / "treasury" / "validator")
    with pytest.raises(FilesDiffer, match="is of a network with block 0"):
        restore(folder, tmp_path / "others")
    assert not (folder / "treasury" / "validator").exists()


@pytest.mark.parametrize("engine", Engine)
def test_start__when_held__then_it_does_not_seal(make: Make, folder: Path, engine: Engine) -> None:
    make(engine)
    script = folder / "treasury" / "validator" / "start.sh"
    (script.parent / "data").mkdir(exist_ok=True)  # as geth would

    def started() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [script], env={"GETH": "echo", "BESU": "echo"}, capture_output=True, text=True, check=False
        )

    free = started()
    hold(folder, "treasury")
    held = started()
    if engine is GETH:
        assert free.stdout.split()[-1] == "--mine"
        assert "--mine" not in held.stdout.split()
        assert held.returncode == 0
    else:
        assert (free.returncode, held.returncode, held.stdout) == (0, 1, "")


@pytest.fixture
def network(folder: Path, program: Path) -> Iterator[Network]:
    network = create_network(folder, parameters(), at_free_ports(validators(3)), ()).network
    start(folder, network, program)
    wait_until_up(folder, network, PATIENCE)
    yield network
    stop(folder)


def name_of(network: Network, place: int) -> str:
    """The organisation that seals with the account of that place among all, ascending."""
    return next(node.seat.organisation.name for node in network.nodes if node.signer == network.sealers[place])


def why_not(network: Network, folder: Path, name: str) -> str:
    with RpcClient(validator_of(network, name).seat.url) as rpc:
        try:
            require_free(rpc, network, name, folder)
        except Held as fault:
            return str(fault)
    return ""


def test_release__when_somebody_seals_with_the_keys__then_refused(network: Network, folder: Path) -> None:
    name = name_of(network, 0)
    hold(folder, name)
    until(lambda: "rounds of blocks have not passed" not in why_not(network, folder, name))
    assert "was sealed with these keys: another node runs with them" in why_not(network, folder, name)


def test_release__when_three_rounds_have_none_of_its__then_let_go(network: Network, folder: Path) -> None:
    name = name_of(network, -1)
    path = hold(folder, name)
    path.write_text(json.dumps({"since": int(time.time()) + 2}))
    assert "3 rounds of blocks have not passed since the node was held" in why_not(network, folder, name)
    until(lambda: not why_not(network, folder, name))
    with RpcClient(validator_of(network, name).seat.url) as rpc:
        let_go(folder, name, rpc)
    assert not path.exists()
    with pytest.raises(NotAMember, match=f"{name}-validator is not held"):
        why_not(network, folder, name)


def test_release__when_the_newest_block_is_old__then_refused(network: Network, folder: Path) -> None:
    name = name_of(network, -1)
    hold(folder, name)
    place = folder / name / "validator"
    (place / "height").write_text("60")
    (place / "age").write_text("3600")
    assert "the newest block here, 60, is 36" in why_not(network, folder, name)
