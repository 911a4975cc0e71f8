"""The node's wallet for holders without a device of their own.

Each person has one key in each programme, derived from the wallet's sealed master; nothing is stored per person. With custody the
operator could sign for a holder: redemptions by these keys are marked as custodial wherever they are shown.
"""

import hmac

from coincurve import PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from node_api.chain.eip712 import address_of, sign
from node_api.domain.ids import Address, Hash

MASTER_BYTES = 32
_SALT = b"VoucherTrail custodial wallet, version 1"
_NULLIFIERS = b"VoucherTrail nullifiers, version 1"
_SALTS = b"VoucherTrail salts of lists, version 1"
_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_DRAWN_BYTES = 48  # 128 bits more than the order, so that the remainder is uniform (FIPS 186-5, A.2.1)


class CustodialWallet:
    """Derives and uses the keys of custodial holders.

    The master gives every key of every person: keep it sealed and open it once, at start.
    """

    def __init__(self, master: bytes) -> None:
        """Takes the opened master.

        Raises:
            ValueError: it does not have 32 bytes.
        """
        if len(master) != MASTER_BYTES:
            raise ValueError(f"a wallet master has {MASTER_BYTES} bytes, not {len(master)}")
        self._master = master

    def address(self, programme_ref: str, person: str) -> Address:
        """The person's holder address in the programme, EIP-55. The same for the same references, for ever."""
        return address_of(self._key(programme_ref, person).public_key)

    def sign(self, programme_ref: str, person: str, digest: bytes) -> bytes:
        """The holder's 65-byte signature of a digest. Spends the holder's vouchers: the caller answers for the person's wish."""
        return sign(self._key(programme_ref, person), digest)

    def nullifier(self, programme_ref: str, person: str) -> Hash:
        """Stands for the person in the programme's claims: the same for ever, and no way back without the master."""
        return Hash("0x" + self._tag(_NULLIFIERS, programme_ref, person).hex())

    def salt(self, programme_ref: str, person: str) -> Hash:
        """Hides the person's leaf in a list from whoever knows the nullifier."""
        return Hash("0x" + self._tag(_SALTS, programme_ref, person).hex())

    def _tag(self, purpose: bytes, programme_ref: str, person: str) -> bytes:
        """HMAC-SHA256 of the person, under a key of the purpose and the programme."""
        drawn = HKDF(algorithm=SHA256(), length=32, salt=purpose, info=programme_ref.encode()).derive(self._master)
        return hmac.digest(drawn, person.encode(), "sha256")

    def _key(self, programme_ref: str, person: str) -> PrivateKey:
        programme = programme_ref.encode()
        info = (
            len(programme).to_bytes(2) + programme + person.encode()
        )  # the length keeps ("ab", "c") and ("a", "bc") apart
        drawn = HKDF(algorithm=SHA256(), length=_DRAWN_BYTES, salt=_SALT, info=info).derive(self._master)
        return PrivateKey.from_int(int.from_bytes(drawn) % (_ORDER - 1) + 1)
