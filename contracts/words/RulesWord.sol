// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {RulesTerms} from "../types/Programme.sol";

/// @title The two words of a rules version.
/// @dev `terms`: stepUpThreshold 64, merchantDailyLimit 64, maxDeadline 32, reversalWindow 32, disputeWindow 32, flags 8, openSeconds 16.
/// `limits`: dayAmount 56, dayCount 16, monthAmount 56, monthCount 16, redemptionAmount 56, redemptionCount 16, openMaxBill 40.
library RulesWord {
    /// @dev Flags: limits for each holder; a merchant's daily limit; a holder's first redemption only; 8, see {transferable}; codes that
    /// name no merchant.
    uint256 internal constant HOLDER_LIMITS = 1;
    uint256 internal constant MERCHANT_LIMIT = 2;
    uint256 internal constant FIRST_ONLY = 4;
    uint256 internal constant OPEN_CODES = 16;

    function packTerms(RulesTerms memory r) internal pure returns (uint256) {
        return uint256(r.stepUpThreshold) | uint256(r.merchantDailyLimit) << 64 | uint256(r.maxDeadline) << 128
            | uint256(r.reversalWindow) << 160 | uint256(r.disputeWindow) << 192 | _flags(r) << 224 | uint256(r.openSeconds)
            << 232;
    }

    function packLimits(RulesTerms memory r) internal pure returns (uint256) {
        return uint256(r.dayAmount) | uint256(r.dayCount) << 56 | uint256(r.monthAmount) << 72 | uint256(r.monthCount) << 128
            | uint256(r.redemptionAmount) << 144 | uint256(r.redemptionCount) << 200 | uint256(r.openMaxBill) << 216;
    }

    function stepUpThreshold(uint256 terms) internal pure returns (uint256) {
        return uint64(terms);
    }

    function merchantDailyLimit(uint256 terms) internal pure returns (uint256) {
        return uint64(terms >> 64);
    }

    /// @dev Whether it looks at what a holder has redeemed before.
    function needsCounter(uint256 terms) internal pure returns (bool) {
        return flags(terms) & (HOLDER_LIMITS | FIRST_ONLY) != 0;
    }

    function flags(uint256 terms) internal pure returns (uint256) {
        return uint8(terms >> 224);
    }

    /// @dev 1 where vouchers may be passed on, else 0.
    function transferable(uint256 terms) internal pure returns (uint256) {
        return terms >> 227 & 1;
    }

    function dayAmount(uint256 limits) internal pure returns (uint256) {
        return uint56(limits);
    }

    function dayCount(uint256 limits) internal pure returns (uint256) {
        return uint16(limits >> 56);
    }

    function monthAmount(uint256 limits) internal pure returns (uint256) {
        return uint56(limits >> 72);
    }

    function monthCount(uint256 limits) internal pure returns (uint256) {
        return uint16(limits >> 128);
    }

    function redemptionAmount(uint256 limits) internal pure returns (uint256) {
        return uint56(limits >> 144);
    }

    function redemptionCount(uint256 limits) internal pure returns (uint256) {
        return uint16(limits >> 200);
    }

    /// @dev How many seconds ahead a signature's deadline may lie.
    function maxDeadline(uint256 terms) internal pure returns (uint256) {
        return uint32(terms >> 128);
    }

    /// @dev How many seconds ahead the deadline of a code that names no merchant may lie; 0: there are no such codes.
    function openSeconds(uint256 terms) internal pure returns (uint256) {
        return uint16(terms >> 232);
    }

    /// @dev The highest bill of a code that names no merchant.
    function openMaxBill(uint256 limits) internal pure returns (uint256) {
        return limits >> 216;
    }

    /// @dev Seconds after a redemption in which its merchant may take it back.
    function reversalWindow(uint256 terms) internal pure returns (uint256) {
        return uint32(terms >> 160);
    }

    /// @dev Seconds after a redemption in which it may be disputed.
    function disputeWindow(uint256 terms) internal pure returns (uint256) {
        return uint32(terms >> 192);
    }

    /// @dev Seconds after a merchant's day in which its money may still be taken back.
    function settlementWindow(uint256 terms) internal pure returns (uint256) {
        uint256 reversal = uint32(terms >> 160);
        uint256 dispute = uint32(terms >> 192);
        return reversal > dispute ? reversal : dispute;
    }

    /// @dev The flags given, and those that say a limit is set or a kind of code allowed.
    function _flags(RulesTerms memory r) private pure returns (uint256 flags_) {
        flags_ = r.flags;
        if (r.merchantDailyLimit != 0) flags_ |= MERCHANT_LIMIT;
        if (r.redemptionAmount | r.dayAmount | r.monthAmount != 0) flags_ |= HOLDER_LIMITS;
        if (r.redemptionCount | r.dayCount | r.monthCount != 0) flags_ |= HOLDER_LIMITS;
        if (r.openSeconds != 0) flags_ |= OPEN_CODES;
    }
}
