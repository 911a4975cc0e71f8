// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ClaimChecks} from "./ClaimChecks.sol";

/// @title I30 of docs/invariants.md: bookings.
abstract contract BookingChecks is ClaimChecks {
    /// @dev Some bookings each time, those of late always: what is open is kept as it was signed, and what has ended is gone.
    function _checkBookings() internal view {
        uint256 count = mBookings.length;
        for (uint256 i; i < count && i < 60; ++i) {
            MBooking storage b = mBookings[i < 30 ? count - 1 - i : uint256(keccak256(abi.encode(i, mNumber))) % count];
            (uint256 amount, uint256 merchant, uint256 lapseAt) = vouchers.bookingOf(b.digest, b.voucher);
            MBatch storage batch = mBatches[b.voucher >> 35];
            _must(30, "amount booked", b.voucher, amount, b.open ? b.amount : 0);
            _must(30, "merchant booked", b.voucher, merchant, b.open ? b.merchant : 0);
            if (!b.open) continue;
            uint256 clock = _mClock(batch.programme);
            uint256 given = clock < b.lapse ? _mPausedFor(batch.programme) : block.timestamp - clock;
            _must(30, "lapse", b.voucher, lapseAt, b.lapse + given);
        }
    }

    /// @dev Booked places of a pair, each of them neither redeemed nor revoked. Of stored value they have no bit: what is booked of it is
    /// read from its words, with what was spent.
    function _countBooked(MPair storage p) internal view returns (uint256 booked) {
        if (mBatches[p.batch].kind == STORED) return p.booked;
        uint256 places = mRolls[p.roll].holders.length;
        for (uint256 word; word <= (places - 1) / 256; ++word) {
            uint256 key = (p.batch << 35 | p.roll << 11) / 256 + word;
            uint256 bits = vouchers.overlayBits(3, key);
            _must(30, "booked and spent", p.batch, bits & vouchers.redeemedBits(key), 0);
            _must(30, "booked and revoked", p.batch, bits & vouchers.overlayBits(2, key), 0);
            for (; bits != 0; bits &= bits - 1) {
                ++booked;
            }
        }
        _must(30, "booked", p.batch, booked, p.booked);
    }
}
