// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {BookingGroup, Reservation} from "../../contracts/types/Booking.sol";
import {Consent, Item} from "../../contracts/types/Redemption.sol";
import {StoredWord} from "../../contracts/words/StoredWord.sol";
import {BookingTypes} from "./BookingTypes.sol";
import {CaseWorld} from "./CaseWorld.sol";
import {OpenTypes} from "./OpenTypes.sol";

/// @title What a case says of bookings: one made before, or one that is asked for.
abstract contract CaseBookings is CaseWorld {
    /// @dev On the first second of the programme, at merchant 1.
    function _bookBefore() internal override {
        string memory booked = _text("booked");
        if (_same(booked, "none")) return;
        vm.warp(START);
        uint256 voucher = _id(1, 1, _same(booked, "voucher") ? 0 : 2);
        Item memory item = _item(_spend(voucher));
        item.spends[0].amount = _number("bookedAmount");
        item.spends[0].sequence = StoredWord.sequence(vouchers.storedWord(voucher));
        item.signature = _signature(_key("alice"), _typed(BookingTypes.booking(_reservation(item, START + 1), THIS)));
        vm.prank(operator);
        vm.assertEq(vouchers.book(_reserve(item, THIS, START + 1), new Consent[](0)), 1, "booked before");
    }

    function _asksToBook() internal view returns (bool) {
        return _same(_text("asked"), "booking");
    }

    function _isOpen() internal view returns (bool) {
        return _same(_text("code"), "open");
    }

    /// @dev What is signed for what the case asks for.
    function _asked(Item memory item, uint256 merchant) internal view returns (bytes32) {
        if (_isOpen()) return OpenTypes.redemption(item, _number("maxBill"));
        if (!_asksToBook()) return _structHash(item, merchant);
        return BookingTypes.booking(_reservation(item, _number("lapseAt")), merchant);
    }

    /// @dev The item's vouchers, with its signature; its receipt names the service.
    function _reserve(Item memory item, uint256 merchant, uint256 lapseAt) internal pure returns (BookingGroup[] memory groups) {
        groups = new BookingGroup[](1);
        (groups[0].merchant, groups[0].reservations) = (merchant, new Reservation[](1));
        groups[0].reservations[0] = _reservation(item, lapseAt);
    }

    function _reservation(Item memory item, uint256 lapseAt) private pure returns (Reservation memory) {
        return Reservation(item.spends, lapseAt, item.receipt, item.channel, item.deadline, item.signature);
    }
}
