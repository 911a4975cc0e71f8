// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Capture, Part, Reservation} from "../types/Booking.sol";
import {Item, Spend} from "../types/Redemption.sol";
import {Digests} from "./Digests.sol";

/// @title EIP-712 hashes of what is signed about a booking. The types stand in docs/storage.md, section 5.
library Bookings {
    bytes32 internal constant BOOKING = keccak256(
        "Booking(Spend[] spends,uint256 merchant,bytes32 service,uint256 channel,uint256 lapseAt,uint256 deadline)"
        "Spend(uint256 voucher,uint256 amount,uint256 sequence)"
    );
    bytes32 internal constant CAPTURE = keccak256(
        "Capture(bytes32 booking,Part[] parts,uint256 bill,bytes32 receipt,uint256 deadline)Part(uint256 voucher,uint256 amount)"
    );
    bytes32 internal constant PART = keccak256("Part(uint256 voucher,uint256 amount)");
    bytes32 internal constant RELEASE = keccak256("Release(bytes32 booking,uint256[] vouchers,uint256 deadline)");

    /// @dev The reservation as what judges items reads it.
    function asItem(Reservation calldata r) internal pure returns (Item calldata item) {
        assembly ("memory-safe") {
            item := r // the same fields at the same places
        }
    }

    /// @dev The digest the holder signs; it names the booking.
    function booking(bytes32 domain, uint256 merchant, Reservation calldata r) internal pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](r.spends.length);
        for (uint256 i; i < hashes.length; ++i) {
            Spend calldata s = r.spends[i];
            hashes[i] = keccak256(abi.encode(Digests.SPEND, s.voucher, s.amount, s.sequence));
        }
        bytes32 list = keccak256(abi.encodePacked(hashes));
        return _digest(domain, keccak256(abi.encode(BOOKING, list, merchant, r.service, r.channel, r.lapseAt, r.deadline)));
    }

    /// @dev The digest a merchant's key or terminal signs for what was served.
    function capture(bytes32 domain, Capture calldata c) internal pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](c.parts.length);
        for (uint256 i; i < hashes.length; ++i) {
            Part calldata p = c.parts[i];
            hashes[i] = keccak256(abi.encode(PART, p.voucher, p.amount));
        }
        bytes32 list = keccak256(abi.encodePacked(hashes));
        return _digest(domain, keccak256(abi.encode(CAPTURE, c.booking, list, c.bill, c.receipt, c.deadline)));
    }

    /// @dev The digest a merchant's key or terminal, or the holder, signs to give vouchers free.
    function release(bytes32 domain, bytes32 booking_, uint256[] calldata vouchers, uint256 deadline)
        internal
        pure
        returns (bytes32)
    {
        return _digest(domain, keccak256(abi.encode(RELEASE, booking_, keccak256(abi.encodePacked(vouchers)), deadline)));
    }

    function _digest(bytes32 domain, bytes32 inner) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", domain, inner));
    }
}
