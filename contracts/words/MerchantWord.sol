// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title The words of a merchant and of a terminal that a redemption reads.
/// @dev Merchant: status 8, channels 8, categories 64, region 40. Terminal: merchant 32, status 8.
library MerchantWord {
    uint256 internal constant TERMINAL_ACTIVE = 1;

    function pack(uint256 status_, uint256 channels_, uint256 categories_, uint256 region_) internal pure returns (uint256) {
        return status_ | channels_ << 8 | categories_ << 16 | region_ << 80;
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

    function packTerminal(uint256 merchant, uint256 status_) internal pure returns (uint256) {
        return merchant | status_ << 32;
    }

    /// @dev Whether `terminal` is an active terminal of `merchant`.
    function serves(uint256 terminal, uint256 merchant) internal pure returns (bool) {
        return uint32(terminal) == merchant && uint8(terminal >> 32) == TERMINAL_ACTIVE;
    }
}
