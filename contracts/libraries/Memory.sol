// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Memory by address, for layouts that are written once and hashed many times.
/// @dev Addresses must lie in memory taken with {take}, or behind all that was taken for what is read before anybody takes more.
library Memory {
    /// @dev Takes `size` bytes, a multiple of 32, that nobody else uses. They may hold anything.
    function take(uint256 size) internal pure returns (uint256 start) {
        start = load(0x40);
        unchecked {
            store(0x40, start + size); // both are bounded by the gas memory costs
        }
    }

    function load(uint256 at) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(at)
        }
    }

    function store(uint256 at, uint256 word) internal pure {
        assembly ("memory-safe") {
            mstore(at, word)
        }
    }

    function store(uint256 at, bytes32 word) internal pure {
        store(at, uint256(word));
    }

    function hash(uint256 at, uint256 size) internal pure returns (bytes32 digest) {
        assembly ("memory-safe") {
            digest := keccak256(at, size)
        }
    }
}
