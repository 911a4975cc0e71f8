// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Capture, Reservation} from "../../contracts/types/Booking.sol";
import {Spend} from "../../contracts/types/Redemption.sol";

/// @title EIP-712 hashes of the structs signed about a booking, written down here once more from docs/storage.md, section 5.
library BookingTypes {
    function booking(Reservation memory r, uint256 merchant) internal pure returns (bytes32) {
        bytes memory hashes;
        for (uint256 i; i < r.spends.length; ++i) {
            Spend memory s = r.spends[i];
            bytes32 spendType = keccak256("Spend(uint256 voucher,uint256 amount,uint256 sequence)");
            hashes = bytes.concat(hashes, keccak256(abi.encode(spendType, s.voucher, s.amount, s.sequence)));
        }
        bytes32 kind = keccak256(
            "Booking(Spend[] spends,uint256 merchant,bytes32 service,uint256 channel,uint256 lapseAt,uint256 deadline)"
            "Spend(uint256 voucher,uint256 amount,uint256 sequence)"
        );
        return keccak256(abi.encode(kind, keccak256(hashes), merchant, r.service, r.channel, r.lapseAt, r.deadline));
    }

    function capture(Capture memory c) internal pure returns (bytes32) {
        bytes memory hashes;
        for (uint256 i; i < c.parts.length; ++i) {
            bytes32 partType = keccak256("Part(uint256 voucher,uint256 amount)");
            hashes = bytes.concat(hashes, keccak256(abi.encode(partType, c.parts[i].voucher, c.parts[i].amount)));
        }
        bytes32 kind = keccak256(
            "Capture(bytes32 booking,Part[] parts,uint256 bill,bytes32 receipt,uint256 deadline)"
            "Part(uint256 voucher,uint256 amount)"
        );
        return keccak256(abi.encode(kind, c.booking, keccak256(hashes), c.bill, c.receipt, c.deadline));
    }

    function release(bytes32 booking_, uint256[] memory list, uint256 deadline) internal pure returns (bytes32) {
        bytes32 kind = keccak256("Release(bytes32 booking,uint256[] vouchers,uint256 deadline)");
        return keccak256(abi.encode(kind, booking_, keccak256(abi.encodePacked(list)), deadline));
    }
}
