// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICaseDeskSweep} from "../../contracts/interfaces/ICaseDeskSweep.sol";
import {IVouchersErrors} from "../../contracts/interfaces/IVouchersErrors.sol";
import {BatchTerms, VoucherState} from "../../contracts/types/Supply.sol";
import {OpenWorld} from "./OpenWorld.sol";
import {Vm} from "./Vm.sol";

/// sweep
/// ├── when the validity is not over: it should say until when
/// ├── when the pair was never issued: it should refuse it
/// ├── when the pair was swept: it should refuse it
/// ├── when the pair lies in or outside the batch's window: it should mark it either way
/// ├── when vouchers of several words were spent: it should count the rest by bits
/// ├── when claim days end before the dates: it should be possible from then on
/// └── when it is over: it should book the unspent value back and log it
contract SweepTest is OpenWorld {
    function test_sweep__whenOneSecondEarly__saysUntilWhen() external {
        vm.warp(END - 1);
        _refuse(abi.encodeWithSelector(ICaseDeskSweep.CaseDesk_NotOver.selector, batch, roll, END - 1, END), batch, roll);
    }

    function test_sweep__whenNeverIssued__refusesIt() external {
        uint256 other = _writeRoll(programme, "other", _holders(5, 1));
        vm.warp(END);
        _refuse(abi.encodeWithSelector(IVouchersErrors.Vouchers_NotIssued.selector, batch, other), batch, other);
        _refuse(abi.encodeWithSelector(IVouchersErrors.Vouchers_NotIssued.selector, 9, roll), 9, roll);
    }

    function test_sweep__whenSweptBefore__refusesIt() external {
        vm.warp(END);
        _sweep(batch, roll);
        _refuse(abi.encodeWithSelector(IVouchersErrors.Vouchers_AlreadySwept.selector, batch, roll), batch, roll);
    }

    function test_sweep__whenOver__booksTheUnspentValueBack() external {
        _redeem(merchant, _signedItem(_voucher(3), 3, merchant));
        vm.warp(END);
        uint256 amount = 4 * uint256(FACE);
        vm.recordLogs();
        vm.assertEq(_sweep(batch, roll), amount);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1);
        bytes32[] memory topics = topicsOf(ICaseDeskSweep.VouchersSwept.selector, batch, roll, line);
        assertLog(logs[0], address(desk), topics, abi.encode(4, amount, treasurer));

        vm.assertEq(_committed(line), 0);
        vm.assertEq(_committedCount(line), 0);
        vm.assertEq(_payable(line), FACE);
        vm.assertEq(treasury.account(line).available, BUDGET - FACE);
        (bool issued, bool swept) = vouchers.marksOf(batch, roll);
        vm.assertTrue(issued && swept, "marks");
        (,, uint256 supply) = vouchers.batchWords(batch);
        vm.assertEq(uint40(supply >> 120), 4);
        vm.assertEq(uint256(vouchers.stateOf(_voucher(0))), uint256(VoucherState.EXPIRED));
        vm.assertEq(uint256(vouchers.stateOf(_voucher(3))), uint256(VoucherState.REDEEMED));
        _assertIdentity(line);
    }

    function test_sweep__whenAllWereSpent__booksNothingBack() external {
        for (uint256 i; i < 5; ++i) {
            _redeem(merchant, _signedItem(_voucher(i), i, merchant));
        }
        vm.warp(END);
        vm.assertEq(_sweep(batch, roll), 0);
        _assertIdentity(line);
    }

    function test_sweep__whenRollsLieOutsideTheWindow__marksThemToo() external {
        uint256 far;
        for (uint256 i; i < 50; ++i) {
            far = _writeRoll(programme, vm.toString(i), _holders(i, 2));
        }
        uint256 other = _openBatch("other", programme);
        _issue(other, far); // its window begins here
        _issue(other, roll); // before it
        _issue(batch, far); // behind the window of the first batch
        vm.warp(END);
        vm.assertEq(_sweep(batch, far), 2 * uint256(FACE));
        _assertMarks(batch, far, true);
        _assertMarks(batch, roll, false);
        vm.assertEq(_sweep(other, roll), 5 * uint256(FACE));
        _assertMarks(other, roll, true);
        _assertMarks(other, far, false);
        _refuse(abi.encodeWithSelector(IVouchersErrors.Vouchers_AlreadySwept.selector, batch, far), batch, far);
        vm.assertEq(_sweep(batch, roll), 5 * uint256(FACE));
        vm.assertEq(_sweep(other, far), 2 * uint256(FACE));
        vm.assertEq(_committed(line), 0);
        _assertIdentity(line);
    }

    function test_sweep__whenVouchersOfSeveralWordsWereSpent__countsTheRest() external {
        bytes memory holders = _anyHolders(520); // three words of bits
        uint256[5] memory places = [uint256(0), 255, 256, 512, 519];
        for (uint256 i; i < places.length; ++i) {
            _put(holders, places[i], _holder(places[i]));
        }
        uint256 long = _writeRoll(programme, "long", holders);
        _issue(batch, long);
        for (uint256 i; i < places.length; ++i) {
            vm.assertEq(_redeem(merchant, _signedItem(_id(batch, long, places[i]), places[i], merchant)), 1);
        }
        vm.warp(END);
        vm.assertEq(_sweep(batch, long), 515 * uint256(FACE));
        _assertIdentity(line);
    }

    function test_sweep__whenClaimDaysEndFirst__isPossibleFromThenOn() external {
        BatchTerms memory t = _batchTerms(programme);
        t.claimDays = 7;
        uint256 short = _openBatch("short", t);
        uint256 claimed = _writeRoll(programme, "claimed", _holders(0, 1)); // written NOW
        _issue(short, claimed);
        uint256 until = NOW + 7 days;
        vm.assertEq(vouchers.validUntil(short, claimed), until);
        vm.warp(until - 1);
        _refuse(
            abi.encodeWithSelector(ICaseDeskSweep.CaseDesk_NotOver.selector, short, claimed, until - 1, until), short, claimed
        );
        vm.assertEq(uint256(vouchers.stateOf(_id(short, claimed, 0))), uint256(VoucherState.LIVE));
        vm.warp(until);
        vm.assertEq(uint256(vouchers.stateOf(_id(short, claimed, 0))), uint256(VoucherState.EXPIRED));
        vm.assertEq(_sweep(short, claimed), FACE);
    }

    // --- helpers ---

    function _sweep(uint256 batch_, uint256 roll_) private returns (uint256) {
        vm.prank(treasurer);
        return desk.sweep(batch_, roll_);
    }

    function _refuse(bytes memory error, uint256 batch_, uint256 roll_) private {
        vm.expectRevert(error);
        vm.prank(treasurer);
        desk.sweep(batch_, roll_);
    }

    function _assertMarks(uint256 batch_, uint256 roll_, bool swept) private view {
        (bool issued, bool found) = vouchers.marksOf(batch_, roll_);
        vm.assertTrue(issued, "issued");
        vm.assertEq(found, swept, "swept");
    }
}
