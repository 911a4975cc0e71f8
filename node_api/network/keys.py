"""Keys of an organisation in a network: one that signs the checksum list, one for each node, one that seals Clique blocks.

Files are mode 0600 below a folder of mode 0700, made once and never written over. Whoever reads a validator's keys can seal
blocks in the organisation's name, and two nodes with the same keys can seal two blocks of one height.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import orjson
from coincurve import PrivateKey
from eth_account import Account
from eth_hash.auto import keccak
from eth_utils.address import to_checksum_address

from node_api.chain.durable import private_folder, write_whole
from node_api.chain.eip712 import address_of, recover, sign
from node_api.chain.key_errors import KeyUnopened
from node_api.chain.keys import SCRYPT_N, read_private
from node_api.domain.ids import Address
from node_api.network.plan import Engine, Organisation, OwnKeys, Role

ACCOUNT_FILE = "organisation.key"
NODE_KEY_FILE = "node.key"
SIGNER_FILE = "signer/key.json"
SIGNER_PASSWORD_FILE = "signer.password"  # noqa: S105 - a file's name
_KEY_BYTES, _IV_DIGITS = 32, 32


def make_keys(folder: Path, organisation: Organisation, engine: Engine) -> OwnKeys:
    """Makes the keys that an organisation still lacks, and returns the public parts of all of them.

    Args:
        folder: of the organisation.
        organisation: whose roles say which keys are needed.
        engine: geth seals with an account of its own, Besu with the node's key.

    Raises:
        KeyExposed, KeyUnopened: a file that is there already may be read by others, or is damaged.
    """
    account = address_of(_key(folder / ACCOUNT_FILE).public_key)
    nodes = {role: _node_id(_key(folder / role / NODE_KEY_FILE)) for role in organisation.roles}
    geth = engine is Engine.GETH_CLIQUE and Role.VALIDATOR in organisation.roles
    return OwnKeys(account, nodes, clique_signer(folder / Role.VALIDATOR) if geth else None)


def key_files(folder: Path, organisation: Organisation, engine: Engine) -> list[Path]:
    """The files that `make_keys` makes."""
    found = [folder / ACCOUNT_FILE, *(folder / role / NODE_KEY_FILE for role in organisation.roles)]
    if engine is Engine.GETH_CLIQUE and Role.VALIDATOR in organisation.roles:
        found += [folder / Role.VALIDATOR / name for name in (SIGNER_FILE, SIGNER_PASSWORD_FILE)]
    return found


def seal_account(node_id: str) -> Address:
    """The account that Besu seals blocks with: the one of the node's key."""
    return Address(to_checksum_address(keccak(bytes.fromhex(node_id))[12:]))


def sign_text(folder: Path, text: bytes) -> bytes:
    """Signs a text with the organisation's key, as wallets sign messages (EIP-191).

    Raises:
        KeyExposed, KeyUnopened: the key file cannot be used.
    """
    path = folder / ACCOUNT_FILE
    if not path.exists():
        raise KeyUnopened(f"no {path}: sign with the wallet that has the organisation's account")
    return sign(_read(path), _digest(text))


def signer_of(text: bytes, signature: bytes) -> Address | None:
    """Whose key signed the text; None for anything that is not a signature."""
    return recover(_digest(text), signature)


def clique_signer(folder: Path) -> Address:
    """The account geth unlocks: a V3 key file, and its password in a file that geth reads at start."""
    path, password_file = folder / SIGNER_FILE, folder / SIGNER_PASSWORD_FILE
    private_folder(path.parent)
    if not password_file.exists():
        write_whole(password_file, [secrets.token_urlsafe(32).encode()])
    if not path.exists():
        password = read_private(password_file).decode()
        write_whole(path, [orjson.dumps(sealed_key(PrivateKey().secret, password))])
    try:
        return account_of(read_private(path))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise KeyUnopened(f"{path} is damaged: it is not a key file") from error


def sealed_key(secret: bytes, password: str) -> dict[str, Any]:
    """A V3 key file. eth-account leaves out the zeros that an IV begins with; geth ends with a panic at such a file."""
    sealed: dict[str, Any] = Account.encrypt(secret, password, "scrypt", SCRYPT_N)
    parameters = sealed["crypto"]["cipherparams"]
    parameters["iv"] = parameters["iv"].zfill(_IV_DIGITS)
    return sealed


def _key(path: Path) -> PrivateKey:
    private_folder(path.parent)
    if not path.exists():
        write_whole(path, [PrivateKey().secret.hex().encode()])
    return _read(path)


def account_of(sealed: bytes) -> Address:
    """The account that a V3 key file names. Raises ValueError, KeyError, TypeError or AttributeError where it is none."""
    return Address(to_checksum_address("0x" + orjson.loads(sealed)["address"].removeprefix("0x")))


def node_id_of(content: bytes) -> str:
    """Public key of a node's key file. Raises ValueError where it is none."""
    return _node_id(_parsed(content))


def _parsed(content: bytes) -> PrivateKey:
    secret = bytes.fromhex(content.decode("ascii").strip())
    if len(secret) != _KEY_BYTES:
        raise ValueError("not 32 bytes")
    return PrivateKey(secret)


def _read(path: Path) -> PrivateKey:
    try:
        return _parsed(read_private(path))
    except ValueError:
        raise KeyUnopened(f"{path} is damaged: it is not a key of 64 hexadecimal digits") from None


def _node_id(key: PrivateKey) -> str:
    return key.public_key.format(compressed=False)[1:].hex()


def _digest(text: bytes) -> bytes:
    return keccak(b"\x19Ethereum Signed Message:\n" + str(len(text)).encode() + text)
