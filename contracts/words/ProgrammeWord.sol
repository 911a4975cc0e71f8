// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title The word of a programme that a redemption reads.
/// @dev state 8, flags 8, version 16, utcOffset 16 (int16, minutes), pausedSeconds 32, pausedUntil 40, widenedCategories 64,
/// widenedChannels 8, widenedChannelsUntil 40, permanentChannels 8.
library ProgrammeWord {
    /// @dev Flags: some voucher carries an overlay; regions were widened; holders were frozen; what holders redeem is counted.
    uint256 internal constant OVERLAYS = 1;
    uint256 internal constant REGIONS_WIDENED = 2;
    uint256 internal constant HOLDERS_FROZEN = 4;
    uint256 internal constant COUNTED = 8;

    /// @dev The word with these three; whatever else stands in it is kept.
    function restate(uint256 word, uint256 state_, uint256 version_, int16 utcOffset_) internal pure returns (uint256) {
        uint256 others = word & ~(uint256(type(uint32).max) << 16 | type(uint8).max);
        return others | state_ | version_ << 16 | uint256(uint16(utcOffset_)) << 32; // versions are below 2^16
    }

    /// @dev The word with more categories, channels and flags open; none is ever closed.
    function widen(uint256 word, uint64 categories, uint8 channels, uint256 flags_) internal pure returns (uint256) {
        return word | flags_ << 8 | uint256(categories) << 120 | uint256(channels) << 232;
    }

    function state(uint256 word) internal pure returns (uint256) {
        return uint8(word);
    }

    function flags(uint256 word) internal pure returns (uint256) {
        return uint8(word >> 8);
    }

    function version(uint256 word) internal pure returns (uint256) {
        return uint16(word >> 16);
    }

    /// @dev Seconds to add to a time to have the programme's local time.
    function utcOffset(uint256 word) internal pure returns (int256) {
        return int256(int16(uint16(word >> 32))) * 60;
    }

    /// @dev Seconds the programme was paused, a pause that runs counted to its declared end.
    function pausedSeconds(uint256 word) internal pure returns (uint256) {
        return uint32(word >> 48);
    }

    function pausedUntil(uint256 word) internal pure returns (uint256) {
        return uint40(word >> 80);
    }

    function setFlag(uint256 word, uint256 flag) internal pure returns (uint256) {
        return word | flag << 8;
    }

    /// @dev `total` counts a pause that runs to its declared end.
    function setPause(uint256 word, uint256 until, uint256 total) internal pure returns (uint256) {
        return word & ~(uint256(type(uint72).max) << 48) | total << 48 | until << 80;
    }

    function setWidenedChannels(uint256 word, uint256 channels, uint256 until) internal pure returns (uint256) {
        return word & ~(uint256(type(uint48).max) << 184) | channels << 184 | until << 192;
    }

    function widenedCategories(uint256 word) internal pure returns (uint256) {
        return uint64(word >> 120);
    }

    function widenedChannels(uint256 word) internal pure returns (uint256) {
        return uint8(word >> 184);
    }

    function widenedChannelsUntil(uint256 word) internal pure returns (uint256) {
        return uint40(word >> 192);
    }

    /// @dev Channels open beyond the batch's own at `time`, for ever or until the emergency lane's widening lapses.
    function extraChannels(uint256 word, uint256 time) internal pure returns (uint256) {
        uint256 permanent = permanentChannels(word);
        return time < widenedChannelsUntil(word) ? permanent | widenedChannels(word) : permanent;
    }

    /// @dev Whether anything was ever widened: all such fields stand above bit 119.
    function isWidened(uint256 word) internal pure returns (bool) {
        return word >> 120 != 0;
    }

    /// @dev The channels opened for good by a rules version.
    function permanentChannels(uint256 word) internal pure returns (uint256) {
        return uint8(word >> 232);
    }

    /// @dev The local calendar day of `time`, counted from 1970-01-01. `time` lies after 1970-01-02.
    function day(uint256 word, uint256 time) internal pure returns (uint256) {
        unchecked {
            return uint256(int256(time) + utcOffset(word)) / 1 days; // |offset| < 2^15 minutes < 23 days
        }
    }
}
