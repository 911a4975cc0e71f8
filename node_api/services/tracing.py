"""Telling the whole life of a voucher, and checking anew what can be checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from node_api.domain.cases import Dispute, Reversal
from node_api.domain.errors import VoucherNotFound
from node_api.domain.freezes import subjects_of
from node_api.domain.ids import Address, Hash, VoucherId
from node_api.domain.items import NO_BILL
from node_api.domain.kinds import left_of
from node_api.domain.lane import NETWORK
from node_api.domain.models import Redemption, TxRef, VoucherFacts, VoucherKind, VoucherState
from node_api.domain.standing import state_of, valid_until
from node_api.domain.tracing import ROLE_NAMES, Finding, LifeStep, VoucherTrace
from node_api.domain.trail import Payment
from node_api.services.ports.auditing import AuditReader, ChainState, SentCalls, SentItem, StateGone

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


def trace(reader: AuditReader, chain: ChainState, calls: SentCalls, voucher: VoucherId) -> VoucherTrace:
    """The life of a voucher as of the reader's block.

    Args:
        reader: the index.
        chain: asked what the contract itself says of the voucher.
        calls: the redeeming transactions, from which signatures are checked again.
        voucher: its id.

    Raises:
        VoucherNotFound: there is no such voucher at that block: no such place, or its batch was not issued to its roll.
    """
    facts = reader.voucher(voucher)
    if facts is None or not facts.issued:
        raise VoucherNotFound(_why_unknown(facts, voucher, reader.block.number))
    programme = reader.programme(facts.batch.programme)
    assert programme is not None, "a batch stands under a programme"
    done = facts.redeemed
    state = state_of(facts, reader.block.timestamp)
    return VoucherTrace(
        block=reader.block,
        facts=facts,
        programme=programme,
        merchant=None if done is None else reader.merchant(done.merchant),
        state=state,
        kind=VoucherKind(facts.batch.kind),
        rest=left_of(facts.batch, facts.taken, redeemed=done is not None),
        next_sequence=facts.taken.sequence,
        valid_until=valid_until(facts),
        custodial=facts.custodial,
        receipt=None if done is None else done.receipt,
        steps=tuple(
            sorted(_Life(reader, calls, facts).steps(), key=lambda step: (step.tx.block.number, step.tx.log_index))
        ),
        findings=tuple(_findings(reader, chain, calls, facts, state)),
    )


def _why_unknown(facts: VoucherFacts | None, voucher: VoucherId, block: int) -> str:
    if facts is None:
        return f"voucher {voucher} does not exist at block {block}: no such batch, roll and place"
    return f"voucher {voucher} does not exist at block {block}: batch {facts.batch.id} was not issued to roll {facts.roll.id}"


class _Life:
    """Gathers the steps of one voucher."""

    def __init__(self, reader: AuditReader, calls: SentCalls, facts: VoucherFacts) -> None:
        self._reader, self._calls, self._facts = reader, calls, facts

    def steps(self) -> Iterator[LifeStep]:
        facts, reader = self._facts, self._reader
        for step in reader.programme_steps(facts.batch.programme):
            details = {"approvals": str(step.approvals)} if step.approvals else {}
            details |= {"reason": step.reason} if step.reason else {}
            yield self._step(f"programme {step.name}", step.tx, step.actor, details)
        opened, written = reader.batch_opened(facts.batch.id), reader.roll_written(facts.roll.id)
        assert opened is not None, "the voucher's batch is indexed"
        assert written is not None, "the voucher's roll is indexed"
        yield self._step("batch opened", opened, None, {"batch": facts.batch.ref, "face": str(facts.batch.face)})
        yield self._step("roll written", written, None, {"roll": facts.roll.ref, "places": str(facts.roll.places)})
        claimed = reader.claimed_place(facts.roll.id, facts.place)
        if claimed is not None:
            details = {"round": str(claimed.number), "nullifier": claimed.nullifier}
            yield self._step("place claimed", claimed.tx, None, details)
        issue = reader.issued(facts.batch.id, facts.roll.id)
        if issue is not None:
            yield self._step("issued", issue.tx, None, {"vouchers": str(issue.count), "amount": str(issue.amount)})
        for refusal in reader.refusals(voucher=facts.voucher, limit=1_000):
            details = {"merchant": str(refusal.merchant), "reason": self._calls.reason(refusal.reason)}
            yield self._step("refused", refusal.tx, None, details)
        yield from self._moves()
        yield from self._standing()
        yield from self._bookings()
        yield from self._end()

    def _moves(self) -> Iterator[LifeStep]:
        """How it came to a holder other than the roll's."""
        facts, reader = self._facts, self._reader
        for change in reader.place_changes(facts.roll.id, facts.place):
            details: dict[str, str] = {} if change.receiver is None else {"to": change.receiver}
            details |= {"from": str(change.ripe_at)} if change.ripe_at is not None else {}
            details |= {"reason": change.reason} if change.reason else {}
            yield self._step(_PLACE_STEPS[change.name], change.tx, change.actor, details)
        for passed in reader.transfers(voucher=facts.voucher, limit=1_000):
            yield self._step("passed on", passed.tx, passed.sender, {"from": passed.sender, "to": passed.receiver})

    def _standing(self) -> Iterator[LifeStep]:
        """Freezes of the voucher and of all it belongs to, its revocation, and what the emergency lane did for it."""
        facts, reader = self._facts, self._reader
        for freeze in reader.freezes_of(*subjects_of(facts)):
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
        for booking in self._reader.bookings(voucher=self._facts.voucher, limit=1_000):
            told = {"merchant": str(booking.merchant), "amount": str(booking.amount), "booking": booking.digest}
            yield from self._consents(booking.digest, booking.tx)
            yield self._step(
                "booked", booking.tx, None, {**told, "service": booking.service, "lapses": str(booking.lapse_at)}
            )
            if (end := booking.released) is not None:
                yield self._step("booking released", end.tx, end.actor, {"amount": str(booking.amount)})

    def _end(self) -> Iterator[LifeStep]:
        facts, reader = self._facts, self._reader
        booked = {one.digest: one.amount for one in reader.bookings(voucher=facts.voucher, limit=1_000)}
        for done in reader.redemptions_of(facts.voucher):
            captured = {"booked": str(booked[done.digest])} if done.digest in booked else {}
            yield from self._consents(done.digest, done.tx)
            yield self._step("redeemed", done.tx, None, _redeemed(done) | captured)
            yield from self._case(done)
        swept = reader.sweep_of(facts.batch.id, facts.roll.id)
        if swept is not None and self._had_a_rest():
            details = {"vouchers": str(swept.count), "amount": str(swept.amount)}
            yield self._step("expired and swept", swept.tx, swept.actor, details)

    def _consents(self, digest: Hash, tx: TxRef) -> Iterator[LifeStep]:
        """Those that came with the call."""
        for given in self._reader.consents(digest):
            if given.tx.hash == tx.hash:
                yield self._step("consented to", given.tx, given.attestor, {"digest": digest})

    def _had_a_rest(self) -> bool:
        """Whether the sweep of its pair took anything of it: what was taken back or released since was left out."""
        facts, reader = self._facts, self._reader
        bookings = reader.bookings(voucher=facts.voucher, limit=1_000)
        freed = [one.amount for one in bookings if one.released and one.released.swept]
        late = [reversal.amount for reversal in reader.reversals(voucher=facts.voucher) if reversal.swept]
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
        dispute, reversal = reader.dispute_of(done.number), reader.reversal_of(done.number)
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
        for paid in reader.payments(merchant=done.merchant, line=done.line):
            if paid.day == done.day and pays(paid, done, dispute, reversal):
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


