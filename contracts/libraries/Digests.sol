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

    /// @dev The digest a holder signs for `item` at `merchant`.
    function redemption(bytes32 domain, Item calldata item, uint256 merchant) internal pure returns (bytes32 digest) {
        bytes32 spends = _spends(item.spends);
        bytes32 typeHash = REDEMPTION;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, typeHash)
            mstore(add(free, 32), spends)
            mstore(add(free, 64), merchant)
            calldatacopy(add(free, 96), add(item, 32), 128) // bill, receipt, channel, deadline stand behind the offset of spends
            mstore(add(free, 64), keccak256(free, 224))
            mstore(free, hex"1901")
            mstore(add(free, 2), domain)
            mstore(add(free, 34), mload(add(free, 64)))
            digest := keccak256(free, 66)
        }
    }

    /// @dev The digest a terminal signs for the redemptions of one group.
    function terminalBatch(bytes32 domain, uint256 merchant, bytes32[] memory redemptions) internal pure returns (bytes32) {
        bytes32 inner = keccak256(abi.encode(TERMINAL_BATCH, merchant, keccak256(abi.encodePacked(redemptions))));
        return keccak256(abi.encodePacked(hex"1901", domain, inner));
    }

    function _spends(Spend[] calldata spends) private pure returns (bytes32 hash) {
        bytes32 typeHash = SPEND;
        assembly ("memory-safe") {
            let free := mload(0x40)
            let hashes := add(free, 128) // hashes grow behind the struct being hashed
            let next := hashes
            let from := spends.offset
            mstore(free, typeHash)
            for { let end := add(from, mul(spends.length, 96)) } lt(from, end) { from := add(from, 96) } {
                calldatacopy(add(free, 32), from, 96)
                mstore(next, keccak256(free, 128))
                next := add(next, 32)
            }
            hash := keccak256(hashes, sub(next, hashes))
        }
    }
}
