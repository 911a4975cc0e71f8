"""Key files of the node: one V3 file for each role, sealed with one password, opened at most once.

Whoever reads a key file and the password acts as that role. Files are mode 0600 in a folder of mode 0700, and a
file that others may read is refused. Keys never appear in logs, errors or `repr`.
"""

from __future__ import annotations

import os
import secrets
import stat
import threading
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

import orjson
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address

from node_api.chain.durable import alone, write_whole
from node_api.chain.key_errors import KeyExposed, KeyFault, KeyMissing, KeyUnopened
from node_api.domain.fingerprints import fingerprint

# scrypt with N = 2^14 (r = 8, p = 1) takes 16 MB and some 30 ms a file, where the usual 2^18 takes 256 MB and a
# second: a node with a dozen files starts in time. The generated password has 256 bits, so the cost of guessing
# does not rest on it; with a password of your own, choose one that does not either.
SCRYPT_N = 2**14
_FINGERPRINT = "fingerprint"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class KeyRole(StrEnum):
    """Whose key: the file's name. The first nine are roles of the AccessManager; the courier brings what others signed."""

    ADMIN = "admin"
    TREASURER = "treasurer"
    APPROVER = "approver"
    REGISTRAR = "registrar"
    OPERATOR = "operator"
    ARBITER = "arbiter"
    AUDITOR = "auditor"
    EMERGENCY = "emergency"
    ATTESTOR = "attestor"
    ISSUER = "issuer"
    COURIER = "courier"
    WALLET_MASTER = "wallet-master"


ACCOUNT_ROLES = tuple(role for role in KeyRole if role is not KeyRole.WALLET_MASTER)


