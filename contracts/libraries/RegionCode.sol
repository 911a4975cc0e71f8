// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Administrative codes of up to nine digits, matched by prefix.
/// @dev 40 bits: four bits a digit, left-aligned in bits 4–39; the number of digits in bits 0–3. Zero covers everywhere.
library RegionCode {
    /// @dev Whether `code` is well formed: at most nine decimal digits, nothing behind them.
    function isValid(uint256 code) internal pure returns (bool) {
        uint256 digits = code & 0xf;
        if (digits > 9 || code >> 40 != 0) return false;
        for (uint256 i; i < 9; ++i) {
            uint256 digit = code >> (36 - 4 * i) & 0xf;
            if (digit > 9 || (i >= digits && digit != 0)) return false;
        }
        return true;
    }

    /// @dev Whether `outer` covers `inner`: its digits are the first digits of `inner`. Both well formed.
    function covers(uint256 outer, uint256 inner) internal pure returns (bool) {
        unchecked {
            uint256 digits = outer & 0xf; // ≤ 9, so the shift is ≥ 4
            return digits <= inner & 0xf && (outer ^ inner) >> (40 - 4 * digits) == 0;
        }
    }
}
