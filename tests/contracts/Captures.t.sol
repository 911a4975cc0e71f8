// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICaseDeskFreezes} from "../../contracts/interfaces/ICaseDeskFreezes.sol";
import {IVouchersBooking} from "../../contracts/interfaces/IVouchersBooking.sol";
import {IVouchersErrors} from "../../contracts/interfaces/IVouchersErrors.sol";
import {IVouchersRedemption} from "../../contracts/interfaces/IVouchersRedemption.sol";
import {Capture, Part, Reservation} from "../../contracts/types/Booking.sol";
import {Leaf} from "../../contracts/types/Case.sol";
import {RulesTerms, Widening} from "../../contracts/types/Programme.sol";
import {BatchTerms, VoucherState} from "../../contracts/types/Supply.sol";
import {BookingWorld} from "./BookingWorld.sol";
import {Vm} from "./Vm.sol";

/// capture
/// ├── when nothing is named, or the deadline is reached: it should refuse it
/// ├── when the voucher is not booked by this signature, or no longer: it should refuse it
/// ├── when neither key nor terminal of the merchant answers for it, or something else was signed: it should refuse the signer
/// ├── when the holder's own key answers for it: it should refuse it
/// ├── when its key sends it, or anybody brings a good signature: it should redeem what was booked and log it
/// ├── when a terminal answers for it: it should count on its limit, which may be reached and not passed
/// ├── when some vouchers of the booking are named: it should leave the others booked
/// ├── when the amount is not what was booked: it should refuse it
/// ├── when amounts or minimum spends exceed the bill: it should refuse it; not where they meet it
/// ├── when the merchant's day is used up: it should refuse it; not where it is met
/// ├── when the merchant is suspended or frozen, the voucher frozen, the programme paused: it should refuse it
/// ├── when it has lapsed: it should refuse it; not one second before, and a pause gives its length back
/// └── when it was captured: it should be reversed and disputed as any redemption, and its signature dead then
contract CapturesTest is BookingWorld {
    // --- who ---

    function test_capture__whenNothingIsNamed__refusesIt() external {
        Capture memory c = _captureOf(_booked(0), _voucher(0));
        c.parts = new Part[](0);
        _refuse(abi.encodeWithSelector(IVouchersErrors.Vouchers_NothingGiven.selector), shop, c);
    }

    function test_capture__whenTheDeadlineIsReached__refusesIt() external {
        Capture memory c = _captureOf(_booked(0), _voucher(0));
        c.deadline = NOW;
        _refuse(abi.encodeWithSelector(IVouchersErrors.Vouchers_DeadlinePassed.selector, NOW, NOW), shop, c);
        c.deadline = NOW + 1;
        _send(shop, c);
    }

    function test_capture__whenNotBookedByThisSignature__refusesIt() external {
        bytes32 booking = _booked(0);
        _refuse(_notBooked(_voucher(1), booking), shop, _captureOf(booking, _voucher(1)));
        _refuse(_notBooked(_voucher(0), ~booking), shop, _captureOf(~booking, _voucher(0)));
        _capture(booking, 0);
        _refuse(_notBooked(_voucher(0), booking), shop, _captureOf(booking, _voucher(0)));
        booking = _booked(1);
        _release(shop, booking, 1);
        _refuse(_notBooked(_voucher(1), booking), shop, _captureOf(booking, _voucher(1)));
    }

    function test_capture__whenTheSignerIsNotTheMerchants__refusesTheSigner() external {
        bytes32 booking = _booked(0);
        Capture memory c = _captureOf(booking, _voucher(0));
        address[5] memory others = [otherShop, operator, arbiter, _holder(0), outsider];
        for (uint256 i; i < others.length; ++i) {
            _refuse(_notTheMerchant(others[i]), others[i], c);
        }
        c.signature = _signature(_key("shop"), _captureDigest(c));
        c.bill += 1;
        vm.expectPartialRevert(IVouchersErrors.Vouchers_NotTheMerchant.selector);
        vouchers.capture(c);
        c.signature = hex"00";
        _refuse(_notTheMerchant(address(0)), shop, c);
    }

    function test_capture__whenTheHoldersKeyAnswersForIt__refusesIt() external {
        bytes32 booking = _booked(0);
        vm.startPrank(registrar);
        merchants.addKey(merchant, _holder(0));
        merchants.addTerminal(merchant, _holder(1));
        vm.stopPrank();
        bytes memory error = abi.encodeWithSelector(IVouchersErrors.Vouchers_SelfRedemption.selector, _holder(0));
        _refuse(error, _holder(0), _captureOf(booking, _voucher(0)));
        _send(_holder(1), _captureOf(booking, _voucher(0)));
    }

    // --- what it does ---

    function test_capture__whenTheKeySendsIt__redeemsTheVoucher() external {
        bytes32 booking = _booked(0);
        vm.warp(NOW + 1 days);
        vm.recordLogs();
        _capture(booking, 0);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 3, "logs");
        bytes32[] memory topics = topicsOf(IVouchersBooking.BookingCaptured.selector, _voucher(0), merchant);
        assertLog(logs[0], address(vouchers), topics, abi.encode(booking, FACE, uint256(1), uint256(1)));
        topics = topicsOf(IVouchersBooking.ServiceReceipted.selector, uint256(booking), merchant);
        assertLog(logs[1], address(vouchers), topics, abi.encode(RECEIPT, 20 * uint256(FACE), shop));
        bytes32 chain = _chain(0, booking, _voucher(0), FACE, merchant, address(0));
        _assertCommitted(logs[2], 1, 1, chain);
        _assertState(_voucher(0), VoucherState.REDEEMED);
        _assertBooking(booking, _voucher(0), 0, 0, 0);
        _assertLine(4, 1);
        _assertDay(block.timestamp, 1, 0, 0);
        (uint256 redemptions,,) = vouchers.counts();
        vm.assertEq(redemptions, 1, "numbers");
        vm.assertEq(vouchers.overlayBits(3, _voucher(0) >> 8), 0, "overlay");
    }

    function test_capture__whenAnybodyBringsATerminalsSignature__redeemsTheVoucher() external {
        _sell(4, 1, address(0));
        Capture memory c = _captureOf(_booked(0), _voucher(0));
        c.signature = _signature(_key("till"), _captureDigest(c));
        vm.recordLogs();
        vm.prank(outsider);
        vm.assertEq(vouchers.capture(c), 2, "first number");
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 4, "logs");
        bytes32[] memory topics = topicsOf(IVouchersRedemption.TerminalBatchAccepted.selector, merchant, topic(till));
        assertLog(logs[2], address(vouchers), topics, abi.encode(uint256(2), uint256(1)));
        _assertCommitted(logs[3], 2, 1, _chain(0, c.booking, _voucher(0), FACE, merchant, till));
    }

    function test_capture__whenSomeAreNamed__leavesTheOthersBooked() external {
        (bytes32 booking, uint256 second) = _bookTwo(0);
        _capture(booking, 0);
        _assertState(second, VoucherState.BOOKED);
        _send(shop, _captureOf(booking, second));
        _assertLine(8, 2);
    }

    function test_capture__whenAllAreNamed__numbersThemInOrder() external {
        (bytes32 booking, uint256 second) = _bookTwo(0);
        Capture memory c = _captureOf(booking, _voucher(0));
        c.parts = new Part[](2);
        (c.parts[0], c.parts[1]) = (Part(_voucher(0), FACE), Part(second, FACE));
        c.bill = 2 * FACE - 1;
        _refuse(abi.encodeWithSelector(IVouchersErrors.Vouchers_AmountsOverBill.selector, 2 * FACE, c.bill), shop, c);
        c.bill += 1;
        _send(shop, c);
        bytes32 chain = _chain(0, booking, _voucher(0), FACE, merchant, address(0));
        vm.assertEq(vouchers.commitmentOf(1), _chain(chain, booking, second, FACE, merchant, address(0)));
        (uint256 redemptions,,) = vouchers.counts();
        vm.assertEq(redemptions, 2, "numbers");
    }

    function test_capture__whenNotWhole__refusesIt() external {
        Capture memory c = _captureOf(_booked(0), _voucher(0));
        uint256[3] memory wrong = [FACE - 1, FACE + 1, uint256(0)];
        for (uint256 i; i < wrong.length; ++i) {
            c.parts[0].amount = wrong[i];
            bytes4 error = IVouchersErrors.Vouchers_AmountMismatch.selector;
            _refuse(abi.encodeWithSelector(error, _voucher(0), wrong[i], FACE), shop, c);
        }
    }

    // --- the bill and the limits ---

    function test_capture__whenTheMinimumSpendIsNotMet__refusesIt() external {
        BatchTerms memory t = _batchTerms(programme);
        t.minimumSpend = 3 * FACE;
        _issue(_openBatch("another", t), roll);
        uint256 voucher = _id(batch + 1, roll, 0);
        Reservation memory r = _signedBooking(_reservation(_spend(voucher)), 0);
        _book(r);
        Capture memory c = _captureOf(_bookingDigest(r, merchant), voucher);
        c.bill = 3 * FACE - 1;
        _refuse(abi.encodeWithSelector(IVouchersErrors.Vouchers_MinimumSpendUnmet.selector, 3 * FACE, c.bill), shop, c);
        c.bill = 3 * FACE;
        _send(shop, c);
    }

    function test_capture__whenTheTerminalsDayIsUsedUp__refusesIt() external {
        (bytes32 booking, uint256 second) = _bookTwo(0);
        _limitTill(2 * FACE - 1);
        _send(till, _captureOf(booking, _voucher(0)));
        bytes4 error = IVouchersErrors.Vouchers_TerminalLimitPassed.selector;
        bytes memory passed = abi.encodeWithSelector(error, till, 2 * FACE, 2 * FACE - 1);
        _refuse(passed, till, _captureOf(booking, second));
        _limitTill(2 * FACE);
        _send(till, _captureOf(booking, second));
    }

    function test_capture__whenTheMerchantsDayIsUsedUp__refusesIt() external {
        RulesTerms memory rules = _rulesTerms();
        rules.merchantDailyLimit = FACE;
        vm.prank(treasurer);
        programmes.proposeRules(programme, rules, Widening(0, new uint40[](0), 0), "stricter");
        vm.warp(NOW + 7 days);
        vm.prank(approver);
        programmes.activateRules(programme, 2);
        _issue(_openBatch("under two", programme), roll);
        bytes32[2] memory bookings;
        for (uint256 i; i < 2; ++i) {
            Reservation memory r = _signedBooking(_reservation(_spend(_id(batch + 1, roll, i))), i);
            vm.assertEq(_book(r), 1);
            bookings[i] = _bookingDigest(r, merchant);
        }
        _send(shop, _captureOf(bookings[0], _id(batch + 1, roll, 0)));
        bytes4 error = IVouchersErrors.Vouchers_MerchantLimitPassed.selector;
        Capture memory c = _captureOf(bookings[1], _id(batch + 1, roll, 1));
        _refuse(abi.encodeWithSelector(error, merchant, 2 * FACE, FACE), shop, c);
        vm.warp(block.timestamp + 1 days);
        _send(shop, _captureOf(bookings[1], _id(batch + 1, roll, 1)));
    }

    // --- freezes, pauses, lapse ---

    function test_capture__whenTheMerchantIsSuspended__refusesIt() external {
        Capture memory c = _captureOf(_booked(0), _voucher(0));
        vm.prank(registrar);
        merchants.suspend(merchant, "complaints");
        _refuse(abi.encodeWithSelector(IVouchersErrors.Vouchers_MerchantNotActive.selector, merchant, 3), shop, c);
    }

    function test_capture__whenSomethingIsFrozen__refusesIt() external {
        bytes32 booking = _booked(0);
        uint256 until = NOW + 1 days;
        uint256[5] memory ids = [_voucher(0), roll, batch, programme << 160 | uint160(_holder(0)), merchant];
        for (uint256 subject = 1; subject <= 5; ++subject) {
            vm.prank(auditor);
            desk.freeze(subject, ids[subject - 1], until, "looked at");
            bytes memory error = abi.encodeWithSelector(IVouchersErrors.Vouchers_VoucherFrozen.selector, _voucher(0), NOW);
            if (subject == 5) {
                error = abi.encodeWithSelector(IVouchersErrors.Vouchers_MerchantFrozen.selector, merchant, NOW, until);
            }
            _refuse(error, shop, _captureOf(booking, _voucher(0)));
            vm.prank(auditor);
            desk.lift(subject, ids[subject - 1], "found nothing");
        }
        _capture(booking, 0);
    }

    function test_capture__whenItsVoucherIsConfirmed__cannotBeRevoked() external {
        _booked(0);
        vm.prank(auditor);
        desk.freeze(1, _voucher(0), NOW + 1 days, "looked at");
        bytes4 error = ICaseDeskFreezes.CaseDesk_NotLive.selector;
        vm.expectRevert(abi.encodeWithSelector(error, _voucher(0), VoucherState.BOOKED));
        vm.prank(secondAuditor);
        desk.confirm(1, _voucher(0), "found something");
    }

    function test_capture__whenLapsed__refusesIt() external {
        bytes32 booking = _booked(0);
        vm.warp(LAPSE);
        bytes memory error = abi.encodeWithSelector(IVouchersErrors.Vouchers_BookingLapsed.selector, _voucher(0), LAPSE, LAPSE);
        _refuse(error, shop, _captureOf(booking, _voucher(0)));
        vm.warp(LAPSE - 1);
        _capture(booking, 0);
    }

    function test_capture__whenItWasPausedMeanwhile__lapsesAsMuchLater() external {
        bytes32 booking = _booked(0);
        uint256 from = LAPSE - 1 days;
        vm.warp(from);
        vm.prank(rescuer);
        programmes.pause(programme, LAPSE, "a flood");
        bytes4 error = IVouchersErrors.Vouchers_ProgrammePaused.selector;
        vm.warp(LAPSE - 1);
        _refuse(abi.encodeWithSelector(error, programme, LAPSE - 1, LAPSE), shop, _captureOf(booking, _voucher(0)));
        _assertBooking(booking, _voucher(0), FACE, merchant, LAPSE + 1 days);
        vm.expectRevert(abi.encodeWithSelector(IVouchersErrors.Vouchers_ReleaseNotAllowed.selector, _voucher(0), outsider));
        _release(outsider, booking, 0);
        vm.warp(LAPSE + 1 days);
        error = IVouchersErrors.Vouchers_BookingLapsed.selector;
        bytes memory lapsed = abi.encodeWithSelector(error, _voucher(0), LAPSE + 1 days, LAPSE + 1 days);
        _refuse(lapsed, shop, _captureOf(booking, _voucher(0)));
        vm.warp(LAPSE + 1 days - 1);
        _capture(booking, 0);
    }

    function test_capture__whenTheNetworkIsPaused__refusesIt() external {
        bytes32 booking = _booked(0);
        vm.prank(rescuer);
        programmes.pauseAll(NOW + 1, "a flood");
        bytes4 error = IVouchersErrors.Vouchers_ProgrammePaused.selector;
        _refuse(abi.encodeWithSelector(error, programme, NOW, NOW + 1), shop, _captureOf(booking, _voucher(0)));
    }

    // --- afterwards ---

    function test_captured__reversed__isLiveAgainAndItsSignatureDead() external {
        bytes32 booking = _booked(0);
        vm.warp(NOW + 30);
        _capture(booking, 0);
        vm.assertTrue(_reverse(0), "live");
        _assertLine(5, 0);
        _assertState(_voucher(0), VoucherState.LIVE);
        vm.warp(NOW);
        vm.assertEq(_book(_reservationOf(0)), 0, "the old signature");
    }

    function test_captured__disputed__locksTheMoney() external {
        bytes32 booking = _booked(0);
        _capture(booking, 0);
        vm.prank(_holder(0));
        desk.dispute(_opening(0), REASON, NOW + 1, "");
        _assertDay(NOW, 1, 0, 1);
        vm.prank(arbiter);
        desk.decide(1, false, REASON);
        _assertState(_voucher(0), VoucherState.LIVE);
        _assertLine(5, 0);
    }

    // --- helpers ---

    /// @dev Books two vouchers of one place by one signature.
    function _bookTwo(uint256 place) private returns (bytes32 booking, uint256 second) {
        _issue(_openBatch("another", programme), roll);
        second = _id(batch + 1, roll, place);
        Reservation memory r = _signedBooking(_reservation(_spend(_voucher(place), second)), place);
        vm.assertEq(_book(r), 2, "booked");
        return (_bookingDigest(r, merchant), second);
    }

    function _send(address by, Capture memory c) private {
        vm.prank(by);
        vouchers.capture(c);
    }

    function _refuse(bytes memory error, address by, Capture memory c) private {
        vm.expectRevert(error);
        _send(by, c);
    }

    function _notBooked(uint256 voucher, bytes32 booking) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IVouchersErrors.Vouchers_NotBooked.selector, voucher, booking);
    }

    function _notTheMerchant(address by) private view returns (bytes memory) {
        return abi.encodeWithSelector(IVouchersErrors.Vouchers_NotTheMerchant.selector, by, merchant);
    }
}
