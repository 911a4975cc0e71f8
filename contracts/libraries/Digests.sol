// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";

import {Item, Spend} from "../types/Redemption.sol";
import {Calldata} from "./Calldata.sol";
import {Memory} from "./Memory.sol";

/// @title EIP-712 hashes of what holders and terminals sign. The types stand in docs/storage.md, section 5.
library Digests {
    bytes32 internal constant SPEND = keccak256("Spend(uint256 voucher,uint256 amount,uint256 sequence)");
    bytes32 internal constant REDEMPTION = keccak256(
        "Redemption(Spend[] spends,uint256 merchant,uint256 bill,bytes32 receipt,uint256 channel,uint256 deadline)"
        "Spend(uint256 voucher,uint256 amount,uint256 sequence)"
    );
    bytes32 internal constant OPEN_REDEMPTION = keccak256(
        "OpenRedemption(Spend[] spends,uint256 maxBill,uint256 channel,uint256 deadline)"
        "Spend(uint256 voucher,uint256 amount,uint256 sequence)"
    );
    bytes32 internal constant TERMINAL_BATCH = keccak256("TerminalBatch(uint256 merchant,bytes32[] redemptions)");

    bytes32 internal constant CONSENT = keccak256("Consent(bytes32 redemption)");

    /// @dev Lays out a desk in memory: what is the same in every hash of a call is written once. From `desk`: a Spend (128 bytes),
    /// a Redemption (224), the bytes to sign (66 of 96), a leaf (224).
    function lay(bytes32 domain) internal view returns (uint256 desk) {
        desk = Memory.take(672);
        unchecked {
            Memory.store(desk, SPEND);
            Memory.store(desk + 128, REDEMPTION);
            Memory.store(desk + 352, bytes32(hex"1901"));
            Memory.store(desk + 354, domain);
            Memory.store(desk + 608, block.timestamp);
        }
    }

    /// @dev Sets the merchant and terminal of the hashes to come.
    function setMerchant(uint256 desk, uint256 merchant, uint256 terminal) internal pure {
        unchecked {
            Memory.store(desk + 192, merchant);
            Memory.store(desk + 544, merchant);
            Memory.store(desk + 576, terminal);
        }
    }

    /// @dev The leaf of a redeemed voucher, see docs/storage.md, section 1: digest, voucher, amount, merchant, terminal, time, version.
    function leaf(uint256 desk, bytes32 digest, uint256 voucher, uint256 amount, uint256 version)
        internal
        pure
        returns (bytes32)
    {
        unchecked {
            Memory.store(desk + 448, digest);
            Memory.store(desk + 480, voucher);
            Memory.store(desk + 512, amount);
            Memory.store(desk + 640, version);
            return Memory.hash(desk + 448, 224);
        }
    }

    /// @dev The commitment to the leaves so far and one more.
    function commit(bytes32 commitment, bytes32 leaf_) internal pure returns (bytes32) {
        return Hashes.efficientKeccak256(commitment, leaf_);
    }

    /// @dev The digest a holder signs for `item`, whose spends are `list`.
    function redemption(uint256 desk, Item calldata item, Spend[] calldata list) internal pure returns (bytes32) {
        unchecked {
            uint256 hashes = Memory.load(0x40); // the spends' hashes, side by side, in memory that is not taken: hashed at once
            uint256 next = hashes;
            uint256 from = Calldata.start(list);
            for (uint256 end = from + list.length * 96; from < end; from += 96) {
                Calldata.copy(desk + 32, from, 96);
                Memory.store(next, Memory.hash(desk, 128));
                next += 32;
            }
            Memory.store(desk + 160, Memory.hash(hashes, next - hashes));
            Calldata.copy(desk + 224, Calldata.start(item) + 32, 128); // bill, receipt, channel, deadline stand behind the offset of spends
            Memory.store(desk + 386, Memory.hash(desk + 128, 224));
            return Memory.hash(desk + 352, 66);
        }
    }

    /// @dev The digest a holder signs for an open code that `item` brings. The item was the last one hashed by {redemption}: the hash of its
    /// spends stands on the desk.
    function openRedemption(uint256 desk, Item calldata item, uint256 maxBill) internal pure returns (bytes32) {
        unchecked {
            uint256 spends = Memory.load(desk + 160);
            Memory.store(desk + 386, keccak256(abi.encode(OPEN_REDEMPTION, spends, maxBill, item.channel, item.deadline)));
            return Memory.hash(desk + 352, 66);
        }
    }

    /// @dev The digest an attestor signs to consent to a redemption.
    function consent(bytes32 domain, bytes32 redemption_) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", domain, keccak256(abi.encode(CONSENT, redemption_))));
    }

    /// @dev The digest a terminal signs for the redemptions of one group.
    function terminalBatch(bytes32 domain, uint256 merchant, bytes32[] memory redemptions) internal pure returns (bytes32) {
        bytes32 inner = keccak256(abi.encode(TERMINAL_BATCH, merchant, keccak256(abi.encodePacked(redemptions))));
        return keccak256(abi.encodePacked(hex"1901", domain, inner));
    }
}
