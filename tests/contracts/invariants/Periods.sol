// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Model} from "./Model.sol";

/// @title What holders redeemed in a programme, by local day, by month, and ever.
abstract contract Periods is Model {
    struct MSpent {
        uint256 amount;
        uint256 count;
    }

    mapping(bytes32 period => MSpent) internal mSpent;

    function _today(uint256 id, address holder) internal view returns (bytes32) {
        return keccak256(abi.encode(id, holder, "day", _mDayOf(id)));
    }

    function _thisMonth(uint256 id, address holder) internal view returns (bytes32) {
        return keccak256(abi.encode(id, holder, "month", _monthOf(_mDayOf(id))));
    }

    function _ever(uint256 id, address holder) internal pure returns (bytes32) {
        return keccak256(abi.encode(id, holder, "ever"));
    }

    /// @dev Counted from January 1970 on, year by year and then month by month.
    function _monthOf(uint256 day) internal pure returns (uint256) {
        uint256 year = 1970;
        for (; day >= (_isLeap(year) ? 366 : 365); ++year) {
            day -= _isLeap(year) ? 366 : 365;
        }
        uint8[12] memory lengths = [31, _isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        uint256 month;
        for (; day >= lengths[month]; ++month) {
            day -= lengths[month];
        }
        return (year - 1970) * 12 + month;
    }

    function _isLeap(uint256 year) private pure returns (bool) {
        return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    }
}
