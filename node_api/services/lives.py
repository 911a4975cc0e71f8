"""Telling the whole life of a voucher from the index alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from node_api.domain.bookings import Booking
from node_api.domain.cases import Dispute, Reversal
from node_api.domain.errors import VoucherNotFound
from node_api.domain.freezes import subjects_of
from node_api.domain.ids import Address, Hash, VoucherId
from node_api.domain.kinds import left_of
from node_api.domain.lane import NETWORK
from node_api.domain.models import Redemption, TxRef, VoucherFacts, VoucherKind
from node_api.domain.standing import state_of, valid_until
from node_api.domain.tracing import ROLE_NAMES, LifeStep, VoucherTrace
from node_api.domain.trail import Payment
from node_api.services.pages import every
from node_api.services.ports.auditing import AuditReader, SentCalls

_FREEZE_STEPS = {
    "frozen": "frozen",
    "appealed": "freeze appealed",
    "lifted": "freeze lifted",
    "confirmed": "freeze confirmed",
}
_PLACE_STEPS = {
    "proposed": "reassignment proposed",
    "withdrawn": "reassignment withdrawn",
    "reassigned": "place reassigned",
}
_LANE_STEPS = {"paused": "paused", "resumed": "resumed", "widened": "channels widened"}


def life(reader: AuditReader, calls: SentCalls, voucher: VoucherId) -> VoucherTrace:
    """The same from the index alone, without findings: the chain is asked nothing, no signature is checked.

    Raises:
        VoucherNotFound: as `trace`.
    """
    facts = reader.voucher(voucher)
    if facts is None or not facts.issued:
        raise VoucherNotFound(_why_unknown(facts, voucher, reader.block.number))
    programme = reader.programme(facts.batch.programme)
    assert programme is not None, "a batch stands under a programme"
    done = facts.redeemed
    return VoucherTrace(
        block=reader.block,
        facts=facts,
        programme=programme,
        merchant=None if done is None else reader.merchant(done.merchant),
        state=state_of(facts, reader.block.timestamp),
        kind=VoucherKind(facts.batch.kind),
        rest=left_of(facts.batch, facts.taken, redeemed=done is not None),
        next_sequence=facts.taken.sequence,
        valid_until=valid_until(facts),
        custodial=facts.custodial,
        receipt=None if done is None else done.receipt,
        steps=tuple(
            sorted(_Life(reader, calls, facts).steps(), key=lambda step: (step.tx.block.number, step.tx.log_index))
        ),
        findings=(),
    )


def _why_unknown(facts: VoucherFacts | None, voucher: VoucherId, block: int) -> str:
    if facts is None:
        return f"voucher {voucher} does not exist at block {block}: no such batch, roll and place"
    return f"voucher {voucher} does not exist at block {block}: batch {facts.batch.id} was not issued to roll {facts.roll.id}"


class _Life:
    """Gathers the steps of one voucher."""

    def __init__(self, reader: AuditReader, calls: SentCalls, facts: VoucherFacts) -> None:
        self._reader, self._calls, self._facts = reader, calls, facts
        self._marks = reader.marks(facts.voucher)

    def steps(self) -> Iterator[LifeStep]:
        facts, reader, marks = self._facts, self._reader, self._marks
        batch, roll = facts.batch, facts.roll
        yield from reader.remembered(("programme's life", batch.programme), lambda: tuple(self._programme()))
        yield reader.remembered(("batch opened", batch.id), self._opened)
        yield reader.remembered(("roll written", roll.id), self._written)
        claimed = reader.claimed_place(roll.id, facts.place) if marks.claimed else None
        if claimed is not None:
            details = {"round": str(claimed.number), "nullifier": claimed.nullifier}
            yield self._step("place claimed", claimed.tx, None, details)
        yield reader.remembered(("issued", batch.id, roll.id), self._issued)
        for refusal in reader.refusals(voucher=facts.voucher, limit=1_000) if marks.refused else ():
            details = {"merchant": str(refusal.merchant), "reason": self._calls.reason(refusal.reason)}
            yield self._step("refused", refusal.tx, None, details)
        yield from self._moves()
        yield from self._standing()
        yield from self._bookings()
        yield from self._end()

    def _programme(self) -> Iterator[LifeStep]:
        for step in self._reader.programme_steps(self._facts.batch.programme):
            details = {"approvals": str(step.approvals)} if step.approvals else {}
            details |= {"reason": step.reason} if step.reason else {}
            yield self._step(f"programme {step.name}", step.tx, step.actor, details)

    def _opened(self) -> LifeStep:
        batch = self._facts.batch
        opened = self._reader.batch_opened(batch.id)
        assert opened is not None, "the voucher's batch is indexed"
        return self._step("batch opened", opened, None, {"batch": batch.ref, "face": str(batch.face)})

    def _written(self) -> LifeStep:
        roll = self._facts.roll
        written = self._reader.roll_written(roll.id)
        assert written is not None, "the voucher's roll is indexed"
        return self._step("roll written", written, None, {"roll": roll.ref, "places": str(roll.places)})

    def _issued(self) -> LifeStep:
        issue = self._reader.issued(self._facts.batch.id, self._facts.roll.id)
        assert issue is not None, "the voucher's batch was issued to its roll"
        return self._step("issued", issue.tx, None, {"vouchers": str(issue.count), "amount": str(issue.amount)})

    def _moves(self) -> Iterator[LifeStep]:
        """How it came to a holder other than the roll's."""
        facts, reader = self._facts, self._reader
        for change in reader.place_changes(facts.roll.id, facts.place) if self._marks.place_changed else ():
            details: dict[str, str] = {} if change.receiver is None else {"to": change.receiver}
            details |= {"from": str(change.ripe_at)} if change.ripe_at is not None else {}
            details |= {"reason": change.reason} if change.reason else {}
            yield self._step(_PLACE_STEPS[change.name], change.tx, change.actor, details)
        moved = every(lambda after, limit: reader.transfers(voucher=facts.voucher, after=after, limit=limit))
        for passed in moved if self._marks.passed_on else ():
            yield self._step("passed on", passed.tx, passed.sender, {"from": passed.sender, "to": passed.receiver})

    def _standing(self) -> Iterator[LifeStep]:
        """Freezes of the voucher and of all it belongs to, its revocation, and what the emergency lane did for it."""
        facts, reader = self._facts, self._reader
        for freeze in reader.freezes_of(*subjects_of(facts)) if self._marks.frozen else ():
            for change in freeze.steps:
                details = {"subject": change.what.subject.name.lower(), "reason": change.reason}
                details |= {"until": str(change.until)} if change.kind == "frozen" else {}
                details |= {"appeal": change.appeal} if change.appeal is not None else {}
                yield self._step(_FREEZE_STEPS[change.kind], change.tx, change.actor, details)
        revoked = reader.revocation_of(facts.voucher)
        if revoked is not None:
            details = {"amount": str(revoked.amount), "line": str(revoked.line), "reason": revoked.reason}
            yield self._step("revoked", revoked.tx, revoked.actor, details)
        for step in reader.lane.steps:
            if step.batch == facts.batch.id:
                details = {"from": str(step.old_until), "until": str(step.until), "reason": step.reason}
                yield self._step("batch extended", step.tx, step.actor, details)
            elif step.batch == 0 and step.programme in (NETWORK, facts.batch.programme):
                whose = "network" if step.programme == NETWORK else "programme"
                details = {"until": str(step.until)} if step.until else {}
                details |= {"channels": str(step.channels)} if step.channels else {}
                details |= {"reason": step.reason} if step.reason else {}
                yield self._step(f"{whose} {_LANE_STEPS[step.kind]}", step.tx, step.actor, details)

    def _bookings(self) -> Iterator[LifeStep]:
        """Every booking of the voucher, and its release; a capture is told as the redemption it is."""
        for booking in self._all_bookings():
            told = {"merchant": str(booking.merchant), "amount": str(booking.amount), "booking": booking.digest}
            yield from self._consents(booking.digest, booking.tx)
            yield self._step(
                "booked", booking.tx, None, {**told, "service": booking.service, "lapses": str(booking.lapse_at)}
            )
            if (end := booking.released) is not None:
                yield self._step("booking released", end.tx, end.actor, {"amount": str(booking.amount)})

    def _end(self) -> Iterator[LifeStep]:
        facts, reader = self._facts, self._reader
        booked = {one.digest: one.amount for one in self._all_bookings()}
        for done in reader.redemptions_of(facts.voucher):
            captured = {"booked": str(booked[done.digest])} if done.digest in booked else {}
            yield from self._consents(done.digest, done.tx)
            yield self._step("redeemed", done.tx, None, _redeemed(done) | captured)
            yield from self._case(done)
        swept = reader.sweep_of(facts.batch.id, facts.roll.id) if facts.swept else None
        if swept is not None and self._had_a_rest():
            details = {"vouchers": str(swept.count), "amount": str(swept.amount)}
            yield self._step("expired and swept", swept.tx, swept.actor, details)

    def _all_bookings(self) -> list[Booking]:
        if not self._marks.booked:
            return []
        voucher = self._facts.voucher
        return list(every(lambda after, limit: self._reader.bookings(voucher=voucher, after=after, limit=limit)))

    def _consents(self, digest: Hash, tx: TxRef) -> Iterator[LifeStep]:
        """Those that came with the call."""
        for given in self._reader.consents(digest) if self._marks.consented else ():
            if given.tx.hash == tx.hash:
                yield self._step("consented to", given.tx, given.attestor, {"digest": digest})

    def _had_a_rest(self) -> bool:
        """Whether the sweep of its pair took anything of it: what was taken back or released since was left out."""
        facts, reader = self._facts, self._reader
        freed = [one.amount for one in self._all_bookings() if one.released and one.released.swept]
        reversals = every(lambda after, limit: reader.reversals(voucher=facts.voucher, after=after, limit=limit))
        late = [reversal.amount for reversal in reversals if reversal.swept]
        taken = facts.taken.spent + sum(late)
        if facts.batch.kind == VoucherKind.STORED:
            return not facts.revoked and taken + facts.taken.booked + sum(freed) < facts.batch.face
        if facts.revoked or facts.booked or freed:
            return False
        if facts.batch.kind == VoucherKind.FIXED:
            return facts.redeemed is None and not late
        return taken < facts.batch.face

    def _case(self, done: Redemption) -> Iterator[LifeStep]:
        """What became of a redemption: disputed, decided, reversed, paid."""
        reader = self._reader
        dispute = reader.dispute_of(done.number) if self._marks.disputed else None
        reversal = reader.reversal_of(done.number) if self._marks.reversed else None
        if dispute is not None:
            details = {"dispute": str(dispute.id), "reason": dispute.reason, "decide by": str(dispute.decide_by)}
            yield self._step("disputed", dispute.tx, dispute.actor, details)
            if (ended := dispute.decision) is not None:
                outcome = {"dispute": str(dispute.id), "outcome": dispute.state, "reason": ended.reason}
                yield self._step("dispute decided", ended.tx, ended.actor, outcome)
        if reversal is not None:
            details = {"number": str(done.number), "amount": str(reversal.amount), "reason": reversal.reason}
            details |= {"money came off day": str(reversal.day), "voucher": "live" if reversal.live else "expired"}
            yield self._step("reversed", reversal.tx, reversal.actor, details)
        for paid in reader.payments_of_day(done.line, done.merchant, done.day) if self._marks.paid else ():
            if pays(paid, done, dispute, reversal):
                details = {"run": str(paid.run), "amount of the day": str(paid.amount), "account": paid.account}
                yield self._step("merchant paid", paid.tx, None, details)
                return

    def _step(self, what: str, tx: TxRef, actor: Address | None, details: Mapping[str, str]) -> LifeStep:
        account = actor or tx.sender
        return LifeStep(what, tx, account, self._roles(account, tx), details)

    def _roles(self, account: Address, tx: TxRef) -> tuple[str, ...]:
        """The roles the account had when it acted."""
        held: dict[int, bool] = {}
        for step in self._reader.role_steps(account):
            if (step.tx.block.number, step.tx.log_index) <= (tx.block.number, tx.log_index):
                held[step.role] = step.granted
        return tuple(
            ROLE_NAMES[role] if role < len(ROLE_NAMES) else str(role)
            for role, granted in sorted(held.items())
            if granted
        )


def pays(paid: Payment, done: Redemption, dispute: Dispute | None, reversal: Reversal | None) -> bool:
    """Whether a payment of its day paid the redemption: it paid all that was not in dispute or taken back by then."""
    place = _place(paid.tx)
    if reversal is not None and reversal.day == done.day and _place(reversal.tx) < place:
        return False
    if dispute is None or place < _place(dispute.tx):
        return True
    return dispute.decision is not None and _place(dispute.decision.tx) < place


def _place(tx: TxRef) -> tuple[int, int]:
    return tx.block.number, tx.log_index


def _redeemed(done: Redemption) -> dict[str, str]:
    return {
        "number": str(done.number),
        "merchant": str(done.merchant),
        "amount": str(done.amount),
        "receipt": done.receipt,
        "digest": done.digest,
        "rules version": str(done.rules_version),
        "terminal": done.terminal or "none",
    }
