// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Item, Spend} from "../types/Redemption.sol";

/// @title Calldata by address: where something begins, what a word is. Beyond the call there are zeros.
library Calldata {
    function start(bytes calldata data) internal pure returns (uint256 at) {
        assembly ("memory-safe") {
            at := data.offset
        }
    }

    function start(Item calldata item) internal pure returns (uint256 at) {
        assembly ("memory-safe") {
            at := item
        }
    }

    function start(Spend[] calldata list) internal pure returns (uint256 at) {
        assembly ("memory-safe") {
            at := list.offset
        }
    }

    function load(uint256 at) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(at)
        }
    }

    /// @dev Copies to memory that was taken, see {Memory}.
    function copy(uint256 to, uint256 from, uint256 size) internal pure {
        assembly ("memory-safe") {
            calldatacopy(to, from, size)
        }
    }
}
