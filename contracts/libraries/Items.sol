// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Item, Spend} from "../types/Redemption.sol";
import {Digests} from "./Digests.sol";

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

    /// @dev Whether the holder named no merchant: the signature is longer than a key's and begins with the first four bytes of the type's
    /// hash.
    function isOpen(Item calldata item) internal pure returns (bool) {
        bytes calldata data = signature(item);
        return data.length > 65 && bytes4(data[:4]) == bytes4(Digests.OPEN_REDEMPTION);
    }

    /// @dev The highest bill an open code is good for, and what the holder signed it with. The item must be open.
    function openCode(Item calldata item) internal pure returns (uint256 maxBill, bytes calldata signed) {
        bytes calldata data = signature(item);
        return (uint224(uint256(bytes32(data[:32]))), data[32:]);
    }
}
