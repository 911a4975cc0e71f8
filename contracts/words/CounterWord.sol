// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title What a holder has redeemed in a programme: today, this month, ever. Counts are vouchers.
/// @dev day 24, dayAmount 56, dayCount 16, month 16, monthAmount 56, monthCount 16, total 40. Amounts are part of a line's deposits
/// (below 2^56); a count stops at its field's end, which no limit exceeds.
library CounterWord {
    uint256 private constant MOST = type(uint16).max;

    /// @dev The word as it stands on `day` of `month`: sums of another day or month are gone.
    function turn(uint256 word, uint256 day, uint256 month) internal pure returns (uint256) {
        if (uint24(word) != day) word = word >> 96 << 96 | day;
        if (uint16(word >> 96) != month) word = word >> 184 << 184 | uint96(word) | month << 96;
        return word;
    }

    /// @dev The caller keeps the amounts within 56 bits.
    function add(uint256 word, uint256 amount, uint256 count) internal pure returns (uint256) {
        uint256 today = dayCount(word) + count;
        uint256 thisMonth = monthCount(word) + count;
        if (today > MOST) today = MOST;
        if (thisMonth > MOST) thisMonth = MOST;
        return uint24(word) | dayAmount(word) + amount << 24 | today << 80 | word >> 96 << 240 >> 144 | monthAmount(word) + amount
            << 112 | thisMonth << 168 | total(word) + count << 184;
    }

    function dayAmount(uint256 word) internal pure returns (uint256) {
        return uint56(word >> 24);
    }

    function dayCount(uint256 word) internal pure returns (uint256) {
        return uint16(word >> 80);
    }

    function monthAmount(uint256 word) internal pure returns (uint256) {
        return uint56(word >> 112);
    }

    function monthCount(uint256 word) internal pure returns (uint256) {
        return uint16(word >> 168);
    }

    function total(uint256 word) internal pure returns (uint256) {
        return word >> 184;
    }
}
