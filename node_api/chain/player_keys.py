"""Signatures of a replay: wallets and devices of the import files, honest or as a row asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from eth_account.signers.local import LocalAccount

from node_api.chain.attestor import consent
from node_api.chain.eip712 import (
    as_hash,
    booking_digest,
    case_digest,
    domain_separator,
    holder_digest,
    open_digest,
    redemption_digest,
    terminal_batch_digest,
    transfer_digest,
)
from node_api.chain.hashing import keccak
from node_api.chain.import_wallets import KeptWallets
from node_api.domain.ids import Address, Hash, UnixSeconds
from node_api.domain.importing.rows import Ref
from node_api.domain.importing.wallets import Wallet
from node_api.domain.items import Item, TerminalSeal, open_signature
from node_api.domain.models import Redemption
from node_api.domain.receipts import Receipt
from node_api.domain.reservations import Reservation
from node_api.domain.transfers import TransferOrder
from node_api.services.ports.casework import Statement
from node_api.services.ports.playing import Play

_NOBODY = bytes(65)


class ReplayKeys:
    """Implements `PlayerKeys` for the contracts of one chain."""

    def __init__(
        self, wallets: KeptWallets, chain_id: int, vouchers: Address, attestor: Callable[[], LocalAccount]
    ) -> None:
        """Takes whose wallets, the domain that honest signatures are made for, and who consents, opened where it is asked."""
        self._wallets = wallets
        self._chain_id = chain_id
        self._vouchers = vouchers
        self._attestor = attestor

    def receipt_hash(self, receipt: Receipt) -> Hash:
        """See the port."""
        return as_hash(keccak(receipt.canonical()))

    def sign(self, play: Play) -> Item:
        """See the port."""
        item = self._signed(play)
        if not play.consented:
            return item
        domain = domain_separator(self._chain_id, self._vouchers)
        return item._replace(consent=consent(self._attestor(), domain, as_hash(holder_digest(domain, item))))

    def _signed(self, play: Play) -> Item:
        if play.signer is None:
            return play.item.signed(_NOBODY)
        if play.max_bill is not None:
            domain = domain_separator(play.signed_as.chain_id or self._chain_id, self._vouchers)
            digest = open_digest(domain, play.item, play.max_bill)
            return play.item.signed(
                open_signature(play.max_bill, self._wallets.sign(play.programme, play.signer, digest))
            )
        claimed = play.item._replace(merchant=play.signed_as.merchant, bill=play.signed_as.bill)
        domain = domain_separator(play.signed_as.chain_id or self._chain_id, self._vouchers)
        return play.item.signed(self._wallets.sign(play.programme, play.signer, redemption_digest(domain, claimed)))

    def seal(self, play: Play, item: Item) -> TerminalSeal | None:
        """See the port."""
        if play.terminal is None or play.terminal_signer is None:
            return None
        domain = domain_separator(self._chain_id, self._vouchers)
        digest = terminal_batch_digest(domain, item.merchant, [redemption_digest(domain, item)])
        signature = self._wallets.sign(play.programme, play.terminal_signer, digest)
        return TerminalSeal(self._wallets.account(play.terminal), signature)

    def state(
        self, kind: str, programme: Ref, signer: Wallet, done: Redemption, reason: str, deadline: UnixSeconds
    ) -> Statement:
        """See the port."""
        domain, hashed = domain_separator(self._chain_id, self._vouchers), self.reason_hash(reason)
        digest = case_digest(domain, kind, done.digest, done.voucher, hashed, deadline)
        signature = self._wallets.sign(programme, signer, digest)
        return Statement(done.digest, done.voucher, hashed, deadline, signature)

    def book(self, programme: Ref, signer: Wallet, wanted: Reservation) -> Reservation:
        """See the port."""
        digest = booking_digest(domain_separator(self._chain_id, self._vouchers), wanted)
        return wanted.signed(self._wallets.sign(programme, signer, digest))

    def pass_on(self, programme: Ref, signer: Wallet, order: TransferOrder) -> TransferOrder:
        """See the port."""
        digest = transfer_digest(domain_separator(self._chain_id, self._vouchers), order)
        return replace(order, signature=self._wallets.sign(programme, signer, digest))

    def reason_hash(self, reason: str) -> Hash:
        """See the port."""
        return as_hash(keccak(reason.encode()))
