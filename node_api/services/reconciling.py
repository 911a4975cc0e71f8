"""Adding up every budget line from the chain's words, its bits, its events and the index, and comparing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from node_api.domain.ids import Address, Amount, BatchId, LineId, ProgrammeId, RollId, split_voucher
from node_api.domain.models import Programme, VoucherKind
from node_api.domain.reconciliation import (
    LINE_TERMS,
    TERMS,
    BatchState,
    Check,
    LineTerms,
    PairState,
    Reconciliation,
    Source,
)
from node_api.domain.trail import BatchCounts, LineSums, MerchantDay
from node_api.services.ports.auditing import AuditReader, ChainState

_NONE = Amount(0)
_NOTHING = LineTerms(_NONE, _NONE, _NONE, _NONE, _NONE, _NONE, 0, 0, 0, _NONE, 0)

# What each source knows of a line; a line it has never heard of is a line of zeros there.
_KNOWN: Mapping[Source, tuple[str, ...]] = {
    Source.CHAIN: (*TERMS, "committed_count", "payable_count"),
    Source.BITS: ("committed", "committed_count", "payable", "redeemed", "redeemed_count"),
    Source.DAYS: ("redeemed", "redeemed_count", "settled", "settled_count", "payable", "payable_count"),
    Source.EVENTS: LINE_TERMS,
    Source.INDEX: LINE_TERMS,
}

ByLine = Mapping[LineId, LineTerms]


@dataclass(frozen=True, slots=True)
class _Pair:
    """An issued pair as the events have it."""

    batch: BatchId
    roll: RollId
    count: int
    swept: int


def reconcile(reader: AuditReader, chain: ChainState, programme: ProgrammeId | None = None) -> Reconciliation:
    """Compares everything as of the reader's block.

    Args:
        reader: the index.
        chain: the contracts' own words; asked at the reader's block.
        programme: only this one; escrow is by token and so only compared over all programmes.

    Raises:
        StateGone: the chain no longer keeps the state of that block.
    """
    block, read_before = reader.block, chain.words_read
    lines = [line.id for line in reader.lines(programme)]
    pairs = [_Pair(*pair) for pair in reader.pairs(programme)]
    batches = chain.batches([batch.id for batch in reader.batches(programme)], block)
    states = chain.pairs([(pair.batch, pair.roll) for pair in pairs], block)
    indexed_days = reader.merchant_days(programme=programme)
    days = chain.days([(day.merchant, day.line, day.day) for day in indexed_days], block)
    kept = chain.lines(lines, block)
    by_source: dict[Source, ByLine] = {
        Source.CHAIN: kept,
        Source.BITS: _from_bits(states, batches, kept),
        Source.DAYS: _from_days(days),
        Source.EVENTS: _from_sums(reader.line_sums_from_facts(programme)),
        Source.INDEX: _from_sums(reader.line_sums(programme)),
    }
    checks = [
        *_line_checks(lines, by_source),
        *_batch_checks(pairs, states, batches, reader.batch_counts()),
        *_pair_checks(pairs, states),
        *_day_checks(indexed_days, days),
        *_holder_checks(reader, chain, programme, states),
    ]
    if programme is None:
        checks += _token_checks(reader, chain, lines, by_source[Source.EVENTS])
    return Reconciliation(block, programme, tuple(checks), len(lines), len(pairs), chain.words_read - read_before)


# --- one line's terms, by source ---


def _from_sums(sums: Mapping[LineId, LineSums]) -> ByLine:
    return {line: LineTerms(**{name: getattr(some, name) for name in LINE_TERMS}) for line, some in sums.items()}


def _from_bits(pairs: Iterable[PairState], batches: Mapping[BatchId, BatchState], kept: ByLine) -> ByLine:
    """Committed is what the clear bits of pairs not swept stand for, and what is booked of those swept; payable what the set bits
    do, less what was settled.

    Of percentages and stored value the words say how much was redeemed; how often stored value was, nothing but its events.
    """
    values: dict[LineId, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    in_parts = {batch.line for batch in batches.values() if batch.kind == VoucherKind.STORED}
    for pair in pairs:
        batch = batches[pair.batch]
        open_places = 0 if not pair.issued else _open_places(pair)
        value = values[batch.line]
        value[0] += open_places * batch.face + _rests(pair, batch)
        value[1] += open_places
        value[2] += pair.redeemed * batch.face if batch.kind == VoucherKind.FIXED else pair.taken
        value[3] += pair.redeemed
    terms = {}
    for line, (committed, committed_count, redeemed, redeemed_count) in values.items():
        settled = kept[line].settled if line in kept else None
        terms[line] = LineTerms(
            committed=Amount(committed),
            committed_count=committed_count,
            redeemed=Amount(redeemed),
            redeemed_count=None if line in in_parts else redeemed_count,
            payable=None if settled is None else Amount(redeemed - settled),
        )
    return terms


def _open_places(pair: PairState) -> int:
    """Places neither used up nor revoked; of a pair that was swept those that it left out as booked."""
    return pair.booked if pair.swept else pair.places - pair.redeemed - pair.revoked


def _rests(pair: PairState, batch: BatchState) -> int:
    """What redeemed percentages have left, or, below zero, what open stored value has no more."""
    if batch.kind == VoucherKind.STORED:
        return pair.set_aside - pair.booked * batch.face if pair.swept else -pair.taken_open
    return 0 if pair.swept or batch.kind == VoucherKind.FIXED else pair.redeemed * batch.face - pair.taken


def _from_days(days: Iterable[MerchantDay]) -> ByLine:
    values: dict[LineId, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for day in days:
        value = values[day.line]
        for at, amount in enumerate((day.redeemed, day.count, day.settled, day.settled_count)):
            value[at] += amount
    return {
        line: LineTerms(
            redeemed=Amount(redeemed),
            redeemed_count=count,
            settled=Amount(settled),
            settled_count=settled_count,
            payable=Amount(redeemed - settled),
            payable_count=count - settled_count,
        )
        for line, (redeemed, count, settled, settled_count) in values.items()
    }


def _line_checks(lines: Sequence[LineId], by_source: Mapping[Source, ByLine]) -> Iterator[Check]:
    for line in lines:
        terms = {source: by_line.get(line, _NOTHING) for source, by_line in by_source.items()}
        for name in LINE_TERMS:
            told = {source: getattr(some, name) for source, some in terms.items() if name in _KNOWN[source]}
            yield Check(
                f"line {line}", line, name, {source: int(one) for source, one in told.items() if one is not None}
            )
        rest = {source: _rest(terms[source]) for source in (Source.CHAIN, Source.EVENTS, Source.INDEX)}
        yield Check(f"line {line}", line, "deposited less its parts", rest, expected=0)


def _rest(terms: LineTerms) -> int:
    """What is left of the deposits when all of their parts are taken off: nothing, by the identity."""
    deposited, *parts = (int(getattr(terms, name)) for name in TERMS)
    return deposited - sum(parts)


# --- what the lines are made of ---


def _batch_checks(
    pairs: Sequence[_Pair],
    states: Sequence[PairState],
    batches: Mapping[BatchId, BatchState],
    indexed: Mapping[BatchId, BatchCounts] | None,
) -> Iterator[Check]:
    """The supply written in a batch's word is what its events add up to: no pair is missing. Its bits are what was used up."""
    counted: dict[BatchId, list[int]] = defaultdict(lambda: [0, 0, 0])
    for pair, found in zip(pairs, states, strict=True):
        counted[pair.batch][0] += pair.count
        counted[pair.batch][1] += pair.swept
        counted[pair.batch][2] += found.redeemed
    for batch, state in batches.items():
        issued, swept, redeemed = counted[batch]
        told: dict[str, dict[Source, int]] = {
            "issued": {Source.CHAIN: state.issued, Source.EVENTS: issued},
            "swept": {Source.CHAIN: state.swept, Source.EVENTS: swept},
            "used up": {Source.BITS: redeemed},
        }
        if indexed is not None:
            ours = indexed.get(batch, BatchCounts(batch, 0, 0, 0))
            for term, count in zip(told, (ours.issued, ours.swept, ours.used_up), strict=True):
                told[term][Source.INDEX] = count
        for term, values in told.items():
            yield Check(f"batch {batch}", state.line, term, values)


