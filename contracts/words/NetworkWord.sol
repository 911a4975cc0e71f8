// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title The word of the whole contract.
/// @dev nextNumber 64 (of a redemption; the first is 1), lastBatch 24, lastRoll 24, pausedUntil 40, pausedSeconds 32.
library NetworkWord {
    function nextNumber(uint256 word) internal pure returns (uint256) {
        return uint64(word);
    }

    function lastBatch(uint256 word) internal pure returns (uint256) {
        return uint24(word >> 64);
    }

    function lastRoll(uint256 word) internal pure returns (uint256) {
        return uint24(word >> 88);
    }

    function pausedUntil(uint256 word) internal pure returns (uint256) {
        return uint40(word >> 112);
    }

    function pausedSeconds(uint256 word) internal pure returns (uint256) {
        return uint32(word >> 152);
    }

    /// @dev `total` counts a pause that runs to its declared end.
    function setPause(uint256 word, uint256 until, uint256 total) internal pure returns (uint256) {
        return word & ~(uint256(type(uint72).max) << 112) | until << 112 | total << 152;
    }

    function addNumbers(uint256 word, uint256 count) internal pure returns (uint256) {
        return word + count;
    }

    /// @dev The caller keeps `lastBatch < 2^24 - 1`.
    function addBatch(uint256 word) internal pure returns (uint256) {
        return word + (1 << 64);
    }

    /// @dev The caller keeps `lastRoll < 2^24 - 1`.
    function addRoll(uint256 word) internal pure returns (uint256) {
        return word + (1 << 88);
    }
}
