// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ITreasury} from "../../contracts/interfaces/ITreasury.sol";
import {Roles} from "../../contracts/libraries/Roles.sol";
import {MerchantDay} from "../../contracts/types/Settlement.sol";
import {OpenWorld} from "./OpenWorld.sol";
import {Vm} from "./Vm.sol";

/// prepareSettlement
/// ├── when it has 0 or 501 entries: it should refuse it
/// └── when it has one to 500: it should keep their hash
/// releaseSettlement
/// ├── when the run is unknown or was released: it should refuse it
/// ├── when the caller prepared it: it should refuse it
/// ├── when the entries are not those prepared: it should refuse them
/// ├── when a day's window is not over: it should pass over it, and pay it in a later run
/// ├── when nothing is payable for a day, or it stands twice: it should pass over it and pay the others
/// ├── when more or less is payable than the entry says: it should pass over it
/// ├── when the merchant was suspended or removed: it should pay what it earned
/// └── when all days are payable: it should pay each once and log it
/// (how tokens misbehave at a payout: SettlementFaults.t.sol)
/// settleableFrom
/// └── it should be the end of the local day and the longer of both windows
/// returnRest
/// ├── when the programme is not closed: it should refuse it
/// ├── when nothing is left: it should refuse it
/// └── when something is left: it should go to the line's own funder
contract SettlementTest is OpenWorld {
    uint256 private constant OVER = START + 40 days;

    // --- prepareSettlement ---

    function test_prepareSettlement__whenEntriesAreNoneOrTooMany__refusesIt() external {
        vm.startPrank(treasurer);
        vm.expectRevert(abi.encodeWithSelector(ITreasury.Treasury_RunSizeInvalid.selector, 0));
        treasury.prepareSettlement(new MerchantDay[](0));
        vm.expectRevert(abi.encodeWithSelector(ITreasury.Treasury_RunSizeInvalid.selector, 501));
        treasury.prepareSettlement(new MerchantDay[](501));
        vm.assertEq(treasury.prepareSettlement(new MerchantDay[](500)), 1);
        vm.stopPrank();
    }

    function test_prepareSettlement__whenWithinBounds__keepsTheHash() external {
        MerchantDay[] memory entries = _entry(_day(NOW));
        vm.recordLogs();
        vm.prank(treasurer);
        uint256 run = treasury.prepareSettlement(entries);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 2);
        bytes32 hash = keccak256(abi.encode(entries));
        bytes32[] memory topics = topicsOf(ITreasury.SettlementPrepared.selector, run, topic(treasurer));
        assertLog(logs[0], address(treasury), topics, abi.encode(1, hash));
        topics = topicsOf(ITreasury.SettlementEntered.selector, run, line, merchant);
        assertLog(logs[1], address(treasury), topics, abi.encode(_day(NOW), FACE));
        (address proposer, bytes32 kept) = treasury.runOf(run);
        vm.assertEq(proposer, treasurer);
        vm.assertEq(kept, hash);
    }

    // --- releaseSettlement ---

    function test_releaseSettlement__whenRunIsUnknownOrReleased__refusesIt() external {
        MerchantDay[] memory entries = _entry(_day(NOW));
        _refuse(abi.encodeWithSelector(ITreasury.Treasury_RunNotOpen.selector, 1), 1, entries);
        _redeem(merchant, _signedItem(_voucher(0), 0, merchant));
        vm.warp(OVER);
        uint256 run = _prepare(entries);
        vm.prank(approver);
        treasury.releaseSettlement(run, entries);
        _refuse(abi.encodeWithSelector(ITreasury.Treasury_RunNotOpen.selector, run), run, entries);
        (, bytes32 hash) = treasury.runOf(run);
        vm.assertEq(hash, bytes32(0));
    }

    function test_releaseSettlement__whenCallerPreparedIt__refusesIt() external {
        vm.prank(admin);
        manager.grantRole(Roles.APPROVER, treasurer, 0);
        MerchantDay[] memory entries = _entry(_day(NOW));
        uint256 run = _prepare(entries);
        vm.expectRevert(abi.encodeWithSelector(ITreasury.Treasury_OwnProposal.selector, run, treasurer));
        vm.prank(treasurer);
        treasury.releaseSettlement(run, entries);
    }

    function test_releaseSettlement__whenEntriesDiffer__refusesThem() external {
        MerchantDay[] memory entries = _entry(_day(NOW));
        uint256 run = _prepare(entries);
        bytes32 prepared = keccak256(abi.encode(entries));
        ++entries[0].day;
        bytes32 given = keccak256(abi.encode(entries));
        _refuse(abi.encodeWithSelector(ITreasury.Treasury_RunMismatch.selector, run, given, prepared), run, entries);
    }

    function test_releaseSettlement__whenOneSecondEarly__passesOverTheDay() external {
        _redeem(merchant, _signedItem(_voucher(0), 0, merchant));
        uint256 day = _day(NOW);
        MerchantDay[] memory entries = _entry(day);
        uint256 earliest = (day + 1) * 1 days - 8 hours + DISPUTE_WINDOW;
        vm.warp(earliest - 1);
        _skip(entries, ITreasury.Treasury_TooEarly.selector);
        uint256 run = _prepare(entries);
        vm.warp(earliest);
        vm.prank(approver);
        vm.assertEq(treasury.releaseSettlement(run, entries), FACE);
    }

    function test_releaseSettlement__whenNothingIsPayable__paysTheOthers() external {
        _redeem(merchant, _signedItem(_voucher(0), 0, merchant));
        vm.warp(OVER);
        uint256 day = _day(NOW);
        MerchantDay[] memory entries = new MerchantDay[](3);
        (entries[0], entries[1], entries[2]) = (_entry(day + 1)[0], _entry(day)[0], _entry(day)[0]);
        uint256 run = _prepare(entries);
        uint256 second = _prepare(entries);
        vm.recordLogs();
        vm.prank(approver);
        vm.assertEq(treasury.releaseSettlement(run, entries), FACE);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 5);
        _assertSkipped(logs[0], run, day + 1, ITreasury.Treasury_NothingPayable.selector);
        _assertPaid(logs[1], logs[2], run, day, 1);
        _assertSkipped(logs[3], run, day, ITreasury.Treasury_NothingPayable.selector);
        vm.prank(approver);
        vm.assertEq(treasury.releaseSettlement(second, entries), 0);
        vm.assertEq(token.balanceOf(payout), FACE);
        _assertIdentity(line);
    }

    function test_releaseSettlement__whenAnotherAmountIsPayable__passesOverTheDay() external {
        _redeem(merchant, _signedItem(_voucher(0), 0, merchant));
        vm.warp(OVER);
        MerchantDay[] memory entries = _entry(_day(NOW));
        entries[0].amount = FACE - 1;
        _skip(entries, ITreasury.Treasury_AmountDiffers.selector);
        entries[0].amount = FACE + 1;
        _skip(entries, ITreasury.Treasury_AmountDiffers.selector);
        entries[0].amount = 0;
        _skip(entries, ITreasury.Treasury_AmountDiffers.selector);
        _settle(_day(NOW), FACE);
    }

    function test_releaseSettlement__whenMerchantWasSuspendedOrRemoved__paysWhatItEarned() external {
        _redeem(merchant, _signedItem(_voucher(0), 0, merchant));
        vm.warp(NOW + 1 days);
        _redeem(merchant, _signedItem(_voucher(1), 1, merchant));
        vm.warp(OVER);
        vm.prank(registrar);
        merchants.suspend(merchant, "hygiene");
        _settle(_day(NOW), FACE);
        vm.prank(registrar);
        merchants.proposeRemoval(merchant, "closed");
        vm.prank(approver);
        merchants.remove(merchant, "closed");
        _settle(_day(NOW) + 1, FACE);
        vm.assertEq(token.balanceOf(payout), 2 * uint256(FACE));
    }

    function test_payMerchantDay__whenAnybodyElseCalls__refusesTheCaller() external {
        address[4] memory callers = [admin, approver, treasurer, address(vouchers)];
        for (uint256 i; i < callers.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(ITreasury.Treasury_CallerNotLinked.selector, callers[i]));
            vm.prank(callers[i]);
            treasury.payMerchantDay(1, _entry(_day(NOW))[0]);
        }
    }

    function test_releaseSettlement__whenSeveralWereRedeemedInADay__paysThemTogether() external {
        _redeem(merchant, _signedItem(_voucher(0), 0, merchant));
        _redeem(merchant, _signedItem(_voucher(1), 1, merchant));
        vm.warp(OVER);
        MerchantDay[] memory entries = _entry(_day(NOW));
        entries[0].amount = 2 * uint64(FACE);
        uint256 run = _prepare(entries);
        vm.prank(approver);
        vm.assertEq(treasury.releaseSettlement(run, entries), 2 * uint256(FACE));
        vm.assertEq(_payable(line), 0);
        vm.assertEq(_payableCount(line), 0);
        vm.assertEq(token.balanceOf(payout), 2 * uint256(FACE));
    }

    function test_releaseSettlement__whenAllDaysArePayable__paysEachOnce() external {
        _redeem(merchant, _signedItem(_voucher(0), 0, merchant));
        _redeem(merchant, _signedItem(_voucher(1), 1, merchant));
        vm.warp(NOW + 1 days);
        _redeem(merchant, _signedItem(_voucher(2), 2, merchant));
        uint256 day = _day(NOW);
        MerchantDay[] memory entries = new MerchantDay[](2);
        (entries[0], entries[1]) = (_entry(day)[0], _entry(day + 1)[0]);
        entries[0].amount = 2 * uint64(FACE);
        vm.warp(OVER);
        uint256 run = _prepare(entries);
        vm.recordLogs();
        vm.prank(approver);
        uint256 amount = treasury.releaseSettlement(run, entries);

        vm.assertEq(amount, 3 * uint256(FACE));
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 5);
        _assertPaid(logs[0], logs[1], run, day, 2);
        _assertPaid(logs[2], logs[3], run, day + 1, 1);
        bytes32[] memory released = topicsOf(ITreasury.SettlementReleased.selector, run, topic(approver));
        assertLog(logs[4], address(treasury), released, abi.encode(3 * uint256(FACE)));
        vm.assertEq(treasury.account(line).settled, 3 * uint256(FACE));
        vm.assertEq(_payable(line), 0);
        vm.assertEq(treasury.escrowOf(address(token)), token.balanceOf(address(treasury)));
        _assertIdentity(line);
    }

    // --- settleableFrom ---

    function test_settleableFrom__countsFromTheEndOfTheLocalDay() external view {
        uint256 day = _day(NOW);
        vm.assertEq(treasury.settleableFrom(line, day), (day + 1) * 1 days - 8 hours + DISPUTE_WINDOW);
    }

    function test_redeem__whenLocalMidnightPasses__countsForTheNextDay() external {
        uint256 midnight = (_day(NOW) + 1) * 1 days - 8 hours;
        vm.warp(midnight - 1);
        _redeem(merchant, _signedItem(_voucher(0), 0, merchant));
        vm.warp(midnight);
        _redeem(merchant, _signedItem(_voucher(1), 1, merchant));
        vm.assertEq(uint56(vouchers.dayWord(line, merchant, _day(NOW))), FACE);
        vm.assertEq(uint56(vouchers.dayWord(line, merchant, _day(NOW) + 1)), FACE);
    }

    // --- returnRest ---

    function test_returnRest__whenProgrammeIsNotClosed__refusesIt() external {
        vm.expectRevert(abi.encodeWithSelector(ITreasury.Treasury_ProgrammeNotClosed.selector, programme));
        vm.prank(treasurer);
        treasury.returnRest(line);
    }

    function test_returnRest__whenNothingIsLeft__refusesIt() external {
        _closeAll();
        vm.startPrank(treasurer);
        treasury.returnRest(line);
        vm.expectRevert(abi.encodeWithSelector(ITreasury.Treasury_NothingLeft.selector, line));
        treasury.returnRest(line);
        vm.expectRevert(abi.encodeWithSelector(ITreasury.Treasury_NothingLeft.selector, programme << 16 | 3));
        treasury.returnRest(programme << 16 | 3);
        vm.stopPrank();
    }

    function test_returnRest__whenSomethingIsLeft__goesToTheFunder() external {
        _redeem(merchant, _signedItem(_voucher(0), 0, merchant));
        vm.warp(OVER);
        _settle(_day(NOW), FACE);
        _closeAll();
        uint256 rest = BUDGET - FACE;
        vm.recordLogs();
        vm.prank(treasurer);
        vm.assertEq(treasury.returnRest(line), rest);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 2);
        bytes32 transfer = keccak256("Transfer(address,address,uint256)");
        assertLog(logs[0], address(token), topicsOf(transfer, topic(address(treasury)), topic(funder)), abi.encode(rest));
        bytes32[] memory topics = topicsOf(ITreasury.RestReturned.selector, line, topic(funder));
        assertLog(logs[1], address(treasury), topics, abi.encode(rest));
        vm.assertEq(
            abi.encode(treasury.account(line)), abi.encode(ITreasury.Account(BUDGET, 0, uint64(FACE), uint64(rest), BUDGET, 0))
        );
        vm.assertEq(token.balanceOf(funder), rest);
        vm.assertEq(treasury.escrowOf(address(token)), BUDGET); // the second line's
        _assertIdentity(line);
    }

    // --- helpers ---

    /// @dev Two logs and the word of a day on which `count` vouchers were redeemed.
    function _assertPaid(Vm.Log memory transfer, Vm.Log memory paid, uint256 run, uint256 day, uint256 count) private view {
        uint256 part = count * uint256(FACE);
        bytes32[] memory topics =
            topicsOf(keccak256("Transfer(address,address,uint256)"), topic(address(treasury)), topic(payout));
        assertLog(transfer, address(token), topics, abi.encode(part));
        topics = topicsOf(ITreasury.MerchantPaid.selector, line, merchant, run);
        assertLog(paid, address(treasury), topics, abi.encode(day, part, payout));
        // docs/storage.md: redeemed 56, settled 56, disputed 56, count 28, settledCount 28, disputedCount 28
        uint256 word = part | part << 56 | count << 168 | count << 196;
        vm.assertEq(vouchers.dayWord(line, merchant, day), word);
    }

    function _entry(uint256 day) private view returns (MerchantDay[] memory entries) {
        entries = new MerchantDay[](1);
        entries[0] = MerchantDay(uint40(line), uint32(merchant), uint24(day), FACE);
    }

    function _prepare(MerchantDay[] memory entries) private returns (uint256) {
        vm.prank(treasurer);
        return treasury.prepareSettlement(entries);
    }

    function _settle(uint256 day, uint256 amount) private {
        MerchantDay[] memory entries = _entry(day);
        uint256 run = _prepare(entries);
        vm.prank(approver);
        vm.assertEq(treasury.releaseSettlement(run, entries), amount);
    }

    /// @dev A run of this one entry passes over it and changes nothing but the run.
    function _skip(MerchantDay[] memory entries, bytes4 reason) private {
        bytes memory accounts = abi.encode(treasury.account(line), vouchers.lineWord(line), treasury.escrowOf(address(token)));
        uint256 run = _prepare(entries);
        vm.recordLogs();
        vm.prank(approver);
        vm.assertEq(treasury.releaseSettlement(run, entries), 0);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 2);
        _assertSkipped(logs[0], run, entries[0].day, reason);
        assertLog(
            logs[1], address(treasury), topicsOf(ITreasury.SettlementReleased.selector, run, topic(approver)), abi.encode(0)
        );
        vm.assertEq(abi.encode(treasury.account(line), vouchers.lineWord(line), treasury.escrowOf(address(token))), accounts);
        (, bytes32 hash) = treasury.runOf(run);
        vm.assertEq(hash, bytes32(0));
    }

    function _assertSkipped(Vm.Log memory log, uint256 run, uint256 day, bytes4 reason) private view {
        bytes32[] memory topics = topicsOf(ITreasury.MerchantPayoutSkipped.selector, line, merchant, run);
        assertLog(log, address(treasury), topics, abi.encode(day, reason));
    }

    function _refuse(bytes memory error, uint256 run, MerchantDay[] memory entries) private {
        vm.expectRevert(error);
        vm.prank(approver);
        treasury.releaseSettlement(run, entries);
    }

    function _closeAll() private {
        vm.warp(END);
        vm.startPrank(treasurer);
        desk.sweep(batch, roll);
        programmes.close(programme, "over");
        vm.stopPrank();
    }
}
