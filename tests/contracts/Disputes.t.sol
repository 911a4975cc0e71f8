// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICaseDeskDisputes} from "../../contracts/interfaces/ICaseDeskDisputes.sol";
import {ICaseDeskReversals} from "../../contracts/interfaces/ICaseDeskReversals.sol";
import {Dispute, DisputeState, Opening} from "../../contracts/types/Case.sol";
import {Item} from "../../contracts/types/Redemption.sol";
import {VoucherState} from "../../contracts/types/Supply.sol";
import {DeskWorld} from "./DeskWorld.sol";
import {GoodWallet} from "./doubles/Wallets.sol";
import {Vm} from "./Vm.sol";

/// dispute
/// ├── when the opening is not the call's, or the redemption was reversed: it should refuse it
/// ├── when the deadline is reached: it should refuse it
/// ├── when the signer is neither holder nor a key of the merchant, or signed something else: it should refuse the signer
/// ├── when the window is over: it should refuse it; not one second before
/// ├── when it was disputed before, decided or not: it should refuse it
/// ├── when its day was paid: it should refuse it
/// ├── when the holder, also one that is a contract, or a key of the merchant signs or sends: it should open it and lock the money
/// └── when a settlement comes meanwhile: it should pay the rest of the day only
/// decide
/// ├── when there is no such dispute, or it is decided: it should refuse it
/// ├── when its time is over: it should refuse it; not one second before
/// ├── when the redemption stands: its money should be payable, also on a day that was paid
/// └── when it does not: it should be reversed, live, expired or swept
/// decideByDefault
/// ├── when the arbiter has time left: it should refuse it
/// └── when its time is over: anybody should have it stand
/// reverse
/// └── when the redemption is in dispute: it should end the dispute for the holder
contract DisputesTest is DeskWorld {
    // --- dispute ---

    function test_dispute__whenTheOpeningIsNotTheCalls__refusesIt() external {
        _sell(0, 2, till);
        Opening memory o = _opening(0);
        o.leaf.amount += 1;
        vm.expectPartialRevert(ICaseDeskReversals.CaseDesk_OpeningWrong.selector);
        vm.prank(shop);
        desk.dispute(o, REASON, NOW + 1, "");
        _reverse(1);
        bytes4 error = ICaseDeskReversals.CaseDesk_ReversedBefore.selector;
        _refuse(abi.encodeWithSelector(error, leaves[1].voucher, leaves[1].digest), shop, 1);
    }

    function test_dispute__whenTheDeadlineIsReached__refusesIt() external {
        _sell(0, 1, till);
        Opening memory o = _opening(0);
        vm.expectRevert(abi.encodeWithSelector(ICaseDeskReversals.CaseDesk_DeadlinePassed.selector, NOW, NOW));
        vm.prank(shop);
        desk.dispute(o, REASON, NOW, "");
    }

    function test_dispute__whenTheSignerIsNoParty__refusesTheSigner() external {
        _sell(0, 1, till);
        _refuse(_notAParty(till), till, 0);
        _refuse(_notAParty(otherShop), otherShop, 0);
        _refuse(_notAParty(_holder(1)), _holder(1), 0);
        Opening memory o = _opening(0);
        bytes memory signature = _signature(_holderKey(0), _reversal(leaves[0], REASON, NOW + 60));
        vm.expectPartialRevert(ICaseDeskDisputes.CaseDesk_NotAParty.selector);
        desk.dispute(o, REASON, NOW + 60, signature);
        vm.expectRevert(_notAParty(address(0)));
        desk.dispute(o, REASON, NOW + 60, new bytes(65));
    }

    function test_dispute__whenTheWindowIsOver__refusesIt() external {
        _sell(0, 2, till);
        uint256 until = NOW + DISPUTE_WINDOW;
        vm.warp(until - 1);
        _dispute(0);
        vm.warp(until);
        bytes4 error = ICaseDeskDisputes.CaseDesk_DisputeWindowOver.selector;
        _refuse(abi.encodeWithSelector(error, leaves[1].voucher, until, until), shop, 1);
    }

    function test_dispute__whenDisputedBefore__refusesIt() external {
        _sell(0, 1, till);
        uint256 id = _dispute(0);
        bytes memory error = abi.encodeWithSelector(ICaseDeskDisputes.CaseDesk_DisputedBefore.selector, id);
        _refuse(error, _holder(0), 0);
        _decide(id, true);
        _refuse(error, _holder(0), 0);
        vm.assertEq(desk.disputeOf(leaves[0].digest, leaves[0].voucher), id);
        vm.assertEq(desk.disputeOf(leaves[0].digest, leaves[0].voucher + 1), 0);
    }

    function test_dispute__whenTheMoneyIsNotThere__refusesIt() external {
        _sell(0, 1, till);
        Opening memory paid = _opening(0);
        vm.warp(NOW + 5 days);
        _settle(NOW, 1);
        _sell(1, 1, till);
        vm.prank(arbiter);
        desk.reverseByArbiter(paid, _day(block.timestamp), REASON); // has taken the money of today
        uint256 day = _day(block.timestamp);
        bytes4 error = ICaseDeskReversals.CaseDesk_DayShort.selector;
        _refuse(abi.encodeWithSelector(error, line, merchant, day, 0, uint256(FACE)), shop, 0);
    }

    function test_dispute__whenTheHolderSigns__locksTheMoney() external {
        _sell(0, 3, till);
        bytes memory signature = _signature(_holderKey(1), _disputing(leaves[1], REASON, NOW + 60));
        Opening memory o = _opening(1);
        vm.recordLogs();
        vm.prank(outsider);
        uint256 id = desk.dispute(o, REASON, NOW + 60, signature);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1);
        _assertOpened(logs[0], id, 1, _holder(1));
        _assertDay(NOW, 3, 0, 1);
        _assertLine(2, 3);
        _assertState(_voucher(1), VoucherState.REDEEMED);
        Dispute memory d = desk.disputeAt(id);
        vm.assertEq(d.digest, leaves[1].digest);
        vm.assertEq(d.voucher, leaves[1].voucher);
        vm.assertEq(d.number, first + 1);
        vm.assertEq(d.amount, FACE);
        vm.assertEq(d.merchant, merchant);
        vm.assertEq(d.day, _day(NOW));
        vm.assertEq(d.decideBy, NOW + 14 days);
        vm.assertEq(uint256(d.state), uint256(DisputeState.OPEN));
        vm.assertEq(d.by, _holder(1));
        vm.assertEq(desk.lastDispute(), id);
    }

    function test_dispute__whenAKeyOfTheMerchantSigns__opensIt() external {
        _sell(0, 2, till);
        bytes memory signature = _compactSignature(_key("shop"), _disputing(leaves[0], REASON, NOW + 60));
        Opening memory o = _opening(0);
        vm.recordLogs();
        uint256 id = desk.dispute(o, REASON, NOW + 60, signature);
        _assertOpened(vm.getRecordedLogs()[0], id, 0, shop);
        o = _opening(1);
        vm.recordLogs();
        vm.prank(_holder(1));
        id = desk.dispute(o, REASON, NOW + 1, "");
        _assertOpened(vm.getRecordedLogs()[0], id, 1, _holder(1));
    }

    function test_dispute__whenTheHolderIsAContract__opensIt() external {
        GoodWallet wallet = new GoodWallet();
        uint256 other = _writeRoll(programme, "wallets", abi.encodePacked(address(wallet)));
        _issue(batch, other);
        roll = other;
        wallet.allow(_digest(_contractItem(), merchant));
        _sell(0, 1, till);
        Opening memory o = _opening(0);
        bytes memory signature = new bytes(65);
        vm.expectPartialRevert(ICaseDeskDisputes.CaseDesk_NotAParty.selector);
        desk.dispute(o, REASON, NOW + 60, signature);
        wallet.allow(_disputing(leaves[0], REASON, NOW + 60));
        vm.recordLogs();
        uint256 id = desk.dispute(o, REASON, NOW + 60, signature);
        _assertOpened(vm.getRecordedLogs()[0], id, 0, address(wallet));
    }

    function test_dispute__whenSettled__theRestIsPaid() external {
        _sell(0, 3, till);
        _dispute(1);
        vm.warp(NOW + 5 days);
        _settle(NOW, 2);
        _assertDay(NOW, 3, 2, 1);
        _assertLine(2, 1);
        vm.assertEq(token.balanceOf(payout), 2 * uint256(FACE));
        _settle(NOW, 1); // passed over: what is left is locked
        _assertDay(NOW, 3, 2, 1);
        vm.assertEq(token.balanceOf(payout), 2 * uint256(FACE));
    }

    // --- decide ---

    function test_decide__whenNotOpen__refusesIt() external {
        _sell(0, 1, till);
        bytes4 error = ICaseDeskDisputes.CaseDesk_DisputeNotOpen.selector;
        vm.expectRevert(abi.encodeWithSelector(error, 1));
        vm.prank(arbiter);
        desk.decide(1, true, REASON);
        uint256 id = _dispute(0);
        _decide(id, true);
        vm.expectRevert(abi.encodeWithSelector(error, id));
        vm.prank(arbiter);
        desk.decide(id, false, REASON);
        vm.warp(NOW + 14 days);
        vm.expectRevert(abi.encodeWithSelector(error, id));
        desk.decideByDefault(id);
    }

    function test_decide__whenItsTimeIsOver__refusesIt() external {
        _sell(0, 2, till);
        uint256 id = _dispute(0);
        uint256 other = _dispute(1);
        uint256 decideBy = NOW + desk.DECISION_TIME();
        vm.warp(decideBy - 1);
        _decide(id, false);
        vm.warp(decideBy);
        vm.expectRevert(abi.encodeWithSelector(ICaseDeskDisputes.CaseDesk_DecisionOver.selector, other, decideBy, decideBy));
        vm.prank(arbiter);
        desk.decide(other, false, REASON);
    }

    function test_decide__whenItStands__itsMoneyIsPayable() external {
        _sell(0, 2, till);
        uint256 id = _dispute(0);
        vm.warp(NOW + 5 days);
        _settle(NOW, 1);
        vm.recordLogs();
        _decide(id, true);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1);
        _assertDecided(logs[0], id, arbiter, true, REASON);
        vm.assertEq(uint256(desk.disputeAt(id).state), uint256(DisputeState.STANDS));
        _assertDay(NOW, 2, 1, 0);
        _settle(NOW, 1);
        _assertDay(NOW, 2, 2, 0);
        _assertLine(3, 0);
        vm.assertEq(token.balanceOf(payout), 2 * uint256(FACE));
    }

    function test_decide__whenItDoesNotStand__isReversed() external {
        _sell(0, 2, till);
        uint256 id = _dispute(0);
        vm.warp(NOW + 5 days);
        _settle(NOW, 1);
        vm.recordLogs();
        _decide(id, false);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 3);
        _assertDecided(logs[0], id, arbiter, false, REASON);
        _assertReversed(logs[1], logs[2], 0, arbiter, true);
        vm.assertEq(uint256(desk.disputeAt(id).state), uint256(DisputeState.REVERSED));
        _assertDay(NOW, 1, 1, 0);
        _assertLine(4, 0);
        _assertState(_voucher(0), VoucherState.LIVE);
    }

    function test_decide__whenExpiredMeanwhile__isCommittedOrTheLines() external {
        vm.warp(END - 1);
        _sell(0, 2, till);
        uint256 id = _dispute(0);
        uint256 other = _dispute(1);
        vm.warp(END);
        _decide(id, false);
        _assertState(_voucher(0), VoucherState.EXPIRED);
        _assertLine(4, 1);
        _sweep();
        _assertLine(0, 1);
        vm.recordLogs();
        _decide(other, false);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        _assertReversed(logs[1], logs[2], 1, arbiter, false);
        _assertLine(0, 0);
        vm.assertEq(treasury.account(line).available, BUDGET);
    }

    // --- decideByDefault ---

    function test_decideByDefault__whenTheArbiterHasTime__refusesIt() external {
        _sell(0, 1, till);
        uint256 id = _dispute(0);
        uint256 decideBy = NOW + 14 days;
        vm.warp(decideBy - 1);
        bytes4 error = ICaseDeskDisputes.CaseDesk_DecisionOpen.selector;
        vm.expectRevert(abi.encodeWithSelector(error, id, decideBy - 1, decideBy));
        desk.decideByDefault(id);
    }

    function test_decideByDefault__whenItsTimeIsOver__stands() external {
        _sell(0, 1, till);
        uint256 id = _dispute(0);
        vm.warp(NOW + 14 days);
        vm.recordLogs();
        vm.prank(outsider);
        desk.decideByDefault(id);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1);
        _assertDecided(logs[0], id, outsider, true, 0);
        _assertDay(NOW, 1, 0, 0);
        _settle(NOW, 1);
        _assertLine(4, 0);
    }

    // --- reverse, meanwhile ---

    function test_reverse__whenInDispute__endsItForTheHolder() external {
        _sell(0, 1, till);
        uint256 id = _dispute(0);
        vm.recordLogs();
        _reverse(0);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 3);
        _assertDecided(logs[0], id, shop, false, REASON);
        _assertReversed(logs[1], logs[2], 0, shop, true);
        vm.assertEq(uint256(desk.disputeAt(id).state), uint256(DisputeState.REVERSED));
        _assertDay(NOW, 0, 0, 0);
        _assertLine(5, 0);
    }

    // --- helpers ---

    /// @dev By the merchant's key itself.
    function _dispute(uint256 index) private returns (uint256) {
        Opening memory o = _opening(index);
        vm.prank(shop);
        return desk.dispute(o, REASON, block.timestamp + 1, "");
    }

    function _decide(uint256 id, bool stands) private {
        vm.prank(arbiter);
        desk.decide(id, stands, REASON);
    }

    function _refuse(bytes memory error, address caller, uint256 index) private {
        Opening memory o = _opening(index);
        vm.expectRevert(error);
        vm.prank(caller);
        desk.dispute(o, REASON, block.timestamp + 1, "");
    }

    function _notAParty(address signer) private view returns (bytes memory) {
        return abi.encodeWithSelector(ICaseDeskDisputes.CaseDesk_NotAParty.selector, signer, _holder(0), merchant);
    }

    /// @dev What {_sell} will present for place 0 of the roll in hand.
    function _contractItem() private view returns (Item memory item) {
        item = _item(_spend(_voucher(0)));
        item.receipt = keccak256(abi.encode("receipt", _voucher(0), block.timestamp));
    }

    function _assertOpened(Vm.Log memory log, uint256 id, uint256 index, address by) private view {
        bytes32[] memory topics = topicsOf(ICaseDeskDisputes.DisputeOpened.selector, id, leaves[index].voucher, topic(by));
        assertLog(log, address(desk), topics, abi.encode(leaves[index].digest, REASON, block.timestamp + 14 days));
    }

    function _assertDecided(Vm.Log memory log, uint256 id, address by, bool stands, bytes32 reason) private view {
        bytes32[] memory topics = topicsOf(ICaseDeskDisputes.DisputeDecided.selector, id, topic(by));
        assertLog(log, address(desk), topics, abi.encode(stands, reason));
    }
}
