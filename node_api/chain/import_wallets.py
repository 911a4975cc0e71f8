"""Accounts behind the wallets of import files, from the node's custodial wallet and the published demonstration keys."""

from __future__ import annotations

from coincurve import PrivateKey
from eth_account import Account
from eth_account.signers.local import LocalAccount

from node_api.chain.eip712 import address_of, sign
from node_api.chain.wallet import CustodialWallet
from node_api.domain.ids import Address
from node_api.domain.importing.rows import RollRow
from node_api.domain.importing.wallets import Custody, Wallet, custody, device_secret

_ACCOUNTS = "account:"
"""Stands where a programme's reference would: no reference contains a colon, so no holder shares such an account."""


class KeptWallets:
    """Implements `ImportWallets`."""

    def __init__(self, custodial: CustodialWallet) -> None:
        self._custodial = custodial

    def holder(self, programme: str, wallet: Wallet) -> Address:
        """See the port."""
        match custody(wallet):
            case Custody.OWN:
                return Address(wallet)
            case Custody.DEMONSTRATION:
                return address_of(PrivateKey(device_secret(wallet)).public_key)
            case Custody.NODE:
                return self._custodial.address(programme, wallet)

    def holders(self, roll: RollRow) -> bytes:
        """See the port."""
        return b"".join(bytes.fromhex(self.holder(roll.programme, wallet)[2:]) for wallet in roll.holders())

    def account(self, wallet: Wallet) -> Address:
        """See the port."""
        return self.holder(_ACCOUNTS, wallet)

    def device(self, wallet: Wallet) -> LocalAccount:
        """A demonstration device as an account that sends transactions itself."""
        account: LocalAccount = Account.from_key(device_secret(wallet))
        return account

    def sign(self, programme: str, wallet: Wallet, digest: bytes) -> bytes:
        """A holder's signature of a digest: spends the holder's vouchers, so the caller answers for the holder's wish.

        Raises:
            ValueError: the wallet is a device of the holder's own: only the holder can sign.
        """
        match custody(wallet):
            case Custody.OWN:
                raise ValueError(f"{wallet} is a device of its holder: the node has no key of it")
            case Custody.DEMONSTRATION:
                return sign(PrivateKey(device_secret(wallet)), digest)
            case Custody.NODE:
                return self._custodial.sign(programme, wallet, digest)
