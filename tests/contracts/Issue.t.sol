// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ITreasury} from "../../contracts/interfaces/ITreasury.sol";
import {IVouchersErrors} from "../../contracts/interfaces/IVouchersErrors.sol";
import {IVouchersSupply} from "../../contracts/interfaces/IVouchersSupply.sol";
import {BatchTerms, VoucherState} from "../../contracts/types/Supply.sol";
import {Base} from "./Base.t.sol";
import {Vm} from "./Vm.sol";

/// issue
/// ├── when no batch or no roll is given: it should refuse it
/// ├── when the first batch is unknown: it should refuse it
/// ├── when the programme is closed: it should refuse it
/// ├── when a roll is unknown or another programme's: it should refuse it
/// ├── when a batch is another programme's: it should refuse the pack
/// ├── when a batch is over: it should refuse it
/// ├── when its vouchers end some days after their roll was written, and have: it should refuse the roll
/// ├── when a pair was issued before, or stands twice in the call: it should refuse it
/// ├── when the quota is used up: it should say what is left
/// ├── when the budget line does not allow it: it should say what is left
/// ├── when the money is not deposited: it should say what is available
/// ├── when a pack is within all bounds: it should make every voucher, take every line's money, log every pair
/// └── when rolls lie outside a batch's window of 48, before or behind: it should mark them too
contract IssueTest is Base {
    uint256 private programme;
    uint256 private line;
    uint256 private batch;
    uint256 private roll;

    function setUp() public override {
        super.setUp();
        programme = _openProgramme("spring", 2);
        line = programme << 16 | 1;
        batch = _openBatch("batch", programme);
        roll = _writeRoll(programme, "roll", _holders(0, 5));
    }

    function test_issue__whenNothingIsGiven__refusesIt() external {
        _refuse(abi.encodeWithSelector(IVouchersErrors.Vouchers_NothingGiven.selector), new uint256[](0), _one(roll));
        _refuse(abi.encodeWithSelector(IVouchersErrors.Vouchers_NothingGiven.selector), _one(batch), new uint256[](0));
    }

    function test_issue__whenBatchIsUnknown__refusesIt() external {
        _refuse(abi.encodeWithSelector(IVouchersErrors.Vouchers_BatchUnknown.selector, 0), _one(0), _one(roll));
        _refuse(abi.encodeWithSelector(IVouchersErrors.Vouchers_BatchUnknown.selector, 2), _one(2), _one(roll));
    }

    function test_issue__whenProgrammeIsClosed__refusesIt() external {
        vm.warp(END);
        vm.startPrank(treasurer);
        programmes.activate(programme);
        programmes.close(programme, "over");
        vm.stopPrank();
        bytes memory error = abi.encodeWithSelector(IVouchersErrors.Vouchers_ProgrammeNotOpen.selector, programme, 6);
        _refuse(error, _one(batch), _one(roll));
    }

    function test_issue__whenRollIsUnknownOrAnothers__refusesIt() external {
        uint256 other = _openProgramme("summer", 1);
        uint256 foreign = _writeRoll(other, "foreign", _holders(0, 1));
        bytes4 error = IVouchersErrors.Vouchers_RollUnknown.selector;
        _refuse(abi.encodeWithSelector(error, 0, programme), _one(batch), _one(0));
        _refuse(abi.encodeWithSelector(error, 99, programme), _one(batch), _two(roll, 99));
        _refuse(abi.encodeWithSelector(error, foreign, programme), _one(batch), _two(roll, foreign));
    }

    function test_issue__whenPackIsOfTwoProgrammes__refusesIt() external {
        uint256 other = _openProgramme("summer", 1);
        uint256 foreign = _openBatch("foreign", other);
        bytes4 error = IVouchersErrors.Vouchers_PackMixed.selector;
        _refuse(abi.encodeWithSelector(error, foreign, other, programme), _two(batch, foreign), _one(roll));
        _refuse(abi.encodeWithSelector(error, 99, 0, programme), _two(batch, 99), _one(roll));
    }

    function test_issue__whenBatchIsOver__refusesIt() external {
        vm.warp(END);
        _refuse(abi.encodeWithSelector(IVouchersErrors.Vouchers_BatchOver.selector, batch, END), _one(batch), _one(roll));
        vm.warp(END - 1);
        vm.assertEq(_issue(batch, roll), 5);
    }

    function test_issue__whenVouchersOfTheRollWouldBeOver__refusesTheRoll() external {
        BatchTerms memory t = _batchTerms(programme);
        t.claimDays = 2;
        uint256 short = _openBatch("two days", t);
        uint256 over = block.timestamp + 2 days;
        vm.warp(over);
        uint256 young = _writeRoll(programme, "young", _holders(5, 1));
        bytes4 error = IVouchersErrors.Vouchers_RollTooOld.selector;
        _refuse(abi.encodeWithSelector(error, short, roll, over, over), _two(batch, short), _two(young, roll));
        vm.assertEq(_issue(batch, roll), 5); // the dates alone count
        vm.warp(over - 1);
        vm.assertEq(_issue(short, roll), 5);
    }

    function test_issue__whenBatchWasExtended__countsTheDaysFromThere() external {
        BatchTerms memory t = _batchTerms(programme);
        (t.claimDays, t.validUntil) = (2, END - 1 days);
        uint256 short = _openBatch("two days", t);
        vm.prank(rescuer);
        desk.extendBatch(short, END, "flood");
        uint256 over = block.timestamp + 3 days;
        vm.warp(over);
        bytes4 error = IVouchersErrors.Vouchers_RollTooOld.selector;
        _refuse(abi.encodeWithSelector(error, short, roll, over, over), _one(short), _one(roll));
        vm.warp(over - 1);
        vm.assertEq(_issue(short, roll), 5);
    }

    function test_issue__whenPairWasIssuedBefore__refusesIt() external {
        _issue(batch, roll);
        bytes memory error = abi.encodeWithSelector(IVouchersErrors.Vouchers_AlreadyIssued.selector, batch, roll);
        _refuse(error, _one(batch), _one(roll));
    }

    function test_issue__whenPairStandsTwiceInTheCall__refusesIt() external {
        bytes memory error = abi.encodeWithSelector(IVouchersErrors.Vouchers_AlreadyIssued.selector, batch, roll);
        _refuse(error, _one(batch), _two(roll, roll));
        _refuse(error, _two(batch, batch), _one(roll));
    }

    function test_issue__whenQuotaIsUsedUp__saysWhatIsLeft() external {
        BatchTerms memory t = _batchTerms(programme);
        t.quota = 9;
        uint256 small = _openBatch("small", t);
        _issue(small, roll);
        uint256 five = _writeRoll(programme, "five", _holders(5, 5));
        bytes memory error = abi.encodeWithSelector(IVouchersErrors.Vouchers_QuotaExceeded.selector, small, 5, 4);
        _refuse(error, _one(small), _one(five));
        uint256 four = _writeRoll(programme, "four", _holders(5, 4));
        vm.assertEq(_issue(small, four), 4);
        uint256 one = _writeRoll(programme, "one", _holders(9, 1));
        error = abi.encodeWithSelector(IVouchersErrors.Vouchers_QuotaExceeded.selector, small, 1, 0);
        _refuse(error, _one(small), _one(one));
    }

    function test_issue__whenBudgetLineDoesNotAllowIt__saysWhatIsLeft() external {
        BatchTerms memory t = _batchTerms(programme);
        t.face = uint48(BUDGET / 5 + 1);
        uint256 dear = _openBatch("dear", t);
        uint256 amount = 5 * uint256(t.face);
        bytes memory error = abi.encodeWithSelector(ITreasury.Treasury_OverBudgetLine.selector, line, amount, BUDGET);
        _refuse(error, _one(dear), _one(roll));
        t.face = uint48(BUDGET / 5);
        uint256 exact = _openBatch("exact", t);
        vm.assertEq(_issue(exact, roll), 5);
        vm.assertEq(treasury.account(line).available, 0);
        error = abi.encodeWithSelector(ITreasury.Treasury_OverBudgetLine.selector, line, 5 * uint256(FACE), 0);
        _refuse(error, _one(batch), _one(roll));
    }

    function test_issue__whenMoneyIsNotDeposited__saysWhatIsAvailable() external {
        uint256 poor = _draft("poor", _programmeTerms(), 1);
        _publish(poor);
        uint256 poorBatch = _openBatch("poor", poor);
        uint256 poorRoll = _writeRoll(poor, "poor", _holders(0, 5));
        uint256 amount = 5 * uint256(FACE);
        bytes4 error = ITreasury.Treasury_Unbacked.selector;
        _refuse(abi.encodeWithSelector(error, poor << 16 | 1, amount, 0), _one(poorBatch), _one(poorRoll));
        _deposit(poor << 16 | 1, amount - 1);
        _refuse(abi.encodeWithSelector(error, poor << 16 | 1, amount, amount - 1), _one(poorBatch), _one(poorRoll));
        _deposit(poor << 16 | 1, 1);
        vm.assertEq(_issue(poorBatch, poorRoll), 5);
    }

    function test_issue__whenPackIsWithinBounds__makesEveryVoucher() external {
        BatchTerms memory t = _batchTerms(programme);
        (t.line, t.face) = (2, 700);
        uint256 second = _openBatch("second line", t);
        uint256 third = _openBatch("first line again", programme);
        uint256 longer = _writeRoll(programme, "longer", _holders(5, 8));
        uint256[] memory batches = new uint256[](3);
        (batches[0], batches[1], batches[2]) = (batch, second, third);
        uint256[3] memory faces = [uint256(FACE), 700, FACE];

        vm.recordLogs();
        vm.prank(treasurer);
        uint256 count = vouchers.issue(batches, _two(roll, longer));

        vm.assertEq(count, 39);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 6);
        for (uint256 i; i < 3; ++i) {
            _assertIssued(logs[2 * i], batches[i], roll, 5, faces[i]);
            _assertIssued(logs[2 * i + 1], batches[i], longer, 8, faces[i]);
            (,, uint256 supply) = vouchers.batchWords(batches[i]);
            vm.assertEq(uint40(supply >> 40), 13);
        }
        _assertLine(line, 26 * uint256(FACE), 26);
        _assertLine(programme << 16 | 2, 13 * 700, 13);
        vm.assertEq(vouchers.holderOf(_id(third, longer, 7)), _holder(12));
        vm.assertEq(uint256(vouchers.stateOf(_id(third, longer, 7))), uint256(VoucherState.LIVE));
        vm.assertEq(uint256(vouchers.stateOf(_id(third, longer, 8))), uint256(VoucherState.NONE));
    }

    function test_issue__whenRollsLieOutsideTheWindow__marksThemToo() external {
        uint256[] memory rolls = new uint256[](60);
        for (uint256 i; i < rolls.length; ++i) {
            rolls[i] = _writeRoll(programme, vm.toString(i), _holders(i, 1));
        }
        uint256 first = rolls[5];
        _issue(batch, first); // opens the window: 48 rolls from here
        for (uint256 i; i < rolls.length; ++i) {
            if (i == 5 || i == 52 || i == 53 || i == 4) continue;
            _issue(batch, rolls[i]);
        }
        (, uint256 reach,) = vouchers.batchWords(batch);
        vm.assertEq(uint24(reach >> 136), first, "first roll");
        vm.assertEq(uint48(reach >> 160), 2 ** 47 - 1, "all of the window but its last");
        // rolls[52] is the window's last, rolls[53] the first behind it, rolls[4] the last before it
        for (uint256 i; i < rolls.length; ++i) {
            bool left = i == 52 || i == 53 || i == 4;
            _assertMarks(rolls[i], !left);
            if (left) {
                _issue(batch, rolls[i]);
                _assertMarks(rolls[i], true);
            }
            bytes memory error = abi.encodeWithSelector(IVouchersErrors.Vouchers_AlreadyIssued.selector, batch, rolls[i]);
            _refuse(error, _one(batch), _one(rolls[i]));
        }
        for (uint256 i; i < rolls.length; ++i) {
            _assertMarks(rolls[i], true); // none of the later marks fell on another one's
        }
        (,, uint256 supply) = vouchers.batchWords(batch);
        vm.assertEq(uint40(supply >> 40), 60);
        _assertLine(line, 60 * uint256(FACE), 60);
    }

    // --- helpers ---

    function _refuse(bytes memory error, uint256[] memory batches, uint256[] memory rolls) private {
        vm.expectRevert(error);
        vm.prank(treasurer);
        vouchers.issue(batches, rolls);
    }

    function _assertIssued(Vm.Log memory log, uint256 batch_, uint256 roll_, uint256 places, uint256 face) private view {
        bytes32[] memory topics = topicsOf(IVouchersSupply.VouchersIssued.selector, batch_, roll_);
        assertLog(log, address(vouchers), topics, abi.encode(places, places * face));
    }

    function _assertMarks(uint256 roll_, bool issued) private view {
        (bool found, bool swept) = vouchers.marksOf(batch, roll_);
        vm.assertEq(found, issued, "issued");
        vm.assertFalse(swept, "swept");
    }

    function _assertLine(uint256 id, uint256 committed, uint256 count) private view {
        vm.assertEq(_committed(id), committed, "committed");
        vm.assertEq(_committedCount(id), count, "count");
        vm.assertEq(treasury.account(id).available, BUDGET - committed, "available");
        _assertIdentity(id);
    }
}
