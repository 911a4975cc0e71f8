// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICaseDeskSweep} from "../../contracts/interfaces/ICaseDeskSweep.sol";
import {ICaseDeskEmergency} from "../../contracts/interfaces/ICaseDeskEmergency.sol";
import {IProgrammeEmergency} from "../../contracts/interfaces/IProgrammeEmergency.sol";
import {IProgrammeRules} from "../../contracts/interfaces/IProgrammeRules.sol";
import {IVouchersErrors} from "../../contracts/interfaces/IVouchersErrors.sol";
import {IVouchersRedemption} from "../../contracts/interfaces/IVouchersRedemption.sol";
import {IVouchersStanding} from "../../contracts/interfaces/IVouchersStanding.sol";
import {ProgrammeState} from "../../contracts/types/Programme.sol";
import {Item} from "../../contracts/types/Redemption.sol";
import {BatchTerms, VoucherState} from "../../contracts/types/Supply.sol";
import {OpenWorld} from "./OpenWorld.sol";
import {Vm} from "./Vm.sol";

/// extendBatch
/// ├── when the batch is unknown: it should refuse it
/// ├── when the new end is not later, or beyond the programme's: it should refuse it
/// ├── when a pair of the batch was swept, in or outside its window, with nothing left or not: it should refuse it
/// ├── when it may: it should lengthen the dates and the claim days, and log it
/// └── when vouchers had expired unswept: it should make them LIVE again
/// widenChannels
/// ├── when the programme is not open, no channel or a ninth is given: it should refuse it
/// ├── when the end has passed, or lies beyond the programme's: it should refuse it
/// ├── when a widening that runs ends later: it should refuse it
/// ├── when one runs: it should keep its channels
/// └── when it may: it should open the channel until it lapses
/// pause
/// ├── when the programme is not open, the network paused, the end passed, far or not later: it should refuse it
/// ├── when it may: it should refuse redemptions until it ends and give its length back
/// ├── when it is lengthened: it should give back the length once
/// └── when vouchers were over before: it should not bring them back
/// resume
/// ├── when nothing is paused: it should refuse it
/// └── when it is: it should take the rest off what is given back
/// pauseAll
/// ├── when the end is passed, far or not later: it should refuse it
/// └── when it may: it should end programmes' own pauses and pause all
/// resumeAll
/// └── likewise
/// the programme clock
/// ├── when a roll is written, or a batch opened, inside a pause: it should stand still for them
/// └── when a batch is issued inside a pause: it should be over only if it was before
contract EmergencyTest is OpenWorld {
    uint256 private constant UNTIL = NOW + 10 days;
    uint256 private constant MIDDLE = START + 30 days;

    // --- extendBatch ---

    function test_extendBatch__whenUnknown__refusesIt() external {
        vm.expectRevert(abi.encodeWithSelector(IVouchersErrors.Vouchers_BatchUnknown.selector, 9));
        _extend(9, END);
    }

    function test_extendBatch__whenNotLaterOrBeyondTheProgramme__refusesIt() external {
        uint256 short = _short(0);
        vm.expectRevert(abi.encodeWithSelector(IVouchersStanding.Vouchers_NotLonger.selector, short, MIDDLE, MIDDLE));
        _extend(short, MIDDLE);
        vm.expectRevert(abi.encodeWithSelector(IVouchersStanding.Vouchers_BeyondProgramme.selector, short, END + 1, END));
        _extend(short, END + 1);
        _extend(short, MIDDLE + 1);
        _extend(short, END);
        vm.assertEq(vouchers.validUntil(short, roll), END);
    }

    function test_extendBatch__whenAPairWasSwept__refusesIt() external {
        uint256 short = _short(0);
        uint256 other = _short(1);
        _redeem(merchant, _signedItem(_id(other, roll, 0), 0, merchant));
        uint256 alone = _writeRoll(programme, "alone", _holders(0, 1));
        _issue(other, alone);
        _redeem(merchant, _signedItem(_id(other, alone, 0), 0, merchant));
        vm.warp(MIDDLE);
        _sweep(short, roll);
        _sweep(other, alone); // nothing was left in it
        vm.expectRevert(abi.encodeWithSelector(IVouchersStanding.Vouchers_BatchSwept.selector, short));
        _extend(short, END);
        vm.expectRevert(abi.encodeWithSelector(IVouchersStanding.Vouchers_BatchSwept.selector, other));
        _extend(other, END);
    }

    function test_extendBatch__whenAPairOutsideTheWindowWasSwept__refusesIt() external {
        uint256 short = _short(0);
        uint256 far;
        for (uint256 i; i < 50; ++i) {
            far = _writeRoll(programme, vm.toString(i), _holders(i, 1));
        }
        _issue(short, far);
        vm.warp(MIDDLE);
        _sweep(short, far);
        vm.expectRevert(abi.encodeWithSelector(IVouchersStanding.Vouchers_BatchSwept.selector, short));
        _extend(short, END);
    }

    function test_extendBatch__whenItMay__lengthensDatesAndClaimDays() external {
        uint256 short = _short(5); // five days after NOW
        uint256 claimUntil = NOW + 5 days;
        vm.assertEq(vouchers.validUntil(short, _lastRoll()), claimUntil);
        vm.recordLogs();
        _extend(short, MIDDLE + 3 days);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1);
        bytes32[] memory topics = topicsOf(ICaseDeskEmergency.BatchExtended.selector, short, topic(rescuer));
        assertLog(logs[0], address(desk), topics, abi.encode(MIDDLE, MIDDLE + 3 days, "flood"));
        claimUntil += 3 days;
        vm.assertEq(vouchers.validUntil(short, _lastRoll()), claimUntil);
        vm.assertEq(vouchers.validUntil(short, roll), START - 10 days + 8 days, "the old roll's claim days");
        _extend(short, MIDDLE + 4 days);
        claimUntil += 1 days;
        vm.warp(claimUntil - 1);
        vm.assertEq(_redeem(merchant, _signedItem(_id(short, _lastRoll(), 0), 0, merchant)), 1);
        vm.warp(claimUntil);
        _assertRefused(_id(short, _lastRoll(), 1), 1, 0, IVouchersErrors.Vouchers_Expired.selector);
    }

    function test_extendBatch__whenExpiredUnswept__makesThemLiveAgain() external {
        uint256 short = _short(0);
        vm.warp(MIDDLE + 1 days);
        vm.assertEq(uint256(vouchers.stateOf(_id(short, roll, 0))), uint256(VoucherState.EXPIRED));
        _extend(short, MIDDLE + 2 days);
        vm.assertEq(uint256(vouchers.stateOf(_id(short, roll, 0))), uint256(VoucherState.LIVE));
        vm.assertEq(_redeem(merchant, _signedItem(_id(short, roll, 0), 0, merchant)), 1);
        vm.warp(MIDDLE + 2 days - 1);
        vm.expectRevert(
            abi.encodeWithSelector(ICaseDeskSweep.CaseDesk_NotOver.selector, short, roll, MIDDLE + 2 days - 1, MIDDLE + 2 days)
        );
        _sweep(short, roll);
        vm.warp(MIDDLE + 2 days);
        _sweep(short, roll);
        _assertIdentity(line);
    }

    // --- widenChannels ---

    function test_widenChannels__whenItMayNot__refusesIt() external {
        _expectNotOpen(9, ProgrammeState.NONE);
        _widen(9, 4, UNTIL);
        vm.expectRevert(abi.encodeWithSelector(IProgrammeEmergency.ProgrammeRegistry_ChannelsInvalid.selector, 0));
        _widen(programme, 0, UNTIL);
        vm.expectRevert(abi.encodeWithSelector(IProgrammeEmergency.ProgrammeRegistry_ChannelsInvalid.selector, 256));
        _widen(programme, 256, UNTIL);
        vm.expectRevert(abi.encodeWithSelector(IProgrammeEmergency.ProgrammeRegistry_EndPassed.selector, NOW, NOW));
        _widen(programme, 4, NOW);
        vm.expectRevert(abi.encodeWithSelector(IProgrammeEmergency.ProgrammeRegistry_BeyondProgramme.selector, END + 1, END));
        _widen(programme, 4, END + 1);
        _widen(programme, 4, UNTIL);
        vm.expectRevert(
            abi.encodeWithSelector(IProgrammeEmergency.ProgrammeRegistry_WideningNotLonger.selector, UNTIL - 1, UNTIL)
        );
        _widen(programme, 4, UNTIL - 1);
        _widen(programme, 4, END);
    }

    function test_widenChannels__whenItMay__opensTheChannelUntilItLapses() external {
        uint256 tillOnly = _tillOnly();
        _assertRefused(_id(tillOnly, roll, 0), 0, 1, IVouchersErrors.Vouchers_ChannelClosed.selector);
        vm.recordLogs();
        _widen(programme, 2, UNTIL);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1);
        bytes32[] memory topics = topicsOf(IProgrammeEmergency.ChannelsWidened.selector, programme, topic(rescuer));
        assertLog(logs[0], address(programmes), topics, abi.encode(2, UNTIL, "flood"));
        vm.warp(UNTIL - 1);
        vm.assertEq(_redeem(merchant, _itemBy(_id(tillOnly, roll, 0), 0, 1)), 1);
        vm.warp(UNTIL);
        _assertRefused(_id(tillOnly, roll, 1), 1, 1, IVouchersErrors.Vouchers_ChannelClosed.selector);
    }

    function test_widenChannels__whenOneRuns__keepsItsChannels() external {
        uint256 tillOnly = _tillOnly();
        _widen(programme, 2, UNTIL);
        _widen(programme, 4, UNTIL);
        vm.assertEq(uint8(vouchers.programmeWord(programme) >> 184), 6);
        vm.assertEq(_redeem(merchant, _itemBy(_id(tillOnly, roll, 0), 0, 1)), 1);
        vm.warp(UNTIL);
        _widen(programme, 4, UNTIL + 1);
        vm.assertEq(uint8(vouchers.programmeWord(programme) >> 184), 4, "the lapsed one is gone");
    }

    // --- pause ---

    function test_pause__whenItMayNot__refusesIt() external {
        _expectNotOpen(9, ProgrammeState.NONE);
        _pause(9, UNTIL);
        vm.expectRevert(abi.encodeWithSelector(IProgrammeEmergency.ProgrammeRegistry_EndPassed.selector, NOW, NOW));
        _pause(programme, NOW);
        uint256 latest = NOW + 30 days;
        vm.assertEq(programmes.MOST_PAUSE(), 30 days);
        vm.expectRevert(abi.encodeWithSelector(IProgrammeEmergency.ProgrammeRegistry_PauseTooLong.selector, latest + 1, latest));
        _pause(programme, latest + 1);
        _pause(programme, UNTIL);
        vm.expectRevert(abi.encodeWithSelector(IProgrammeEmergency.ProgrammeRegistry_PauseNotLonger.selector, UNTIL, UNTIL));
        _pause(programme, UNTIL);
        _pause(programme, latest);
        _pauseAll(NOW + 1);
        vm.expectRevert(abi.encodeWithSelector(IProgrammeEmergency.ProgrammeRegistry_NetworkPaused.selector, NOW + 1));
        _pause(programme, UNTIL);
        vm.warp(NOW + 1);
        _pause(programme, UNTIL);
    }

    function test_pause__whenItMay__givesItsLengthBack() external {
        vm.recordLogs();
        _pause(programme, UNTIL);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1);
        bytes32[] memory topics = topicsOf(IProgrammeEmergency.ProgrammePaused.selector, programme, topic(rescuer));
        assertLog(logs[0], address(programmes), topics, abi.encode(UNTIL, "flood"));
        vm.assertEq(vouchers.validUntil(batch, roll), END + 10 days);
        vm.warp(UNTIL - 1);
        vm.assertEq(vouchers.programmeClock(programme), NOW);
        _assertRefused(_voucher(0), 0, 0, IVouchersErrors.Vouchers_ProgrammePaused.selector);
        vm.warp(UNTIL);
        vm.assertEq(vouchers.programmeClock(programme), NOW);
        vm.assertEq(_redeem(merchant, _signedItem(_voucher(0), 0, merchant)), 1);
        vm.warp(END + 10 days - 1);
        vm.assertEq(_redeem(merchant, _signedItem(_voucher(1), 1, merchant)), 1);
        vm.warp(END + 10 days);
        vm.assertEq(vouchers.programmeClock(programme), END);
        _assertRefused(_voucher(2), 2, 0, IVouchersErrors.Vouchers_Expired.selector);
        _sweep(batch, roll);
        _assertIdentity(line);
    }

    function test_pause__whenLengthened__givesTheLengthBackOnce() external {
        _pause(programme, UNTIL);
        vm.warp(NOW + 4 days);
        _pause(programme, UNTIL + 5 days);
        vm.assertEq(vouchers.validUntil(batch, roll), END + 15 days);
        vm.warp(UNTIL + 20 days);
        _pause(programme, UNTIL + 21 days);
        vm.assertEq(vouchers.validUntil(batch, roll), END + 16 days);
    }

    function test_pause__whenVouchersWereOver__doesNotBringThemBack() external {
        uint256 short = _short(0);
        uint256 other = _short(1);
        vm.warp(MIDDLE);
        _pause(programme, MIDDLE + 5 days);
        vm.assertEq(uint256(vouchers.stateOf(_id(short, roll, 0))), uint256(VoucherState.EXPIRED), "in the pause");
        _sweep(short, roll); // and so it can be swept
        vm.warp(MIDDLE + 5 days);
        vm.assertEq(uint256(vouchers.stateOf(_id(short, roll, 0))), uint256(VoucherState.EXPIRED), "after the pause");
        _assertRefused(_id(other, roll, 0), 0, 0, IVouchersErrors.Vouchers_Expired.selector);
        _assertIdentity(line);
    }

    // --- resume ---

    function test_resume__whenNothingIsPaused__refusesIt() external {
        _expectNotPaused(programme);
        _resume(programme);
        _pause(programme, UNTIL);
        vm.warp(UNTIL);
        _expectNotPaused(programme);
        _resume(programme);
    }

    function test_resume__whenPaused__takesTheRestOff() external {
        _pause(programme, UNTIL);
        vm.warp(NOW + 3 days);
        vm.recordLogs();
        _resume(programme);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1);
        assertLog(
            logs[0], address(programmes), topicsOf(IProgrammeEmergency.ProgrammeResumed.selector, programme, topic(rescuer)), ""
        );
        vm.assertEq(vouchers.validUntil(batch, roll), END + 3 days);
        vm.assertEq(_redeem(merchant, _signedItem(_voucher(0), 0, merchant)), 1);
        vm.warp(NOW + 5 days);
        vm.assertEq(vouchers.programmeClock(programme), NOW + 2 days);
    }

    // --- pauseAll, resumeAll ---

    function test_pauseAll__whenItMayNot__refusesIt() external {
        vm.expectRevert(abi.encodeWithSelector(IProgrammeEmergency.ProgrammeRegistry_EndPassed.selector, NOW, NOW));
        _pauseAll(NOW);
        uint256 latest = NOW + 30 days;
        vm.expectRevert(abi.encodeWithSelector(IProgrammeEmergency.ProgrammeRegistry_PauseTooLong.selector, latest + 1, latest));
        _pauseAll(latest + 1);
        _pauseAll(latest);
        vm.expectRevert(abi.encodeWithSelector(IProgrammeEmergency.ProgrammeRegistry_PauseNotLonger.selector, latest, latest));
        _pauseAll(latest);
    }

    function test_pauseAll__whenProgrammesArePaused__takesTheirPlace() external {
        uint256 second = _openProgramme("second", 1);
        uint256 third = _openProgramme("third", 1);
        _pause(programme, NOW + 2 days);
        _pause(second, UNTIL);
        _pause(third, NOW + 1 hours);
        vm.warp(NOW + 1 days); // the third one's is over
        _pause(programme, NOW + 3 days);
        vm.recordLogs();
        _pauseAll(NOW + 6 days);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 3);
        bytes32 resumed = IProgrammeEmergency.ProgrammeResumed.selector;
        assertLog(logs[0], address(programmes), topicsOf(resumed, programme, topic(rescuer)), "");
        assertLog(logs[1], address(programmes), topicsOf(resumed, second, topic(rescuer)), "");
        bytes32[] memory topics = topicsOf(IProgrammeEmergency.ProgrammePaused.selector, 0, topic(rescuer));
        assertLog(logs[2], address(programmes), topics, abi.encode(NOW + 6 days, "flood"));
        vm.assertEq(vouchers.validUntil(batch, roll), END + 6 days, "one day of its own, five of the network");
        _assertRefused(_voucher(0), 0, 0, IVouchersErrors.Vouchers_ProgrammePaused.selector);
        vm.warp(NOW + 6 days - 1);
        vm.assertEq(vouchers.programmeClock(programme), NOW);
        _assertRefused(_voucher(0), 0, 0, IVouchersErrors.Vouchers_ProgrammePaused.selector);
        vm.warp(NOW + 6 days);
        vm.assertEq(_redeem(merchant, _signedItem(_voucher(0), 0, merchant)), 1);
        vm.warp(END + 6 days - 1);
        vm.assertEq(_redeem(merchant, _signedItem(_voucher(1), 1, merchant)), 1);
    }

    function test_resumeAll__whenPausedOrNot__endsIt() external {
        _expectNotPaused(0);
        _resumeAll();
        _pauseAll(UNTIL);
        (uint256 until, uint256 total) = vouchers.networkPause();
        vm.assertEq(until, UNTIL);
        vm.assertEq(total, 10 days);
        vm.warp(NOW + 1 days);
        vm.recordLogs();
        _resumeAll();
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1);
        assertLog(logs[0], address(programmes), topicsOf(IProgrammeEmergency.ProgrammeResumed.selector, 0, topic(rescuer)), "");
        vm.assertEq(vouchers.validUntil(batch, roll), END + 1 days);
        vm.assertEq(_redeem(merchant, _signedItem(_voucher(0), 0, merchant)), 1);
        _expectNotPaused(0);
        _resumeAll();
    }

    // --- the programme clock ---

    function test_clock__whenRollIsWrittenInAPause__standsStill() external {
        _pause(programme, UNTIL);
        vm.warp(NOW + 4 days);
        uint256 claimed = _writeRoll(programme, "claimed", _holders(0, 2));
        BatchTerms memory t = _batchTerms(programme);
        t.claimDays = 5;
        uint256 days5 = _openBatch("days", t);
        _issue(days5, claimed);
        vm.assertEq(uint40(vouchers.rollWord(claimed) >> 40), NOW, "written at");
        vm.assertEq(vouchers.validUntil(days5, claimed), UNTIL + 5 days);
        vm.warp(UNTIL - 1);
        _resume(programme); // one second early
        vm.assertEq(vouchers.validUntil(days5, claimed), UNTIL - 1 + 5 days);
    }

    function test_clock__whenBatchIsOpenedInAPause__getsTheRestOfItBack() external {
        _pause(programme, UNTIL);
        vm.warp(NOW + 4 days);
        BatchTerms memory t = _batchTerms(programme);
        t.validUntil = uint40(MIDDLE);
        uint256 inside = _openBatch("inside", t);
        vm.assertEq(vouchers.validUntil(inside, roll), MIDDLE + 6 days);
        _resume(programme);
        vm.assertEq(vouchers.validUntil(inside, roll), MIDDLE, "never less than it was opened for");
    }

    function test_clock__whenBatchIsIssuedInAPause__isOverOnlyIfItWasBefore() external {
        uint256 other = _openBatchUntil("other", NOW + 1 days);
        uint256 fresh = _writeRoll(programme, "fresh", _holders(0, 1));
        vm.warp(NOW + 1 days - 1);
        _pause(programme, UNTIL);
        vm.warp(UNTIL - 1);
        _issue(other, fresh);
        vm.assertEq(_pausedValidity(other, fresh), UNTIL + 1);
        vm.warp(UNTIL + 1);
        vm.expectRevert(abi.encodeWithSelector(IVouchersErrors.Vouchers_BatchOver.selector, other, NOW + 1 days));
        _issue(other, roll);
    }

    // --- helpers ---

    function _pausedValidity(uint256 batch_, uint256 roll_) private view returns (uint256) {
        return vouchers.validUntil(batch_, roll_);
    }

    function _openBatchUntil(string memory ref, uint256 until) private returns (uint256) {
        BatchTerms memory t = _batchTerms(programme);
        t.validUntil = uint40(until);
        return _openBatch(ref, t);
    }

    /// @dev A batch until MIDDLE, issued to the roll and to a new one.
    function _short(uint16 claimDays) private returns (uint256 short) {
        BatchTerms memory t = _batchTerms(programme);
        (t.validUntil, t.claimDays) = (uint40(MIDDLE), claimDays < 2 ? 0 : claimDays);
        short = _openBatch(string.concat("short ", vm.toString(claimDays)), t);
        if (t.claimDays == 0) _issue(short, roll); // else it is too old
        _issue(short, _writeRoll(programme, string.concat("new ", vm.toString(claimDays)), _holders(0, 2)));
    }

    function _lastRoll() private view returns (uint256 rolls) {
        (,, rolls) = vouchers.counts();
    }

    /// @dev A batch for channel 0 only, issued to the roll; the merchant has channels 0 and 1.
    function _tillOnly() private returns (uint256 tillOnly) {
        BatchTerms memory t = _batchTerms(programme);
        t.channels = 1;
        tillOnly = _openBatch("till only", t);
        _issue(tillOnly, roll);
    }

    function _itemBy(uint256 voucher, uint256 place, uint256 channel) private view returns (Item memory item) {
        item = _item(_spend(voucher));
        item.channel = channel;
        return _signed(item, _holderKey(place), merchant);
    }

    function _assertRefused(uint256 voucher, uint256 place, uint256 channel, bytes4 reason) private {
        Item memory item = _itemBy(voucher, place, channel);
        vm.recordLogs();
        vm.assertEq(_redeem(merchant, item), 0, "redeemed");
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1);
        bytes32[] memory topics = topicsOf(IVouchersRedemption.RedemptionRefused.selector, voucher, merchant);
        assertLog(logs[0], address(vouchers), topics, abi.encode(_digest(item, merchant), reason));
    }

    function _extend(uint256 batch_, uint256 until) private {
        vm.prank(rescuer);
        desk.extendBatch(batch_, until, "flood");
    }

    function _sweep(uint256 batch_, uint256 roll_) private {
        vm.prank(treasurer);
        desk.sweep(batch_, roll_);
    }

    function _widen(uint256 id, uint256 channels, uint256 until) private {
        vm.prank(rescuer);
        programmes.widenChannels(id, channels, until, "flood");
    }

    function _pause(uint256 id, uint256 until) private {
        vm.prank(rescuer);
        programmes.pause(id, until, "flood");
    }

    function _resume(uint256 id) private {
        vm.prank(rescuer);
        programmes.resume(id);
    }

    function _pauseAll(uint256 until) private {
        vm.prank(rescuer);
        programmes.pauseAll(until, "flood");
    }

    function _resumeAll() private {
        vm.prank(rescuer);
        programmes.resumeAll();
    }

    function _expectNotOpen(uint256 id, ProgrammeState state) private {
        vm.expectRevert(abi.encodeWithSelector(IProgrammeRules.ProgrammeRegistry_NotOpen.selector, id, state));
    }

    function _expectNotPaused(uint256 id) private {
        vm.expectRevert(abi.encodeWithSelector(IProgrammeEmergency.ProgrammeRegistry_NotPaused.selector, id));
    }
}
