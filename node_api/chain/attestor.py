"""Consents of step-up attestors whose key is here."""

from __future__ import annotations

from coincurve import PrivateKey
from eth_account.signers.local import LocalAccount

from node_api.chain.deployed import Deployed, Question
from node_api.chain.eip712 import consent_digest, domain_separator, sign
from node_api.domain.ids import Address, Hash


class Attestor:
    """The node's own account of ATTESTOR."""

    def __init__(self, deployed: Deployed, account: LocalAccount, chain_id: int) -> None:
        """Asks nothing yet.

        Args:
            deployed: the contracts, `Vouchers` among them.
            account: who consents.
            chain_id: EIP-155 chain id.
        """
        self._deployed, self._account, self._chain_id = deployed, account, chain_id
        self.address = Address(account.address)

    def is_known(self) -> bool:
        """Whether Vouchers takes this account's consents."""
        return bool(self._deployed.ask(Question("Vouchers", "isAttestor", (self.address,)))[0])

    def consent(self, digest: Hash) -> bytes:
        """The signature of `Consent` to a redemption or booking. What the digest stands for is for who asks to know."""
        return consent(self._account, domain_separator(self._chain_id, self._deployed.address("Vouchers")), digest)


def consent(account: LocalAccount, domain: bytes, digest: Hash) -> bytes:
    """An account's signature of `Consent`; `domain` is the EIP-712 domain separator."""
    return sign(PrivateKey(bytes(account.key)), consent_digest(domain, digest))
