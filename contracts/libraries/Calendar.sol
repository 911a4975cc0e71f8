// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title The Gregorian calendar.
library Calendar {
    /// @dev The month of a day counted from 1970-01-01, as `year * 12 + month - 1`. Source: H. Hinnant, "chrono-compatible low-level
    /// date algorithms", civil_from_days, for days not before 1970. Below 2^16 until the year 5461.
    function monthOf(uint256 day) internal pure returns (uint256) {
        unchecked {
            uint256 shifted = day + 719_468; // days since 0000-03-01
            uint256 dayOfEra = shifted % 146_097;
            uint256 yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
            uint256 dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
            uint256 monthFromMarch = (5 * dayOfYear + 2) / 153; // 0 is March
            return (shifted / 146_097 * 400 + yearOfEra) * 12 + monthFromMarch + 2;
        }
    }
}