def _pair_checks(pairs: Sequence[_Pair], states: Sequence[PairState]) -> Iterator[Check]:
    """Every pair of the events carries its mark, and its places are its vouchers. Only what differs is listed."""
    for pair, state in zip(pairs, states, strict=True):
        expected = pair.count
        kept = state.places if state.issued else 0
        if kept != expected:
            values = {Source.BITS: kept, Source.EVENTS: expected}
            yield Check(f"batch {pair.batch}, roll {pair.roll}", None, "places", values)
        expired = state.places - state.redeemed - state.revoked - state.booked if state.swept else 0
        if expired != pair.swept:
            values = {Source.BITS: expired, Source.EVENTS: pair.swept}
            yield Check(f"batch {pair.batch}, roll {pair.roll}", None, "swept", values)


def _day_checks(indexed: Sequence[MerchantDay], kept: Sequence[MerchantDay]) -> Iterator[Check]:
    """Only what differs is listed; the sums by line are always."""
    for ours, theirs in zip(indexed, kept, strict=True):
        if ours == theirs:
            continue
        for term in ("redeemed", "count", "settled", "settled_count", "disputed", "disputed_count"):
            values = {Source.INDEX: int(getattr(ours, term)), Source.DAYS: int(getattr(theirs, term))}
            if len(set(values.values())) > 1:
                yield Check(f"merchant {ours.merchant}, day {ours.day}", ours.line, term, values)


