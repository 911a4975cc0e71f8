// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICaseDeskFreezes} from "../../contracts/interfaces/ICaseDeskFreezes.sol";
import {IVouchersBooking} from "../../contracts/interfaces/IVouchersBooking.sol";
import {IVouchersErrors} from "../../contracts/interfaces/IVouchersErrors.sol";
import {IVouchersRedemption} from "../../contracts/interfaces/IVouchersRedemption.sol";
import {Capture, Part, Reservation} from "../../contracts/types/Booking.sol";
import {Leaf} from "../../contracts/types/Case.sol";
import {Item, Spend} from "../../contracts/types/Redemption.sol";
import {BatchTerms, VoucherState} from "../../contracts/types/Supply.sol";
import {StoredWord} from "../../contracts/words/StoredWord.sol";
import {BookingWorld} from "./BookingWorld.sol";
import {Vm} from "./Vm.sol";

/// stored value
/// ├── when an amount is booked: it should be reserved, and what is left be spent and booked beside it
/// ├── when the amount is zero or above what is neither spent nor booked: it should refuse it; not where it meets it
/// ├── when the sequence is not the next one, so also by the same signature: it should refuse it
/// ├── when a part is captured: it should redeem that and set the rest of the booking free
/// ├── when nothing or more than was booked is served: it should refuse it; not where it is all
/// ├── when the last of its value is captured: it should be used up
/// ├── when it is released: it should be free again, the signature dead, other bookings as they were
/// ├── when it is swept: it should keep what is booked, and count with the last booking released
/// ├── while a booking stands: it should not be revoked
/// └── when it was captured: its reversal and its dispute should take that part back and leave other bookings as they are
/// percentage with cap
/// ├── when it is booked: it should be reserved whole
/// ├── when it is captured: it should take the percentage of that bill, at most what was booked, and be used up
/// ├── when the percentage of the bill is nothing: it should refuse it
/// ├── when several stand on one bill: it should hold what they really take against it
/// ├── when it was captured: its reversal should make it whole, a sweep take the rest
/// └── when it is swept while booked: its release should give the cap back
contract BookedKindsTest is BookingWorld {
    uint256 private rated; // a percentage of a tenth, capped by FACE
    uint256 private purse; // stored value of FACE

    function setUp() public override {
        super.setUp();
        rated = _openKind("rated", 1, 1_000);
        purse = _openKind("purse", 2, 0);
    }

    // --- stored value: booked ---

    function test_stored__whenAnAmountIsBooked__leavesTheRest() external {
        uint256 voucher = _id(purse, roll, 0);
        Reservation memory r = _reserve(purse, 300, 0);
        bytes32 booking = _bookingDigest(r, merchant);
        vm.recordLogs();
        vm.assertEq(_book(r), 1);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        bytes32[] memory topics = topicsOf(IVouchersBooking.VoucherBooked.selector, voucher, merchant);
        assertLog(logs[0], address(vouchers), topics, abi.encode(SERVICE, booking, uint256(300), LAPSE));
        _assertBooking(booking, voucher, 300, merchant, LAPSE);
        _assertWord(0, 300, 1);
        _assertState(voucher, VoucherState.BOOKED);
        vm.assertEq(vouchers.overlayBits(3, voucher >> 8), 0, "no overlay");
        _assertSums(15, 15 * uint256(FACE), 0, 0);

        _spendOf(400, 1);
        _bookOf(purse, uint256(FACE) - 700, 2);
        _assertWord(400, uint256(FACE) - 400, 3);
        _assertState(voucher, VoucherState.BOOKED);
        _assertSums(15, 15 * uint256(FACE) - 400, 1, 400);
    }

    function test_stored__whenTheAmountIsOutside__refusesIt() external {
        _assertBookedNot(purse, 0, 0, IVouchersErrors.Vouchers_AmountOutside.selector);
        _assertBookedNot(purse, uint256(FACE) + 1, 0, IVouchersErrors.Vouchers_AmountOutside.selector);
        _spendOf(100, 0);
        _bookOf(purse, 200, 1);
        _assertBookedNot(purse, uint256(FACE) - 299, 2, IVouchersErrors.Vouchers_AmountOutside.selector);
        _bookOf(purse, uint256(FACE) - 300, 2);
        Item memory item = _itemOf(1, 3);
        _assertSaidNo(item, _id(purse, roll, 0), IVouchersErrors.Vouchers_AmountOutside.selector);
        _assertBookedNot(purse, 1, 3, IVouchersErrors.Vouchers_AmountOutside.selector);
    }

    function test_stored__whenTheSequenceIsNotTheNext__refusesIt() external {
        _assertBookedNot(purse, 300, 1, IVouchersErrors.Vouchers_SequenceMismatch.selector);
        _bookOf(purse, 300, 0);
        _assertBookedNot(purse, 300, 0, IVouchersErrors.Vouchers_SequenceMismatch.selector);
        _assertSaidNo(_itemOf(300, 0), _id(purse, roll, 0), IVouchersErrors.Vouchers_SequenceMismatch.selector);
        _assertWord(0, 300, 1);
    }

    function test_stored__whenItLapsesTooLate__staysAsItWas() external {
        Reservation memory r = _reservation(_spendsOf(purse, 300, 0));
        r.lapseAt = END + 1;
        vm.assertEq(_book(_signedBooking(r, 0)), 0);
        _assertWord(0, 0, 0);
        vm.assertEq(_book(_signedBooking(_reservation(_spend(_voucher(0))), 0)), 1, "a fixed value after it");
    }

    // --- stored value: captured and released ---

    function test_stored__whenAPartIsCaptured__freesTheRest() external {
        uint256 voucher = _id(purse, roll, 0);
        bytes32 booking = _bookOf(purse, 300, 0);
        bytes32 other = _bookOf(purse, 100, 1);
        vm.recordLogs();
        _serve(booking, purse, 120, 120);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        bytes32[] memory topics = topicsOf(IVouchersBooking.BookingCaptured.selector, voucher, merchant);
        assertLog(logs[0], address(vouchers), topics, abi.encode(booking, uint256(120), uint256(1), uint256(1)));
        _assertCommitted(logs[2], 1, 1, _chain(0, booking, voucher, 120, merchant, address(0)));
        _assertWord(120, 100, 2);
        _assertBooking(booking, voucher, 0, 0, 0);
        _assertBooking(other, voucher, 100, merchant, LAPSE);
        _assertState(voucher, VoucherState.BOOKED);
        _assertSums(15, 15 * uint256(FACE) - 120, 1, 120);
        _refuse(abi.encodeWithSelector(IVouchersErrors.Vouchers_NotBooked.selector, voucher, booking), booking, purse, 1, 1);
        _serve(other, purse, 100, 100);
        _assertState(voucher, VoucherState.LIVE);
        _spendOf(uint256(FACE) - 220, 2);
        _assertState(voucher, VoucherState.REDEEMED);
    }

    function test_stored__whenTooMuchOrNothingIsServed__refusesIt() external {
        bytes32 booking = _bookOf(purse, 300, 0);
        bytes4 error = IVouchersErrors.Vouchers_AmountOutside.selector;
        _refuse(abi.encodeWithSelector(error, _id(purse, roll, 0), 301, 300), booking, purse, 301, FACE);
        _refuse(abi.encodeWithSelector(error, _id(purse, roll, 0), 0, 300), booking, purse, 0, FACE);
        error = IVouchersErrors.Vouchers_AmountsOverBill.selector;
        _refuse(abi.encodeWithSelector(error, 300, 299), booking, purse, 300, 299);
        _serve(booking, purse, 300, 300);
        _assertWord(300, 0, 1);
    }

    function test_stored__whenTheLastIsCaptured__isUsedUp() external {
        _spendOf(700, 0);
        bytes32 booking = _bookOf(purse, uint256(FACE) - 700, 1);
        _serve(booking, purse, uint256(FACE) - 700, FACE);
        _assertState(_id(purse, roll, 0), VoucherState.REDEEMED);
        _assertWord(FACE, 0, 2);
        _assertSums(14, 14 * uint256(FACE), 2, FACE);
        _assertBookedNot(purse, 1, 2, IVouchersErrors.Vouchers_AlreadyRedeemed.selector);
    }

    function test_stored__whenReleased__isFreeAgain() external {
        uint256 voucher = _id(purse, roll, 0);
        bytes32 booking = _bookOf(purse, 300, 0);
        bytes32 other = _bookOf(purse, 100, 1);
        vm.recordLogs();
        _free(shop, booking, purse);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        assertLog(logs[0], address(vouchers), _releasedTopics(voucher), abi.encode(booking, uint256(300), shop));
        vm.assertTrue(vouchers.isDead(booking, voucher), "dead");
        _assertWord(0, 100, 2);
        _assertBooking(other, voucher, 100, merchant, LAPSE);
        _assertBookedNot(purse, 300, 0, IVouchersErrors.Vouchers_SignatureUsed.selector);
        _bookOf(purse, uint256(FACE) - 100, 2);
        _assertSums(15, 15 * uint256(FACE), 0, 0);
    }

    function test_stored__whenSwept__keepsWhatIsBooked() external {
        _spendOf(100, 0);
        bytes32 booking = _bookOf(purse, 300, 1);
        bytes32 other = _bookOf(purse, 200, 2);
        vm.warp(END);
        vm.prank(treasurer);
        vm.assertEq(desk.sweep(purse, roll), 5 * uint256(FACE) - 600);
        _assertSwept(purse, 4);
        _assertSums(11, 10 * uint256(FACE) + 500, 1, 100);
        _free(outsider, booking, purse);
        _assertSwept(purse, 4);
        _assertSums(11, 10 * uint256(FACE) + 200, 1, 100);
        _assertState(_id(purse, roll, 0), VoucherState.BOOKED);
        _free(outsider, other, purse);
        _assertSwept(purse, 5);
        _assertSums(10, 10 * uint256(FACE), 1, 100);
        _assertState(_id(purse, roll, 0), VoucherState.EXPIRED);
        vm.assertEq(treasury.account(line).available, BUDGET - 10 * uint256(FACE) - 100);
    }

    function test_stored__whenReleasedBeforeTheSweep__isSweptWithIt() external {
        bytes32 booking = _bookOf(purse, 300, 0);
        vm.warp(END);
        _free(outsider, booking, purse);
        vm.prank(treasurer);
        vm.assertEq(desk.sweep(purse, roll), 5 * uint256(FACE));
        _assertSwept(purse, 5);
    }

    function test_stored__whileABookingStands__isNotRevoked() external {
        uint256 voucher = _id(purse, roll, 0);
        bytes32 booking = _bookOf(purse, 300, 0);
        vm.prank(auditor);
        desk.freeze(1, voucher, NOW + 1 days, "looked at");
        vm.expectRevert(abi.encodeWithSelector(ICaseDeskFreezes.CaseDesk_NotLive.selector, voucher, VoucherState.BOOKED));
        vm.prank(secondAuditor);
        desk.confirm(1, voucher, "found something");
        _free(shop, booking, purse);
        vm.prank(secondAuditor);
        desk.confirm(1, voucher, "found something");
        _assertSums(14, 14 * uint256(FACE), 0, 0);
    }

    function test_stored__whenItsCaptureIsReversed__keepsOtherBookings() external {
        uint256 voucher = _id(purse, roll, 0);
        bytes32 booking = _bookOf(purse, 300, 0);
        bytes32 other = _bookOf(purse, 100, 1);
        _serve(booking, purse, 120, 120);
        vm.assertTrue(_reverse(0), "live");
        _assertWord(0, 100, 2);
        _assertState(voucher, VoucherState.BOOKED);
        _assertBooking(other, voucher, 100, merchant, LAPSE);
        _assertSums(15, 15 * uint256(FACE), 0, 0);
        vm.assertTrue(vouchers.isDead(booking, voucher), "dead");
    }

    function test_stored__whenItsCaptureIsDisputed__locksThatPart() external {
        bytes32 booking = _bookOf(purse, FACE, 0);
        _serve(booking, purse, FACE, FACE);
        vm.prank(_holder(0));
        desk.dispute(_opening(0), REASON, NOW + 1, "");
        vm.assertEq(uint56(vouchers.dayWord(line, merchant, _day(NOW)) >> 112), FACE, "disputed");
        vm.prank(arbiter);
        desk.decide(1, false, REASON);
        _assertState(_id(purse, roll, 0), VoucherState.LIVE);
        _assertWord(0, 0, 1);
        _assertSums(15, 15 * uint256(FACE), 0, 0);
    }

    // --- percentage with cap ---

    function test_percentage__whenBooked__isReservedWhole() external {
        uint256 voucher = _id(rated, roll, 0);
        bytes32 booking = _bookOf(rated, 70, 0);
        _assertBooking(booking, voucher, 70, merchant, LAPSE);
        _assertState(voucher, VoucherState.BOOKED);
        _assertBookedNot(rated, 1, 0, IVouchersErrors.Vouchers_VoucherBooked.selector);
        _assertSums(15, 15 * uint256(FACE), 0, 0);
        _free(shop, booking, rated);
        _assertState(voucher, VoucherState.LIVE);
        _assertBookedNot(rated, uint256(FACE) + 1, 0, IVouchersErrors.Vouchers_AmountOutside.selector);
        _assertBookedNot(rated, FACE, 1, IVouchersErrors.Vouchers_SequenceMismatch.selector);
    }

    function test_percentage__whenCaptured__takesThePercentageOfTheBill() external {
        uint256[5] memory bills = [10 * uint256(FACE) - 1, 10 * uint256(FACE), 30 * uint256(FACE), type(uint256).max, 10];
        uint256[5] memory served = [uint256(FACE), FACE, FACE, FACE - 1, FACE];
        uint256[5] memory taken = [uint256(FACE) - 1, FACE, FACE, FACE - 1, 1];
        uint256 sum;
        for (uint256 place; place < 5; ++place) {
            uint256 voucher = _id(rated, roll, place);
            Reservation memory r = _signedBooking(_reservation(_spend(voucher)), place);
            vm.assertEq(_book(r), 1, "booked");
            Capture memory c = Capture(_bookingDigest(r, merchant), _parts(voucher), bills[place], RECEIPT, NOW + 60, "");
            c.parts[0].amount = served[place];
            vm.prank(shop);
            vouchers.capture(c);
            sum += taken[place];
            vm.assertEq(vouchers.storedWord(voucher), taken[place], "taken");
            _assertState(voucher, VoucherState.REDEEMED);
            _assertSums(14 - place, 15 * uint256(FACE) - sum, place + 1, sum);
        }
    }

    function test_percentage__whenItIsNothing__refusesIt() external {
        bytes32 booking = _bookOf(rated, FACE, 0);
        uint256 voucher = _id(rated, roll, 0);
        bytes4 error = IVouchersErrors.Vouchers_NothingOff.selector;
        _refuse(abi.encodeWithSelector(error, voucher, 9, 1_000), booking, rated, FACE, 9);
        error = IVouchersErrors.Vouchers_AmountOutside.selector;
        _refuse(abi.encodeWithSelector(error, voucher, uint256(FACE) + 1, FACE), booking, rated, uint256(FACE) + 1, 90);
        _refuse(abi.encodeWithSelector(error, voucher, 0, FACE), booking, rated, 0, 90);
        _serve(booking, rated, FACE, 10);
    }

    function test_percentage__whenSeveralStandOnOneBill__holdsWhatTheyTakeAgainstIt() external {
        uint256 half = _openKind("half", 1, 5_000);
        uint256 more = _openKind("more than half", 1, 5_100);
        Reservation memory r = _reservation(_spend(_id(half, roll, 0), _id(more, roll, 0)));
        vm.assertEq(_book(_signedBooking(r, 0)), 2);
        Capture memory c = Capture(_bookingDigest(r, merchant), new Part[](2), 100, RECEIPT, NOW + 60, "");
        c.parts[0] = Part(_id(half, roll, 0), FACE);
        c.parts[1] = Part(_id(more, roll, 0), FACE);
        vm.expectRevert(abi.encodeWithSelector(IVouchersErrors.Vouchers_AmountsOverBill.selector, 101, 100));
        vm.prank(shop);
        vouchers.capture(c);
        c.parts[1].amount = 50;
        vm.prank(shop);
        vouchers.capture(c);
        vm.assertEq(_payable(line), 100);
    }

    function test_percentage__whenCaptured__isReversedOrSweptAsAnyOther() external {
        bytes32 booking = _bookOf(rated, FACE, 0);
        _serve(booking, rated, 100, 1_000);
        vm.assertTrue(_reverse(0), "live");
        vm.assertEq(vouchers.storedWord(_id(rated, roll, 0)), 0);
        _assertSums(15, 15 * uint256(FACE), 0, 0);
        _assertBookedNot(rated, FACE, 0, IVouchersErrors.Vouchers_SignatureUsed.selector);
        booking = _bookOf(rated, FACE - 1, 0);
        _serve(booking, rated, 100, 1_000);
        vm.warp(END);
        vm.prank(treasurer);
        vm.assertEq(desk.sweep(rated, roll), 5 * uint256(FACE) - 100);
        _assertSwept(rated, 4);
        _assertSums(10, 10 * uint256(FACE), 1, 100);
    }

    function test_percentage__whenSweptWhileBooked__givesTheCapBackWhenReleased() external {
        bytes32 booking = _bookOf(rated, 70, 0);
        vm.warp(END);
        vm.prank(treasurer);
        vm.assertEq(desk.sweep(rated, roll), 4 * uint256(FACE));
        _assertSwept(rated, 4);
        _free(outsider, booking, rated);
        _assertSwept(rated, 5);
        _assertSums(10, 10 * uint256(FACE), 0, 0);
        vm.assertEq(treasury.account(line).available, BUDGET - 10 * uint256(FACE));
    }

    // --- helpers: all of place 0 ---

    function _openKind(string memory ref, uint8 kind, uint16 percentage) private returns (uint256 opened) {
        BatchTerms memory t = _batchTerms(programme);
        (t.kind, t.percentage) = (kind, percentage);
        opened = _openBatch(ref, t);
        _issue(opened, roll);
    }

    function _spendsOf(uint256 batch_, uint256 amount, uint256 sequence) private view returns (Spend[] memory spends) {
        spends = new Spend[](1);
        spends[0] = Spend(_id(batch_, roll, 0), amount, sequence);
    }

    function _reserve(uint256 batch_, uint256 amount, uint256 sequence) private view returns (Reservation memory) {
        return _signedBooking(_reservation(_spendsOf(batch_, amount, sequence)), 0);
    }

    function _bookOf(uint256 batch_, uint256 amount, uint256 sequence) private returns (bytes32 booking) {
        Reservation memory r = _reserve(batch_, amount, sequence);
        vm.assertEq(_book(r), 1, "booked");
        return _bookingDigest(r, merchant);
    }

    function _assertBookedNot(uint256 batch_, uint256 amount, uint256 sequence, bytes4 reason) private {
        Reservation memory r = _reserve(batch_, amount, sequence);
        vm.recordLogs();
        vm.assertEq(_book(r), 0, "booked");
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1, "logs");
        bytes32[] memory topics = topicsOf(IVouchersRedemption.RedemptionRefused.selector, _id(batch_, roll, 0), merchant);
        assertLog(logs[0], address(vouchers), topics, abi.encode(_bookingDigest(r, merchant), reason));
    }

    function _itemOf(uint256 amount, uint256 sequence) private view returns (Item memory item) {
        item = _item(_spendsOf(purse, amount, sequence));
        item.bill = FACE;
        return _signed(item, _holderKey(0), merchant);
    }

    /// @dev Redeems a part of the purse.
    function _spendOf(uint256 amount, uint256 sequence) private {
        vm.assertEq(_redeem(merchant, _itemOf(amount, sequence)), 1, "spent");
    }

    function _served(bytes32 booking, uint256 batch_, uint256 amount, uint256 bill) private view returns (Capture memory c) {
        c = Capture(booking, _parts(_id(batch_, roll, 0)), bill, RECEIPT, block.timestamp + 60, "");
        c.parts[0].amount = amount;
    }

    /// @dev By the merchant's key; its leaf is kept. Of a percentage, `amount` is what the bill gives.
    function _serve(bytes32 booking, uint256 batch_, uint256 amount, uint256 bill) private {
        delete leaves;
        leaves.push(Leaf(booking, _id(batch_, roll, 0), amount, merchant, address(0), block.timestamp, 1));
        Capture memory c = _served(booking, batch_, amount, bill);
        vm.prank(shop);
        first = vouchers.capture(c);
    }

    function _refuse(bytes memory error, bytes32 booking, uint256 batch_, uint256 amount, uint256 bill) private {
        Capture memory c = _served(booking, batch_, amount, bill);
        vm.expectRevert(error);
        vm.prank(shop);
        vouchers.capture(c);
    }

    function _free(address by, bytes32 booking, uint256 batch_) private {
        vm.prank(by);
        vouchers.release(booking, _one(_id(batch_, roll, 0)), block.timestamp + 1, "");
    }

    function _assertWord(uint256 spent, uint256 booked, uint256 sequence) private view {
        uint256 word = vouchers.storedWord(_id(purse, roll, 0));
        vm.assertEq(StoredWord.spent(word), spent, "spent");
        vm.assertEq(StoredWord.booked(word), booked, "booked");
        vm.assertEq(StoredWord.sequence(word), sequence, "sequence");
    }

    function _assertSums(uint256 count, uint256 committed, uint256 dueCount, uint256 due) private view {
        vm.assertEq(_committedCount(line), count, "committed count");
        vm.assertEq(_committed(line), committed, "committed");
        vm.assertEq(_payableCount(line), dueCount, "payable count");
        vm.assertEq(_payable(line), due, "payable");
        _assertIdentity(line);
    }

    function _assertSwept(uint256 batch_, uint256 count) private view {
        (,, uint256 supply) = vouchers.batchWords(batch_);
        vm.assertEq(uint40(supply >> 120), count, "swept");
    }
}
