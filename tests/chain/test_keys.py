"""Key files.

create_missing
├── a fresh folder → a file for each role and a password, readable by their owner alone
├── folders above it missing → made as private
├── again → nothing changes
├── by many at once → one set of keys
├── with a password of one's own → no password file
└── with another password than opens the files there are, or without it → nothing is made
open
├── the account is the file's address; other tools open the file
├── missing → says how to make it
├── readable by others → refused
├── damaged at any place → the same key or said so: never another one, nor another fault
├── wrong password, damaged file → said so, without the key or the password
└── the wallet's master is no account, and names none
identity → a role's account; of the wallet's master a fingerprint: of a copy the same, of another one another
"""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest
from eth_account import Account

from node_api.chain.key_errors import KeyExposed, KeyMissing, KeyUnopened
from node_api.chain.keys import ACCOUNT_ROLES, KeyRing, KeyRole


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    ring = KeyRing(tmp_path / "keys")
    ring.create_missing()
    return ring


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_create__when_the_folder_is_fresh__then_a_private_file_for_each_role(ring: KeyRing, tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    assert ring.present() == list(KeyRole)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert len({ring.address(role) for role in ACCOUNT_ROLES}) == len(ACCOUNT_ROLES)
    assert len((folder / "password").read_text()) == 43


def test_create__when_folders_above_are_missing__then_they_are_as_private(tmp_path: Path) -> None:
    KeyRing(tmp_path / "node" / "keys").create_missing([])
    assert (tmp_path / "node").stat().st_mode & 0o777 == 0o700


def test_create__when_again__then_nothing_changes(ring: KeyRing, tmp_path: Path) -> None:
    before = contents(tmp_path / "keys")
    assert KeyRing(tmp_path / "keys").create_missing() == []
    assert contents(tmp_path / "keys") == before
    ring.path(KeyRole.AUDITOR).unlink()
    assert ring.create_missing() == [KeyRole.AUDITOR]
    after = contents(tmp_path / "keys")
    assert [name for name in before if before[name] != after[name]] == ["auditor.json"]


def test_create__when_by_many_at_once__then_one_set_of_keys(tmp_path: Path) -> None:
    made: list[list[KeyRole]] = []
    makers = [
        threading.Thread(target=lambda: made.append(KeyRing(tmp_path / "keys").create_missing())) for _ in range(4)
    ]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    assert sorted(map(len, made)) == [0, 0, 0, len(KeyRole)]
    ring = KeyRing(tmp_path / "keys")
    assert all(ring.account(role).address == ring.address(role) for role in ACCOUNT_ROLES)


def test_create__when_a_password_is_given__then_no_password_file(tmp_path: Path) -> None:
    KeyRing(tmp_path / "keys", "correct horse").create_missing([KeyRole.ADMIN])
    assert {path.name for path in (tmp_path / "keys").iterdir()} == {"admin.json", ".lock"}
    ring = KeyRing(tmp_path / "keys", "correct horse")
    assert ring.account(KeyRole.ADMIN).address == ring.address(KeyRole.ADMIN)
    with pytest.raises(KeyUnopened, match="VOUCHERTRAIL_KEY_PASSWORD"):
        KeyRing(tmp_path / "keys").account(KeyRole.ADMIN)


def test_create__when_another_password_is_given_than_opens_the_others__then_nothing_is_made(tmp_path: Path) -> None:
    KeyRing(tmp_path / "keys", "correct horse").create_missing([KeyRole.ADMIN])
    before = contents(tmp_path / "keys")
    for password in ("correct hoarse", None):
        with pytest.raises(KeyUnopened, match="no key is made"):
            KeyRing(tmp_path / "keys", password).create_missing([KeyRole.OPERATOR])
    assert contents(tmp_path / "keys") == before
    assert KeyRing(tmp_path / "keys", "correct horse").create_missing() == [
        r for r in KeyRole if r is not KeyRole.ADMIN
    ]
    opened = KeyRing(tmp_path / "keys", "correct horse")
    assert opened.account(KeyRole.OPERATOR).address == opened.address(KeyRole.OPERATOR)


def test_open__when_by_another_tool__then_the_same_account(ring: KeyRing, tmp_path: Path) -> None:
    sealed = json.loads(ring.path(KeyRole.TREASURER).read_text())
    password = (tmp_path / "keys" / "password").read_text()
    assert Account.from_key(Account.decrypt(sealed, password)).address == ring.address(KeyRole.TREASURER)
    assert ring.account(KeyRole.TREASURER).address == ring.address(KeyRole.TREASURER)


def test_open__when_all_are_opened__then_in_time_and_only_once(ring: KeyRing) -> None:
    for role in ACCOUNT_ROLES:
        ring.account(role)
    for path in [ring.path(role) for role in KeyRole]:
        path.unlink()
    began = time.monotonic()
    for role in ACCOUNT_ROLES:
        ring.account(role)
    assert time.monotonic() - began < 0.5


def test_open__when_missing__then_says_how_to_make_it(tmp_path: Path) -> None:
    for ask in (KeyRing(tmp_path).account, KeyRing(tmp_path).address):
        with pytest.raises(KeyMissing, match="vouchertrail keys create"):
            ask(KeyRole.ADMIN)
    assert KeyRing(tmp_path).present() == []


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
@pytest.mark.parametrize("name", ["admin.json", "password"])
def test_open__when_others_may_read_it__then_refused(ring: KeyRing, tmp_path: Path, name: str, mode: int) -> None:
    (tmp_path / "keys" / name).chmod(mode)
    with pytest.raises(KeyExposed, match=f"mode 0{mode:o}"):
        ring.account(KeyRole.ADMIN)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"crypto": {}, "version": 3}', b"\xff"])
