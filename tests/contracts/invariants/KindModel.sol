// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Item, Spend} from "../../../contracts/types/Redemption.sol";
import {Steps} from "./Steps.sol";

/// @title What percentages and stored value have left, voucher by voucher.
abstract contract KindModel is Steps {
    function _kindOf(uint256 voucher) internal view returns (uint256) {
        return mBatches[voucher >> 35].kind;
    }

    /// @dev Of a voucher that stands; a percentage that was redeemed has one as well. What is booked of stored value is no part of it.
    function _mRest(uint256 voucher) internal view returns (uint256) {
        return mBatches[voucher >> 35].face - mTaken[voucher].spent - mTaken[voucher].booked;
    }

    /// @dev What a good spend takes on this bill.
    function _takes(Spend memory s, uint256 bill) internal view returns (uint256) {
        MBatch storage b = mBatches[s.voucher >> 35];
        if (b.kind != PERCENTAGE || bill > type(uint128).max) return s.amount;
        uint256 off = bill * b.percentage / 10_000;
        return off < s.amount ? off : s.amount;
    }

    /// @dev The item with what it takes instead of what it signs for.
    function _asTaken(Item memory item) internal view returns (Item memory taken) {
        taken = abi.decode(abi.encode(item), (Item));
        for (uint256 i; i < taken.spends.length; ++i) {
            taken.spends[i].amount = _takes(item.spends[i], item.bill);
        }
    }

    /// @dev Mostly what the voucher has left, or a part of it.
    function _soundSpend(uint256 voucher) internal returns (Spend memory s) {
        uint256 rest = _mRest(voucher);
        uint256 kind = _kindOf(voucher);
        s = Spend(voucher, rest, kind == STORED ? mTaken[voucher].sequence : 0);
        if (kind != FIXED && rest != 0 && _chance(60)) s.amount = 1 + _draw(rest);
        if (kind == PERCENTAGE && _chance(30)) s.amount = mBatches[voucher >> 35].face;
    }

    /// @return usedUp Whether nothing is left of it that could be redeemed.
    function _take(uint256 voucher, uint256 amount) internal returns (bool usedUp) {
        uint256 kind = _kindOf(voucher);
        if (kind == FIXED) return true;
        MTaken storage t = _listed(voucher);
        t.spent += amount;
        if (kind == PERCENTAGE) return true;
        usedUp = t.spent == mBatches[voucher >> 35].face;
        if (!usedUp) ++mParts;
    }

    /// @dev Reserves the whole voucher, or of stored value the amount.
    function _setAside(uint256 voucher, uint256 amount) internal {
        if (!mBooked[voucher]) ++mPairs[mPairAt[voucher >> 35][voucher >> 11 & 0xffffff] - 1].booked;
        mBooked[voucher] = true;
        if (_kindOf(voucher) != STORED) return;
        MTaken storage t = _listed(voucher);
        t.booked += amount;
        ++t.sequence;
    }

    /// @return amount What is free again.
    /// @return count 1 where nothing of the voucher is reserved any more.
    function _setFree(uint256 voucher, uint256 amount) internal returns (uint256, uint256 count) {
        if (_kindOf(voucher) == STORED) {
            mTaken[voucher].booked -= amount;
            if (mTaken[voucher].booked != 0) return (amount, 0);
        } else {
            amount = mBatches[voucher >> 35].face;
        }
        mBooked[voucher] = false;
        --mPairs[mPairAt[voucher >> 35][voucher >> 11 & 0xffffff] - 1].booked;
        return (amount, 1);
    }

    function _listed(uint256 voucher) private returns (MTaken storage t) {
        t = mTaken[voucher];
        if (!t.listed) mTakenList.push(voucher);
        t.listed = true;
    }

    /// @dev `usedUp` as it was before.
    function _giveBack(uint256 voucher, uint256 amount, bool usedUp) internal {
        if (_kindOf(voucher) == FIXED) return;
        mTaken[voucher].spent -= amount;
        if (!usedUp) --mParts;
    }

    /// @dev What a sweep of the pair takes: the rests of all that was not revoked.
    function _restsOf(uint256 batch, uint256 roll) internal view returns (uint256 value) {
        for (uint256 place; place < mRolls[roll].holders.length; ++place) {
            uint256 voucher = batch << 35 | roll << 11 | place;
            if (mRevoked[voucher] || (mBatches[batch].kind == FIXED && mRedeemed[voucher])) continue;
            if (mBatches[batch].kind != STORED && mBooked[voucher]) continue;
            value += _mRest(voucher);
        }
    }
}
