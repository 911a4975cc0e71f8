// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {TransferCaps} from "../../../contracts/types/Transfer.sol";
import {BookingChecks} from "./BookingChecks.sol";

/// @title I14, I31 and I32 of docs/invariants.md: who holds what, what was passed on, whose places were given away.
abstract contract HolderChecks is BookingChecks {
    function _checkHolders() internal view {
        for (uint256 id = 1; id <= mLastProgramme; ++id) {
            _checkCaps(id);
            for (uint256 i; i < HOLDERS; ++i) {
                MPassed storage sum = mPassed[id][mHolders[i]];
                (uint256 month, uint256 amount) = desk.passedOn(id, mHolders[i]);
                _must(31, "month", id, month, sum.month);
                _must(31, "passed on", id, amount, sum.amount);
            }
        }
        for (uint256 i; i < mSeats.length; ++i) {
            _checkSeat(mSeats[i]);
        }
    }

    function _checkCaps(uint256 id) private view {
        for (uint256 version = 1; version <= mProgrammes[id].newest; ++version) {
            TransferCaps memory caps = programmes.transferCaps(id, version);
            _must(31, "cap of a transfer", id, caps.perTransfer, mVersions[id][version].perTransfer);
            _must(31, "cap of a month", id, caps.perMonth, mVersions[id][version].perMonth);
        }
    }

    /// @dev A place that somebody proposed to give away.
    function _checkSeat(uint256 seat) private view {
        (uint256 roll, uint256 place) = (seat >> 11, seat & 0x7ff);
        (address to, address proposer, uint256 ripeAt) = desk.reassignment(roll, place);
        _must(32, "on its way to", seat, uint160(to), uint160(mSeatNext[seat].to));
        _must(32, "proposed by", seat, uint160(proposer), uint160(mSeatNext[seat].proposer));
        _must(32, "ripe at", seat, ripeAt, mSeatNext[seat].ripeAt);
        _must(32, "taken up", seat, vouchers.takenUp(roll, place) == 0 ? 0 : 1, mTakenUp[seat] ? 1 : 0);
        _must(14, "holder of a place", seat, uint160(vouchers.holderAt(roll, place)), uint160(mHolders[_mHolderAt(seat)]));
    }
}
