"""Tracing a voucher: its life from the index, and what can be checked anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from node_api.domain.ids import VoucherId
from node_api.domain.items import NO_BILL
from node_api.domain.models import Redemption, VoucherFacts, VoucherState
from node_api.domain.tracing import Finding, VoucherTrace
from node_api.services.lives import life
from node_api.services.ports.auditing import AuditReader, ChainState, SentCalls, SentItem, StateGone


def trace(reader: AuditReader, chain: ChainState, calls: SentCalls, voucher: VoucherId) -> VoucherTrace:
    """The life of a voucher as of the reader's block, with what can be checked anew.

    Args:
        reader: the index.
        chain: asked what the contract itself says of the voucher.
        calls: the redeeming transactions, from which signatures are checked again.
        voucher: its id.

    Raises:
        VoucherNotFound: there is no such voucher at that block: no such place, or its batch was not issued to its roll.
    """
    told = life(reader, calls, voucher)
    return replace(told, findings=tuple(_findings(reader, chain, calls, told.facts, told.state)))


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
    booked = reader.booking(done.digest)
    for item in calls.items(booked[0].tx.hash if booked else done.tx.hash) or []:
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
