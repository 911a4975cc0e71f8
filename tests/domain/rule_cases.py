"""Reads the table of rule cases (tests/cases/README.md) into what the domain's rules take, signatures included."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from coincurve import PrivateKey
from eth_hash.auto import keccak

from node_api.chain.eip712 import (
    address_of,
    booking_digest,
    domain_separator,
    holder_digest,
    open_digest,
    recover,
    redemption_digest,
    sign,
    terminal_batch_digest,
)
from node_api.domain.booking_rules import judge_booking
from node_api.domain.calendar import local_day, month_of
from node_api.domain.errors import Refusal
from node_api.domain.ids import (
    ROLL_MASK,
    Address,
    Amount,
    BatchId,
    Day,
    Hash,
    LineId,
    MerchantId,
    Place,
    ProgrammeId,
    RollId,
    UnixSeconds,
    VoucherId,
    split_voucher,
    voucher_id,
)
from node_api.domain.items import Item, Spend, open_signature
from node_api.domain.limits import HolderCounter, LimitSight, TerminalDay
from node_api.domain.models import (
    Batch,
    Merchant,
    MerchantStatus,
    Programme,
    ProgrammeState,
    Rules,
    Taken,
    VoucherKind,
    Widening,
)
from node_api.domain.regions import pack_region
from node_api.domain.reservations import Reservation
from node_api.domain.rules import Scene, TerminalSight, VoucherSight, judge

CASES = Path(__file__).parent.parent / "cases"
THIS, ANOTHER = MerchantId(1), MerchantId(2)
CHAIN, CONTRACT = 31_337, Address("0x" + "c0" * 20)
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
TERMINAL_KEYS = {
    "stranger signs": "stranger",
    "another's signs": "another's till",
    "removed signs": "removed till",
    "holder sends": "alice",
    "holder signs": "alice",
}

_MARKED = {
    "voucher": voucher_id(BatchId(1), RollId(1), Place(0)),
    "another voucher": voucher_id(BatchId(1), RollId(1), Place(2)),
}
_PASSED = {
    "passed on": _MARKED["voucher"],
    "another passed on": _MARKED["another voucher"],
    "second batch passed on": voucher_id(BatchId(2), RollId(1), Place(0)),
}
FIRST_ONLY = 4

Json = Mapping[str, object]


def load(name: str) -> object:
    """One of the JSON files of the table."""
    return cast(object, json.loads((CASES / name).read_text(encoding="utf-8")))


def key_of(name: str) -> PrivateKey:
    """The key of somebody called so: the hash of the name, as in the contract tests."""
    return PrivateKey(keccak(name.encode()))


def account_of(name: str) -> Address:
    """The account of that key."""
    return address_of(key_of(name).public_key)


@dataclass(frozen=True, slots=True)
class RuleCase:
    """One case: what is given, over what the world file says, and the outcome expected."""

    name: str
    rule: str
    expect: str
    given: Json
    world: Json
    local: str = ""

    def refusal(self) -> Refusal | None:
        """What the rules say to what is asked."""
        item = self.item()
        scene = self.scene(item)
        return (
            judge_booking(self._reservation(item), self.sights(), scene)
            if self._books
            else judge(item, self.sights(), scene)
        )

    @property
    def _books(self) -> bool:
        return self._value("asked") == "booking"

    @property
    def _is_open(self) -> bool:
        return self._value("code") == "open"

    # --- what the rules take ---

    def item(self) -> Item:
        """The item as it is sent, with its signature."""
        spends = tuple(
            Spend(self._voucher(one), Amount(_int(one["amount"])), _int(one["sequence"])) for one in self._spends()
        )
        item = Item(
            spends,
            MerchantId(self._int("merchant")),
            Amount(self._int("bill")),
            Hash("0x" + keccak(b"receipt").hex()),
            self._int("channel"),
            UnixSeconds(self._int("deadline")),
        )
        return item.signed(self._signature(item))

    def sights(self) -> list[VoucherSight]:
        """What the rules see of each voucher."""
        return [self._sight(self._voucher(one)) for one in self._spends()]

    def scene(self, item: Item) -> Scene:
        """Everything around the vouchers."""
        domain = domain_separator(CHAIN, CONTRACT)
        digest = booking_digest(domain, self._reservation(item)) if self._books else holder_digest(domain, item)
        signature = item.signature if self._books else item.holders_signature
        return Scene(
            now=UnixSeconds(self._int("now")),
            merchant=self._merchant(item.merchant),
            rules=self._rules(ProgrammeId(1)),
            terminal=self._terminal(item, redemption_digest(domain, item)),
            signed=recover(digest, signature) in {sight.holder for sight in self.sights()[:1]} - {None},
            widening=self._widening(),
            limits=self._limits(item),
        )

    # --- facts ---

    def _sight(self, voucher: VoucherId) -> VoucherSight:
        batch_id, roll_id, _ = split_voucher(voucher)
        roll = self._nth("rolls", "roll", roll_id)
        batch = self._batch(BatchId(batch_id & ROLL_MASK), roll_id)
        holder = self._holder(voucher, roll)
        return VoucherSight(
            voucher=voucher,
            holder=None if holder is None else account_of(holder),
            programme=self._programme(ProgrammeId(_int(roll["programme"]))) if roll and holder else None,
            batch=batch,
            written_at=UnixSeconds(_int(roll["writtenAt"]) + self._given_back() if roll else 0),
            redeemed=voucher in self._spent(),
            frozen_until=UnixSeconds(self._int("frozenUntil") if self._is_frozen(voucher, roll) else 0),
            revoked=voucher == _MARKED.get(str(self._value("revoked"))),
            booked=self._is_booked(voucher),
            dead=self._value("reversed") == "same signature",
            taken=self._taken(voucher, batch),
        )

    def _taken(self, voucher: VoucherId, batch: Batch | None) -> Taken:
        """By what was redeemed before, and what was reversed: its sequence stays used."""
        if batch is None or batch.kind == VoucherKind.FIXED:
            return Taken()
        amounts = [_int(one["amount"]) for one in self._earlier() if self._voucher(one) == voucher]
        reversed_ = str(self._value("reversed")).endswith("signature")
        sequence = len(amounts) + reversed_ if batch.kind == VoucherKind.STORED else 0
        if batch.kind == VoucherKind.STORED and self._is_booked(voucher):
            return Taken(Amount(sum(amounts)), Amount(self._int("bookedAmount")), sequence + 1)
        return Taken(Amount(sum(amounts)), Amount(0), sequence)

    def _is_booked(self, voucher: VoucherId) -> bool:
        return voucher == _MARKED.get(str(self._value("booked")))

    def _holder(self, voucher: VoucherId, roll: Json | None) -> str | None:
        """Who holds the voucher: who stands in the roll, or carol where it moved; None where there is no such place."""
        _, roll_id, place = split_voucher(voucher)
        places = cast(Sequence[str], roll["places"]) if roll else ()
        if place >= len(places):
            return None
        moved = str(self._value("moved"))
        given = moved == "place given" and (roll_id, place) == (1, 0)
        return "carol" if given or voucher == _PASSED.get(moved) else places[place]

    def _is_frozen(self, voucher: VoucherId, roll: Json | None) -> bool:
        """Whether the case's freeze holds this voucher: one of batch 1, roll 1, or alice's in programme 1."""
        batch_id, roll_id, _ = split_voucher(voucher)
        what = str(self._value("frozen"))
        hers = roll is not None and roll["programme"] == 1 and self._holder(voucher, roll) == "alice"
        covered = {"roll": roll_id == 1, "batch": batch_id == 1, "holder": hers}
        return covered.get(what, voucher == _MARKED.get(what))

    def _given_back(self) -> int:
        """The length of a pause that concerns programme 1."""
        concerned = str(self._value("paused")) in ("programme", "network")
        return self._int("pausedUntil") - self._int("pausedFrom") if concerned else 0

    def _spent(self) -> set[VoucherId]:
        earlier = {self._voucher(one): self._batch_of(one) for one in self._earlier()}
        return {voucher for voucher, batch in earlier.items() if self._is_used_up(voucher, batch)}

    def _is_used_up(self, voucher: VoucherId, batch: Batch) -> bool:
        return batch.kind != VoucherKind.STORED or self._taken(voucher, batch).spent == batch.face

    def _batch(self, batch: BatchId, roll: RollId) -> Batch | None:
        """The batch; None unless it was issued to the roll."""
        found = self._nth("batches", "batch", batch)
        if found is None or roll not in cast(Sequence[int], found["rolls"]):
            return None
        programme = ProgrammeId(_int(found["programme"]))
        until, extended = _int(found["validUntil"]), 0
        if batch == 1 and self._int("extendedTo"):
            until, extended = self._int("extendedTo"), self._int("extendedTo") - until
        return Batch(
            id=batch,
            ref=f"batch {batch}",
            programme=programme,
            line=LineId(programme << 16 | 1),
            rules_version=1,
            kind=_int(found["kind"]),
            face=Amount(_int(found["face"])),
            minimum_spend=Amount(_int(found["minimumSpend"])),
            categories=_mask(found["categories"]),
            region=pack_region(str(found["region"])),
            channels=_mask(found["channels"]),
            valid_from=UnixSeconds(_int(found["validFrom"])),
            valid_until=UnixSeconds(until + self._given_back()),
            claim_days=_int(found["claimDays"]),
            quota=1_000,
            issued=1_000,
            extended_seconds=extended,
            percentage=_int(found["percentage"]),
        )

    def _programme(self, programme: ProgrammeId) -> Programme:
        state = ProgrammeState[str(self._value("programmeState"))] if programme == 1 else ProgrammeState.ACTIVE
        return Programme(
            id=programme,
            ref=str(programme),
            name="",
            token=CONTRACT,
            state=state,
            rules_version=1,
            utc_offset_minutes=self._offset(),
            starts_at=UnixSeconds(0),
            ends_at=UnixSeconds(0),
            categories=0,
            region=0,
            channels=0,
            approvals_needed=1,
            drafted_by=CONTRACT,
            paused_until=UnixSeconds(self._int("pausedUntil") if self._is_paused(programme) else 0),
            lane_channels=_mask(self._value("laneChannels")) if programme == 1 else 0,
            lane_channels_until=UnixSeconds(self._int("laneUntil")),
        )

    def _is_paused(self, programme: ProgrammeId) -> bool:
        what = str(self._value("paused"))
        return what in {"network", "programme" if programme == 1 else "another programme"}

    def _rules(self, programme: ProgrammeId) -> Rules:
        return Rules(
            programme,
            1,
            self._int("maxDeadline"),
            0,
            0,
            step_up_threshold=self._int("stepUp"),
            merchant_daily_limit=self._int("merchantLimit"),
            redemption_amount=self._int("redemptionAmount"),
            redemption_count=self._int("redemptionCount"),
            day_amount=self._int("dayAmount"),
            day_count=self._int("dayCount"),
            month_amount=self._int("monthAmount"),
            month_count=self._int("monthCount"),
            open_seconds=self._int("openSeconds"),
            open_max_bill=self._int("openMaxBill"),
            first_only=self._int("firstOnly") == FIRST_ONLY,
        )

    def _widening(self) -> Widening:
        region = str(self._value("widenedRegion"))
        return Widening(
            categories=_mask(self._value("widenedCategories")),
            regions=() if region == "none" else (pack_region(region),),
            channels=_mask(self._value("widenedChannels")),
        )

    def _limits(self, item: Item) -> LimitSight:
        till = str(self._value("terminal")) in ("sends", "signs")
        return LimitSight(
            rules={1: self._rules(ProgrammeId(1))},
            consented=str(self._value("consent")) == "attestor",
            counter=lambda: self._counter(item),
            merchant_day=self._merchant_day,
            terminal=TerminalDay(self._int("terminalLimit")) if till else TerminalDay(),
        )

    def _offset(self) -> int:
        return self._int("utcOffset") - self._int("offsetWest")

    def _counter(self, item: Item) -> HolderCounter:
        """Added up from what the case says was spent before."""
        holder = self._sight(item.spends[0].voucher).holder
        hers = [one for one in self._earlier() if self._sight(self._voucher(one)).holder == holder]
        today = local_day(UnixSeconds(self._int("now")), self._offset())
        days = [(self._day_of(one), self._amount_of(one)) for one in hers]
        of_day = [amount for day, amount in days if day == today]
        of_month = [amount for day, amount in days if month_of(day) == month_of(today)]
        return HolderCounter(sum(of_day), len(of_day), sum(of_month), len(of_month), len(days))

    def _merchant_day(self, line: LineId) -> int:
        today = local_day(UnixSeconds(self._int("now")), self._offset())
        there = [one for one in self._earlier() if one["here"] and self._day_of(one) == today]
        return sum(self._amount_of(one) for one in there if self._batch_of(one).line == line)

    def _earlier(self) -> list[Json]:
        return [one for one in self._spends() if one["spent"]] + self._list("spentElsewhere", "spend")

    def _batch_of(self, one: Json) -> Batch:
        found = self._batch(BatchId(_int(one["batch"])), RollId(_int(one["roll"])))
        assert found is not None
        return found

    def _amount_of(self, one: Json) -> int:
        """What was redeemed: the bill was large enough for any percentage."""
        batch = self._batch_of(one)
        return batch.face if batch.kind == VoucherKind.FIXED else _int(one["amount"])

    def _day_of(self, one: Json) -> Day:
        return local_day(UnixSeconds(_int(one["at"]) or self._batch_of(one).valid_from), self._offset())

    def _merchant(self, merchant: MerchantId) -> Merchant | None:
        if merchant not in (THIS, ANOTHER):
            return None
        status = str(self._value("merchantStatus")).replace("REINSTATED", "ACTIVE")
        return Merchant(
            id=merchant,
            ref=str(merchant),
            status=MerchantStatus[status] if merchant == THIS else MerchantStatus.ACTIVE,
            categories=_mask(self._value("merchantCategories")),
            region=pack_region(str(self._value("merchantRegion"))),
            channels=_mask(self._value("merchantChannels")),
            payout=CONTRACT,
            frozen_until=UnixSeconds(
                self._int("frozenUntil") if self._value("frozen") == "merchant" and merchant == THIS else 0
            ),
        )

    # --- signatures ---

    def _terminal(self, item: Item, digest: bytes) -> TerminalSight | None:
        terminal = str(self._value("terminal"))
        if terminal == "none":
            return None
        key = TERMINAL_KEYS.get(terminal, "till")
        merchants = {"till": THIS, "alice": THIS, "another's till": ANOTHER}
        sealed = terminal.endswith("sends")
        if not sealed and terminal != "signs nothing":
            domain = domain_separator(CHAIN, CONTRACT)
            signed_for = ANOTHER if terminal == "signs for another merchant" else item.merchant
            seal = sign(key_of(key), terminal_batch_digest(domain, signed_for, [digest]))
            sealed = recover(terminal_batch_digest(domain, item.merchant, [digest]), seal) == account_of(key)
        return TerminalSight(account_of(key), serves=merchants.get(key) == item.merchant, sealed=sealed)

    def _signature(self, item: Item) -> bytes:
        signature = self._signature_in_form(item)
        return open_signature(Amount(self._int("maxBill")), signature) if self._is_open else signature

    def _signature_in_form(self, item: Item) -> bytes:
        good = sign(key_of(str(self._value("signer"))), self._signed_digest(item))
        r, s, v = good[:32], int.from_bytes(good[32:64]), good[64]
        forms = {
            "65 bytes": good,
            "64 bytes": r + ((v - 27) << 255 | s).to_bytes(32),
            "empty": b"",
            "63 bytes": good[:63],
            "66 bytes": good + b"\0",
            "upper s": r + (ORDER - s).to_bytes(32) + bytes([55 - v]),
            "other v": good[:64] + bytes([55 - v]),
            "low v": good[:64] + bytes([v - 27]),
            "zeros": bytes(65),
        }
        return forms[str(self._value("signature"))]

    def _signed_digest(self, item: Item) -> bytes:
        """Of what was signed, which may differ from what is sent."""
        what = str(self._value("signed"))
        changed = {
            "another merchant": item._replace(merchant=ANOTHER),
            "another bill": item._replace(bill=Amount(item.bill + 1)),
            "another receipt": item._replace(receipt=Hash("0x" + keccak(b"another receipt").hex())),
            "another channel": item._replace(channel=1),
            "another deadline": item._replace(deadline=UnixSeconds(min(item.deadline + 1, (1 << 256) - 1))),
            "another amount": item._replace(
                spends=tuple(one._replace(amount=Amount(one.amount + 1)) for one in item.spends)
            ),
            "fewer vouchers": item._replace(spends=item.spends[:1]),
        }
        chain = CHAIN + 1 if what == "another chain" else CHAIN
        contract = account_of("another contract") if what == "another contract" else CONTRACT
        return self._digest(chain, contract, changed.get(what, item))

    def _digest(self, chain: int, contract: Address, item: Item) -> bytes:
        domain = domain_separator(chain, contract)
        if self._is_open:
            return open_digest(domain, item, Amount(self._int("maxBill")))
        return booking_digest(domain, self._reservation(item)) if self._books else redemption_digest(domain, item)

    def _reservation(self, item: Item) -> Reservation:
        """The item's vouchers booked at its merchant; its receipt's hash names the service."""
        lapse_at = UnixSeconds(self._int("lapseAt"))
        return Reservation(
            item.spends, item.merchant, item.receipt, item.channel, lapse_at, item.deadline, item.signature
        )

    # --- reading ---

    def _value(self, key: str) -> object:
        return self.given.get(key, self.world.get(key))

    def _int(self, key: str) -> int:
        return _int(self._value(key))

    def _list(self, key: str, one: str) -> list[Json]:
        default = cast(Json, self.world[one])
        return [{**default, **entry} for entry in cast(Sequence[Json], self._value(key) or ())]

    def _spends(self) -> list[Json]:
        return self._list("spends", "spend")

    def _nth(self, key: str, one: str, number: int) -> Json | None:
        entries = self._list(key, one)
        return entries[number - 1] if 1 <= number <= len(entries) else None

    def _voucher(self, one: Json) -> VoucherId:
        voucher = voucher_id(BatchId(_int(one["batch"])), RollId(_int(one["roll"])), Place(_int(one["place"])))
        above = _int(one["above"])
        return VoucherId(voucher | 1 << above) if above else voucher


def _int(value: object) -> int:
    return int(cast(int | str, value))


def _mask(numbers: object) -> int:
    return sum(1 << number for number in cast(Sequence[int], numbers))


def rule_cases(table: str = "rules.json") -> list[RuleCase]:
    """Every case of a table."""
    world = cast(Json, load("world.json"))
    return [
        RuleCase(
            name=str(case["name"]),
            rule=str(case["rule"]),
            expect=str(case["expect"]),
            given=cast(Json, case["given"]),
            world=world,
            local=str(case.get("local", "")),
        )
        for case in cast(Sequence[Json], load(table))
    ]
