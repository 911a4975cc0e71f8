"""Somebody with a stolen key, who tries every call that the table of roles does not give to it."""

from __future__ import annotations

import pytest
from coincurve import PrivateKey
from eth_account.signers.local import LocalAccount

from node_api.chain.contracts import contract, explain_revert
from node_api.chain.deployed import Deployed, Question
from node_api.chain.redeem_codec import REASONS
from node_api.chain.rpc_errors import RpcError
from node_api.chain.rpc_values import Json
from node_api.chain.sender import Receipt, Reverted, Sender
from node_api.domain.ids import Amount
from node_api.domain.items import Item, Spend
from tests.world import CHAIN_ID, DAY, ENDS_AT, FACE_A, FACE_B, STARTS_AT, World
from tools.role_table import Row, rows

NOW = STARTS_AT + 2 * DAY
"""When keys are stolen from a world that has traded for a day."""
_GAS = 3_000_000
_ZEROS = bytes(64 * 32)


class Thief:
    """Somebody with a stolen key and the chain's address."""

    def __init__(self, world: World, account: LocalAccount) -> None:
        self.world = world
        self.address = str(account.address)
        self._sender = Sender(world.rpc, account, CHAIN_ID)

    def send(self, target: str, data: bytes) -> Receipt:
        """Raises Reverted where the block says no."""
        return self._sender.transact(self.world.addresses[target], data, gas=_GAS)

    def refusal(self, target: str, data: bytes) -> str:
        """Why the chain says no, in a trial run; then the same in a block, without an effect."""
        call: Json = {"from": self.address, "to": self.world.addresses[target], "data": "0x" + data.hex()}
        with pytest.raises(RpcError) as said:
            self.world.rpc.call("eth_call", [call, "latest"])
        with pytest.raises(Reverted) as refused:
            self.send(target, data)
        assert refused.value.receipt.logs == ()
        return explain_revert(said.value.data)

    def is_refused_all(self, name: str) -> int:
        """Sends every call that the table of roles does not give to `name`; how many there are."""
        forbidden = [row for row in rows() if name not in row.may]
        for row in forbidden:
            why = self.refusal(row.contract, self._call(row))
            error = why.partition("(")[0].replace("no reason given", "")
            assert error in row.others, f"{row.contract}.{row.function}: {why}"
        return len(forbidden)

    def _call(self, row: Row) -> bytes:
        """A call that would do harm, or one that decodes."""
        function = contract(row.contract).function(row.function)
        harm = self._harm().get(f"{row.contract}.{row.function}")
        return function.selector + _ZEROS if harm is None else function.encode(harm)

    def _harm(self) -> dict[str, list[object]]:
        me, meals, voucher = self.address, 1 << 16 | 1, self.world.voucher(1, 1, 3)
        day = [(meals, 1, self.world.day(STARTS_AT + 100), FACE_A)]
        treasurers = contract("Vouchers").function("issue").encode([[1], [3]])
        return {
            "Vouchers.issue": [[1], [3]],
            "Vouchers.writeRoll": [1, "mine", 0, bytes.fromhex(me[2:])],
            "Vouchers.takePayable": [meals, 1, day[0][2]],
            "Vouchers.bookReversed": [voucher, bytes(32), FACE_A, 1, day[0][2]],
            "Vouchers.setTerminal": [me, 1],
            "CaseDesk.sweep": [1, 2],
            "CaseDesk.extendBatch": [1, ENDS_AT - 1, "mine"],
            "CaseDesk.freeze": [5, 1, NOW + DAY, "mine"],
            "CaseDesk.decide": [1, False, bytes(32)],
            "CaseDesk.revoke": [[voucher], "mine"],
            "MerchantRegistry.addKey": [1, me],
            "MerchantRegistry.addTerminal": [1, me],
            "MerchantRegistry.proposePayout": [1, me],
            "MerchantRegistry.approvePayout": [1, me],
            "Treasury.payMerchantDay": [1, day[0]],
            "Treasury.prepareSettlement": [day],
            "Treasury.releaseSettlement": [1, day],
            "Treasury.returnRest": [meals],
            "Treasury.releaseExpired": [meals, 1_000],
            "ProgrammeRegistry.activateRules": [1, 2],
            "ProgrammeRegistry.pauseAll": [NOW + DAY, "mine"],
            "SettlementToken.mint": [me, 1_000_000],
            "AccessManager.grantRole": [1, me, 0],
            "AccessManager.execute": [self.world.addresses["Vouchers"], treasurers],
            "AccessManager.schedule": [self.world.addresses["Vouchers"], treasurers, NOW + DAY],
        }

    def ask(self, target: str, function: str, *arguments: object) -> object:
        deployed = Deployed(self.world.rpc, {target: self.world.addresses[target]})
        return deployed.ask(Question(target, function, arguments))[0]

    def says(self, error: str, target: str, function: str, *arguments: object) -> None:
        """Tries a call that must be refused with this error."""
        assert self.refusal(target, encoded(target, function, *arguments)).startswith(error)

    def stolen_item(self, now: int) -> Item:
        """The third holder's voucher of batch 2, signed by somebody else."""
        spends = (Spend(self.world.voucher(2, 1, 2), Amount(FACE_B), 0),)
        return self.world.sign(PrivateKey(), spends, 1, now)


def encoded(target: str, function: str, *arguments: object) -> bytes:
    return contract(target).function(function).encode(arguments)


def refusals(receipt: Receipt) -> list[str]:
    """Names of the reasons of the items that a redeeming call refused."""
    topics = {"0x" + contract("Vouchers").topics[name].hex() for name in ("RedemptionRefused", "RedemptionItemRefused")}
    logs = [log for log in receipt.logs if isinstance(log["topics"], list) and log["topics"][0] in topics]
    return [REASONS[bytes.fromhex(str(log["data"])[2:])[-32:-28]] for log in logs]
