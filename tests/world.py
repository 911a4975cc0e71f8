"""A small world on a real chain: this release's contracts, two programmes, two merchants, four holders, and what they do.

Everything goes through the contracts as the roles would send it; nothing is written to a table by hand.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from coincurve import PrivateKey
from eth_account import Account
from eth_account.signers.local import LocalAccount

from node_api.chain.anvil import kill, start_anvil
from node_api.chain.clock import ChainClock
from node_api.chain.contracts import contract
from node_api.chain.deployment.addresses import Deployment
from node_api.chain.deployment.run import deploy
from node_api.chain.eip712 import domain_separator, redemption_digest, sign, terminal_batch_digest, transfer_digest
from node_api.chain.handle import ChainHandle
from node_api.chain.keys import ACCOUNT_ROLES, KeyRole
from node_api.chain.options import EmbeddedOptions
from node_api.chain.redeem_codec import encode_redeem
from node_api.chain.rpc_values import Json, data, quantity, record, text
from node_api.chain.sender import (
    Receipt,
    Reverted,
    Sender,
    SignedTransaction,
    see_through,
    submit,
    wait_until_built_on,
)
from node_api.domain.ids import (
    Address,
    Amount,
    BatchId,
    Hash,
    MerchantId,
    Place,
    RollId,
    UnixSeconds,
    VoucherId,
    line_id,
    voucher_id,
)
from node_api.domain.item_words import ItemGroup
from node_api.domain.items import Item, Spend, TerminalSeal
from node_api.domain.transfers import TransferOrder
from tests.on_network import joined

NETWORK = joined()
CHAIN_ID = 31373
GENESIS_AT = 1_700_000_000 if NETWORK is None else int(time.time()) - 3_000
STARTS_AT = GENESIS_AT + 1_000
ENDS_AT = STARTS_AT + 30 * 86_400
DAY = 86_400
EVERYWHERE, BEIJING = 0, 0x1100000002
TILL_ONLY = 1
CATERING, TRAVEL = 1 << 3, 1 << 63
FACE_A, FACE_B = 5_000, 300
TRANSFERABLE = 8
_GAS = 10_000_000
TRANSFER_CAPS = (FACE_A, 2 * FACE_A)  # in one transfer, in a month
RULES_TERMS = (
    "maxDeadline", "reversalWindow", "disputeWindow", "stepUpThreshold", "merchantDailyLimit", "redemptionAmount",
    "redemptionCount", "dayAmount", "dayCount", "monthAmount", "monthCount", "openSeconds", "openMaxBill", "flags",
)  # fmt: skip


class Roles:
    """Fresh keys for every role, in memory."""

    def __init__(self) -> None:
        self._accounts: dict[KeyRole, LocalAccount] = {
            role: Account.create() for role in KeyRole if role is not KeyRole.WALLET_MASTER
        }

    def address(self, role: KeyRole) -> str:
        return str(self._accounts[role].address)

    def account(self, role: KeyRole) -> LocalAccount:
        return self._accounts[role]


@dataclass
class World:
    """A running chain with the contracts deployed, and the ways to use them."""

    folder: Path
    roles: Roles = field(default_factory=Roles)

    def start(self) -> World:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._sent: list[tuple[SignedTransaction, Callable[[], Receipt]]] = []
        if NETWORK is None:
            options = EmbeddedOptions(self.folder, CHAIN_ID, GENESIS_AT)
            self.process, self.rpc = start_anvil(options, GENESIS_AT, None)
            genesis = record(self.rpc.call("eth_getBlockByNumber", ["0x0", False]))
            self.handle = ChainHandle(self.rpc.url, CHAIN_ID, text(genesis["hash"]), embedded=True)
        else:
            self.handle = NETWORK.attach(self.folder / "identity.json")
            self.rpc = self.handle.connect()
            NETWORK.endow(self.rpc, [self.roles.address(role) for role in ACCOUNT_ROLES])
        self.deployment: Deployment = deploy(self.handle, self.folder / "deployments", self.roles)
        self.addresses = {name: Address(entry.address) for name, entry in self.deployment.contracts.items()}
        self.domain = domain_separator(CHAIN_ID, self.addresses["Vouchers"])
        self.senders = {
            role: Sender(self.rpc, self.roles.account(role), CHAIN_ID) for role in KeyRole if role != "wallet-master"
        }
        self.holders = [PrivateKey() for _ in range(4)]
        self.holder_addresses = [self.address_of(key) for key in self.holders]
        self.terminal = PrivateKey()
        return self

    def stop(self) -> None:
        if NETWORK is None:
            kill(self.process)

    # --- sending ---

    def send(self, role: KeyRole, target: str, function: str, *arguments: object) -> Receipt:
        calldata = self.encode(target, function, *arguments)
        return self.senders[role].transact(self.addresses[target], calldata, what=f"{target}.{function}")

    def _do(self, role: KeyRole, target: str, function: str, *arguments: object) -> None:
        """Sends, and waits for what other accounts sent before alone: blocks of a network come by the clock."""
        if NETWORK is None:
            self.send(role, target, function, *arguments)
            return
        sender, calldata = self.senders[role], self.encode(target, function, *arguments)
        if self._sent and self._sent[-1][0].sender != sender.address:
            self._land()
        signed = sender.sign(self.addresses[target], calldata, _GAS)
        self._sent.append((signed, lambda: self.send(role, target, function, *arguments)))
        submit(self.rpc, signed)

    def _land(self) -> None:
        """Waits until everything sent stands in blocks; what rested on a block that was replaced meanwhile is sent once more."""
        for signed, again in self._sent:
            try:
                see_through(self.rpc, signed)
            except Reverted as fault:
                wait_until_built_on(self.rpc, fault.receipt.block)
                again()
        self._sent.clear()

    def encode(self, target: str, function: str, *arguments: object) -> bytes:
        return contract(target).function(function).encode(arguments)

    def ask(self, function: str, *arguments: object) -> bytes:
        """What Vouchers answers at the head."""
        call: dict[str, Json] = {
            "to": self.addresses["Vouchers"],
            "data": "0x" + self.encode("Vouchers", function, *arguments).hex(),
        }
        return data(self.rpc.call("eth_call", [call, "latest"]))

    def last_batch(self) -> int:
        return int.from_bytes(self.ask("counts")[32:64])

    def last_roll(self) -> int:
        return int.from_bytes(self.ask("counts")[64:96])

    def at(self, timestamp: int) -> None:
        """The next block's time. Nobody moves a network's clock: there it must have passed."""
        if NETWORK is not None:
            assert timestamp <= time.time(), "this test moves the chain's clock"
            return
        ChainClock(self.rpc).set_next_block(timestamp)

    def mine(self, blocks: int = 1) -> None:
        self.rpc.call("anvil_mine", [hex(blocks)])

    def head(self) -> int:
        return quantity(self.rpc.call("eth_blockNumber"))

    def balance(self, account: str) -> int:
        """What an account has of the settlement token."""
        call: Json = {
            "to": self.addresses["SettlementToken"],
            "data": "0x" + self.encode("SettlementToken", "balanceOf", account).hex(),
        }
        return quantity(self.rpc.call("eth_call", [call, "latest"]))

    def address_of(self, key: PrivateKey) -> Address:
        return Address(str(Account.from_key(key.secret).address))

    # --- the story ---

    def fund(self, **rules: int) -> None:
        """Two programmes published and funded, two merchants active, one with a terminal, nothing issued yet.

        Args:
            rules: terms of both programmes' rules, by the names of `RulesTerms`; the others as ever.
        """
        treasurer, approver, registrar = KeyRole.TREASURER, KeyRole.APPROVER, KeyRole.REGISTRAR
        self._do(KeyRole.ISSUER, "SettlementToken", "mint", self.roles.address(treasurer), 10_000_000)
        self._do(treasurer, "SettlementToken", "approve", self.addresses["Treasury"], 10_000_000)
        funder = self.roles.address(KeyRole.AUDITOR)
        for number, name in enumerate(("Meals", "Travel"), start=1):
            terms = (
                name, self.addresses["SettlementToken"], 480, STARTS_AT, ENDS_AT,
                CATERING | TRAVEL, EVERYWHERE, TILL_ONLY, 1, bytes(32),
            )  # fmt: skip
            lines = [(funder, BEIJING, "everybody", f"{name} {line}", 1_000_000) for line in (1, 2)]
            drafted = (f"programme-{name}", terms, self.rules_terms(rules), lines)
            self._do(treasurer, "ProgrammeRegistry", "draft", *drafted)
            if rules.get("flags", 0) & TRANSFERABLE:
                self._do(treasurer, "ProgrammeRegistry", "setTransferCaps", number, 1, TRANSFER_CAPS)
            self._do(treasurer, "ProgrammeRegistry", "propose", number)
            self._do(approver, "ProgrammeRegistry", "approve", number)
            self._do(treasurer, "ProgrammeRegistry", "publish", number)
            for line in (1, 2):
                slip = bytes([number, line]) * 16
                self._do(treasurer, "Treasury", "deposit", number << 16 | line, 600_000, slip)
        merchants = [(CATERING | TRAVEL, BEIJING, TILL_ONLY, self.roles.address(KeyRole.ARBITER))] * 2
        self._do(registrar, "MerchantRegistry", "enter", ["shop-1", "shop-2"], merchants)
        self._do(approver, "MerchantRegistry", "activate", [1, 2])
        self._do(registrar, "MerchantRegistry", "nameCategories", [3, 63], ["catering", "travel"])
        self._do(registrar, "MerchantRegistry", "addTerminal", 1, self.address_of(self.terminal))
        self._do(registrar, "MerchantRegistry", "addKey", 1, self.roles.address(KeyRole.EMERGENCY))
        self._land()

    def issue(self) -> None:
        """Three batches, three rolls of the four holders, five pairs, one of them before its batch's window; all active."""
        treasurer = KeyRole.TREASURER

        def batch(programme: int, line: int, face: int) -> tuple[object, ...]:
            return (programme, line, 0, face, 2 * face, 0, CATERING | TRAVEL, BEIJING, 1, STARTS_AT, ENDS_AT, 0, 100)

        batches = [batch(1, 1, FACE_A), batch(1, 2, FACE_B), batch(2, 1, FACE_B)]
        self._do(treasurer, "Vouchers", "openBatches", ["meal-50", "meal-3", "trip-3"], batches)
        holders = b"".join(bytes.fromhex(address[2:]) for address in self.holder_addresses)
        self._do(treasurer, "Vouchers", "writeRoll", 1, "roll-a", 2, holders)
        self._do(treasurer, "Vouchers", "writeRoll", 1, "roll-b", 0, holders[:40])
        self._do(treasurer, "Vouchers", "writeRoll", 2, "roll-c", 2, holders)
        self._do(treasurer, "Vouchers", "issue", [1], [1, 2])
        self._do(treasurer, "Vouchers", "issue", [2], [2, 1])
        self._do(treasurer, "Vouchers", "issue", [3], [3])
        self.at(STARTS_AT)
        for programme in (1, 2):
            self._do(treasurer, "ProgrammeRegistry", "activate", programme)
        self._land()

    def item(
        self, holder: int, vouchers: Sequence[tuple[int, int]], merchant: int, now: int, bill: int = 100_000
    ) -> Item:
        """An item signed by the holder for (batch, roll) pairs at the holder's own place."""
        faces = {1: FACE_A, 2: FACE_B, 3: FACE_B}
        spends = tuple(
            Spend(self.voucher(batch, roll, holder), Amount(faces.get(batch, FACE_B)), 0) for batch, roll in vouchers
        )
        return self.sign(self.holders[holder], spends, merchant, now, bill)

    def sign(self, key: PrivateKey, spends: tuple[Spend, ...], merchant: int, now: int, bill: int = 100_000) -> Item:
        receipt = Hash("0x" + f"{now:064x}")
        item = Item(spends, MerchantId(merchant), Amount(bill), receipt, 0, UnixSeconds(now + 600))
        return item.signed(sign(key, redemption_digest(self.domain, item)))

    def voucher(self, batch: int, roll: int, place: int) -> VoucherId:
        return voucher_id(BatchId(batch), RollId(roll), Place(place))

    def redeem(self, groups: Sequence[ItemGroup], now: int) -> Receipt:
        """Relays a call in a block of that time."""
        self.at(now)
        data = encode_redeem(groups)
        return self.senders[KeyRole.OPERATOR].transact(self.addresses["Vouchers"], data, gas=20_000_000)

    def seal(self, items: Sequence[Item]) -> TerminalSeal:
        """The terminal of merchant 1 answers for items."""
        digests = [redemption_digest(self.domain, item) for item in items]
        signed = sign(self.terminal, terminal_batch_digest(self.domain, MerchantId(1), digests))
        return TerminalSeal(self.address_of(self.terminal), signed)

    def spend(self) -> None:
        """Five vouchers redeemed in two calls and two merchants, and three items refused, one of them absurd."""
        now = STARTS_AT + 100
        pair = self.item(0, [(1, 1), (2, 1)], 1, now)
        other = self.item(1, [(1, 1)], 2, now)
        small = self.item(2, [(1, 1)], 2, now, bill=FACE_A)  # below the minimum spend
        self.redeem([ItemGroup.of(MerchantId(1), (pair,)), ItemGroup.of(MerchantId(2), (other, small))], now)
        later = now + DAY
        sealed = (self.item(2, [(3, 3)], 1, later), self.item(3, [(3, 3)], 1, later))
        forged = self.sign(self.holders[0], (Spend(self.voucher(1, 1, 3), Amount(FACE_A), 0),), 1, later)
        absurd = (Spend(self.voucher(1, 1, 3), Amount(FACE_A), 0), Spend(VoucherId(1 << 200), Amount(1), 0))
        odd = self.sign(self.holders[3], absurd, 1, later)
        self.redeem(
            [ItemGroup.of(MerchantId(1), sealed, self.seal(sealed)), ItemGroup.of(MerchantId(1), (forged, odd))], later
        )

    def redeem_first_pair(self, now: int) -> Receipt:
        """The first holder spends two vouchers on one receipt at merchant 1."""
        return self.redeem([ItemGroup.of(MerchantId(1), (self.item(0, [(1, 1), (2, 1)], 1, now),))], now)

    # --- holders and terminals that are contracts ---

    def create(self, runtime: bytes) -> Address:
        """A contract of this code."""
        creation = bytes([0x60, len(runtime), 0x80, 0x60, 9, 0x3D, 0x39, 0x3D, 0xF3]) + runtime
        created = self.senders[KeyRole.OPERATOR].transact(None, creation).created
        assert created is not None
        return Address(created)

    def contract_holder(self) -> None:
        """The fourth holder becomes a contract that says yes to every signature (ERC-1271). Before `issue`."""
        self.holder_addresses[3] = self.create(bytes.fromhex("631626ba7e60e01b60005260206000f3"))

    def redeem_for_contract(self, now: int) -> Receipt:
        """A contract's voucher, with a signature that only the contract understands."""
        item = self.item(3, [(1, 1)], 1, now).signed(b"whatever the contract takes")
        return self.redeem([ItemGroup.of(MerchantId(1), (item,))], now)

    def redeem_through_contract(self, now: int) -> Receipt:
        """The first holder's two vouchers, sent by a terminal of merchant 1 that is a contract and hands calls on."""
        target = bytes.fromhex(self.addresses["Vouchers"][2:])
        terminal = self.create(bytes.fromhex("363d3d373d3d363d3d73") + target + bytes.fromhex("5af100"))
        self.send(KeyRole.REGISTRAR, "MerchantRegistry", "addTerminal", 1, terminal)
        group = ItemGroup.of(MerchantId(1), (self.item(0, [(1, 1), (2, 1)], 1, now),), TerminalSeal(terminal, b""))
        self.at(now)
        return self.senders[KeyRole.EMERGENCY].transact(terminal, encode_redeem([group]), gas=20_000_000)

    # --- holders ---

    def transfer(self, voucher: int, holder: int, to: Address, deadline: int = 2 * ENDS_AT) -> Receipt:
        """A holder passes a voucher on; anybody brings it."""
        order = TransferOrder(VoucherId(voucher), to, UnixSeconds(deadline))
        signature = sign(self.holders[holder], transfer_digest(self.domain, order))
        return self.send(KeyRole.EMERGENCY, "CaseDesk", "transfer", voucher, to, deadline, signature)

    def reassign(self, roll: int, place: int, to: Address, now: int) -> None:
        """A place is given to another holder: proposed a week before `now`, approved then."""
        self.at(now - 7 * DAY)
        self.send(KeyRole.REGISTRAR, "CaseDesk", "proposeReassignment", roll, place, to, "moved away")
        self.at(now)
        self.send(KeyRole.APPROVER, "CaseDesk", "approveReassignment", roll, place, to)

    def pair(self, batch: int, roll: int) -> tuple[BatchId, RollId]:
        return BatchId(batch), RollId(roll)

    # --- rules ---

    def propose_rules(self, programme: int, widening: tuple[int, list[int], int], **changed: int) -> Receipt:
        """The next version: the first one's terms, but what is changed, by the names of `RulesTerms` in `Programme.sol`."""
        rules = self.rules_terms(changed)
        return self.send(
            KeyRole.TREASURER, "ProgrammeRegistry", "proposeRules", programme, rules, widening, "asked for by the shops"
        )

    def rules_terms(self, changed: Mapping[str, int]) -> tuple[int, ...]:
        """`RulesTerms` with what is changed."""
        terms = {"maxDeadline": 3_600, "reversalWindow": 86_400, "disputeWindow": 43_200, **changed}
        return tuple(terms.get(name, 0) for name in RULES_TERMS)

    def change_rules(self) -> None:
        """Programme 1 gets a second version, which widens it; a third is taken back, a fourth waits. Before the tenth day."""
        self.at(STARTS_AT + DAY + 200)
        self.propose_rules(1, (1 << 5, [0x3100000002, 0x3205000004], 2), dayAmount=20_000, stepUpThreshold=50_000)
        self.at(STARTS_AT + 9 * DAY)
        self.send(KeyRole.APPROVER, "ProgrammeRegistry", "activateRules", 1, 2)
        self.propose_rules(1, (0, [], 0), monthCount=3)
        self.send(KeyRole.TREASURER, "ProgrammeRegistry", "withdrawRules", 1, 3, "a slip of the pen")
        self.propose_rules(1, (0, [], 0), flags=4)

    # --- the end ---

    def settle_and_close(self) -> None:
        """Merchant 1's first day under line 1 is paid; after the end all of programme 2 is swept, paid, returned."""
        self.at(STARTS_AT + 10 * DAY)
        first = [(line_id(1, 1), 1, self.day(STARTS_AT + 100), FACE_A)]  # type: ignore[arg-type]
        self.send(KeyRole.TREASURER, "Treasury", "prepareSettlement", first)
        self.send(KeyRole.APPROVER, "Treasury", "releaseSettlement", 1, first)
        self.at(ENDS_AT)
        self.send(KeyRole.TREASURER, "CaseDesk", "sweep", 3, 3)
        self.send(KeyRole.TREASURER, "CaseDesk", "sweep", 1, 2)
        second = [(line_id(2, 1), 1, self.day(STARTS_AT + 100 + DAY), 2 * FACE_B)]  # type: ignore[arg-type]
        self.send(KeyRole.TREASURER, "Treasury", "prepareSettlement", second)
        self.send(KeyRole.APPROVER, "Treasury", "releaseSettlement", 2, second)
        self.send(KeyRole.TREASURER, "ProgrammeRegistry", "close", 2, "the season is over")
        for line in (1, 2):
            self.send(KeyRole.TREASURER, "Treasury", "returnRest", 2 << 16 | line)

    def day(self, timestamp: int) -> int:
        """The local day, eight hours ahead of UTC."""
        return (timestamp + 480 * 60) // DAY

    def whole_story(self) -> World:
        self.fund()
        self.issue()
        self.spend()
        self.change_rules()
        self.settle_and_close()
        return self
