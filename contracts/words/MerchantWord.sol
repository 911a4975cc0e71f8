// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title The words of a merchant and of a terminal that a redemption reads.
/// @dev Merchant: status 8, channels 8, categories 64, region 40, flags 8, frozenUntil 40.
/// Terminal: merchant 32, status 8, dailyLimit 64, day 24, spent 64.
library MerchantWord {
    uint256 internal constant TERMINAL_ACTIVE = 1;
    uint256 internal constant FROZEN = 1;
    uint256 private constant TERMS_BITS = 120;
    uint256 private constant LIMIT_AT = 40;
    uint256 private constant FREEZE = uint256(type(uint48).max) << 120; // flags and frozenUntil

    function pack(uint256 status_, uint256 channels_, uint256 categories_, uint256 region_) internal pure returns (uint256) {
        return status_ | channels_ << 8 | categories_ << 16 | region_ << 80;
    }

    /// @dev The word with the flags and the end of a freeze that stand in `old`.
    function keepFreeze(uint256 word, uint256 old) internal pure returns (uint256) {
        return word | old >> TERMS_BITS << TERMS_BITS;
    }

    function status(uint256 word) internal pure returns (uint256) {
        return uint8(word);
    }

    function channels(uint256 word) internal pure returns (uint256) {
        return uint8(word >> 8);
    }

    function categories(uint256 word) internal pure returns (uint256) {
        return uint64(word >> 16);
    }

    function region(uint256 word) internal pure returns (uint256) {
        return uint40(word >> 80);
    }

    /// @dev Until when the merchant is frozen, exclusive; 0 if it is not.
    function frozenUntil(uint256 word) internal pure returns (uint256) {
        return uint8(word >> 120) & FROZEN == 0 ? 0 : uint40(word >> 128);
    }

    /// @dev `until` 0 ends a freeze.
    function setFrozen(uint256 word, uint256 until) internal pure returns (uint256) {
        return word & ~FREEZE | (until == 0 ? 0 : FROZEN << 120 | until << 128);
    }

    /// @dev What the terminal may redeem on a day; 0: no limit of its own.
    function dailyLimit(uint256 terminal) internal pure returns (uint256) {
        return uint64(terminal >> LIMIT_AT);
    }

    /// @dev The word with another limit; what was spent today stays.
    function withDailyLimit(uint256 terminal, uint64 limit) internal pure returns (uint256) {
        return terminal & ~(uint256(type(uint64).max) << LIMIT_AT) | uint256(limit) << LIMIT_AT;
    }

    function spent(uint256 terminal) internal pure returns (uint256) {
        return uint64(terminal >> 128);
    }

    /// @dev The terminal's word after `amount` on `day`. A day earlier than the last counts as the last one, so that programmes of
    /// different time zones give no second allowance. The caller keeps the sum below 2^64.
    function spend(uint256 terminal, uint256 day, uint256 amount) internal pure returns (uint256) {
        if (day <= uint24(terminal >> 104)) return terminal + (amount << 128);
        return uint104(terminal) | day << 104 | amount << 128;
    }

    function packTerminal(uint256 merchant, uint256 status_) internal pure returns (uint256) {
        return merchant | status_ << 32;
    }

    /// @dev Whether `terminal` is an active terminal of `merchant`.
    function serves(uint256 terminal, uint256 merchant) internal pure returns (bool) {
        return uint32(terminal) == merchant && uint8(terminal >> 32) == TERMINAL_ACTIVE;
    }
}
