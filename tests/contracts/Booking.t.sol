// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IVouchersBooking} from "../../contracts/interfaces/IVouchersBooking.sol";
import {IVouchersErrors} from "../../contracts/interfaces/IVouchersErrors.sol";
import {IVouchersRedemption} from "../../contracts/interfaces/IVouchersRedemption.sol";
import {BookingGroup, Reservation} from "../../contracts/types/Booking.sol";
import {RulesTerms, Widening} from "../../contracts/types/Programme.sol";
import {Consent, Item} from "../../contracts/types/Redemption.sol";
import {BatchTerms, VoucherState} from "../../contracts/types/Supply.sol";
import {BookingWorld} from "./BookingWorld.sol";
import {Vm} from "./Vm.sol";

/// book
/// ├── when the caller is neither a relayer nor a terminal of every merchant: it should refuse the caller
/// ├── when there are more reservations than a call may carry: it should refuse them
/// ├── when all is well: it should reserve the vouchers, leave the money committed and log it
/// ├── when a terminal sends it: it should do, but not with the terminal's own voucher
/// ├── when the signature is not the holder's for exactly this: it should pass the reservation over
/// ├── when a rule of redemptions says no: it should log and skip it, and take the others
/// ├── when the bill would be too small: it should not ask for one
/// ├── when it lapses now or earlier, or after a voucher's validity: it should refuse it; not one second before
/// ├── when a voucher is booked or redeemed, also by the same call: it should refuse it
/// ├── when its signature was released: it should refuse it for ever
/// ├── when the amounts are above the threshold: it should want a consent
/// └── when the holder's limit is used up by it: no redemption should follow
/// a booked voucher
/// ├── should not be redeemed, revoked, or swept
/// └── of one batch should cost no other batch a look
contract BookingTest is BookingWorld {
    function test_book__whenTheCallerMayNot__refusesTheCaller() external {
        BookingGroup[] memory groups = _groupsOf(_reservationOf(0));
        address[4] memory others = [shop, otherShop, _holder(0), treasurer];
        for (uint256 i; i < others.length; ++i) {
            _refuseCaller(others[i], groups);
            _refuseCaller(others[i], new BookingGroup[](0));
        }
        BookingGroup[] memory two = new BookingGroup[](2);
        (two[0], two[1]) = (groups[0], groups[0]);
        two[1].merchant = otherMerchant;
        _refuseCaller(till, two);
    }

    function _refuseCaller(address caller, BookingGroup[] memory groups) private {
        vm.expectRevert(abi.encodeWithSelector(IVouchersErrors.Vouchers_SenderNotAllowed.selector, caller));
        vm.prank(caller);
        vouchers.book(groups, new Consent[](0));
    }

    function test_book__whenTooMany__refusesThem() external {
        BookingGroup[] memory groups = _groupsOf(_reservationOf(0));
        groups[0].reservations = new Reservation[](1_001);
        vm.expectRevert(abi.encodeWithSelector(IVouchersErrors.Vouchers_TooManyItems.selector, 1_001, 1_000));
        vm.prank(operator);
        vouchers.book(groups, new Consent[](0));
        groups[0].reservations = new Reservation[](1_000);
        vm.prank(operator);
        vm.assertEq(vouchers.book(groups, new Consent[](0)), 0);
    }

    function test_book__whenAllIsWell__reservesTheVouchers() external {
        uint256 second = _secondOf(0);
        Reservation memory r = _signedBooking(_reservation(_spend(_voucher(0), second)), 0);
        bytes32 booking = _bookingDigest(r, merchant);
        uint256 committed = _committed(line);
        vm.recordLogs();
        vm.assertEq(_book(r), 2);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 2, "logs");
        bytes memory data = abi.encode(SERVICE, booking, FACE, LAPSE);
        assertLog(logs[0], address(vouchers), topicsOf(IVouchersBooking.VoucherBooked.selector, _voucher(0), merchant), data);
        assertLog(logs[1], address(vouchers), topicsOf(IVouchersBooking.VoucherBooked.selector, second, merchant), data);
        _assertState(_voucher(0), VoucherState.BOOKED);
        _assertState(second, VoucherState.BOOKED);
        _assertState(_voucher(1), VoucherState.LIVE);
        _assertBooking(booking, second, FACE, merchant, LAPSE);
        _assertBooking(booking, _voucher(1), 0, 0, 0);
        vm.assertEq(_committed(line), committed, "committed");
        vm.assertEq(_payable(line), 0, "payable");
        vm.assertEq(vouchers.redeemedBits(_voucher(0) >> 8), 0, "redeemed bits");
    }

    function test_book__whenATerminalSendsIt__doesForOthers() external {
        BookingGroup[] memory groups = _groupsOf(_reservationOf(0));
        vm.prank(till);
        vm.assertEq(vouchers.book(groups, new Consent[](0)), 1);
        address own = _holder(1);
        vm.prank(registrar);
        merchants.addTerminal(merchant, own);
        groups = _groupsOf(_reservationOf(1));
        vm.recordLogs();
        vm.prank(own);
        vm.assertEq(vouchers.book(groups, new Consent[](0)), 0);
        _assertNo(_reservationOf(1), _voucher(1), IVouchersErrors.Vouchers_SelfRedemption.selector);
    }

    function test_book__whenSomethingElseWasSigned__passesItOver() external {
        for (uint256 fault; fault < 7; ++fault) {
            Reservation memory r = _reservationOf(0);
            if (fault == 0) r.lapseAt += 1;
            if (fault == 1) r.service = ~r.service;
            if (fault == 2) r.channel = 1;
            if (fault == 3) r.deadline += 1;
            if (fault == 4) r.spends[0].amount = 1;
            if (fault == 5) r.spends[0].sequence = 1;
            if (fault == 6) r.signature = _signature(_holderKey(1), _bookingDigest(r, merchant));
            vm.recordLogs();
            vm.assertEq(_book(r), 0);
            Vm.Log[] memory logs = vm.getRecordedLogs();
            vm.assertEq(logs.length, 1, "logs");
            _assertItemRefused(logs[0], merchant, 0, 0, IVouchersErrors.Vouchers_SignatureInvalid.selector);
        }
        Item memory item = _signedItem(_voucher(0), 0, merchant); // a redemption of the same fields is no booking
        vm.assertEq(
            _book(Reservation(item.spends, item.bill, item.receipt, item.channel, item.deadline, item.signature)), 0, "redemption"
        );
    }

    function test_book__whenARuleSaysNo__skipsIt() external {
        BookingGroup[] memory groups = _groupsOf(_reservationOf(0));
        Reservation[] memory list = new Reservation[](3);
        Reservation memory closed = _reservation(_spend(_voucher(1)));
        closed.channel = 2;
        (list[0], list[1], list[2]) = (_signedBooking(closed, 1), _reservationOf(0), _reservationOf(2));
        groups[0].reservations = list;
        vm.recordLogs();
        vm.prank(operator);
        vm.assertEq(vouchers.book(groups, new Consent[](0)), 2);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 3, "logs");
        assertLog(
            logs[0],
            address(vouchers),
            topicsOf(IVouchersRedemption.RedemptionRefused.selector, _voucher(1), merchant),
            abi.encode(_bookingDigest(closed, merchant), IVouchersErrors.Vouchers_ChannelClosed.selector)
        );
        _assertState(_voucher(1), VoucherState.LIVE);
        _assertState(_voucher(2), VoucherState.BOOKED);
    }

    function test_book__whenTheMinimumSpendIsHigh__asksForNoBill() external {
        BatchTerms memory t = _batchTerms(programme);
        t.minimumSpend = 100 * FACE;
        _openAndIssue(t);
        Reservation memory r = _signedBooking(_reservation(_spend(_id(batch + 1, roll, 0))), 0);
        vm.assertEq(_book(r), 1);
    }

    function test_book__whenItLapsesNow__refusesIt() external {
        Reservation memory r = _reservation(_spend(_voucher(0)));
        r.lapseAt = NOW;
        _assertBookedNot(r, _voucher(0), IVouchersErrors.Vouchers_LapsePassed.selector);
        r.lapseAt = NOW + 1;
        vm.assertEq(_book(_signedBooking(r, 0)), 1, "one second later");
    }

    function test_book__whenItLapsesAfterTheValidity__refusesIt() external {
        BatchTerms memory t = _batchTerms(programme);
        t.validUntil = END - 1;
        _openAndIssue(t);
        uint256 shorter = _id(batch + 1, roll, 0);
        Reservation memory r = _reservation(_spend(_voucher(0), shorter));
        r.lapseAt = END;
        _assertBookedNot(r, shorter, IVouchersErrors.Vouchers_LapseBeyondValidity.selector);
        _assertState(_voucher(0), VoucherState.LIVE);
        r.lapseAt = END - 1;
        vm.assertEq(_book(_signedBooking(r, 0)), 2, "one second before");
        r = _reservation(_spend(_voucher(1)));
        r.lapseAt = type(uint256).max;
        _assertBookedNot(_signedBooking(r, 1), 1, _voucher(1), IVouchersErrors.Vouchers_LapseBeyondValidity.selector);
    }

    function test_book__whenBookedInTheSameCall__refusesTheSecond() external {
        BookingGroup[] memory groups = _groupsOf(_reservationOf(0));
        Reservation memory other = _reservation(_spend(_voucher(0)));
        other.service = keccak256("another");
        Reservation[] memory list = new Reservation[](2);
        (list[0], list[1]) = (groups[0].reservations[0], _signedBooking(other, 0));
        groups[0].reservations = list;
        vm.recordLogs();
        vm.prank(operator);
        vm.assertEq(vouchers.book(groups, new Consent[](0)), 1);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        assertLog(
            logs[1],
            address(vouchers),
            topicsOf(IVouchersRedemption.RedemptionRefused.selector, _voucher(0), merchant),
            abi.encode(_bookingDigest(other, merchant), IVouchersErrors.Vouchers_VoucherBooked.selector)
        );
        _assertBookedNot(_reservation(_spend(_voucher(0))), _voucher(0), IVouchersErrors.Vouchers_VoucherBooked.selector);
    }

    function test_book__whenRedeemed__refusesIt() external {
        _sell(0, 1, till);
        _assertBookedNot(_reservation(_spend(_voucher(0))), _voucher(0), IVouchersErrors.Vouchers_AlreadyRedeemed.selector);
    }

    function test_book__whenItsSignatureWasReleased__refusesItForEver() external {
        bytes32 booking = _booked(0);
        _release(shop, booking, 0);
        _assertNoOf(_reservationOf(0), _voucher(0), IVouchersErrors.Vouchers_SignatureUsed.selector);
        Reservation memory other = _reservation(_spend(_voucher(0)));
        other.service = keccak256("another");
        vm.assertEq(_book(_signedBooking(other, 0)), 1, "another signature");
    }

    function test_book__whenAboveTheThreshold__wantsAConsent() external {
        RulesTerms memory rules = _rulesTerms();
        rules.stepUpThreshold = FACE - 1;
        uint256 voucher = _underVersion2(rules);
        Reservation memory r = _signedBooking(_reservation(_spend(voucher)), 0);
        _assertNoOf(r, voucher, IVouchersErrors.Vouchers_ConsentMissing.selector);
        address attestor = _account("attestor");
        vm.prank(admin);
        manager.grantRole(8, attestor, 0);
        vouchers.syncAttestor(attestor);
        bytes32 digest = _bookingDigest(r, merchant);
        bytes32 consent = _typed(keccak256(abi.encode(keccak256("Consent(bytes32 redemption)"), digest)));
        Consent[] memory consents = new Consent[](1);
        consents[0] = Consent(digest, _signature(_key("attestor"), consent));
        vm.prank(operator);
        vm.assertEq(vouchers.book(_groupsOf(r), consents), 1);
    }

    function test_book__whenTheHoldersLimitIsUsedUp__letsNothingFollow() external {
        RulesTerms memory rules = _rulesTerms();
        rules.dayCount = 1;
        uint256 voucher = _underVersion2(rules);
        Reservation memory r = _signedBooking(_reservation(_spend(voucher)), 0);
        r.lapseAt = END + 1;
        _assertBookedNot(r, voucher, IVouchersErrors.Vouchers_LapseBeyondValidity.selector);
        vm.assertEq(vouchers.counterWord(programme, _holder(0)), 0, "not counted");
        r.lapseAt = END;
        vm.assertEq(_book(_signedBooking(r, 0)), 1);
        Item memory item = _signedItem(_id(batch + 2, roll, 0), 0, merchant);
        _assertSaidNo(item, _id(batch + 2, roll, 0), IVouchersErrors.Vouchers_DayLimitPassed.selector);
    }

    // --- a booked voucher ---

    function test_booked__redeemed__isRefused() external {
        _booked(0);
        _assertSaidNo(_signedItem(_voucher(0), 0, merchant), _voucher(0), IVouchersErrors.Vouchers_VoucherBooked.selector);
        vm.assertEq(_redeem(merchant, _signedItem(_voucher(1), 1, merchant)), 1, "a neighbour");
    }

    function test_booked__swept__isLeftOut() external {
        _booked(0);
        vm.warp(END);
        _sweep();
        _assertLine(1, 0);
        _assertState(_voucher(0), VoucherState.BOOKED);
        _assertState(_voucher(1), VoucherState.EXPIRED);
    }

    // --- helpers ---

    /// @dev A voucher of a second batch for the same places.
    function _secondOf(uint256 place) private returns (uint256) {
        _openAndIssue(_batchTerms(programme));
        return _id(batch + 1, roll, place);
    }

    function _openAndIssue(BatchTerms memory t) private {
        _issue(_openBatch("another", t), roll);
    }

    /// @dev Place 0 of the first of two batches opened under a second version of the rules.
    function _underVersion2(RulesTerms memory rules) private returns (uint256) {
        vm.prank(treasurer);
        programmes.proposeRules(programme, rules, Widening(0, new uint40[](0), 0), "stricter");
        vm.warp(NOW + 7 days);
        vm.prank(approver);
        programmes.activateRules(programme, 2);
        _issue(_openBatch("under two", programme), roll);
        _issue(_openBatch("under two as well", programme), roll);
        return _id(batch + 1, roll, 0);
    }

    /// @dev Signs it as the first holder.
    function _assertBookedNot(Reservation memory r, uint256 voucher, bytes4 reason) private {
        _assertBookedNot(r, 0, voucher, reason);
    }

    function _assertBookedNot(Reservation memory r, uint256 place, uint256 voucher, bytes4 reason) private {
        _assertNoOf(_signedBooking(r, place), voucher, reason);
    }

    function _assertNoOf(Reservation memory r, uint256 voucher, bytes4 reason) private {
        vm.recordLogs();
        vm.assertEq(_book(r), 0, "booked");
        _assertNo(r, voucher, reason);
    }

    /// @dev The only log recorded says no.
    function _assertNo(Reservation memory r, uint256 voucher, bytes4 reason) private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1, "logs");
        bytes32[] memory topics = topicsOf(IVouchersRedemption.RedemptionRefused.selector, voucher, merchant);
        assertLog(logs[0], address(vouchers), topics, abi.encode(_bookingDigest(r, merchant), reason));
    }
}
