// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title The ledger words a redemption moves.
/// @dev Line: committed 64, payable 64, committedCount 48, payableCount 48.
/// Merchant's day: redeemed 56, settled 56, disputed 56, count 28, settledCount 28, disputedCount 28.
/// All sums are bounded by the line's deposits, which Treasury keeps below 2^56. A count stays within its field because every
/// redemption is a transaction's item: 2^28 of them at one merchant and day are 100 times what a chain can carry.
library LedgerWord {
    uint256 private constant COUNT = 2 ** 28 - 1;

    function committed(uint256 line) internal pure returns (uint256) {
        return uint64(line);
    }

    function payable_(uint256 line) internal pure returns (uint256) {
        return uint64(line >> 64);
    }

    function committedCount(uint256 line) internal pure returns (uint256) {
        return uint48(line >> 128);
    }

    function payableCount(uint256 line) internal pure returns (uint256) {
        return uint48(line >> 176);
    }

    function commit(uint256 line, uint256 amount, uint256 count) internal pure returns (uint256) {
        return line + amount + (count << 128);
    }

    function uncommit(uint256 line, uint256 amount, uint256 count) internal pure returns (uint256) {
        return line - amount - (count << 128);
    }

    /// @dev From committed to payable: what redemptions do. Those that leave a rest in their voucher are taken back by {keep}.
    function redeem(uint256 line, uint256 amount, uint256 count) internal pure returns (uint256) {
        unchecked {
            return line - amount + (amount << 64) - (count << 128) + (count << 176);
        }
    }

    /// @dev So many of the vouchers that {redeem} took out of the count are not used up.
    function keep(uint256 line, uint256 count) internal pure returns (uint256) {
        unchecked {
            return line + (count << 128); // what {redeem} borrowed
        }
    }

    /// @dev One redemption from payable back to committed: what a reversal does. `count` 1: its voucher was used up, 0: it was not.
    function unredeem(uint256 line, uint256 amount, uint256 count) internal pure returns (uint256) {
        return line - (amount << 64) - (1 << 176) + amount + (count << 128);
    }

    /// @dev Out of payable: what a settlement does.
    function settle(uint256 line, uint256 amount, uint256 count) internal pure returns (uint256) {
        return line - (amount << 64) - (count << 176);
    }

    function redeemed(uint256 day) internal pure returns (uint256) {
        return uint56(day);
    }

    function settled(uint256 day) internal pure returns (uint256) {
        return uint56(day >> 56);
    }

    function disputed(uint256 day) internal pure returns (uint256) {
        return uint56(day >> 112);
    }

    function redeemedCount(uint256 day) internal pure returns (uint256) {
        return day >> 168 & COUNT;
    }

    function settledCount(uint256 day) internal pure returns (uint256) {
        return day >> 196 & COUNT;
    }

    function disputedCount(uint256 day) internal pure returns (uint256) {
        return day >> 224 & COUNT;
    }

    function addRedeemed(uint256 day, uint256 amount, uint256 count) internal pure returns (uint256) {
        unchecked {
            return day + amount + (count << 168);
        }
    }

    function addSettled(uint256 day, uint256 amount, uint256 count) internal pure returns (uint256) {
        return day + (amount << 56) + (count << 196);
    }

    /// @dev One redemption less. The caller keeps `amount` and one redemption within what is neither settled nor disputed.
    function takeRedeemed(uint256 day, uint256 amount) internal pure returns (uint256) {
        return day - amount - (1 << 168);
    }

    /// @dev One redemption disputed: a settlement leaves it out. The caller keeps it within what is neither settled nor disputed.
    function lock(uint256 day, uint256 amount) internal pure returns (uint256) {
        return day + (amount << 112) + (1 << 224);
    }

    /// @dev Takes a {lock} back.
    function unlock(uint256 day, uint256 amount) internal pure returns (uint256) {
        return day - (amount << 112) - (1 << 224);
    }

    /// @dev What a settlement would take: neither settled nor disputed.
    function unsettled(uint256 day) internal pure returns (uint256 amount, uint256 count) {
        amount = redeemed(day) - settled(day) - disputed(day);
        count = redeemedCount(day) - settledCount(day) - disputedCount(day);
    }

    function dayKey(uint256 line, uint256 merchant, uint256 day) internal pure returns (uint256) {
        return line << 56 | merchant << 24 | day;
    }
}
