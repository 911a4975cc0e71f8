// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IVouchersBooking} from "../../contracts/interfaces/IVouchersBooking.sol";
import {BookingGroup, Capture, Part, Reservation} from "../../contracts/types/Booking.sol";
import {Leaf} from "../../contracts/types/Case.sol";
import {Consent, Spend} from "../../contracts/types/Redemption.sol";
import {BookingTypes} from "./BookingTypes.sol";
import {DeskWorld} from "./DeskWorld.sol";

/// @title The open world with reservations signed by its holders, and what their merchants say about them.
abstract contract BookingWorld is DeskWorld {
    bytes32 internal constant SERVICE = keccak256("two nights");
    bytes32 internal constant RECEIPT = keccak256("bill of two nights");
    uint256 internal constant LAPSE = NOW + 10 days;

    // --- what is signed ---

    function _bookingDigest(Reservation memory r, uint256 merchant_) internal view returns (bytes32) {
        return _typed(BookingTypes.booking(r, merchant_));
    }

    function _captureDigest(Capture memory c) internal view returns (bytes32) {
        return _typed(BookingTypes.capture(c));
    }

    function _releaseDigest(bytes32 booking, uint256[] memory list, uint256 deadline) internal view returns (bytes32) {
        return _typed(BookingTypes.release(booking, list, deadline));
    }

    // --- steps ---

    function _reservation(Spend[] memory spends) internal view returns (Reservation memory r) {
        (r.spends, r.lapseAt, r.service, r.deadline) = (spends, LAPSE, SERVICE, block.timestamp + 60);
    }

    /// @dev Signed by the holder of the test roll's `place`.
    function _signedBooking(Reservation memory r, uint256 place) internal view returns (Reservation memory) {
        r.signature = _signature(_holderKey(place), _bookingDigest(r, merchant));
        return r;
    }

    /// @dev The reservation of one voucher, signed.
    function _reservationOf(uint256 place) internal view returns (Reservation memory) {
        return _signedBooking(_reservation(_spend(_voucher(place))), place);
    }

    function _groupsOf(Reservation memory r) internal view returns (BookingGroup[] memory groups) {
        groups = new BookingGroup[](1);
        groups[0].merchant = merchant;
        groups[0].reservations = new Reservation[](1);
        groups[0].reservations[0] = r;
    }

    /// @dev As the relayer.
    function _book(Reservation memory r) internal returns (uint256) {
        vm.prank(operator);
        return vouchers.book(_groupsOf(r), new Consent[](0));
    }

    /// @dev Books the voucher at `place`.
    function _booked(uint256 place) internal returns (bytes32 booking) {
        Reservation memory r = _reservationOf(place);
        vm.assertEq(_book(r), 1, "booked");
        return _bookingDigest(r, merchant);
    }

    function _parts(uint256 voucher) internal pure returns (Part[] memory parts) {
        parts = new Part[](1);
        parts[0] = Part(voucher, FACE);
    }

    /// @dev A capture of one whole voucher, not signed yet.
    function _captureOf(bytes32 booking, uint256 voucher) internal view returns (Capture memory) {
        return Capture(booking, _parts(voucher), 20 * uint256(FACE), RECEIPT, block.timestamp + 60, "");
    }

    /// @dev By the merchant's key itself; its leaf is kept.
    function _capture(bytes32 booking, uint256 place) internal {
        delete leaves;
        leaves.push(Leaf(booking, _voucher(place), FACE, merchant, address(0), block.timestamp, 1));
        Capture memory c = _captureOf(booking, _voucher(place));
        vm.prank(shop);
        first = vouchers.capture(c);
    }

    function _release(address by, bytes32 booking, uint256 place) internal {
        vm.prank(by);
        vouchers.release(booking, _one(_voucher(place)), block.timestamp + 1, "");
    }

    // --- what must be so ---

    function _assertBooking(bytes32 booking, uint256 voucher, uint256 amount, uint256 at, uint256 lapseAt) internal view {
        (uint256 amount_, uint256 merchant_, uint256 lapseAt_) = vouchers.bookingOf(booking, voucher);
        vm.assertEq(amount_, amount, "amount booked");
        vm.assertEq(merchant_, at, "merchant booked");
        vm.assertEq(lapseAt_, lapseAt, "lapse");
    }

    function _releasedTopics(uint256 voucher) internal view returns (bytes32[] memory) {
        return topicsOf(IVouchersBooking.BookingReleased.selector, voucher, merchant);
    }
}
