// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title The word of a voucher that a signature booked.
/// @dev amount 64, merchant 32, lapseAt 40 (programme clock). Zero where nothing is booked: no merchant has the id 0.
library BookingWord {
    function pack(uint256 amount_, uint256 merchant_, uint256 lapseOnClock) internal pure returns (uint256) {
        return amount_ | merchant_ << 64 | lapseOnClock << 96;
    }

    function amount(uint256 word) internal pure returns (uint256) {
        return uint64(word);
    }

    function merchant(uint256 word) internal pure returns (uint256) {
        return uint32(word >> 64);
    }

    /// @dev On the programme clock, exclusive.
    function lapseAt(uint256 word) internal pure returns (uint256) {
        return uint40(word >> 96);
    }
}
