// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Item, Spend} from "../types/Redemption.sol";

/// @title EIP-712 hashes of what holders and terminals sign. The types stand in docs/storage.md, section 5.
library Digests {
    bytes32 internal constant SPEND = keccak256("Spend(uint256 voucher,uint256 amount,uint256 sequence)");
    bytes32 internal constant REDEMPTION = keccak256(
        "Redemption(Spend[] spends,uint256 merchant,uint256 bill,bytes32 receipt,uint256 channel,uint256 deadline)"
        "Spend(uint256 voucher,uint256 amount,uint256 sequence)"
    );
    bytes32 internal constant TERMINAL_BATCH = keccak256("TerminalBatch(uint256 merchant,bytes32[] redemptions)");

    /// @dev Lays out a desk in memory: what is the same in every hash of a call is written once. From `desk`: a Spend (128 bytes),
    /// a Redemption (224), the bytes to sign (66 of 96), a leaf (224).
    function lay(bytes32 domain) internal view returns (uint256 desk) {
        (bytes32 spend, bytes32 redemption_) = (SPEND, REDEMPTION);
        assembly ("memory-safe") {
            desk := mload(0x40)
            mstore(0x40, add(desk, 672))
            mstore(desk, spend)
            mstore(add(desk, 128), redemption_)
            mstore(add(desk, 352), hex"1901")
            mstore(add(desk, 354), domain)
            mstore(add(desk, 608), timestamp())
        }
    }

    /// @dev Sets the merchant and terminal of the hashes to come.
    function setMerchant(uint256 desk, uint256 merchant, address terminal) internal pure {
        assembly ("memory-safe") {
            mstore(add(desk, 192), merchant)
            mstore(add(desk, 544), merchant)
            mstore(add(desk, 576), terminal)
        }
    }

    /// @dev The leaf of a redeemed voucher, see docs/storage.md, section 1: digest, voucher, amount, merchant, terminal, time, version.
    function leaf(uint256 desk, bytes32 digest, uint256 voucher, uint256 amount, uint256 version)
        internal
        pure
        returns (bytes32 hash)
    {
        assembly ("memory-safe") {
            mstore(add(desk, 448), digest)
            mstore(add(desk, 480), voucher)
            mstore(add(desk, 512), amount)
            mstore(add(desk, 640), version)
            hash := keccak256(add(desk, 448), 224)
        }
    }

    /// @dev The commitment to the leaves so far and one more.
    function commit(bytes32 commitment, bytes32 leaf_) internal pure returns (bytes32 next) {
        assembly ("memory-safe") {
            mstore(0, commitment)
            mstore(32, leaf_)
            next := keccak256(0, 64)
        }
    }

    /// @dev The digest a holder signs for `item`, whose spends are `list`.
    function redemption(uint256 desk, Item calldata item, Spend[] calldata list) internal pure returns (bytes32 digest) {
        assembly ("memory-safe") {
            let hashes := mload(0x40) // the spends' hashes, side by side
            let next := hashes
            let from := list.offset
            for { let end := add(from, mul(list.length, 96)) } lt(from, end) { from := add(from, 96) } {
                calldatacopy(add(desk, 32), from, 96)
                mstore(next, keccak256(desk, 128))
                next := add(next, 32)
            }
            mstore(add(desk, 160), keccak256(hashes, sub(next, hashes)))
            calldatacopy(add(desk, 224), add(item, 32), 128) // bill, receipt, channel, deadline stand behind the offset of spends
            mstore(add(desk, 386), keccak256(add(desk, 128), 224))
            digest := keccak256(add(desk, 352), 66)
        }
    }

    /// @dev The digest a terminal signs for the redemptions of one group.
    function terminalBatch(bytes32 domain, uint256 merchant, bytes32[] memory redemptions) internal pure returns (bytes32) {
        bytes32 inner = keccak256(abi.encode(TERMINAL_BATCH, merchant, keccak256(abi.encodePacked(redemptions))));
        return keccak256(abi.encodePacked(hex"1901", domain, inner));
    }
}
