"""What the chain has under the text references of the import files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import TypeVar, cast

from node_api.chain.contracts import AbiFault, contract
from node_api.chain.deployed import CallReverted, Deployed, Question
from node_api.chain.deployment.errors import NotDeployed
from node_api.chain.deployment.resolve import Accounts
from node_api.chain.event_logs import event_logs
from node_api.chain.events import decoders
from node_api.chain.keys import KeyRole
from node_api.chain.rpc_errors import RpcError
from node_api.chain.rpc_values import data, rows, text
from node_api.domain.events import BatchOpened
from node_api.domain.ids import (
    Address,
    Amount,
    BatchId,
    Hash,
    LineId,
    MerchantId,
    ProgrammeId,
    RollId,
    UnixSeconds,
    line_id,
)
from node_api.domain.publication import PublishedText
from node_api.services.ports.treasury import (
    BatchSeen,
    BatchTerms,
    ChainWentBack,
    LineTerms,
    MerchantPast,
    MerchantSeen,
    MerchantTerms,
    ProgrammeSeen,
    ProgrammeTerms,
    PublicationTerms,
    RollSeen,
    RulesTerms,
)

S = TypeVar("S")
_CUSTODIAL = 2
_FLAGS_AT, _FIRST_ONLY, _TRANSFERABLE = 13, 4, 8
_NUMBERS = tuple(one.name for one in fields(RulesTerms) if one.name != "first_only" and "transfer" not in one.name)
"""Stand first in the struct, in this order."""
_CAPS = ("transfer_amount", "transfer_month_amount")


class ChainBook:
    """Implements `TreasuryBook`. Answers stand on the newest block; nothing is remembered."""

    def __init__(self, deployed: Deployed, keys: Accounts) -> None:
        self._deployed = deployed
        self._keys = keys

    def token(self, name: str) -> Address | None:
        """See the port."""
        if name.startswith("0x"):
            return Address(name)
        (symbol,) = self._deployed.ask(Question("SettlementToken", "symbol"))
        return self._deployed.address("SettlementToken") if symbol == name else None

    def is_own_token(self, token: Address) -> bool:
        """See the port."""
        return token.lower() == self._deployed.address("SettlementToken").lower()

    def is_token_allowed(self, token: Address) -> bool:
        """See the port."""
        return bool(self._deployed.ask(Question("Treasury", "isTokenAllowed", (token,)))[0])

    def treasurer_funds(self, token: Address) -> tuple[Amount, Amount] | None:
        """See the port."""
        treasurer, escrow = self._keys.address(KeyRole.TREASURER), self._deployed.address("Treasury")
        questions = [
            Question("SettlementToken", "balanceOf", (treasurer,)),
            Question("SettlementToken", "allowance", (treasurer, escrow)),
        ]
        try:
            balance, allowance = self._deployed.ask_at(token, questions)
        except (AbiFault, CallReverted, NotDeployed, RpcError):
            return None
        return Amount(_int(balance[0])), Amount(_int(allowance[0]))

    def programmes(self, refs: Sequence[str]) -> list[ProgrammeSeen | None]:
        """See the port."""
        return self._seen("ProgrammeRegistry", "programmeOf", refs, self._programmes)

    def merchants(self, refs: Sequence[str]) -> list[MerchantSeen | None]:
        """See the port."""
        return self._seen("MerchantRegistry", "merchantOf", refs, self._merchants)

    def batches(self, refs: Sequence[str]) -> list[BatchSeen | None]:
        """See the port."""
        return self._seen("Vouchers", "batchOf", refs, self._batches)

    def batches_by_id(self, ids: Sequence[BatchId]) -> list[BatchSeen | None]:
        """See the port."""
        return [batch if batch.terms.programme else None for batch in self._batches(ids)]

    def opened_until(self, batches: Sequence[BatchId]) -> list[UnixSeconds]:
        """See the port."""
        told: dict[int, int] = {}
        for log in event_logs(self._deployed, "Vouchers", ["BatchOpened"]):
            topics = [text(topic) for topic in rows(log["topics"])]
            (opened,) = decoders()["Vouchers"][topics[0]](topics, data(log["data"]))
            assert isinstance(opened, BatchOpened)
            told[opened.batch] = opened.valid_until
        try:
            return [UnixSeconds(told[batch]) for batch in batches]
        except KeyError as lost:
            raise ChainWentBack(f"the chain lost batch {lost.args[0]}") from lost

    def programme_ref(self, programme: ProgrammeId) -> str:
        """See the port."""
        log = next(event_logs(self._deployed, "ProgrammeRegistry", ["ProgrammeDrafted"], of=programme))
        content = data(log["data"])
        at = int.from_bytes(content[:32])
        return content[at + 32 : at + 32 + int.from_bytes(content[at : at + 32])].decode()

    def clock(self, programme: ProgrammeId) -> UnixSeconds:
        """See the port."""
        tag = "latest" if self._deployed.rpc.profile.steady else "pending"
        return UnixSeconds(_int(self._deployed.ask(Question("Vouchers", "programmeClock", (programme,)), tag)[0]))

    def line_money(self, programme: ProgrammeId, line: int) -> tuple[Amount, Amount]:
        """See the port."""
        (account,) = self._deployed.ask(Question("Treasury", "account", (line_id(programme, line),)))
        _, available, _, _, _, reserved = map(_int, _row(account))
        return Amount(available - reserved), Amount(reserved)

    def rolls(self, refs: Sequence[str]) -> list[RollSeen | None]:
        """See the port."""
        return self._seen("Vouchers", "rollOf", refs, self._rolls)

    def holders(self, pointers: Sequence[Address]) -> list[bytes]:
        """See the port."""
        codes = self._deployed.rpc.batch([("eth_getCode", (pointer, "latest")) for pointer in pointers])
        return [data(code)[1:] for code in codes]

    def deposits(self, slips: Sequence[Hash]) -> list[LineId | None]:
        """See the port."""
        answers = self._numbers("Treasury", "lineOfSlip", [(bytes.fromhex(slip[2:]),) for slip in slips])
        return [LineId(line) if line else None for line in answers]

    def issued(self, pairs: Sequence[tuple[BatchId, RollId]]) -> list[bool]:
        """See the port."""
        answers = self._deployed.ask_all([Question("Vouchers", "marksOf", pair) for pair in pairs])
        return [bool(issued) for issued, _ in answers]

    def terminals(self, accounts: Sequence[Address]) -> list[MerchantId | None]:
        """See the port."""
        answers = self._numbers("MerchantRegistry", "merchantOfTerminal", [(account,) for account in accounts])
        return [MerchantId(merchant) if merchant else None for merchant in answers]

    def terminal_limits(self, accounts: Sequence[Address]) -> list[Amount]:
        """See the port."""
        words = self._numbers("Vouchers", "terminalWord", [(account,) for account in accounts])
        return [Amount(word >> 40 & (1 << 64) - 1) for word in words]

    def merchant_past(self) -> MerchantPast:
        """See the port."""
        names = ("MerchantReinstated", "TerminalRemoved", "TerminalLimited")
        logs = [tuple(map(text, rows(log["topics"]))) for log in event_logs(self._deployed, "MerchantRegistry", names)]
        reinstated, removed, limited = (
            [indexed for topic, *indexed in logs if data(topic) == contract("MerchantRegistry").topics[name]]
            for name in names
        )
        return MerchantPast(
            frozenset(MerchantId(int(merchant, 16)) for merchant, _by in reinstated),
            frozenset(_account(terminal) for _merchant, terminal, _by in removed),
            frozenset(_account(terminal) for _merchant, terminal, _by in limited),
        )

    def category_names(self, categories: Sequence[int]) -> list[str]:
        """See the port."""
        questions = [Question("MerchantRegistry", "categoryName", (number,)) for number in categories]
        return [str(name) for (name,) in self._deployed.ask_all(questions)]

    # --- helpers ---

    def _seen(
        self, name: str, lookup: str, refs: Sequence[str], describe: Callable[[Sequence[int]], list[S]]
    ) -> list[S | None]:
        """Ids by reference first, then what stands behind those that exist. Raises ChainWentBack between the two."""
        ids = self._numbers(name, lookup, [(ref,) for ref in refs])
        try:
            described = iter(describe([number for number in ids if number]))
        except CallReverted as fault:
            raise ChainWentBack(f"the chain lost what it had under references of {name}") from fault
        return [next(described) if number else None for number in ids]

    def _numbers(self, name: str, function: str, arguments: Sequence[tuple[object, ...]]) -> list[int]:
        answers = self._deployed.ask_all([Question(name, function, given) for given in arguments])
        return [_int(answer[0]) for answer in answers]

    def _programmes(self, ids: Sequence[int]) -> list[ProgrammeSeen]:
        registry = "ProgrammeRegistry"
        heads = self._deployed.ask_all([Question(registry, "programme", (number,)) for number in ids])
        rules = self._deployed.ask_all([Question(registry, "rules", (number, 1)) for number in ids])
        caps = self._deployed.ask_all([Question(registry, "transferCaps", (number, 1)) for number in ids])
        publications = self._deployed.ask_all([Question(registry, "publication", (number,)) for number in ids])
        counts = [_int(head[2]) for head in heads]
        lines = self._deployed.ask_all(
            [
                Question(registry, "line", (line_id(ProgrammeId(number), place),))
                for number, count in zip(ids, counts, strict=True)
                for place in range(1, count + 1)
            ]
        )
        found = iter(lines)
        return [
            ProgrammeSeen(
                ProgrammeId(number),
                _int(head[1]),
                _programme_terms(_row(head[0])),
                _rules_terms(_row(rule[0]), _row(cap[0])),
                tuple(_line_terms(_row(next(found)[0])) for _ in range(count)),
                _publication_terms(_row(publication[0])),
                UnixSeconds(_int(publication[1])),
            )
            for number, head, rule, cap, count, publication in zip(
                ids, heads, rules, caps, counts, publications, strict=True
            )
        ]

    def _merchants(self, ids: Sequence[int]) -> list[MerchantSeen]:
        answers = self._deployed.ask_all([Question("MerchantRegistry", "merchant", (number,)) for number in ids])
        seen: list[MerchantSeen] = []
        for number, (terms, status) in zip(ids, answers, strict=True):
            categories, region, channels, payout = _row(terms)
            known = MerchantTerms(_int(categories), _int(region), _int(channels), Address(str(payout)))
            seen.append(MerchantSeen(MerchantId(number), _int(status), known))
        return seen

    def _batches(self, ids: Sequence[int]) -> list[BatchSeen]:
        answers = self._deployed.ask_all([Question("Vouchers", "batchWords", (number,)) for number in ids])
        return [
            _batch_seen(BatchId(number), _int(a), _int(b), _int(c))
            for number, (a, b, c) in zip(ids, answers, strict=True)
        ]

    def _rolls(self, ids: Sequence[int]) -> list[RollSeen]:
        words = self._numbers("Vouchers", "rollWord", [(number,) for number in ids])
        return [
            RollSeen(
                RollId(number),
                ProgrammeId(word & 0xFFFFFF),
                word >> 24 & 0xFFFF,
                bool(word >> 80 & _CUSTODIAL),
                Address(f"0x{word >> 88:040x}"),
            )
            for number, word in zip(ids, words, strict=True)
        ]


def _rules_terms(row: Sequence[object], caps: Sequence[object]) -> RulesTerms:
    """The terms that an import folder has; caps count where vouchers are transferable."""
    numbers = {name: _int(term) for name, term in zip(_NUMBERS, row, strict=False)}
    first_only, transferable = (bool(_int(row[_FLAGS_AT]) & flag) for flag in (_FIRST_ONLY, _TRANSFERABLE))
    passed_on = {name: _int(cap) for name, cap in zip(_CAPS, caps, strict=True) if transferable}
    return RulesTerms(**numbers, **passed_on, first_only=first_only, transferable=transferable)


def _programme_terms(row: tuple[object, ...]) -> ProgrammeTerms:
    name, token, offset, starts, ends, categories, region, channels, approvals, document = row
    return ProgrammeTerms(
        str(name),
        Address(str(token)),
        _int(offset),
        UnixSeconds(_int(starts)),
        UnixSeconds(_int(ends)),
        _int(categories),
        _int(region),
        _int(channels),
        _int(approvals),
        Hash("0x" + cast("bytes", document).hex()),
    )


def _publication_terms(row: tuple[object, ...]) -> PublicationTerms:
    notice, how, how_uri, conditions, conditions_uri = row
    return PublicationTerms(_int(notice), _published(how, how_uri), _published(conditions, conditions_uri))


def _published(digest: object, uri: object) -> PublishedText | None:
    raw = cast("bytes", digest)
    return PublishedText(Hash("0x" + raw.hex()), str(uri)) if any(raw) else None


def _line_terms(row: tuple[object, ...]) -> LineTerms:
    funder, region, group, purpose, amount = row
    return LineTerms(Address(str(funder)), _int(region), str(group), str(purpose), Amount(_int(amount)))


def _batch_seen(batch: BatchId, terms: int, reach: int, supply: int) -> BatchSeen:
    """Unpacks the words of `BatchWord.sol`. `validUntil` is on the programme clock, which stands still in a pause."""
    issued, extended, reserved = (supply >> at & (1 << 40) - 1 for at in (40, 160, 200))
    opened = BatchTerms(
        programme=ProgrammeId(terms & 0xFFFFFF),
        line=terms >> 24 & 0xFFFF,
        face=Amount(terms >> 64 & (1 << 48) - 1),
        minimum_spend=Amount(terms >> 112 & (1 << 48) - 1),
        categories=reach & (1 << 64) - 1,
        region=reach >> 64 & (1 << 40) - 1,
        channels=reach >> 104 & 0xFF,
        valid_from=UnixSeconds(terms >> 176 & (1 << 40) - 1),
        valid_until=UnixSeconds((terms >> 216) - extended),
        claim_days=reach >> 112 & 0xFFFF,
        quota=supply & (1 << 40) - 1,
        kind=terms >> 56 & 0xFF,
        percentage=terms >> 160 & 0xFFFF,
    )
    return BatchSeen(batch, opened, extended, issued, reserved)


def _account(topic: str) -> Address:
    return Address("0x" + data(topic)[-20:].hex())


def _int(value: object) -> int:
    if isinstance(value, int):
        return value
    raise AbiFault(f"expected a number, got {value!r:.80}")


def _row(value: object) -> tuple[object, ...]:
    if isinstance(value, tuple):
        return value
    raise AbiFault(f"expected a struct, got {value!r:.80}")