# --- what is checked anew ---


def _findings(
    reader: AuditReader, chain: ChainState, calls: SentCalls, facts: VoucherFacts, state: VoucherState
) -> Iterator[Finding]:
    try:
        said, holder = chain.voucher(facts.voucher, reader.block)
        yield Finding(
            "the contract says the same of state and holder",
            said == state and holder is not None and holder.lower() == facts.holder.lower(),
            f"contract: {said.name}, {holder}; index: {state.name}, {facts.holder}",
        )
    except StateGone as gone:
        yield Finding("the contract says the same of state and holder", None, str(gone))
    for done in reader.redemptions_of(facts.voucher):
        yield from _signature_findings(calls, done, _sent_item(reader, calls, done))
        yield _commitment_finding(reader, chain, calls, done)


def _sent_item(reader: AuditReader, calls: SentCalls, done: Redemption) -> SentItem | None:
    """What its holder signed, found by its digest: in the call that redeemed the voucher, or in the one that booked it."""
    bookings = [one.tx.hash for one in reader.bookings(voucher=done.voucher, limit=1_000) if one.digest == done.digest]
    for item in calls.items(bookings[0] if bookings else done.tx.hash) or []:
        if item.digest == done.digest and any(spend.voucher == done.voucher for spend in item.item.spends):
            return item
    return None


def _signature_findings(calls: SentCalls, done: Redemption, sent: SentItem | None) -> Iterator[Finding]:
    what = "the holder signed exactly this"
    if sent is None:
        direct = calls.items(done.tx.hash) is not None
        reason = (
            "no item of the transaction has the logged digest" if direct else "the transaction is not a direct call"
        )
        yield Finding(what, False if direct else None, reason)
        return
    item = sent.item
    booked = item.bill == NO_BILL
    matches = item.merchant == done.merchant and (booked or item.receipt == done.receipt)
    try:
        how = calls.signed_by(done.holder, sent, done.tx.block)
    except StateGone as gone:
        yield Finding(what, None, str(gone))
    else:
        bill = "" if booked else f"bill {item.bill}, "
        bill += "" if item.max_bill is None else f"open code for bills up to {item.max_bill}, "
        told = f"{how or 'no'} signature of {done.holder} over {sent.digest}, {bill}deadline {item.deadline}"
        yield Finding(what, how is not None and matches, told)
    if done.terminal is not None and not booked:
        named = sent.terminal is not None and sent.terminal.lower() == done.terminal.lower()
        yield Finding("the terminal answers for it", named and sent.terminal_signed, f"terminal {done.terminal}")


def _commitment_finding(reader: AuditReader, chain: ChainState, calls: SentCalls, done: Redemption) -> Finding:
    what = "the call's commitment opens to this redemption"
    commitment = reader.commitment_of(done.number)
    if commitment is None:
        return Finding(what, False, f"no call's commitment covers redemption {done.number}")
    first, count = commitment.first_number, commitment.count
    chained = calls.chained(reader.redemptions_from(first, count))
    told = f"redemptions {first} to {first + count - 1} chain to {chained}"
    if chained != commitment.commitment:
        return Finding(what, False, f"{told}, logged was {commitment.commitment}")
    try:
        kept = chain.commitment(first, reader.block)
    except StateGone as gone:
        return Finding(what, True, f"{told}, as logged; {gone}")
    return Finding(what, kept == chained, f"{told}; the contract keeps {kept}")
