"""The list of checksums that every organisation signs: who has signed it has seen the same genesis, members and rules.

The list is in the form of `sha256sum`; a signature is one of a wallet over its text (EIP-191), so that any wallet can make it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from node_api.chain.durable import private_folder, write_whole
from node_api.domain.ids import Address
from node_api.network.faults import FilesDiffer, NetworkFault
from node_api.network.keys import signer_of
from node_api.network.plan import SHARED, Network

LIST, SIGNATURES = "SHA256SUMS", "signatures"
_PUBLIC_FILE = 0o644
_ALWAYS, _LISTED = ("genesis.json", "network.json"), (".json", ".toml")


class SignatureFault(NetworkFault):
    """The signature is not one of that organisation over the list."""


@dataclass(frozen=True, slots=True)
class Signed:
    """Whether an organisation has signed.

    Attributes:
        organisation: its name.
        account: that has to sign.
        state: `signed`, `missing`, or `wrong` where the signature is of another key or another list.
    """

    organisation: str
    account: Address
    state: str


def checksum_list(contents: dict[str, bytes]) -> str:
    """The list of these files, by name."""
    return "".join(f"{hashlib.sha256(contents[name]).hexdigest()}  {name}\n" for name in sorted(contents))


def checked_list(folder: Path) -> bytes:
    """The text that is signed, after every file of it was compared: the plan, the genesis and whatever lies beside them.

    Raises:
        FilesDiffer: a file is missing, changed or not listed, or there is no list.
    """
    shared = folder / SHARED
    try:
        text = (shared / LIST).read_bytes()
        names = [line.split("  ", 1)[1] for line in text.decode().splitlines()]
        found = checksum_list({name: (shared / Path(name).name).read_bytes() for name in names})
    except (OSError, UnicodeDecodeError, IndexError) as error:
        raise FilesDiffer(f"{shared / LIST} and its files cannot be read: {error}") from error
    there = {path.name for path in shared.iterdir() if path.is_file() and path.suffix in _LISTED}
    if unlisted := sorted({*_ALWAYS, *there} - set(names)):
        raise FilesDiffer(f"{shared / LIST} does not list {', '.join(unlisted)}: who signs it signs nothing about them")
    differing = sorted(set(text.decode().splitlines()) ^ set(found.splitlines()))
    if differing:
        raise FilesDiffer("changed since the list was made: " + ", ".join(sorted({one[66:] for one in differing})))
    return text


def put_signature(folder: Path, network: Network, organisation: str, signature: bytes) -> Path:
    """Keeps an organisation's signature of the list; returns its file.

    Raises:
        FilesDiffer: the files are not those of the list.
        SignatureFault: no such organisation, or the signature is not its.
    """
    account = network.signers_of_list.get(organisation)
    if account is None:
        raise SignatureFault(f"{organisation} is no organisation of {network.parameters.name}")
    signer = signer_of(checked_list(folder), signature)
    if signer != account:
        raise SignatureFault(f"the signature is of {signer or 'nobody'}, {organisation} signs with {account}")
    path = private_folder((folder / SHARED / SIGNATURES).resolve()) / f"{organisation}.sig"
    write_whole(path, [f"0x{signature.hex()}\n".encode()], mode=_PUBLIC_FILE)
    return path


def who_signed(folder: Path, network: Network) -> list[Signed]:
    """How each organisation stands to the list, in the order of the network.

    Raises:
        FilesDiffer: the files are not those of the list.
    """
    text = checked_list(folder)
    return [
        Signed(name, account, _state(folder / SHARED / SIGNATURES / f"{name}.sig", text, account))
        for name, account in network.signers_of_list.items()
    ]


def drop_void(folder: Path, network: Network) -> None:
    """Removes signatures that are not an organisation's over the list as it is now."""
    shared = folder / SHARED
    for path in (shared / SIGNATURES).glob("*.sig"):
        account = network.signers_of_list.get(path.stem)
        if account is None or _state(path, (shared / LIST).read_bytes(), account) != "signed":
            path.unlink()


def _state(path: Path, text: bytes, account: Address) -> str:
    try:
        signature = bytes.fromhex(path.read_text(encoding="ascii").strip().removeprefix("0x"))
    except FileNotFoundError:
        return "missing"
    except ValueError:
        return "wrong"
    return "signed" if signer_of(text, signature) == account else "wrong"
