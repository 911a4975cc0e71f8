// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title The word of a policy's category and face-value class: for each of its four difficulty classes shortest 32, longest 32.
library ValidityWord {
    function key(uint256 policy, uint256 category, uint256 faceClass) internal pure returns (uint256) {
        return policy << 16 | category << 8 | faceClass;
    }

    /// @dev Shortest and longest of a difficulty class together; 0: nothing is bounded.
    function bounds(uint256 word, uint256 difficultyClass) internal pure returns (uint256) {
        return uint64(word >> difficultyClass * 64);
    }

    function shortest(uint256 bounds_) internal pure returns (uint256) {
        return uint32(bounds_);
    }

    function longest(uint256 bounds_) internal pure returns (uint256) {
        return bounds_ >> 32;
    }

    /// @dev The class must have no bounds yet.
    function setBounds(uint256 word, uint256 difficultyClass, uint256 shortest_, uint256 longest_)
        internal
        pure
        returns (uint256)
    {
        return word | (shortest_ | longest_ << 32) << difficultyClass * 64;
    }
}