class KeyRing:
    """The key files of one folder. Thread-safe."""

    def __init__(self, folder: Path, password: str | None = None) -> None:
        """Opens nothing yet.

        Args:
            folder: where the key files lie.
            password: opens them; without it the file `password` in the folder does.
        """
        self._folder = folder
        self._password = password
        self._opened: dict[KeyRole, bytes] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"KeyRing({self._folder.name!r})"

    def create_missing(self, roles: Iterable[KeyRole] = tuple(KeyRole)) -> list[KeyRole]:
        """Makes a fresh key for each role that has none, and the password file where there is no password yet.

        Existing files are never touched; of two processes that do this at once, one makes the keys.

        Returns: the roles that got a key now.

        Raises:
            KeyUnopened, KeyExposed: the password opens none of the files there are: what was made with it, theirs would not open.
        """
        with alone(self._folder / ".lock"):
            missing = [role for role in roles if not self.path(role).exists()]
            if missing:
                self._require_password_of(self.present())
            if missing and self._password is None and not self._password_file.exists():
                write_whole(self._password_file, [secrets.token_urlsafe(32).encode()])
            for role in missing:
                self._seal(role)
            return missing

    def present(self) -> list[KeyRole]:
        """Roles that have a key file here."""
        return [role for role in KeyRole if self.path(role).exists()]

    def path(self, role: KeyRole) -> Path:
        """Where the role's key file lies, or would."""
        return self._folder / f"{role.value}.json"

    def address(self, role: KeyRole) -> str:
        """The role's account, checksummed, read without opening the key. Raises KeyMissing, KeyExposed, KeyUnopened."""
        return self._address_in(role, self._read(role))

    def identity(self, role: KeyRole) -> str:
        """What tells the role's key from another in public: its account; for the wallet's master, which is opened, a fingerprint.

        Raises: KeyMissing, KeyExposed, KeyUnopened.
        """
        return fingerprint(self.unsafe_wallet_master()) if role is KeyRole.WALLET_MASTER else self.address(role)

    def account(self, role: KeyRole) -> LocalAccount:
        """The role's account, able to sign. Raises KeyMissing, KeyExposed, KeyUnopened."""
        if role is KeyRole.WALLET_MASTER:
            raise KeyUnopened("the wallet's master seals holders' keys; it is no account")
        account: LocalAccount = Account.from_key(self._open(role))
        return account

    def unsafe_wallet_master(self) -> bytes:
        """The 32 bytes all custodial holders' keys derive from: who has them can spend for every holder.

        Raises: KeyMissing, KeyExposed, KeyUnopened.
        """
        return self._open(KeyRole.WALLET_MASTER)

    def _open(self, role: KeyRole) -> bytes:
        with self._lock:
            if role not in self._opened:
                sealed = self._read(role)
                try:
                    secret = bytes(Account.decrypt(sealed, self._secret()))
                except (ValueError, KeyError, TypeError, AttributeError, NotImplementedError) as error:
                    raise KeyUnopened(f"{self.path(role).name}: wrong password, or a damaged file") from error
                self._require_named(role, sealed, secret)
                self._opened[role] = secret
            return self._opened[role]

    def _require_named(self, role: KeyRole, sealed: dict[str, object], secret: bytes) -> None:
        """Checks that the key is the one the file names: what a V3 file is checked by leaves out its IV, and with another IV
        another key comes out. A master that an older release sealed has no fingerprint, and cannot be checked.
        """
        if role is KeyRole.WALLET_MASTER:
            named, found = sealed.get(_FINGERPRINT, fingerprint(secret)), fingerprint(secret)
        else:
            named, found = self._address_in(role, sealed), Account.from_key(secret).address
        if named != found:
            raise KeyUnopened(f"{self.path(role).name} is damaged: it names {named} and holds the key of {found}")

    def _require_password_of(self, roles: Iterable[KeyRole]) -> None:
        fault: KeyFault | None = None
        for role in roles:
            try:
                self._open(role)
            except KeyFault as found:
                fault = fault or found
            else:
                return
        if fault is not None:
            raise type(fault)(f"no key is made beside others that do not open: {fault}") from fault

    def _seal(self, role: KeyRole) -> None:
        secret = bytes(Account.create().key) if role is not KeyRole.WALLET_MASTER else secrets.token_bytes(32)
        sealed: dict[str, object] = Account.encrypt(secret, self._secret(), kdf="scrypt", iterations=SCRYPT_N)
        if role is KeyRole.WALLET_MASTER:
            sealed.pop("address")  # it is a secret to derive from, not an account
            sealed[_FINGERPRINT] = fingerprint(secret)
        write_whole(self.path(role), [orjson.dumps(sealed)])

    def _read(self, role: KeyRole) -> dict[str, object]:
        path = self.path(role)
        try:
            content = read_private(path)
            sealed = orjson.loads(content)
        except FileNotFoundError as error:
            raise KeyMissing(
                f"no key file {path}: run this in the folder that has it, or, before `vouchertrail deploy`, make "
                "one with `vouchertrail keys create`; one made later has no role"
            ) from error
        except orjson.JSONDecodeError as error:
            raise KeyUnopened(f"{path.name} is damaged: it is not JSON") from error
        if not isinstance(sealed, dict):
            raise KeyUnopened(f"{path.name} is damaged: it is not a key file")
        return sealed

    def _address_in(self, role: KeyRole, sealed: dict[str, object]) -> str:
        address = sealed.get("address")
        if not isinstance(address, str):
            raise KeyUnopened(f"{self.path(role).name} names no account")
        try:
            return str(to_checksum_address("0x" + address.removeprefix("0x")))
        except ValueError as error:
            raise KeyUnopened(f"{self.path(role).name} is damaged: {address[:60]!r} is no account") from error

    def _secret(self) -> str:
        if self._password is not None:
            return self._password
        try:
            return read_private(self._password_file).decode().strip()
        except FileNotFoundError as error:
            raise KeyUnopened(
                f"no password: set VOUCHERTRAIL_KEY_PASSWORD, or put it into {self._password_file}"
            ) from error

    @property
    def _password_file(self) -> Path:
        return self._folder / "password"


def read_private(path: Path) -> bytes:
    """Reads a file only its owner may read. Raises KeyExposed for any other mode."""
    with path.open("rb") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if mode & _OTHERS:
            raise KeyExposed(f"{path} can be read by others (mode {mode:04o}): chmod 600 it, and replace the key")
        return file.read()
