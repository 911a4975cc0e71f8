// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICaseDeskFreezes} from "../../contracts/interfaces/ICaseDeskFreezes.sol";
import {ITreasury} from "../../contracts/interfaces/ITreasury.sol";
import {IVouchersErrors} from "../../contracts/interfaces/IVouchersErrors.sol";
import {IVouchersRedemption} from "../../contracts/interfaces/IVouchersRedemption.sol";
import {Item} from "../../contracts/types/Redemption.sol";
import {MerchantDay} from "../../contracts/types/Settlement.sol";
import {VoucherState} from "../../contracts/types/Supply.sol";
import {OpenWorld} from "./OpenWorld.sol";
import {Vm} from "./Vm.sol";

/// freeze
/// ├── when the subject is unknown: it should refuse it
/// ├── when the end has passed, or lies more than 30 days ahead: it should refuse it
/// ├── when a freeze holds as long already: it should refuse it
/// ├── when the same auditor froze it lately: it should say from when on
/// ├── when it was renewed twice in a row: it should refuse it until 30 days have passed
/// └── when it may: it should write, log and lapse by itself
/// a redemption
/// ├── when voucher, roll, batch or holder is frozen: it should be refused until the freeze lapses
/// ├── when another voucher of the same word is frozen: it should go through
/// └── when the merchant is frozen: it should be refused, whatever becomes of the merchant's status
/// lift
/// ├── when the subject is not frozen: it should refuse it
/// └── when it is: it should end it and log it
/// appeal
/// ├── when the caller is neither auditor nor operator, nothing is frozen, or the hash is 0: it should refuse it
/// └── when an auditor or operator relays it: it should log it
/// confirm
/// ├── when not frozen, confirmed before, or by who froze it: it should refuse it
/// ├── when it is a voucher that is LIVE: it should revoke it
/// ├── when it is a voucher that is not LIVE: it should refuse it
/// └── when it is anything else: it should hold until it is lifted
/// revoke
/// ├── when no voucher or 501 are given: it should refuse it
/// ├── when no confirmed freeze covers a voucher: it should refuse all
/// ├── when a voucher is not LIVE, or stands twice: it should refuse all
/// └── when batch, roll or holder is confirmed: it should revoke and log each
/// sweep
/// └── when vouchers of the pair were revoked: it should count them out
/// settlement
/// └── when the merchant is frozen: it should not pay it until the freeze is over
contract FreezesTest is OpenWorld {
    uint256 private constant VOUCHER = 1;
    uint256 private constant ROLL = 2;
    uint256 private constant BATCH = 3;
    uint256 private constant HOLDER = 4;
    uint256 private constant MERCHANT = 5;
    uint256 private constant UNTIL = NOW + 7 days;

    // --- freeze ---

    function test_freeze__whenSubjectIsUnknown__refusesIt() external {
        uint256[2][9] memory unknown = [
            [VOUCHER, _id(batch, roll, 5)],
            [VOUCHER, 1 << 100],
            [ROLL, 9],
            [BATCH, 9],
            [HOLDER, programme << 160],
            [HOLDER, 9 << 160 | uint160(outsider)],
            [MERCHANT, 9],
            [uint256(0), 1],
            [uint256(6), 1]
        ];
        for (uint256 i; i < unknown.length; ++i) {
            (uint256 subject, uint256 id) = (unknown[i][0], unknown[i][1]);
            bytes memory error = abi.encodeWithSelector(ICaseDeskFreezes.CaseDesk_SubjectUnknown.selector, subject, id);
            _refuseFreeze(auditor, subject, id, UNTIL, error);
        }
    }

    function test_freeze__whenEndIsNotWithin30Days__refusesIt() external {
        uint256 latest = NOW + 30 days;
        vm.assertEq(desk.MOST_FREEZE(), 30 days);
        bytes memory error = abi.encodeWithSelector(ICaseDeskFreezes.CaseDesk_EndPassed.selector, NOW, NOW);
        _refuseFreeze(auditor, ROLL, roll, NOW, error);
        error = abi.encodeWithSelector(ICaseDeskFreezes.CaseDesk_FreezeTooLong.selector, latest + 1, latest);
        _refuseFreeze(auditor, ROLL, roll, latest + 1, error);
        _freeze(auditor, ROLL, roll, latest);
        _freeze(auditor, BATCH, batch, NOW + 1);
    }

    function test_freeze__whenFrozenAsLongAlready__refusesIt() external {
        _freeze(auditor, ROLL, roll, UNTIL);
        bytes memory error = abi.encodeWithSelector(ICaseDeskFreezes.CaseDesk_FreezeNotLonger.selector, ROLL, roll, UNTIL, UNTIL);
        _refuseFreeze(secondAuditor, ROLL, roll, UNTIL, error);
        _freeze(secondAuditor, ROLL, roll, UNTIL + 1);
        vm.assertEq(vouchers.frozenUntil(ROLL, roll), UNTIL + 1);
    }

    function test_freeze__whenTheSameAuditorFrozeItLately__saysFromWhenOn() external {
        _freeze(auditor, ROLL, roll, UNTIL);
        uint256 earliest = UNTIL + 30 days;
        vm.warp(earliest - 1);
        bytes memory error =
            abi.encodeWithSelector(ICaseDeskFreezes.CaseDesk_OwnFreezeLately.selector, ROLL, roll, auditor, earliest);
        _refuseFreeze(auditor, ROLL, roll, earliest + 1 days, error);
        vm.warp(earliest);
        _freeze(auditor, ROLL, roll, earliest + 1 days);
        (,, uint256 renewals,) = desk.freezeOf(ROLL, roll);
        vm.assertEq(renewals, 0, "no renewal");
    }

    function test_freeze__whenLifted__countsTheOwnRestFromThen() external {
        _freeze(auditor, ROLL, roll, NOW + 30 days);
        vm.warp(NOW + 1 days);
        _lift(secondAuditor, ROLL, roll);
        uint256 earliest = NOW + 31 days;
        vm.warp(earliest - 1);
        bytes memory error =
            abi.encodeWithSelector(ICaseDeskFreezes.CaseDesk_OwnFreezeLately.selector, ROLL, roll, auditor, earliest);
        _refuseFreeze(auditor, ROLL, roll, earliest + 1 days, error);
        vm.warp(earliest);
        _freeze(auditor, ROLL, roll, earliest + 1 days);
    }

    function test_freeze__whenRenewedTwice__isRefusedUntil30DaysPassed() external {
        address third = _auditor("third auditor");
        address fourth = _auditor("fourth auditor");
        _freeze(auditor, BATCH, batch, NOW + 1 days);
        _freeze(secondAuditor, BATCH, batch, NOW + 2 days);
        vm.warp(NOW + 32 days - 1); // lapsed, still in a row
        uint256 end = NOW + 33 days;
        _freeze(third, BATCH, batch, end);
        (address by, uint256 until, uint256 renewals, bool confirmed) = desk.freezeOf(BATCH, batch);
        vm.assertEq(by, third);
        vm.assertEq(until, end);
        vm.assertEq(renewals, 2);
        vm.assertFalse(confirmed, "confirmed");
        bytes memory error = abi.encodeWithSelector(ICaseDeskFreezes.CaseDesk_RenewalsUsedUp.selector, BATCH, batch, 2);
        vm.warp(end + 30 days - 1);
        _refuseFreeze(fourth, BATCH, batch, end + 31 days, error);
        vm.warp(end + 30 days);
        _freeze(fourth, BATCH, batch, end + 31 days);
    }

    function test_freeze__whenItMay__writesAndLogs() external {
        vm.recordLogs();
        _freeze(auditor, HOLDER, _holderId(1), UNTIL);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1);
        bytes32[] memory topics = topicsOf(ICaseDeskFreezes.Frozen.selector, HOLDER, _holderId(1), topic(auditor));
        assertLog(logs[0], address(desk), topics, abi.encode(UNTIL, "suspicion"));
        vm.assertEq(vouchers.frozenUntil(HOLDER, _holderId(1)), UNTIL);
    }

    // --- a redemption ---

    function test_redeem__whenFrozen__isRefusedUntilTheFreezeLapses() external {
        uint256[2][4] memory subjects = [[VOUCHER, _voucher(1)], [ROLL, roll], [BATCH, batch], [HOLDER, _holderId(1)]];
        for (uint256 i; i < subjects.length; ++i) {
            uint256 world = vm.snapshotState();
            _freeze(auditor, subjects[i][0], subjects[i][1], UNTIL);
            vm.warp(UNTIL - 1);
            _assertRefused(1, IVouchersErrors.Vouchers_VoucherFrozen.selector);
            vm.warp(UNTIL);
            vm.assertEq(_redeem(merchant, _signedItem(_voucher(1), 1, merchant)), 1, "lapsed");
            vm.revertToState(world);
        }
    }

    function test_redeem__whenAnotherIsFrozen__goesThrough() external {
        _freeze(auditor, VOUCHER, _voucher(1), UNTIL);
        _freeze(auditor, HOLDER, _holderId(2), UNTIL);
        vm.assertEq(_redeem(merchant, _signedItem(_voucher(0), 0, merchant)), 1);
        _assertRefused(2, IVouchersErrors.Vouchers_VoucherFrozen.selector);
    }

    function test_redeem__whenMerchantIsFrozen__isRefusedWhateverItsStatus() external {
        _freeze(auditor, MERCHANT, merchant, UNTIL);
        vm.assertEq(vouchers.frozenUntil(MERCHANT, merchant), UNTIL);
        _assertRefused(1, IVouchersErrors.Vouchers_MerchantFrozen.selector);
        vm.prank(registrar);
        merchants.suspend(merchant, "meanwhile");
        _assertRefused(1, IVouchersErrors.Vouchers_MerchantNotActive.selector);
        vm.prank(approver);
        merchants.reinstate(merchant, "meanwhile");
        vm.warp(UNTIL - 1);
        _assertRefused(1, IVouchersErrors.Vouchers_MerchantFrozen.selector);
        vm.warp(UNTIL);
        vm.assertEq(_redeem(merchant, _signedItem(_voucher(1), 1, merchant)), 1);
    }

    // --- lift ---

    function test_lift__whenNotFrozen__refusesIt() external {
        bytes memory error = abi.encodeWithSelector(ICaseDeskFreezes.CaseDesk_NotFrozen.selector, ROLL, roll);
        vm.expectRevert(error);
        _lift(auditor, ROLL, roll);
        _freeze(auditor, ROLL, roll, UNTIL);
        vm.warp(UNTIL);
        vm.expectRevert(error);
        _lift(auditor, ROLL, roll);
    }

    function test_lift__whenFrozen__endsIt() external {
        uint256[2][5] memory subjects =
            [[VOUCHER, _voucher(1)], [ROLL, roll], [BATCH, batch], [HOLDER, _holderId(1)], [MERCHANT, merchant]];
        for (uint256 i; i < subjects.length; ++i) {
            uint256 world = vm.snapshotState();
            (uint256 subject, uint256 id) = (subjects[i][0], subjects[i][1]);
            _freeze(auditor, subject, id, UNTIL);
            vm.recordLogs();
            _lift(auditor, subject, id);
            Vm.Log[] memory logs = vm.getRecordedLogs();
            vm.assertEq(logs.length, 1);
            bytes32[] memory topics = topicsOf(ICaseDeskFreezes.FreezeLifted.selector, subject, id, topic(auditor));
            assertLog(logs[0], address(desk), topics, abi.encode("unfounded"));
            vm.assertEq(vouchers.frozenUntil(subject, id), 0);
            vm.assertEq(_redeem(merchant, _signedItem(_voucher(1), 1, merchant)), 1, "lifted");
            vm.revertToState(world);
        }
    }

    // --- appeal ---

    function test_appeal__whenItMayNot__refusesIt() external {
        vm.expectRevert(abi.encodeWithSelector(ICaseDeskFreezes.CaseDesk_NoRecorder.selector, treasurer));
        vm.prank(treasurer);
        desk.appeal(ROLL, roll, "letter");
        vm.expectRevert(abi.encodeWithSelector(ICaseDeskFreezes.CaseDesk_NotFrozen.selector, ROLL, roll));
        vm.prank(operator);
        desk.appeal(ROLL, roll, "letter");
        _freeze(auditor, ROLL, roll, UNTIL);
        vm.expectRevert(abi.encodeWithSelector(ICaseDeskFreezes.CaseDesk_AppealMissing.selector));
        vm.prank(operator);
        desk.appeal(ROLL, roll, 0);
    }

    function test_appeal__whenRelayed__logsIt() external {
        _freeze(auditor, ROLL, roll, UNTIL);
        address[2] memory recorders = [operator, secondAuditor];
        for (uint256 i; i < recorders.length; ++i) {
            vm.recordLogs();
            vm.prank(recorders[i]);
            desk.appeal(ROLL, roll, "letter");
            Vm.Log[] memory logs = vm.getRecordedLogs();
            vm.assertEq(logs.length, 1);
            bytes32[] memory topics = topicsOf(ICaseDeskFreezes.FreezeAppealed.selector, ROLL, roll);
            assertLog(logs[0], address(desk), topics, abi.encode(bytes32("letter")));
        }
    }

    // --- confirm ---

    function test_confirm__whenItMayNot__refusesIt() external {
        vm.expectRevert(abi.encodeWithSelector(ICaseDeskFreezes.CaseDesk_NotFrozen.selector, ROLL, roll));
        _confirm(secondAuditor, ROLL, roll);
        _freeze(auditor, ROLL, roll, UNTIL);
        vm.expectRevert(abi.encodeWithSelector(ICaseDeskFreezes.CaseDesk_OwnFreeze.selector, ROLL, roll, auditor));
        _confirm(auditor, ROLL, roll);
        _confirm(secondAuditor, ROLL, roll);
        bytes memory error = abi.encodeWithSelector(ICaseDeskFreezes.CaseDesk_ConfirmedAlready.selector, ROLL, roll);
        vm.expectRevert(error);
        _confirm(secondAuditor, ROLL, roll);
        _refuseFreeze(secondAuditor, ROLL, roll, NOW + 8 days, error);
    }

    function test_confirm__whenVoucherIsLive__revokesIt() external {
        _freeze(auditor, VOUCHER, _voucher(1), UNTIL);
        vm.recordLogs();
        _confirm(secondAuditor, VOUCHER, _voucher(1));
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 2);
        bytes32[] memory topics = topicsOf(ICaseDeskFreezes.FreezeConfirmed.selector, VOUCHER, _voucher(1), topic(secondAuditor));
        assertLog(logs[0], address(desk), topics, abi.encode("proved"));
        _assertRevoked(logs[1], _voucher(1), secondAuditor);
        vm.assertEq(uint256(vouchers.stateOf(_voucher(1))), uint256(VoucherState.REVOKED));
        vm.assertEq(_committed(line), 4 * uint256(FACE));
        vm.assertEq(_committedCount(line), 4);
        vm.assertEq(treasury.account(line).available, BUDGET - 4 * uint256(FACE));
        _assertIdentity(line);
        _assertRefused(1, IVouchersErrors.Vouchers_VoucherRevoked.selector);
        vm.warp(END + 1);
        vm.assertEq(uint256(vouchers.stateOf(_voucher(1))), uint256(VoucherState.REVOKED), "cold");
    }

    function test_confirm__whenVoucherIsNotLive__refusesIt() external {
        _redeem(merchant, _signedItem(_voucher(0), 0, merchant));
        _freeze(auditor, VOUCHER, _voucher(0), UNTIL);
        _expectNotLive(_voucher(0), VoucherState.REDEEMED);
        _confirm(secondAuditor, VOUCHER, _voucher(0));
        vm.warp(END - 1);
        _freeze(auditor, VOUCHER, _voucher(1), END + 1 days);
        vm.warp(END);
        _expectNotLive(_voucher(1), VoucherState.EXPIRED);
        _confirm(secondAuditor, VOUCHER, _voucher(1));
    }

    function test_confirm__whenAnythingElse__holdsUntilLifted() external {
        _freeze(auditor, MERCHANT, merchant, UNTIL);
        _freeze(auditor, HOLDER, _holderId(1), UNTIL);
        _confirm(secondAuditor, MERCHANT, merchant);
        _confirm(secondAuditor, HOLDER, _holderId(1));
        vm.warp(END - 1);
        uint256 other = _merchant("rice");
        _assertRefusedAt(merchant, 0, IVouchersErrors.Vouchers_MerchantFrozen.selector);
        _assertRefusedAt(other, 1, IVouchersErrors.Vouchers_VoucherFrozen.selector);
        _lift(auditor, MERCHANT, merchant);
        _lift(auditor, HOLDER, _holderId(1));
        vm.assertEq(_redeem(merchant, _signedItem(_voucher(1), 1, merchant)), 1);
    }

    // --- revoke ---

    function test_revoke__whenListIsEmptyOrTooLong__refusesIt() external {
        vm.startPrank(auditor);
        vm.expectRevert(abi.encodeWithSelector(ICaseDeskFreezes.CaseDesk_ListInvalid.selector, 0, 500));
        desk.revoke(new uint256[](0), "proved");
        vm.expectRevert(abi.encodeWithSelector(ICaseDeskFreezes.CaseDesk_ListInvalid.selector, 501, 500));
        desk.revoke(new uint256[](501), "proved");
        vm.expectRevert(abi.encodeWithSelector(IVouchersErrors.Vouchers_VoucherUnknown.selector, 0));
        desk.revoke(new uint256[](500), "proved");
        vm.stopPrank();
    }

    function test_revoke__whenNoConfirmedFreezeCoversIt__refusesAll() external {
        _freeze(auditor, BATCH, batch, UNTIL); // not confirmed
        _freeze(auditor, VOUCHER, _voucher(1), UNTIL);
        vm.expectRevert(abi.encodeWithSelector(ICaseDeskFreezes.CaseDesk_NotConfirmed.selector, _voucher(1)));
        _revoke(_one(_voucher(1)));
        _confirm(secondAuditor, BATCH, batch);
        uint256 other = _openBatch("other", programme);
        _issue(other, roll);
        vm.expectRevert(abi.encodeWithSelector(ICaseDeskFreezes.CaseDesk_NotConfirmed.selector, _id(other, roll, 1)));
        _revoke(_two(_voucher(1), _id(other, roll, 1)));
        _lift(auditor, BATCH, batch);
        vm.expectRevert(abi.encodeWithSelector(ICaseDeskFreezes.CaseDesk_NotConfirmed.selector, _voucher(1)));
        _revoke(_one(_voucher(1)));
    }

    function test_revoke__whenNotLiveOrTwice__refusesAll() external {
        _redeem(merchant, _signedItem(_voucher(0), 0, merchant));
        _freeze(auditor, ROLL, roll, UNTIL);
        _confirm(secondAuditor, ROLL, roll);
        _expectNotLive(_voucher(0), VoucherState.REDEEMED);
        _revoke(_two(_voucher(1), _voucher(0)));
        _expectNotLive(_voucher(1), VoucherState.REVOKED);
        _revoke(_two(_voucher(1), _voucher(1)));
        vm.warp(END);
        vm.prank(treasurer);
        desk.sweep(batch, roll);
        _expectNotLive(_voucher(1), VoucherState.EXPIRED);
        _revoke(_one(_voucher(1)));
        _assertIdentity(line);
    }

    function test_revoke__whenConfirmed__revokesAndLogsEach() external {
        uint256[2][3] memory subjects = [[ROLL, roll], [BATCH, batch], [HOLDER, _holderId(1)]];
        for (uint256 i; i < subjects.length; ++i) {
            uint256 world = vm.snapshotState();
            _freeze(auditor, subjects[i][0], subjects[i][1], UNTIL);
            _confirm(secondAuditor, subjects[i][0], subjects[i][1]);
            vm.recordLogs();
            _revoke(_one(_voucher(1)));
            Vm.Log[] memory logs = vm.getRecordedLogs();
            vm.assertEq(logs.length, 1);
            _assertRevoked(logs[0], _voucher(1), auditor);
            vm.assertEq(uint256(vouchers.stateOf(_voucher(1))), uint256(VoucherState.REVOKED));
            _lift(auditor, subjects[i][0], subjects[i][1]);
            _assertRefused(1, IVouchersErrors.Vouchers_VoucherRevoked.selector); // a lift brings no revoked voucher back
            _assertIdentity(line);
            vm.revertToState(world);
        }
    }

    // --- sweep ---

    function test_sweep__whenVouchersWereRevoked__countsThemOut() external {
        bytes memory holders = _anyHolders(300); // two words of bits
        _put(holders, 7, _holder(7));
        uint256 long = _writeRoll(programme, "long", holders);
        uint256 fresh = _openBatch("fresh", programme); // of which it is the first roll, as number 2
        _issue(fresh, long);
        _freeze(auditor, ROLL, long, UNTIL);
        _confirm(secondAuditor, ROLL, long);
        _revoke(_two(_id(fresh, long, 3), _id(fresh, long, 299)));
        _lift(auditor, ROLL, long);
        _redeem(merchant, _signedItem(_id(fresh, long, 7), 7, merchant));
        vm.warp(END);
        vm.prank(treasurer);
        vm.assertEq(desk.sweep(fresh, long), 297 * uint256(FACE));
        vm.assertEq(_committed(line), 5 * uint256(FACE)); // the first roll
        vm.assertEq(_committedCount(line), 5);
        _assertIdentity(line);
    }

    // --- settlement ---

    function test_settlement__whenMerchantIsFrozen__waitsForItsEnd() external {
        _redeem(merchant, _signedItem(_voucher(0), 0, merchant));
        vm.warp(NOW + 20 days);
        uint256 until = NOW + 25 days;
        _freeze(auditor, MERCHANT, merchant, until);
        MerchantDay[] memory entries = new MerchantDay[](1);
        entries[0] = MerchantDay(uint40(line), uint32(merchant), uint24(_day(NOW)), FACE);
        vm.warp(until - 1);
        Vm.Log[] memory logs = _settle(entries, 0);
        bytes32[] memory topics = topicsOf(ITreasury.MerchantPayoutSkipped.selector, line, merchant, 1);
        assertLog(logs[0], address(treasury), topics, abi.encode(_day(NOW), ITreasury.Treasury_MerchantFrozen.selector));
        vm.warp(until);
        _settle(entries, FACE);
        vm.assertEq(token.balanceOf(payout), FACE);
    }

    // --- helpers ---

    /// @dev Prepares and releases a run.
    function _settle(MerchantDay[] memory entries, uint256 paid) private returns (Vm.Log[] memory) {
        vm.prank(treasurer);
        uint256 run = treasury.prepareSettlement(entries);
        vm.recordLogs();
        vm.prank(approver);
        vm.assertEq(treasury.releaseSettlement(run, entries), paid);
        return vm.getRecordedLogs();
    }

    function _holderId(uint256 place) private view returns (uint256) {
        return programme << 160 | uint160(_holder(place));
    }

    function _auditor(string memory name) private returns (address account) {
        account = _account(name);
        vm.prank(admin);
        manager.grantRole(6, account, 0);
    }

    function _freeze(address by, uint256 subject, uint256 id, uint256 until) private {
        vm.prank(by);
        desk.freeze(subject, id, until, "suspicion");
    }

    function _refuseFreeze(address by, uint256 subject, uint256 id, uint256 until, bytes memory error) private {
        vm.expectRevert(error);
        _freeze(by, subject, id, until);
    }

    function _lift(address by, uint256 subject, uint256 id) private {
        vm.prank(by);
        desk.lift(subject, id, "unfounded");
    }

    function _confirm(address by, uint256 subject, uint256 id) private {
        vm.prank(by);
        desk.confirm(subject, id, "proved");
    }

    function _revoke(uint256[] memory list) private {
        vm.prank(auditor);
        desk.revoke(list, "proved");
    }

    function _expectNotLive(uint256 voucher, VoucherState state) private {
        vm.expectRevert(abi.encodeWithSelector(ICaseDeskFreezes.CaseDesk_NotLive.selector, voucher, state));
    }

    function _assertRevoked(Vm.Log memory log, uint256 voucher, address by) private view {
        bytes32[] memory topics = topicsOf(ICaseDeskFreezes.VoucherRevoked.selector, voucher, line, topic(by));
        assertLog(log, address(desk), topics, abi.encode(uint256(FACE), "proved"));
    }

    function _assertRefused(uint256 place, bytes4 reason) private {
        _assertRefusedAt(merchant, place, reason);
    }

    function _assertRefusedAt(uint256 shop, uint256 place, bytes4 reason) private {
        Item memory item = _signedItem(_voucher(place), place, shop);
        vm.recordLogs();
        vm.assertEq(_redeem(shop, item), 0, "redeemed");
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1);
        bytes32[] memory topics = topicsOf(IVouchersRedemption.RedemptionRefused.selector, _voucher(place), shop);
        assertLog(logs[0], address(vouchers), topics, abi.encode(_digest(item, shop), reason));
    }
}
