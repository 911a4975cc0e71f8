// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Item, Spend} from "../../contracts/types/Redemption.sol";

/// @title What is signed for an open code, written down here once more from docs/storage.md, section 5.
library OpenTypes {
    bytes32 internal constant KIND = keccak256(
        "OpenRedemption(Spend[] spends,uint256 maxBill,uint256 channel,uint256 deadline)"
        "Spend(uint256 voucher,uint256 amount,uint256 sequence)"
    );

    function redemption(Item memory item, uint256 maxBill) internal pure returns (bytes32) {
        bytes memory hashes;
        for (uint256 i; i < item.spends.length; ++i) {
            Spend memory s = item.spends[i];
            bytes32 spendType = keccak256("Spend(uint256 voucher,uint256 amount,uint256 sequence)");
            hashes = bytes.concat(hashes, keccak256(abi.encode(spendType, s.voucher, s.amount, s.sequence)));
        }
        return keccak256(abi.encode(KIND, keccak256(hashes), maxBill, item.channel, item.deadline));
    }

    /// @dev The signature of an item that brings an open code.
    function signature(uint256 maxBill, bytes memory signed) internal pure returns (bytes memory) {
        return abi.encodePacked(bytes4(KIND), uint224(maxBill), signed);
    }

    /// @dev The highest bill of an item with such a signature; `open` is false for any other.
    function read(Item memory item) internal pure returns (bool open, uint256 maxBill) {
        if (item.signature.length < 66 || bytes4(item.signature) != bytes4(KIND)) return (false, 0);
        return (true, uint224(uint256(bytes32(item.signature))));
    }
}
