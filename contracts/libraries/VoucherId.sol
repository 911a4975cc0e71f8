// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title A voucher's id: `batch << 35 | roll << 11 | place`, 59 bits.
library VoucherId {
    uint256 internal constant BITS = 59;

    function pack(uint256 batch_, uint256 roll_, uint256 place_) internal pure returns (uint256) {
        return batch_ << 35 | roll_ << 11 | place_;
    }

    function batch(uint256 voucher) internal pure returns (uint256) {
        return voucher >> 35;
    }

    function roll(uint256 voucher) internal pure returns (uint256) {
        return uint24(voucher >> 11);
    }

    function place(uint256 voucher) internal pure returns (uint256) {
        return voucher & 0x7ff;
    }

    /// @dev The place of the roll, whichever the batch: `roll << 11 | place`.
    function seat(uint256 voucher) internal pure returns (uint256) {
        return voucher & 0x7ffffffff;
    }

    /// @dev Whether the voucher's place is below `places` and nothing stands above its 59 bits.
    function isWithin(uint256 voucher, uint256 places) internal pure returns (bool) {
        return voucher & ~uint256(0xffffffffffff << 11) < places; // batch and roll masked out: place, and what should be zero
    }

    /// @dev Names the 256 places that share one word of bits.
    function bitsKey(uint256 voucher) internal pure returns (uint256) {
        return voucher >> 8;
    }

    function bit(uint256 voucher) internal pure returns (uint256) {
        return 1 << (voucher & 0xff);
    }
}
