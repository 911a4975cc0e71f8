// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Periods} from "./Periods.sol";
import {VersionChecks} from "./VersionChecks.sol";

/// @title I28 of docs/invariants.md: what limits are measured by.
abstract contract LimitChecks is Periods, VersionChecks {
    function _checkLimits() internal view {
        for (uint256 id = 1; id <= mLastProgramme; ++id) {
            for (uint256 i; i < mHolders.length; ++i) {
                _checkCounter(id, mHolders[i]);
            }
        }
    }

    /// @dev The word names the day and month of the holder's last redemption, months counted from the year 0.
    function _checkCounter(uint256 id, address holder) private view {
        uint256 word = vouchers.counterWord(id, holder);
        _must(28, "total", id, word >> 184, mSpent[_ever(id, holder)].count);
        if (word == 0) return;
        MSpent storage s = mSpent[keccak256(abi.encode(id, holder, "day", uint256(uint24(word))))];
        _must(28, "day's amount", id, uint56(word >> 24), s.amount);
        _must(28, "day's count", id, uint16(word >> 80), s.count);
        s = mSpent[keccak256(abi.encode(id, holder, "month", uint16(word >> 96) - uint256(1970 * 12)))];
        _must(28, "month's amount", id, uint56(word >> 112), s.amount);
        _must(28, "month's count", id, uint16(word >> 168), s.count);
    }
}
