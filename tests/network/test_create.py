"""Making a network's folder.

create
├── keys 0600, each organisation's in its own folder and nowhere else; public files hold none
├── validators of the genesis are the accounts the keys seal with
├── a sealed key whose IV begins with zeros → it is written in full
├── again → nothing is made, nothing changes
├── again with another plan → refused, nothing written
├── cut off after any file → the next run makes the same network
├── a key that others may read, or that is damaged → refused
├── a key lost → refused, and none made in its place
├── an organisation that made its own keys → has none in its folder
└── by two at once → one network
plan without writing → names files, writes none
network.json → read back, the same plan; another form → refused
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from coincurve import PrivateKey
from eth_account import Account

from node_api.chain.durable import write_whole
from node_api.chain.extra_data import clique_signers, read_qbft_extra_data
from node_api.chain.key_errors import KeyExposed, KeyUnopened
from node_api.domain.ids import UnixSeconds
from node_api.network import create
from node_api.network.create import create_network, network_folder, planned_files
from node_api.network.faults import FilesDiffer, NoNetwork, PlanDiffers, PlanRefused
from node_api.network.files import read_network, require_derived
from node_api.network.keys import make_keys, seal_account, sealed_key
from node_api.network.plan import Engine, Role
from node_api.network.rules import NO_FAULT_TOLERATED
from tests.network.conftest import MEMBERS, Make, organisations, parameters

GETH, BESU = Engine.GETH_CLIQUE, Engine.BESU_QBFT
SECRETS = {"organisation.key", "node.key", "signer.password", "key.json"}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def secret_files(folder: Path) -> dict[str, str]:
    return {path: content.decode() for path, content in contents(folder).items() if Path(path).name in SECRETS}


@pytest.mark.parametrize("engine", Engine)
def test_create__when_new__then_secrets_are_private_and_nowhere_else(make: Make, folder: Path, engine: Engine) -> None:
    make(engine)
    secrets = secret_files(folder)
    assert len(secrets) == (5 + 6 + 5 * 2 if engine is GETH else 5 + 6)
    assert {(folder / path).stat().st_mode & 0o777 for path in secrets} == {0o600}
    assert all(path.stat().st_mode & 0o777 == 0o700 for path in (folder, folder / "treasury" / "validator"))
    words = [one for path, one in secrets.items() if not path.endswith(".json")]
    words += [json.loads(one)["crypto"]["ciphertext"] for path, one in secrets.items() if path.endswith(".json")]
    public = b"".join(content for path, content in contents(folder).items() if path not in secrets)
    assert len(set(words)) == len(words)
    assert not [word for word in words if word.encode() in public]
    assert {path.split("/")[0] for path in secrets} == set(MEMBERS)


def test_create__when_clique__then_signers_are_the_unlocked_accounts(make: Make, folder: Path) -> None:
    network = make()
    genesis = json.loads((folder / "shared" / "genesis.json").read_bytes())
    assert clique_signers(bytes.fromhex(genesis["extraData"][2:])) == network.validators
    for member in MEMBERS:
        sealed = json.loads((folder / member / "validator" / "signer" / "key.json").read_bytes())
        password = (folder / member / "validator" / "signer.password").read_text()
        assert Account.from_key(Account.decrypt(sealed, password)).address in network.validators


def test_sealed_key__when_its_iv_begins_with_zeros__then_written_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    secret, short = PrivateKey().secret, "ab" * 15
    sealed = {"address": "00", "crypto": {"cipherparams": {"iv": short}}}
    monkeypatch.setattr(Account, "encrypt", lambda *_: sealed)
    assert sealed_key(secret, "word")["crypto"]["cipherparams"]["iv"] == "00" + short


def test_create__when_qbft__then_validators_are_the_nodes_accounts(make: Make, folder: Path) -> None:
    network = make(BESU)
    genesis = json.loads((folder / "shared" / "genesis.json").read_bytes())
    assert read_qbft_extra_data(bytes.fromhex(genesis["extraData"][2:])).validators == network.validators
    keys = [(folder / member / "validator" / "node.key").read_text() for member in MEMBERS]
    assert sorted(Account.from_key(key).address for key in keys) == sorted(network.validators)


@pytest.mark.parametrize("engine", Engine)
def test_create__when_again__then_nothing_is_made(make: Make, folder: Path, engine: Engine) -> None:
    network, before = make(engine), contents(folder)
    later = replace(parameters(engine), genesis_at=UnixSeconds(1_800_000_000))
    again = create_network(folder, later, organisations(), ())
    assert (again.network, again.made, contents(folder)) == (network, (), before)


def test_create__when_another_plan_has_the_name__then_refused(make: Make, folder: Path) -> None:
    make()
    before = contents(folder)
    for changed, members in (
        (parameters(block_time=2), organisations()),
        (parameters(BESU), organisations()),
        (parameters(), organisations(3)),
        (parameters(), (*organisations(), replace(organisations()[0], name="bank", accounts=()))),
        (parameters(), tuple(replace(one, accounts=()) for one in organisations())),
    ):
        with pytest.raises((PlanDiffers, PlanRefused)):
            create_network(folder, changed, members, ())
        if len(members) != len(MEMBERS) + 1:
            with pytest.raises(PlanDiffers, match="for ever"):
                planned_files(folder, changed, members, ())
    assert contents(folder) == before


@pytest.mark.parametrize("kept", [0, 1, 3, 20])
def test_create__when_cut_off__then_the_next_run_makes_the_same_network(
    folder: Path, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Path] = []

    def until_the_disk_is_full(path: Path, chunks: Iterable[bytes], *, mode: int = 0o600) -> None:
        if len(written) == kept:
            raise OSError(28, "No space left on device")
        written.append(path)
        write_whole(path, chunks, mode=mode)

    monkeypatch.setattr(create, "write_whole", until_the_disk_is_full)
    with pytest.raises(OSError, match="No space"):
        create_network(folder, parameters(BESU), organisations(3), [NO_FAULT_TOLERATED])
    monkeypatch.undo()
    keys = secret_files(folder)
    later = replace(parameters(BESU), genesis_at=UnixSeconds(1_800_000_000))
    network = create_network(folder, later, organisations(3), [NO_FAULT_TOLERATED]).network
    assert secret_files(folder) == keys
    require_derived(folder, network)
    for member in MEMBERS[:3]:
        require_derived(folder / member, network)
        assert read_network(folder / member) == network


@pytest.mark.parametrize("name", ["organisation.key", "validator/node.key", "validator/signer/key.json"])
def test_create__when_a_key_file_cannot_be_used__then_refused(make: Make, folder: Path, name: str) -> None:
    make()
    path = folder / "merchants" / name
    path.chmod(0o644)
    with pytest.raises(KeyExposed):
        make()
    path.chmod(0o600)
    whole = path.read_bytes()
    path.write_bytes(whole[:20])
    with pytest.raises(KeyUnopened) as caught:
        make()
    assert whole[:8].decode() not in str(caught.value)


def test_create__when_a_key_was_lost__then_refused(make: Make, folder: Path) -> None:
    make()
    (folder / "merchants" / "validator" / "node.key").unlink()
    before = contents(folder)
    with pytest.raises(PlanDiffers, match="other keys"):
        make()
    assert contents(folder) == before  # a new key there would keep a backup from being put back


@pytest.mark.parametrize("engine", Engine)
def test_create__when_an_organisation_made_its_own_keys__then_none_are_made(
    make: Make, folder: Path, tmp_path: Path, engine: Engine
) -> None:
    first, second, *rest = organisations()
    own = make_keys(tmp_path / "elsewhere", second, engine)
    network = make(engine, (first, replace(second, keys=own), *rest))
    assert not [path for path in secret_files(folder) if path.startswith("regulator/")]
    assert (folder / "regulator" / "observer" / "start.sh").exists()
    assert network.signers_of_list["regulator"] == own.account
    assert (own.signer or seal_account(own.nodes[Role.VALIDATOR])) in network.validators


def test_create__when_by_two_at_once__then_one_network(folder: Path) -> None:
    made = []
    makers = [
        threading.Thread(
            target=lambda at=at: made.append(
                create_network(folder, replace(parameters(), genesis_at=UnixSeconds(at)), organisations(), ())
            )
        )
        for at in (1_700_000_000, 1_700_000_001)
    ]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    first, second = made
    assert first.network == second.network == read_network(folder)
    assert sorted([not first.made, not second.made]) == [False, True]


def test_plan__when_only_looked_at__then_nothing_is_written(folder: Path) -> None:
    files = planned_files(folder, parameters(BESU), organisations(), ())
    assert not folder.exists()
    made = create_network(folder, parameters(BESU), organisations(), ()).made
    assert made == files
    assert planned_files(folder, parameters(BESU), organisations(), ()) == ()


def test_network_file__when_read__then_the_same_plan(make: Make, folder: Path) -> None:
    network = make()
    assert read_network(folder) == read_network(folder / "auditor") == network
    path = folder / "shared" / "network.json"
    described = json.loads(path.read_bytes())
    for text in ("", "{}", json.dumps(described | {"format": 2}), json.dumps(described | {"organisations": [1]})):
        path.write_text(text)
        with pytest.raises(NoNetwork, match=r"network\.json"):
            read_network(folder)


@pytest.mark.parametrize(
    ("field", "value"), [("timestamp", "0x1"), ("extraData", "0x"), ("alloc", {"00" * 20: {"balance": "0x1"}})]
)
def test_genesis__when_not_that_of_the_plan__then_refused(make: Make, folder: Path, field: str, value: object) -> None:
    network = make()
    path = folder / "shared" / "genesis.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {field: value}))
    with pytest.raises(FilesDiffer, match=f"{field} differ"):
        require_derived(folder, network)
    path.write_text("no JSON")
    with pytest.raises(FilesDiffer, match="cannot be read"):
        require_derived(folder, network)


def test_genesis__when_the_plan_names_another_hash__then_refused(make: Make, folder: Path) -> None:
    with pytest.raises(FilesDiffer, match="the plan says 0x00"):
        require_derived(folder, replace(make(), genesis_hash="0x00"))  # type: ignore[arg-type]


def test_folder__when_named_or_the_only_one__then_found(make: Make, folder: Path) -> None:
    with pytest.raises(NoNetwork, match="there is no network"):
        network_folder(folder.parent, None)
    make()
    assert network_folder(folder.parent, None) == network_folder(folder.parent, "city") == folder
    assert network_folder(folder.parent, str(folder / "auditor")) == folder / "auditor"
    create_network(folder.parent / "town", parameters(), organisations(), ())
    with pytest.raises(NoNetwork, match="city, town"):
        network_folder(folder.parent, None)
