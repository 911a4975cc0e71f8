"""How each treasury command reads as a contract call: whose key, which function, what gas at most."""

from __future__ import annotations

from node_api.chain.claim_staff_calls import claim_staff_call
from node_api.chain.deployed import Deployed
from node_api.chain.deployment.resolve import Accounts
from node_api.chain.keys import KeyRole
from node_api.chain.life_calls import batch_tuple, life_call
from node_api.chain.pipeline import Call
from node_api.chain.rules_calls import rules_call, rules_tuple
from node_api.chain.staff_calls import merchant_tuple, staff_call
from node_api.domain.ids import Amount, Day, LineId, MerchantId
from node_api.services.ports import treasury as t

CUSTODIAL = 2
"""The roll's flag: the node's wallet keeps the holders' keys."""
_SMALL, _STEP = 300_000, 150_000
_DRAFT, _LINE, _TEXT_BYTE = 700_000, 300_000, 800
_MERCHANT, _BATCH, _TERMINAL = 350_000, 320_000, 250_000
_ROLL, _PLACE = 400_000, 5_500
_PACK, _PACK_BATCH, _PACK_PAIR = 300_000, 90_000, 35_000
_PAYMENT = 250_000


def call_of(command: t.Command, deployed: Deployed, accounts: Accounts) -> Call:
    """The call that carries a command out; its gas is a bound well above what was measured.

    Args:
        command: what to do.
        deployed: where the contracts are.
        accounts: the treasurer's, where minted money goes, is among them.
    """
    return (
        _money_call(command, deployed, accounts)
        or _programme_call(command)
        or staff_call(command)
        or claim_staff_call(command)
        or life_call(command)
        or _supply_call(command)
    )


def _money_call(command: t.Command, deployed: Deployed, accounts: Accounts) -> Call | None:
    treasury, token = "Treasury", "SettlementToken"
    match command:
        case t.AllowToken():
            return Call(KeyRole.APPROVER, treasury, "allowToken", (command.token,), _STEP)
        case t.MintToken():
            minted = accounts.address(KeyRole.TREASURER), command.amount
            return Call(KeyRole.ISSUER, token, "mint", minted, _STEP)
        case t.AllowEscrow():
            spender = deployed.address(treasury)
            return Call(KeyRole.TREASURER, token, "approve", (spender, command.amount), _STEP, to=command.token)
        case t.DepositMoney():
            deposit = (command.line, command.amount, _bytes(command.slip))
            return Call(KeyRole.TREASURER, treasury, "deposit", deposit, _SMALL)
        case t.PrepareSettlement():
            gas = _SMALL + 8_000 * len(command.entries)
            return Call(KeyRole.TREASURER, treasury, "prepareSettlement", (_days(command.entries),), gas)
        case t.ReleaseSettlement():
            gas = _SMALL + _PAYMENT * len(command.entries)
            release = (command.run, _days(command.entries))
            return Call(KeyRole.APPROVER, treasury, "releaseSettlement", release, gas)
        case t.ReturnRest():
            return Call(KeyRole.TREASURER, treasury, "returnRest", (command.line,), _SMALL)
        case _:
            return None


def _programme_call(command: t.Command) -> Call | None:
    registry, treasurer = "ProgrammeRegistry", KeyRole.TREASURER
    match command:
        case t.DraftProgramme():
            lines = [_line(line) for line in command.lines]
            text = sum(len((line.purpose + line.beneficiary_group).encode()) for line in command.lines)
            gas = _DRAFT + _LINE * len(lines) + _TEXT_BYTE * (text + len(command.terms.name.encode()))
            arguments = (command.ref, _programme(command.terms), rules_tuple(command.rules), lines)
            return Call(treasurer, registry, "draft", arguments, gas)
        case t.ProposeProgramme():
            return Call(treasurer, registry, "propose", (command.programme,), _STEP)
        case t.ApproveProgramme():
            return Call(KeyRole.APPROVER, registry, "approve", (command.programme,), _STEP)
        case t.PublishProgramme():
            return Call(treasurer, registry, "publish", (command.programme,), 40 * _SMALL)
        case t.ActivateProgramme():
            return Call(treasurer, registry, "activate", (command.programme,), _STEP)
        case t.CloseProgramme():
            return Call(treasurer, registry, "close", (command.programme, command.reason), 10 * _SMALL)
        case _:
            return rules_call(command)


def _supply_call(command: t.Command) -> Call:
    vouchers, treasurer = "Vouchers", KeyRole.TREASURER
    match command:
        case t.OpenBatches():
            refs, terms = [ref for ref, _ in command.batches], [batch_tuple(terms) for _, terms in command.batches]
            return Call(treasurer, vouchers, "openBatches", (refs, terms), _SMALL + _BATCH * len(refs))
        case t.WriteRoll():
            flags = CUSTODIAL if command.custodial else 0
            gas = _ROLL + _PLACE * (len(command.holders) // 20)
            arguments: tuple[object, ...] = (command.programme, command.ref, flags, command.holders)
            return Call(treasurer, vouchers, "writeRoll", arguments, gas)
        case t.IssuePack():
            gas = _PACK + len(command.batches) * (_PACK_BATCH + _PACK_PAIR * len(command.rolls))
            return Call(treasurer, vouchers, "issue", (list(command.batches), list(command.rolls)), gas)
        case t.SweepPair():
            return Call(treasurer, "CaseDesk", "sweep", (command.batch, command.roll), 2 * _SMALL)
        case _:
            return _merchant_call(command)


def _merchant_call(command: t.Command) -> Call:
    registry, registrar = "MerchantRegistry", KeyRole.REGISTRAR
    match command:
        case t.EnterMerchants():
            refs, terms = (
                [ref for ref, _ in command.merchants],
                [merchant_tuple(terms) for _, terms in command.merchants],
            )
            return Call(registrar, registry, "enter", (refs, terms), _SMALL + _MERCHANT * len(refs))
        case t.ActivateMerchants():
            gas = _SMALL + _STEP * len(command.merchants)
            return Call(KeyRole.APPROVER, registry, "activate", (list(command.merchants),), gas)
        case t.SuspendMerchant():
            return Call(registrar, registry, "suspend", (command.merchant, command.reason), _SMALL)
        case t.AddTerminal():
            return Call(registrar, registry, "addTerminal", (command.merchant, command.terminal), _TERMINAL)
        case t.NameCategories():
            numbers, names = [number for number, _ in command.names], [name for _, name in command.names]
            gas = _SMALL + sum(_STEP + _TEXT_BYTE * len(name.encode()) for name in names)
            return Call(registrar, registry, "nameCategories", (numbers, names), gas)
        case _:
            raise AssertionError(f"no call for {type(command).__name__}")


def _programme(terms: t.ProgrammeTerms) -> tuple[object, ...]:
    return (
        terms.name,
        terms.token,
        terms.utc_offset_minutes,
        terms.starts_at,
        terms.ends_at,
        terms.categories,
        terms.region,
        terms.channels,
        terms.approvals_needed,
        _bytes(terms.document),
    )


def _line(terms: t.LineTerms) -> tuple[object, ...]:
    return (terms.funder, terms.funding_region, terms.beneficiary_group, terms.purpose, terms.amount)


def _days(entries: tuple[tuple[LineId, MerchantId, Day, Amount], ...]) -> list[tuple[object, ...]]:
    return [tuple(entry) for entry in entries]


def _bytes(value: str) -> bytes:
    return bytes.fromhex(value.removeprefix("0x"))
