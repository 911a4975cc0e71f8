// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title The word of a roll.
/// @dev programme 24, places 16, writtenAt 40 (programme clock), flags 8, pointer 160.
library RollWord {
    uint256 internal constant CLAIMED = 1;
    uint256 internal constant CUSTODIAL = 2;
    uint256 internal constant OVERLAYS = 4;
    uint256 internal constant FROZEN = 8;
    uint256 internal constant REASSIGNED = 16;

    function pack(uint256 programme_, uint256 places_, uint256 writtenAt_, uint256 flags_, address pointer_)
        internal
        pure
        returns (uint256)
    {
        return programme_ | places_ << 24 | writtenAt_ << 40 | flags_ << 80 | uint256(uint160(pointer_)) << 88;
    }

    function programme(uint256 word) internal pure returns (uint256) {
        return uint24(word);
    }

    function places(uint256 word) internal pure returns (uint256) {
        return uint16(word >> 24);
    }

    function writtenAt(uint256 word) internal pure returns (uint256) {
        return uint40(word >> 40);
    }

    function flags(uint256 word) internal pure returns (uint256) {
        return uint8(word >> 80);
    }

    /// @dev 1 where some place was given to somebody else, else 0.
    function reassigned(uint256 word) internal pure returns (uint256) {
        return word >> 84 & 1;
    }

    function setFlag(uint256 word, uint256 flag) internal pure returns (uint256) {
        return word | flag << 80;
    }

    function clearFlag(uint256 word, uint256 flag) internal pure returns (uint256) {
        return word & ~(flag << 80);
    }

    /// @dev The address of the data contract, as a number.
    function pointer(uint256 word) internal pure returns (uint256) {
        return word >> 88;
    }
}
