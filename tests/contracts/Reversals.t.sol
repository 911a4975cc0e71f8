// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICaseDeskReversals} from "../../contracts/interfaces/ICaseDeskReversals.sol";
import {IVouchersErrors} from "../../contracts/interfaces/IVouchersErrors.sol";
import {Opening} from "../../contracts/types/Case.sol";
import {Item} from "../../contracts/types/Redemption.sol";
import {VoucherState} from "../../contracts/types/Supply.sol";
import {DeskWorld} from "./DeskWorld.sol";
import {Vm} from "./Vm.sol";

/// reverse
/// ├── when the opening is not the call's: a leaf changed, missing, added, swapped, shifted, of another call: it should refuse it
/// ├── when the redemption was reversed: it should refuse it, also after the voucher was redeemed anew
/// ├── when the deadline is reached: it should refuse it
/// ├── when the signer is no key or terminal of the merchant, or signed something else: it should refuse the signer
/// ├── when a terminal did not answer for it: it should refuse the terminal
/// ├── when a terminal passes its daily limit: it should refuse it, until the next local day
/// ├── when the window is over: it should refuse it; not one second before
/// ├── when its key sends, or anybody brings a good signature: it should take the redemption back and log it
/// ├── when its call had a thousand redemptions: it should open within a block's gas
/// ├── when the voucher is redeemed anew: a new signature should do, the old one not
/// ├── when its validity is over and the pair not swept: it should be committed, and swept once
/// ├── when its pair is swept: its value should go back to the line, and the voucher stay expired
/// └── when its money was taken for another reversal: it should refuse it
/// reverseByArbiter
/// ├── when the merchant's window is open: it should say until when; not one second later
/// ├── when the day was paid: it should want a later day of the line and merchant with enough money
/// └── when a later day is named: it should take it from there, and only where its own day was paid
contract ReversalsTest is DeskWorld {
    // --- the opening ---

    function test_reverse__whenTheOpeningIsNotTheCalls__refusesIt() external {
        _sell(0, 3, till);
        for (uint256 fault; fault < 12; ++fault) {
            Opening memory o = _opening(1);
            _spoil(o, fault);
            vm.expectPartialRevert(ICaseDeskReversals.CaseDesk_OpeningWrong.selector);
            vm.prank(shop);
            desk.reverse(o, REASON, block.timestamp + 1, "");
        }
        vm.assertTrue(_reverse(1), "the sound one");
    }

    function test_reverse__whenTheOpeningIsOfAnotherCall__refusesIt() external {
        _sell(0, 1, till);
        Opening memory o = _opening(0);
        _sell(1, 2, till);
        o.firstNumber = first;
        vm.expectPartialRevert(ICaseDeskReversals.CaseDesk_OpeningWrong.selector);
        vm.prank(shop);
        desk.reverse(o, REASON, block.timestamp + 1, "");
        o.firstNumber = 99; // no call began there
        vm.expectPartialRevert(ICaseDeskReversals.CaseDesk_OpeningWrong.selector);
        vm.prank(shop);
        desk.reverse(o, REASON, block.timestamp + 1, "");
    }

    function _spoil(Opening memory o, uint256 fault) private pure {
        if (fault == 0) (o.before, o.behind) = (o.behind, o.before);
        if (fault == 1) o.before = new bytes32[](0);
        if (fault == 2) o.behind = new bytes32[](0);
        if (fault == 3) o.before = new bytes32[](2);
        if (fault == 4) o.behind = new bytes32[](2);
        if (fault == 5) o.leaf.amount += 1;
        if (fault == 6) o.leaf.voucher += 1;
        if (fault == 7) o.leaf.time += 1;
        if (fault == 8) o.leaf.merchant += 1;
        if (fault == 9) o.leaf.terminal = address(0);
        if (fault == 10) o.leaf.rulesVersion = 0;
        if (fault == 11) o.leaf.digest = ~o.leaf.digest;
    }

    function test_reverse__whenReversedBefore__refusesIt() external {
        _sell(0, 1, till);
        Opening memory o = _opening(0);
        _reverse(0);
        bytes memory error =
            abi.encodeWithSelector(ICaseDeskReversals.CaseDesk_ReversedBefore.selector, o.leaf.voucher, o.leaf.digest);
        _refuse(error, shop, o);
        vm.warp(NOW + 60);
        _sell(0, 1, till); // anew
        _refuse(error, shop, o);
        vm.assertTrue(_reverse(0), "the new one");
        _assertLine(5, 0);
    }

    // --- who ---

    function test_reverse__whenTheDeadlineIsReached__refusesIt() external {
        _sell(0, 1, till);
        Opening memory o = _opening(0);
        vm.expectRevert(abi.encodeWithSelector(ICaseDeskReversals.CaseDesk_DeadlinePassed.selector, NOW, NOW));
        vm.prank(shop);
        desk.reverse(o, REASON, NOW, "");
    }

    function test_reverse__whenTheSignerIsNotTheMerchants__refusesTheSigner() external {
        _sell(0, 2, till);
        Opening memory o = _opening(0);
        _refuse(_notTheMerchant(otherShop), otherShop, o);
        _refuse(_notTheMerchant(operator), operator, o);
        _refuse(_notTheMerchant(arbiter), arbiter, o);
        vm.prank(registrar);
        merchants.removeKey(merchant, shop);
        _refuse(_notTheMerchant(shop), shop, o);
        vm.prank(registrar);
        merchants.removeTerminal(merchant, till);
        _refuse(_notTheMerchant(till), till, o);
    }

    function test_reverse__whenSomethingElseWasSigned__refusesTheSigner() external {
        _sell(0, 2, till);
        Opening memory o = _opening(0);
        uint256 deadline = NOW + 60;
        bytes32[4] memory others = [
            _reversal(leaves[1], REASON, deadline),
            _reversal(leaves[0], ~REASON, deadline),
            _reversal(leaves[0], REASON, deadline + 1),
            _disputing(leaves[0], REASON, deadline)
        ];
        for (uint256 i; i < others.length; ++i) {
            bytes memory signature = _signature(_key("shop"), others[i]);
            vm.expectPartialRevert(ICaseDeskReversals.CaseDesk_NotTheMerchant.selector);
            desk.reverse(o, REASON, deadline, signature);
        }
        vm.expectRevert(_notTheMerchant(address(0)));
        desk.reverse(o, REASON, deadline, new bytes(65));
    }

    function test_reverse__whenATerminalDidNotAnswerForIt__refusesTheTerminal() external {
        address second = _account("second till");
        vm.prank(registrar);
        merchants.addTerminal(merchant, second);
        _sell(0, 1, till);
        bytes4 error = ICaseDeskReversals.CaseDesk_TerminalNotNamed.selector;
        _refuse(abi.encodeWithSelector(error, second, till), second, _opening(0));
        _sell(1, 1, address(0));
        _refuse(abi.encodeWithSelector(error, till, address(0)), till, _opening(0));
        vm.assertTrue(_reverse(0), "by the key");
    }

    function test_reverse__whenATerminalPassesItsDailyLimit__refusesItUntilTheNextDay() external {
        vm.warp(START + 1 days - 8 hours); // a local midnight
        _sell(0, 3, till);
        _limitTill(2 * uint64(FACE));
        _reverseAs(till, 0);
        _reverseAs(till, 1);
        bytes4 error = ICaseDeskReversals.CaseDesk_TerminalLimitPassed.selector;
        vm.warp(block.timestamp + 1 days - 1);
        _refuse(abi.encodeWithSelector(error, till, FACE, 0), till, _opening(2));
        vm.assertEq(desk.reversedBy(till, _day(block.timestamp)), 2 * uint256(FACE));
        vm.warp(block.timestamp + 1);
        _reverseAs(till, 2);
    }

    function test_reverse__whenATerminalsLimitWasLowered__saysThatNothingIsLeft() external {
        _sell(0, 3, till);
        _reverseAs(till, 0);
        _reverseAs(till, 1);
        _limitTill(FACE);
        bytes4 error = ICaseDeskReversals.CaseDesk_TerminalLimitPassed.selector;
        _refuse(abi.encodeWithSelector(error, till, FACE, 0), till, _opening(2));
        vm.assertTrue(_reverse(2), "a key has no such limit");
    }

    // --- when ---

    function test_reverse__whenTheWindowIsOver__refusesIt() external {
        _sell(0, 2, till);
        uint256 until = NOW + REVERSAL_WINDOW;
        vm.warp(until - 1);
        vm.assertTrue(_reverse(0), "one second before");
        vm.warp(until);
        Opening memory o = _opening(1);
        bytes4 error = ICaseDeskReversals.CaseDesk_ReversalWindowOver.selector;
        _refuse(abi.encodeWithSelector(error, o.leaf.voucher, until, until), shop, o);
    }

    // --- what it does ---

    function test_reverse__whenTheKeySends__takesItBack() external {
        _sell(0, 3, till);
        _assertLine(2, 3);
        vm.recordLogs();
        vm.assertTrue(_reverse(1), "live");
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 2);
        _assertReversed(logs[0], logs[1], 1, shop, true);
        _assertState(_voucher(1), VoucherState.LIVE);
        _assertState(_voucher(0), VoucherState.REDEEMED);
        _assertState(_voucher(2), VoucherState.REDEEMED);
        _assertLine(3, 2);
        _assertDay(NOW, 2, 0, 0);
        vm.assertTrue(vouchers.isDead(leaves[1].digest, _voucher(1)), "dead");
        vm.assertFalse(vouchers.isDead(leaves[0].digest, _voucher(0)), "not dead");
        vm.assertEq(vouchers.overlayBits(5, _voucher(0) >> 8), 2);
        (, uint256 reach,) = vouchers.batchWords(batch);
        vm.assertEq(uint8(reach >> 128), 1, "batch flag");
        vm.assertEq(uint8(vouchers.rollWord(roll) >> 80), 4, "roll flag");
        vm.assertEq(uint8(vouchers.programmeWord(programme) >> 8), 1, "programme flag");
    }

    function test_reverse__whenAnybodyBringsASignature__takesItBack() external {
        _sell(0, 3, till);
        uint256 deadline = NOW + 60;
        bytes memory signature = _signature(_key("shop"), _reversal(leaves[0], REASON, deadline));
        Opening memory o = _opening(0);
        vm.recordLogs();
        vm.prank(outsider);
        vm.assertTrue(desk.reverse(o, REASON, deadline, signature), "live");
        Vm.Log[] memory logs = vm.getRecordedLogs();
        _assertReversed(logs[0], logs[1], 0, shop, true);

        signature = _compactSignature(_key("till"), _reversal(leaves[2], REASON, deadline));
        o = _opening(2);
        vm.recordLogs();
        desk.reverse(o, REASON, deadline, signature);
        logs = vm.getRecordedLogs();
        _assertReversed(logs[0], logs[1], 2, till, true);
        _assertLine(4, 1);
    }

    /// @dev The commitment is put where the call would have left it, with random hashes for the other 999.
    function test_reverse__whenItsCallHadAThousandRedemptions__opensWithinABlock() external {
        _sell(0, 1, till);
        Opening memory o = _opening(0);
        o.before = new bytes32[](999);
        bytes32 chain;
        for (uint256 i; i < 999; ++i) {
            o.before[i] = keccak256(abi.encode(i));
            chain = keccak256(abi.encode(chain, o.before[i]));
        }
        chain = keccak256(abi.encode(chain, keccak256(abi.encode(o.leaf))));
        vm.store(address(vouchers), keccak256(abi.encode(first, uint256(12))), chain);
        bytes memory data = abi.encodeCall(desk.reverse, (o, REASON, NOW + 1, ""));
        vm.prank(shop);
        uint256 before = gasleft();
        (bool ok,) = address(desk).call(data);
        uint256 used = before - gasleft() + 16 * data.length + 21_000;
        vm.assertTrue(ok, "reversed");
        vm.assertLe(used, 2_000_000, "gas of the call and its data"); // 1.25 million as shipped, more without the optimiser
    }

    function test_reverse__whenRedeemedAnew__onlyByANewSignature() external {
        Item memory item = _signedItem(_voucher(0), 0, merchant);
        _redeem(merchant, item);
        first = 1;
        delete leaves;
        leaves.push();
        leaves[0].digest = _digest(item, merchant);
        (leaves[0].voucher, leaves[0].amount, leaves[0].merchant) = (_voucher(0), FACE, merchant);
        (leaves[0].time, leaves[0].rulesVersion) = (NOW, 1);
        _reverse(0);
        _assertSaidNo(item, _voucher(0), IVouchersErrors.Vouchers_SignatureUsed.selector);
        _assertState(_voucher(0), VoucherState.LIVE);
        item.receipt = keccak256("another receipt");
        vm.assertEq(_redeem(merchant, _signed(item, _holderKey(0), merchant)), 1);
        _assertState(_voucher(0), VoucherState.REDEEMED);
        _assertLine(4, 1);
        _assertDay(NOW, 1, 0, 0);
    }

    function test_reverse__whenExpiredAndNotSwept__isCommittedAndSweptOnce() external {
        vm.warp(END - 1);
        _sell(0, 2, till);
        vm.warp(END);
        vm.recordLogs();
        vm.assertFalse(_reverse(0), "live");
        Vm.Log[] memory logs = vm.getRecordedLogs();
        _assertReversed(logs[0], logs[1], 0, shop, false);
        _assertState(_voucher(0), VoucherState.EXPIRED);
        _assertLine(4, 1);
        _sweep();
        _assertLine(0, 1);
        vm.assertEq(treasury.account(line).available, BUDGET - FACE);
        _assertSwept(4);
    }

    function test_reverse__whenSwept__goesBackToTheLine() external {
        vm.warp(END - 1);
        _sell(0, 2, till);
        vm.warp(END);
        _sweep();
        _assertLine(0, 2);
        vm.assertFalse(_reverse(0), "live");
        _assertState(_voucher(0), VoucherState.EXPIRED);
        _assertLine(0, 1);
        vm.assertEq(treasury.account(line).available, BUDGET - FACE);
        _assertSwept(4);
        bytes memory error = abi.encodeWithSelector(IVouchersErrors.Vouchers_AlreadySwept.selector, batch, roll);
        vm.expectRevert(error);
        _sweep();
    }

    function test_reverse__whenItsMoneyWasTaken__refusesIt() external {
        _sell(0, 1, till);
        Opening memory paid = _opening(0);
        vm.warp(NOW + 5 days);
        _settle(NOW, 1);
        _sell(1, 1, till);
        vm.prank(arbiter);
        desk.reverseByArbiter(paid, _day(block.timestamp), REASON);
        bytes memory error = _short(block.timestamp, 0);
        _refuse(error, shop, _opening(0));
    }

    // --- by the arbiter ---

    function test_reverseByArbiter__whenTheWindowIsOpen__saysUntilWhen() external {
        _sell(0, 1, till);
        Opening memory o = _opening(0);
        uint256 until = NOW + REVERSAL_WINDOW;
        vm.warp(until - 1);
        bytes4 error = ICaseDeskReversals.CaseDesk_ReversalWindowOpen.selector;
        _refuseArbiter(abi.encodeWithSelector(error, o.leaf.voucher, until - 1, until), o, 0);
        vm.warp(until);
        vm.recordLogs();
        vm.prank(arbiter);
        vm.assertTrue(desk.reverseByArbiter(o, 0, REASON), "live");
        Vm.Log[] memory logs = vm.getRecordedLogs();
        _assertReversed(logs[0], logs[1], 0, arbiter, true);
        _assertLine(5, 0);
    }

    function test_reverseByArbiter__whenTheDayWasPaid__wantsALaterDayWithMoney() external {
        _sell(0, 1, till);
        Opening memory o = _opening(0);
        vm.warp(NOW + 5 days);
        _settle(NOW, 1);
        _refuseArbiter(_short(NOW, 0), o, 0);
        bytes4 error = ICaseDeskReversals.CaseDesk_DayNotLater.selector;
        _refuseArbiter(abi.encodeWithSelector(error, _day(NOW), _day(NOW)), o, _day(NOW));
        _refuseArbiter(abi.encodeWithSelector(error, _day(NOW) - 1, _day(NOW)), o, _day(NOW) - 1);
        _refuseArbiter(_short(NOW + 5 days, 0), o, _day(NOW + 5 days));
    }

    function test_reverseByArbiter__whenALaterDayIsNamed__takesItFromThere() external {
        _sell(0, 1, till);
        Opening memory o = _opening(0);
        vm.warp(NOW + 5 days);
        _settle(NOW, 1);
        _sell(1, 2, till);
        vm.recordLogs();
        vm.prank(arbiter);
        vm.assertTrue(desk.reverseByArbiter(o, _day(block.timestamp), REASON), "live");
        Vm.Log[] memory logs = vm.getRecordedLogs();
        bytes32[] memory topics = topicsOf(ICaseDeskReversals.ReversalBooked.selector, 1);
        assertLog(logs[1], address(desk), topics, abi.encode(_day(block.timestamp), REASON));
        _assertDay(NOW, 1, 1, 0);
        _assertDay(block.timestamp, 1, 0, 0);
        _assertLine(3, 1);
        vm.warp(NOW + 10 days);
        _settle(NOW + 5 days, 1);
        _assertLine(3, 0);
        vm.assertEq(token.balanceOf(payout), 2 * uint256(FACE)); // two of the three redemptions stand
    }

    function test_reverseByArbiter__whenItsOwnDayHasMoney__looksAtNoOther() external {
        _sell(0, 1, till);
        Opening memory o = _opening(0);
        vm.warp(NOW + 3 days);
        _sell(1, 1, till);
        vm.prank(arbiter);
        desk.reverseByArbiter(o, _day(block.timestamp), REASON);
        _assertDay(NOW, 0, 0, 0);
        _assertDay(block.timestamp, 1, 0, 0);
    }

    // --- helpers ---

    function _reverseAs(address caller, uint256 index) private {
        Opening memory o = _opening(index);
        vm.prank(caller);
        desk.reverse(o, REASON, block.timestamp + 1, "");
    }

    function _refuse(bytes memory error, address caller, Opening memory o) private {
        vm.expectRevert(error);
        vm.prank(caller);
        desk.reverse(o, REASON, block.timestamp + 1, "");
    }

    function _refuseArbiter(bytes memory error, Opening memory o, uint256 laterDay) private {
        vm.expectRevert(error);
        vm.prank(arbiter);
        desk.reverseByArbiter(o, laterDay, REASON);
    }

    function _notTheMerchant(address signer) private view returns (bytes memory) {
        return abi.encodeWithSelector(ICaseDeskReversals.CaseDesk_NotTheMerchant.selector, signer, merchant);
    }

    function _short(uint256 time, uint256 unsettled) private view returns (bytes memory) {
        return abi.encodeWithSelector(
            ICaseDeskReversals.CaseDesk_DayShort.selector, line, merchant, _day(time), unsettled, uint256(FACE)
        );
    }

    function _assertSwept(uint256 count) private view {
        (,, uint256 supply) = vouchers.batchWords(batch);
        vm.assertEq(uint40(supply >> 120), count, "swept");
    }
}