def test_open__when_damaged__then_said_so(ring: KeyRing, content: bytes) -> None:
    ring.path(KeyRole.ADMIN).write_bytes(content)
    with pytest.raises(KeyUnopened, match=r"admin\.json"):
        ring.account(KeyRole.ADMIN)
    with pytest.raises(KeyUnopened, match=r"admin\.json"):
        ring.address(KeyRole.ADMIN)


def test_open__when_the_password_is_wrong__then_nothing_secret_is_said(ring: KeyRing, tmp_path: Path) -> None:
    with pytest.raises(KeyUnopened) as caught:
        KeyRing(tmp_path / "keys", "guessed").account(KeyRole.ADMIN)
    assert "guessed" not in str(caught.value)
    assert "guessed" not in repr(KeyRing(tmp_path / "keys", "guessed"))


def test_master__when_asked_for__then_bytes_and_no_account(ring: KeyRing) -> None:
    assert len(ring.unsafe_wallet_master()) == 32
    with pytest.raises(KeyUnopened, match="no account"):
        ring.account(KeyRole.WALLET_MASTER)
    with pytest.raises(KeyUnopened, match="names no account"):
        ring.address(KeyRole.WALLET_MASTER)
    assert "address" not in json.loads(ring.path(KeyRole.WALLET_MASTER).read_text())


def test_identity__of_a_key_file__is_its_account_or_the_masters_fingerprint(ring: KeyRing, tmp_path: Path) -> None:
    assert ring.identity(KeyRole.OPERATOR) == ring.address(KeyRole.OPERATOR)

    master, shown = ring.unsafe_wallet_master(), ring.identity(KeyRole.WALLET_MASTER)
    assert (len(shown), shown in master.hex()) == (32, False)
    assert KeyRing(tmp_path / "keys").identity(KeyRole.WALLET_MASTER) == shown
    other = KeyRing(tmp_path / "others")
    other.create_missing([KeyRole.WALLET_MASTER])
    assert other.identity(KeyRole.WALLET_MASTER) != shown


@pytest.mark.parametrize("role", [KeyRole.OPERATOR, KeyRole.WALLET_MASTER])
def test_open__when_damaged_at_any_place__then_the_same_key_or_said_so(tmp_path: Path, role: KeyRole) -> None:
    ring = KeyRing(tmp_path / "keys")
    ring.create_missing([role])
    content, wanted = ring.path(role).read_bytes(), ring.identity(role)

    def opened() -> str:
        one = KeyRing(tmp_path / "keys")
        return one.identity(role) if role is KeyRole.WALLET_MASTER else one.account(role).address

    assert opened() == wanted
    damaged = [
        content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :] for place in range(0, len(content), 11)
    ]
    fields = json.loads(content)
    iv = fields["crypto"]["cipherparams"]["iv"]
    fields["crypto"]["cipherparams"]["iv"] = f"{int(iv, 16) ^ 1:032x}"
    damaged += [
        json.dumps(fields).encode(),
        content.replace(b"scrypt", b"other"),
        content.replace(b'"n":16384', b'"n":1.5'),
    ]
    told = 0
    for one in damaged:
        ring.path(role).write_bytes(one)
        try:
            assert opened() == wanted
        except KeyUnopened:
            told += 1
    assert told > len(damaged) // 3


def test_address__when_it_is_none__then_said_so(ring: KeyRing) -> None:
    path = ring.path(KeyRole.OPERATOR)
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {"address": "12"}))
    with pytest.raises(KeyUnopened, match=r"operator\.json is damaged: '12' is no account"):
        ring.address(KeyRole.OPERATOR)


def test_open__when_an_older_release_sealed_the_master__then_the_same(ring: KeyRing, tmp_path: Path) -> None:
    path, master = ring.path(KeyRole.WALLET_MASTER), ring.unsafe_wallet_master()
    fields = json.loads(path.read_bytes())
    del fields["fingerprint"]
    path.write_text(json.dumps(fields))
    assert KeyRing(tmp_path / "keys").unsafe_wallet_master() == master
