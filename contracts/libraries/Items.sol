// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Item, Spend} from "../types/Redemption.sol";

/// @title Reads items from calldata without the checks that make Solidity's own access cost 2,000 gas an item.
/// @dev An offset or a length that points beyond the call reads zeros there: such an item names no voucher or carries no
/// signature and is refused like any other. Indices must be below the length.
library Items {
    function at(Item[] calldata items, uint256 index) internal pure returns (Item calldata item) {
        assembly ("memory-safe") {
            item := add(items.offset, calldataload(add(items.offset, shl(5, index))))
        }
    }

    function spends(Item calldata item) internal pure returns (Spend[] calldata list) {
        assembly ("memory-safe") {
            let head := add(item, calldataload(item))
            list.offset := add(head, 32)
            list.length := calldataload(head)
        }
    }

    function at(Spend[] calldata list, uint256 index) internal pure returns (Spend calldata spend) {
        assembly ("memory-safe") {
            spend := add(list.offset, mul(index, 96))
        }
    }

    function signature(Item calldata item) internal pure returns (bytes calldata data) {
        assembly ("memory-safe") {
            let head := add(item, calldataload(add(item, 160)))
            data.offset := add(head, 32)
            data.length := calldataload(head)
        }
    }
}
