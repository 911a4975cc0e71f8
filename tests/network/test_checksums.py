"""The list that every organisation signs.

list → what `sha256sum` writes
sign → verified by any wallet's means (EIP-191); each organisation's state is told
refused: a list without the plan, the genesis or another file beside them
refused: another's key, an unknown organisation, bytes that are no signature, files changed or missing
a signature over another list, or a damaged file → wrong
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct

from node_api.chain.key_errors import KeyUnopened
from node_api.network.checksums import SignatureFault, checked_list, checksum_list, put_signature, who_signed
from node_api.network.faults import FilesDiffer
from node_api.network.keys import sign_text
from node_api.network.plan import Engine
from tests.network.conftest import MEMBERS, Make


def states(folder: Path, make: Make) -> dict[str, str]:
    return {one.organisation: one.state for one in who_signed(folder, make())}


def test_list__when_compared__then_as_sha256sum_writes_it(make: Make, folder: Path) -> None:
    make()
    shared = folder / "shared"
    done = subprocess.run(["sha256sum", "genesis.json", "network.json"], cwd=shared, capture_output=True, check=True)
    assert done.stdout == checked_list(folder) == (shared / "SHA256SUMS").read_bytes()
    assert checksum_list({}) == ""


def test_sign__when_each_has_signed__then_told(make: Make, folder: Path) -> None:
    network = make()
    assert states(folder, make) == dict.fromkeys(MEMBERS, "missing")
    for member in MEMBERS:
        signature = sign_text(folder / member, checked_list(folder))
        path = put_signature(folder, network, member, signature)
        message = encode_defunct(checked_list(folder))
        assert Account.recover_message(message, signature=path.read_text().strip()) == network.signers_of_list[member]
        assert states(folder, make)[member] == "signed"
    assert set(states(folder, make).values()) == {"signed"}


def test_sign__when_by_a_wallet_elsewhere__then_the_same(make: Make, folder: Path) -> None:
    network = make()
    wallet = Account.from_key((folder / "auditor" / "organisation.key").read_text())
    signature = bytes(wallet.sign_message(encode_defunct(checked_list(folder))).signature)
    put_signature(folder, network, "auditor", signature)
    assert states(folder, make)["auditor"] == "signed"


def test_sign__when_the_key_is_kept_elsewhere__then_said(make: Make, folder: Path) -> None:
    make()
    (folder / "auditor" / "organisation.key").unlink()
    with pytest.raises(KeyUnopened, match="the wallet that has the organisation's account"):
        sign_text(folder / "auditor", checked_list(folder))


@pytest.mark.parametrize(("organisation", "why"), [("treasury", "treasury signs with"), ("bank", "no organisation")])
def test_sign__when_not_its_own__then_refused(make: Make, folder: Path, organisation: str, why: str) -> None:
    network = make()
    signature = sign_text(folder / "auditor", checked_list(folder))
    with pytest.raises(SignatureFault, match=why):
        put_signature(folder, network, organisation, signature)
    with pytest.raises(SignatureFault, match="is of nobody"):
        put_signature(folder, network, "auditor", b"")
    assert not (folder / "shared" / "signatures").exists()


@pytest.mark.parametrize("spoil", ["change", "remove", "list", "junk"])
def test_list__when_files_differ__then_refused(make: Make, folder: Path, spoil: str) -> None:
    network, shared = make(), folder / "shared"
    signature = sign_text(folder / "auditor", checked_list(folder))
    if spoil == "change":
        (shared / "genesis.json").write_text("{}")
    elif spoil == "remove":
        (shared / "genesis.json").unlink()
    elif spoil == "list":
        (shared / "SHA256SUMS").unlink()
    else:
        (shared / "SHA256SUMS").write_bytes(b"\xff\n")
    with pytest.raises(FilesDiffer, match="genesis.json" if spoil in ("change", "remove") else "SHA256SUMS"):
        put_signature(folder, network, "auditor", signature)
    with pytest.raises(FilesDiffer):
        who_signed(folder, network)


@pytest.mark.parametrize("content", ["", "0x00", "no hex", "0x" + "11" * 65])
def test_signature__when_damaged_or_of_another_list__then_wrong(make: Make, folder: Path, content: str) -> None:
    network = make()
    put_signature(folder, network, "auditor", sign_text(folder / "auditor", checked_list(folder)))
    path = folder / "shared" / "signatures" / "auditor.sig"
    path.write_text(content or "0x" + sign_text(folder / "auditor", b"another list").hex())
    assert states(folder, make)["auditor"] == "wrong"


@pytest.mark.parametrize("left_out", ["network.json", "genesis.json", "permissions_config.toml"])
def test_list__when_it_leaves_a_file_out__then_nobody_signs_it_and_nothing_is_verified(
    make: Make, folder: Path, left_out: str
) -> None:
    network = make(Engine.BESU_QBFT)
    path = folder / "shared" / "SHA256SUMS"
    path.write_text("".join(line for line in path.read_text().splitlines(True) if left_out not in line))
    signature = sign_text(folder / "treasury", path.read_bytes())
    with pytest.raises(FilesDiffer, match=f"does not list {left_out}"):
        put_signature(folder, network, "treasury", signature)
    with pytest.raises(FilesDiffer, match=f"does not list {left_out}"):
        who_signed(folder, network)
