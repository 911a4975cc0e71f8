// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title What was taken from a voucher that is no fixed value.
/// @dev spent 64, booked 64, sequence 64. Only stored value has bookings by amount and a sequence. Both sums together stay within the
/// face value, below 2^48; a sequence grows by one a redemption or booking and never goes back.
library StoredWord {
    uint256 private constant BOOKED_AT = 64;
    uint256 private constant SEQUENCE_AT = 128;

    function spent(uint256 word) internal pure returns (uint256) {
        return uint64(word);
    }

    function booked(uint256 word) internal pure returns (uint256) {
        return uint64(word >> BOOKED_AT);
    }

    /// @dev What the next redemption or booking must carry.
    function sequence(uint256 word) internal pure returns (uint256) {
        return word >> SEQUENCE_AT;
    }

    /// @dev The caller keeps `spent + booked + amount` within the face value.
    function spend(uint256 word, uint256 amount) internal pure returns (uint256) {
        return word + amount;
    }

    /// @dev The caller keeps `amount ≤ spent`.
    function giveBack(uint256 word, uint256 amount) internal pure returns (uint256) {
        return word - amount;
    }

    /// @dev The caller keeps `spent + booked + amount` within the face value.
    function book(uint256 word, uint256 amount) internal pure returns (uint256) {
        return word + (amount << BOOKED_AT);
    }

    /// @dev Takes a {book} back.
    function unbook(uint256 word, uint256 amount) internal pure returns (uint256) {
        return word - (amount << BOOKED_AT);
    }

    function next(uint256 word) internal pure returns (uint256) {
        return word + (1 << SEQUENCE_AT);
    }
}
