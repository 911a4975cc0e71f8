// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title What a voucher may carry besides its redeemed bit, and what may be frozen; see docs/storage.md, section 1.
library Overlay {
    uint256 internal constant FROZEN = 1;
    uint256 internal constant REVOKED = 2;
    uint256 internal constant BOOKED = 3;
    uint256 internal constant TRANSFERRED = 4;
    uint256 internal constant EVER_REVERSED = 5;
    /// @dev Of places, so under batch 0: see {VoucherId-seat}.
    uint256 internal constant REASSIGNED = 6;

    uint256 internal constant SUBJECT_VOUCHER = 1;
    uint256 internal constant SUBJECT_ROLL = 2;
    uint256 internal constant SUBJECT_BATCH = 3;
    uint256 internal constant SUBJECT_HOLDER = 4;
    uint256 internal constant SUBJECT_MERCHANT = 5;

    /// @dev Where the bits of 256 neighbouring vouchers stand.
    function key(uint256 overlay, uint256 bitsKey) internal pure returns (uint256) {
        return overlay << 64 | bitsKey;
    }

    /// @dev Where it stands until when something is frozen. `id` of a holder: `programme << 160 | address`.
    function freezeKey(uint256 subject, uint256 id) internal pure returns (uint256) {
        return subject << 192 | id;
    }

    /// @dev Names a signature's redemption of a voucher, once it is reversed.
    function deadKey(bytes32 digest, uint256 voucher) internal pure returns (bytes32) {
        return keccak256(abi.encode(digest, voucher));
    }
}
