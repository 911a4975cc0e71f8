"""Acts about redemptions: reversed by the merchant's terminal, disputed by the holder, decided by the arbiter."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from node_api.domain.access import ApiKey, ApiRole
from node_api.domain.errors import RedemptionUnknown
from node_api.domain.ids import Hash, UnixSeconds, VoucherId
from node_api.domain.importing.acts import ActKind, ActRow
from node_api.domain.importing.rows import Ref
from node_api.domain.importing.wallets import Wallet
from node_api.domain.models import Redemption, TxRef
from node_api.services.casework import CaseWork
from node_api.services.fresh import FreshReads
from node_api.services.ports.case_reading import CaseReader
from node_api.services.ports.playing import PlayerKeys

_HOUR = 3_600
_CALLER = ApiKey("replay", ApiRole.ARBITER, None, "replay", UnixSeconds(0))


@dataclass(frozen=True, slots=True)
class Code:
    """A code of redemptions.csv that an act is about: its programme, its vouchers, its receipt's hash and who holds them."""

    programme: Ref
    vouchers: tuple[VoucherId, ...]
    receipt: Hash
    holder: Wallet


class CaseActs:
    """Brings what parties say to the case desk, and decides as the node's arbiter."""

    def __init__(self, fresh: FreshReads, cases: CaseWork, keys: PlayerKeys, run: str) -> None:
        """Sends nothing yet; `run` names the replay in idempotency keys."""
        self._fresh = fresh
        self._cases = cases
        self._keys = keys
        self._run = run

    def carry_out(self, act: ActRow, code: Code) -> TxRef:
        """See `Officers.carry_out`. A reversal takes all of a code's vouchers back, a dispute is over its first."""
        if act.kind is ActKind.REVERSE:
            return [self._reverse(act, code, voucher) for voucher in code.vouchers][-1]
        if act.kind is ActKind.DISPUTE:
            return self._dispute(act, code)
        return self._decide(act, code)

    def _reverse(self, act: ActRow, code: Code, voucher: VoucherId) -> TxRef:
        assert act.by is not None
        with self._fresh.open() as (reader, _):
            done = _redemption(reader, code, voucher)
            found = reader.reversal_of(done.number)
        if found is None:
            said = self._keys.state("Reversal", code.programme, act.by, done, act.reason, _deadline(act))
            key = self._key(act, voucher)
            found, _ = self._cases.reverse(_CALLER, key, key, said)
        return found.tx

    def _dispute(self, act: ActRow, code: Code) -> TxRef:
        with self._fresh.open() as (reader, _):
            done = _redemption(reader, code, code.vouchers[0])
            found = reader.dispute_of(done.number)
        if found is None:
            said = self._keys.state("Dispute", code.programme, code.holder, done, act.reason, _deadline(act))
            key = self._key(act, done.voucher)
            found, _ = self._cases.dispute(_CALLER, key, key, said)
        return found.tx

    def _decide(self, act: ActRow, code: Code) -> TxRef:
        with self._fresh.open() as (reader, _):
            done = _redemption(reader, code, code.vouchers[0])
            found = reader.dispute_of(done.number)
        if found is None or found.decision is None:
            number = 0 if found is None else found.id  # there is none of that number, and the case work says so
            key, reason = self._key(act, done.voucher), self._keys.reason_hash(act.reason)
            found, _ = self._cases.decide(_CALLER, key, key, number, stands=act.stands, reason=reason)
        assert found.decision is not None
        return found.decision.tx

    def _key(self, act: ActRow, voucher: VoucherId) -> str:
        """The same act again is the same request."""
        return sha256(f"{self._run} act {act.number} {voucher}".encode()).hexdigest()


def _redemption(reader: CaseReader, code: Code, voucher: VoucherId) -> Redemption:
    """The code's redemption of a voucher, reversed or not. Raises RedemptionUnknown."""
    for done in reversed(reader.redemptions_of(voucher)):
        if done.receipt == code.receipt:
            return done
    raise RedemptionUnknown(f"redemption of voucher {voucher} for receipt {code.receipt}")


def _deadline(act: ActRow) -> UnixSeconds:
    return UnixSeconds(act.at + _HOUR)
