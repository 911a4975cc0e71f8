// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IVouchersErrors} from "../../contracts/interfaces/IVouchersErrors.sol";
import {IVouchersRedemption} from "../../contracts/interfaces/IVouchersRedemption.sol";
import {Group, Item} from "../../contracts/types/Redemption.sol";
import {GoodWallet} from "./doubles/Wallets.sol";
import {RedeemWorld} from "./RedeemWorld.sol";
import {Vm} from "./Vm.sol";

/// a group with a terminal
/// ├── when the terminal sends it: it should answer for what was redeemed
/// ├── when the terminal signed it, in 65 or 64 bytes or as a contract: it should answer for it
/// ├── when nothing of the group was redeemed: it should answer for nothing
/// ├── when it is no terminal, another merchant's, or was removed: it may not send, and a relayer's call passes over every item
/// ├── when it signed nothing, other items, another order or another merchant: it should pass over every item
/// ├── when the holder is the terminal: it should refuse the item
/// └── when one group's terminal is bad: it should leave the other groups alone
contract TerminalsTest is RedeemWorld {
    address private till;

    function setUp() public override {
        super.setUp();
        till = _account("till");
        vm.prank(registrar);
        merchants.addTerminal(merchant, till);
    }

    // --- good ones ---

    function test_terminal__whenItSends__answersForWhatWasRedeemed() external {
        Item memory bad = _item(_spend(_voucher(1)));
        Item memory first = _signedItem(_voucher(0), 0, merchant);
        Item memory second = _signedItem(_voucher(2), 2, merchant);
        Group memory group = _group(merchant, _items(first, bad, second));
        group.terminal = till;
        vm.recordLogs();
        vm.prank(till);
        vm.assertEq(vouchers.redeem(_one(group)), 2);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 5);
        _assertRedeemed(logs[0], first, 0, merchant, 1);
        _assertItemRefused(logs[1], merchant, 0, 1, IVouchersErrors.Vouchers_SignatureInvalid.selector);
        _assertRedeemed(logs[2], second, 0, merchant, 2);
        _assertAccepted(logs[3], 1, 2);
        bytes32 commitment = _chain(0, _digest(first, merchant), _voucher(0), FACE, merchant, till);
        _assertCommitted(logs[4], 1, 2, _chain(commitment, _digest(second, merchant), _voucher(2), FACE, merchant, till));
    }

    function test_terminal__whenItSigned__answersForIt() external {
        Group memory group = _tilled(_one(_signedItem(_voucher(0), 0, merchant)));
        group.terminalSignature = _signature(_key("till"), _terminalDigest(group));
        _assertAnswered(group);
        group.items = _one(_signedItem(_voucher(1), 1, merchant));
        group.terminalSignature = _compactSignature(_key("till"), _terminalDigest(group));
        vm.assertEq(_redeem(_one(group)), 1);
    }

    function test_terminal__whenItIsAContractThatSigned__answersForIt() external {
        GoodWallet wallet = new GoodWallet();
        till = address(wallet);
        vm.prank(registrar);
        merchants.addTerminal(merchant, till);
        Group memory group = _tilled(_one(_signedItem(_voucher(0), 0, merchant)));
        wallet.allow(_terminalDigest(group));
        _assertAnswered(group);
    }

    function test_terminal__whenNothingWasRedeemed__answersForNothing() external {
        Group memory group = _tilled(_one(_item(_spend(_voucher(0)))));
        vm.recordLogs();
        vm.prank(till);
        vm.assertEq(vouchers.redeem(_one(group)), 0);
        vm.assertEq(vm.getRecordedLogs().length, 1);
        group.items = new Item[](0);
        vm.recordLogs();
        vm.prank(till);
        vm.assertEq(vouchers.redeem(_one(group)), 0);
        vm.assertEq(vm.getRecordedLogs().length, 0);
    }

    // --- bad ones ---

    function test_terminal__whenItIsNone__passesOverEveryItem() external {
        Group memory group = _tilled(_one(_signedItem(_voucher(0), 0, merchant)));
        group.terminal = outsider;
        _assertPassedOver(group, operator, IVouchersErrors.Vouchers_TerminalUnknown.selector);
        _assertMayNotSend(group, outsider);
    }

    function test_terminal__whenItIsAnotherMerchants__passesOverEveryItem() external {
        uint256 other = _merchant("museum");
        Group memory group = _group(other, _one(_signedItem(_voucher(0), 0, other)));
        group.terminal = till;
        vm.recordLogs();
        vm.prank(operator);
        vm.assertEq(vouchers.redeem(_one(group)), 0);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1);
        _assertItemRefused(logs[0], other, 0, 0, IVouchersErrors.Vouchers_TerminalUnknown.selector);
        _assertMayNotSend(group, till);
    }

    function test_terminal__whenMerchantIsZero__passesOverEveryItem() external {
        Group memory group = _group(0, _one(_signedItem(_voucher(0), 0, 0)));
        group.terminal = outsider;
        _assertMayNotSend(group, outsider);
        vm.recordLogs();
        vm.prank(operator);
        vm.assertEq(vouchers.redeem(_one(group)), 0);
        _assertItemRefused(vm.getRecordedLogs()[0], 0, 0, 0, IVouchersErrors.Vouchers_TerminalUnknown.selector);
    }

    function test_terminal__whenItWasRemoved__passesOverEveryItem() external {
        vm.prank(registrar);
        merchants.removeTerminal(merchant, till);
        Group memory group = _tilled(_one(_signedItem(_voucher(0), 0, merchant)));
        _assertPassedOver(group, operator, IVouchersErrors.Vouchers_TerminalUnknown.selector);
        _assertMayNotSend(group, till);
    }

    function test_terminal__whenItDidNotSignTheseItems__passesOverEveryItem() external {
        bytes4 reason = IVouchersErrors.Vouchers_TerminalSignatureInvalid.selector;
        Item memory first = _signedItem(_voucher(0), 0, merchant);
        Item memory second = _signedItem(_voucher(1), 1, merchant);
        Group memory group = _tilled(_items(first, second));
        _assertPassedOver(group, operator, reason); // nothing signed

        Group memory other = _tilled(_items(second, first));
        group.terminalSignature = _signature(_key("till"), _terminalDigest(other));
        _assertPassedOver(group, operator, reason); // another order

        group.terminalSignature = _signature(_key("till"), _terminalDigest(_tilled(_one(first))));
        _assertPassedOver(group, operator, reason); // one of them

        other = _group(_merchant("museum"), _items(first, second));
        group.terminalSignature = _signature(_key("till"), _terminalDigest(other));
        _assertPassedOver(group, operator, reason); // another merchant

        group.terminalSignature = _signature(_key("operator"), _terminalDigest(group));
        _assertPassedOver(group, operator, reason); // another key

        group.terminalSignature = _signature(_key("till"), _terminalDigest(group));
        vm.assertEq(_redeem(_one(group)), 2);
    }

    function test_terminal__whenTheHolderIsTheTerminal__refusesTheItem() external {
        vm.prank(registrar);
        merchants.addTerminal(merchant, _holder(0));
        Item memory own = _signedItem(_voucher(0), 0, merchant);
        Group memory group = _tilled(_items(own, _signedItem(_voucher(1), 1, merchant)));
        group.terminal = _holder(0);
        vm.recordLogs();
        vm.prank(_holder(0));
        vm.assertEq(vouchers.redeem(_one(group)), 1);
        bytes4 reason = IVouchersErrors.Vouchers_SelfRedemption.selector;
        _assertRefused(vm.getRecordedLogs()[0], own, _voucher(0), merchant, reason);
        vm.assertEq(_redeem(merchant, own), 1); // another till, or none, may take it
    }

    function test_terminal__whenOneGroupsIsBad__leavesTheOthersAlone() external {
        Group memory bad = _tilled(_one(_signedItem(_voucher(0), 0, merchant)));
        Group memory good = _group(merchant, _one(_signedItem(_voucher(1), 1, merchant)));
        vm.recordLogs();
        vm.assertEq(_redeem(_groups(bad, good)), 1);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 3);
        _assertItemRefused(logs[0], merchant, 0, 0, IVouchersErrors.Vouchers_TerminalSignatureInvalid.selector);
        _assertRedeemed(logs[1], good.items[0], 0, merchant, 1);
    }

    // --- helpers ---

    function _tilled(Item[] memory items) private view returns (Group memory group) {
        group = _group(merchant, items);
        group.terminal = till;
    }

    /// @dev One item, relayed, with the terminal's answer behind it.
    function _assertAnswered(Group memory group) private {
        vm.recordLogs();
        vm.assertEq(_redeem(_one(group)), 1);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 3);
        _assertRedeemed(logs[0], group.items[0], 0, merchant, 1);
        _assertAccepted(logs[1], 1, 1);
    }

    function _assertMayNotSend(Group memory group, address sender) private {
        vm.expectRevert(abi.encodeWithSelector(IVouchersErrors.Vouchers_SenderNotAllowed.selector, sender));
        vm.prank(sender);
        vouchers.redeem(_one(group));
    }

    function _assertPassedOver(Group memory group, address sender, bytes4 reason) private {
        vm.recordLogs();
        vm.prank(sender);
        vm.assertEq(vouchers.redeem(_one(group)), 0);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, group.items.length);
        for (uint256 i; i < logs.length; ++i) {
            _assertItemRefused(logs[i], merchant, 0, i, reason);
        }
    }

    function _assertAccepted(Vm.Log memory log, uint256 first, uint256 count) private view {
        bytes32[] memory topics = topicsOf(IVouchersRedemption.TerminalBatchAccepted.selector, merchant, topic(till));
        assertLog(log, address(vouchers), topics, abi.encode(first, count));
    }
}