def _holder_checks(
    reader: AuditReader, chain: ChainState, programme: ProgrammeId | None, states: Sequence[PairState]
) -> Iterator[Check]:
    """Whoever holds something else than the roll says, holds it by the contract, too. Only what differs is listed."""
    passed, given = reader.moved(programme)
    kept_passed, kept_given = chain.moved(list(passed), list(given), reader.block)
    for voucher, ours, theirs in zip(passed, passed.values(), kept_passed, strict=True):
        yield from _holder_check(f"voucher {voucher}", ours, theirs)
    for (roll, place), ours, theirs in zip(given, given.values(), kept_given, strict=True):
        yield from _holder_check(f"roll {roll}, place {place}", ours, theirs)
    counted = Counter(split_voucher(voucher)[:2] for voucher in passed)
    for state in states:
        values = {Source.BITS: state.transferred, Source.EVENTS: counted[state.batch, state.roll]}
        if len(set(values.values())) > 1:
            yield Check(f"batch {state.batch}, roll {state.roll}", None, "passed on", values)


def _holder_check(subject: str, indexed: Address, kept: Address) -> Iterator[Check]:
    if indexed.lower() != kept.lower():
        yield Check(subject, None, "holder", {Source.INDEX: int(indexed, 16), Source.CHAIN: int(kept, 16)})


def _token_checks(reader: AuditReader, chain: ChainState, lines: Sequence[LineId], events: ByLine) -> list[Check]:
    """Escrow holds what was deposited and neither settled nor returned, over all lines of a token."""
    token_of: dict[ProgrammeId, Address] = {programme.id: _token(programme) for programme in reader.programmes()}
    due: dict[Address, int] = {_lower(token): 0 for token in reader.tokens()}
    for line in lines:
        terms = events.get(line, _NOTHING)
        held = int(terms.deposited or 0) - int(terms.settled or 0) - int(terms.returned or 0)
        token = token_of[ProgrammeId(line >> 16)]
        due[token] = due.get(token, 0) + held
    states = chain.tokens(sorted(due), reader.block)
    return [
        Check(
            f"token {state.token}",
            None,
            "escrow",
            {Source.ESCROW: state.escrow, Source.BALANCE: state.balance, Source.EVENTS: due[state.token]},
        )
        for state in states
    ]


def _token(programme: Programme) -> Address:
    return _lower(programme.token)


def _lower(address: Address) -> Address:
    return Address(address.lower())
