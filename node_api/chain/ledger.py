"""The contracts' own words as of one block, for audits. Implements the port `ChainState`.

Words are read by slot (`eth_getStorageAt`), tens of thousands of them in JSON-RPC batches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from node_api.chain import words as w
from node_api.chain.contracts import contract
from node_api.chain.rpc import Request, RpcClient
from node_api.chain.rpc_errors import RpcError
from node_api.chain.rpc_values import Json, data
from node_api.chain.taken_words import NOTHING_TAKEN, taken_of
from node_api.domain.ids import (
    MAX_PLACES,
    Address,
    Amount,
    BatchId,
    Day,
    Hash,
    LineId,
    MerchantId,
    Place,
    RollId,
    VoucherId,
)
from node_api.domain.models import BlockRef, VoucherState
from node_api.domain.reconciliation import BatchState, LineTerms, PairState, TokenState
from node_api.domain.trail import MerchantDay
from node_api.services.ports.auditing import StateGone

_ASKED_FOR = "the chain does not keep the state of block {number} (any more): {said}"
_WORD_BITS = 256
_KIND_AT = 56  # in a batch's terms
_OVERLAYS, _SOME_BOOKED = 1, 16  # flags of a batch
_REVOKED, _BOOKED, _TRANSFERRED = 2, 3, 4  # overlays


class Ledger:
    """Reads Vouchers and Treasury."""

    def __init__(self, rpc: RpcClient, contracts: Mapping[str, str]) -> None:
        """Takes the chain and the contracts' addresses by name; asks nothing yet."""
        self._rpc = rpc
        self._vouchers, self._treasury = contracts["Vouchers"], contracts["Treasury"]
        self._words = 0

    @property
    def words_read(self) -> int:
        """See the port."""
        return self._words

    def lines(self, lines: Sequence[LineId], block: BlockRef) -> dict[LineId, LineTerms]:
        """See the port."""
        ledger = self._vouchers_words("_lines", lines, block)
        accounts = w.slot_of("Treasury", "_accounts")
        account = self._storage(self._treasury, [w.mapped(line, accounts) for line in lines], block)
        return {
            line: LineTerms(
                deposited=Amount(w.field(money, 0, 64)),
                available=Amount(w.field(money, 64, 64)),
                settled=Amount(w.field(money, 128, 64)),
                returned=Amount(w.field(money, 192, 64)),
                committed=Amount(w.field(word, 0, 64)),
                payable=Amount(w.field(word, 64, 64)),
                committed_count=w.field(word, 128, 48),
                payable_count=w.field(word, 176, 48),
            )
            for line, word, money in zip(lines, ledger, account, strict=True)
        }

    def batches(self, batches: Sequence[BatchId], block: BlockRef) -> dict[BatchId, BatchState]:
        """See the port."""
        terms = self._vouchers_words("_batches", batches, block)
        supply = self._vouchers_words("_batches", batches, block, offset=2)
        return {
            batch: BatchState(
                batch,
                LineId(w.batch_line(term)),
                Amount(w.batch_face(term)),
                issued=w.field(word, 40, 40),
                swept=w.field(word, 120, 40),
                kind=w.field(term, _KIND_AT, 8),
            )
            for batch, term, word in zip(batches, terms, supply, strict=True)
        }

    def pairs(self, pairs: Sequence[tuple[BatchId, RollId]], block: BlockRef) -> list[PairState]:
        """See the port."""
        marks = self._marks(pairs, block)
        rolls = sorted({roll for _, roll in pairs})
        places = {
            roll: min(w.field(word, 24, 16), MAX_PLACES)
            for roll, word in zip(rolls, self._vouchers_words("_rolls", rolls, block), strict=True)
        }
        redeemed = self._counted("_redeemed", 0, pairs, places, block)
        batches = sorted({batch for batch, _ in pairs})
        reach = self._vouchers_words("_batches", batches, block, offset=1)
        flags = {batch: w.field(word, 128, 8) for batch, word in zip(batches, reach, strict=True)}
        marked = [pair for pair in pairs if flags[pair[0]] & _OVERLAYS]  # the others carry no overlay
        revoked = self._counted("_overlays", _REVOKED, marked, places, block)
        transferred = self._counted("_overlays", _TRANSFERRED, marked, places, block)
        reserving = [pair for pair in marked if flags[pair[0]] & _SOME_BOOKED]
        whole = self._counted("_overlays", _BOOKED, reserving, places, block)  # stored value is booked in its words
        terms = self._vouchers_words("_batches", batches, block)
        kinds = {batch: w.field(word, _KIND_AT, 8) for batch, word in zip(batches, terms, strict=True)}
        taken = taken_of(pairs, kinds, places, lambda name, keys: self._vouchers_words(name, keys, block))
        return [
            PairState(
                *pair,
                *marks[pair],
                places[pair[1]],
                redeemed.get(pair, 0),
                revoked.get(pair, 0),
                transferred.get(pair, 0),
                taken=parts.every,
                taken_open=parts.still_open,
                booked=whole.get(pair, 0) + parts.booked,
                set_aside=parts.set_aside,
            )
            for pair in pairs
            for parts in (taken.get(pair, NOTHING_TAKEN),)
        ]

    def moved(
        self, vouchers: Sequence[VoucherId], places: Sequence[tuple[RollId, Place]], block: BlockRef
    ) -> tuple[list[Address], list[Address]]:
        """See the port."""
        passed = self._vouchers_words("_transferred", vouchers, block)
        given = self._vouchers_words("_reassigned", [roll << 11 | place for roll, place in places], block)
        return [_address(word) for word in passed], [_address(word) for word in given]

    def _counted(
        self,
        label: str,
        overlay: int,
        pairs: Sequence[tuple[BatchId, RollId]],
        places: Mapping[RollId, int],
        block: BlockRef,
    ) -> dict[tuple[BatchId, RollId], int]:
        """How many vouchers of each pair have their bit set: redeemed, or under the overlay."""
        keys = [
            (batch, roll, overlay << 64 | key) for batch, roll in pairs for key in _bit_keys(batch, roll, places[roll])
        ]
        counts: dict[tuple[BatchId, RollId], int] = {}
        words = self._vouchers_words(label, [key for _, _, key in keys], block)
        for (batch, roll, _), word in zip(keys, words, strict=True):
            counts[batch, roll] = counts.get((batch, roll), 0) + word.bit_count()
        return counts

    def days(self, days: Sequence[tuple[MerchantId, LineId, Day]], block: BlockRef) -> list[MerchantDay]:
        """See the port."""
        found = self._vouchers_words("_days", [w.day_key(line, merchant, day) for merchant, line, day in days], block)
        return [
            MerchantDay(
                merchant,
                line,
                day,
                redeemed=Amount(w.field(word, 0, 56)),
                count=w.field(word, 168, 28),
                settled=Amount(w.field(word, 56, 56)),
                settled_count=w.field(word, 196, 28),
                disputed=Amount(w.field(word, 112, 56)),
                disputed_count=w.field(word, 224, 28),
            )
            for (merchant, line, day), word in zip(days, found, strict=True)
        ]

    def tokens(self, tokens: Sequence[Address], block: BlockRef) -> list[TokenState]:
        """See the port."""
        slot = w.slot_of("Treasury", "_escrow")
        escrow = self._storage(self._treasury, [w.mapped(int(token, 16), slot) for token in tokens], block)
        balance_of = contract("SettlementToken").function("balanceOf").encode((self._treasury,))
        call = "0x" + balance_of.hex()
        questions: list[Request] = [("eth_call", ({"to": token, "data": call}, hex(block.number))) for token in tokens]
        answers: Sequence[Json | RpcError]
        try:
            answers = self._ask(questions, block)
        except StateGone:
            self._storage(
                self._treasury, [w.mapped(0, slot)], block
            )  # is the state there still, it is a contract's word
            answers = self._rpc.try_batch(questions)
        return [
            TokenState(token, Amount(held), _balance(token, held, answer, block))
            for token, held, answer in zip(tokens, escrow, answers, strict=True)
        ]

    def commitment(self, first_number: int, block: BlockRef) -> Hash:
        """See the port."""
        (word,) = self._vouchers_words("_commitments", [first_number], block)
        return Hash(f"0x{word:064x}")

    def voucher(self, voucher: VoucherId, block: BlockRef) -> tuple[VoucherState, Address | None]:
        """See the port."""
        functions = contract("Vouchers")
        state_of, holder_of = functions.function("stateOf"), functions.function("holderOf")
        (answer,) = self._ask([self._call(state_of.encode((voucher,)), block)], block)
        state = VoucherState(int.from_bytes(data(answer)))
        if state is VoucherState.NONE:
            return state, None
        (holder,) = self._ask([self._call(holder_of.encode((voucher,)), block)], block)
        return state, Address("0x" + data(holder)[-20:].hex())

    def _call(self, calldata: bytes, block: BlockRef) -> Request:
        return "eth_call", ({"to": self._vouchers, "data": "0x" + calldata.hex()}, hex(block.number))

    def _marks(
        self, pairs: Sequence[tuple[BatchId, RollId]], block: BlockRef
    ) -> dict[tuple[BatchId, RollId], tuple[bool, bool]]:
        batches = sorted({batch for batch, _ in pairs})
        reach = dict(zip(batches, self._vouchers_words("_batches", batches, block, offset=1), strict=True))
        marks, outside = {}, []
        for batch, roll in pairs:
            mark = w.mark_in_window(reach[batch], roll)
            if mark is None:
                outside.append((batch, roll))
            else:
                marks[batch, roll] = mark
        found = self._vouchers_words("_marks", [w.marks_key(batch, roll) for batch, roll in outside], block)
        for (batch, roll), word in zip(outside, found, strict=True):
            marks[batch, roll] = w.mark_outside(word, roll)
        return marks

    def _vouchers_words(self, label: str, keys: Sequence[int], block: BlockRef, *, offset: int = 0) -> list[int]:
        slot = w.slot_of("Vouchers", label)
        return self._storage(self._vouchers, [w.mapped(key, slot, offset) for key in keys], block)

    def _storage(self, address: str, slots: Sequence[str], block: BlockRef) -> list[int]:
        self._words += len(slots)
        at = hex(block.number)
        answers = self._ask([("eth_getStorageAt", (address, slot, at)) for slot in slots], block)
        return [int.from_bytes(data(answer)) for answer in answers]

    def _batched(self, questions: Sequence[Request]) -> list[Json]:
        """Two bodies are on their way at a time: the node looks up the words of one while those of the other are read."""
        size = self._rpc.batch_limit
        parts = [questions[at : at + size] for at in range(0, len(questions), size)]
        if len(parts) < 2:
            return self._rpc.batch(questions)
        with ThreadPoolExecutor(2, "ledger") as pool:
            return [answer for answers in pool.map(self._rpc.batch, parts) for answer in answers]

    def _ask(self, questions: Sequence[Request], block: BlockRef) -> list[Json]:
        try:
            return self._batched(questions)
        except RpcError as error:
            raise StateGone(_ASKED_FOR.format(number=block.number, said=error.message)) from error


def _balance(token: Address, held: int, answer: Json | RpcError, block: BlockRef) -> Amount:
    """What a token says that Treasury holds. What is no token, and was listed by mistake, holds nothing."""
    if not isinstance(answer, RpcError):
        return Amount(int.from_bytes(data(answer)[:32]))
    if held:
        said = f"token {token} does not tell what Treasury holds of it at block {block.number}: {answer.message}"
        raise StateGone(said) from answer
    return Amount(0)


def _address(word: int) -> Address:
    return Address(f"0x{word:040x}")


def _bit_keys(batch: int, roll: int, places: int) -> range:
    """Keys of the words that hold the redeemed bits of a pair."""
    first = (batch << 35 | roll << 11) // _WORD_BITS
    return range(first, first - (-places // _WORD_BITS))
