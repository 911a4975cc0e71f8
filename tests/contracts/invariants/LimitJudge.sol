// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IVouchersErrors} from "../../../contracts/interfaces/IVouchersErrors.sol";
import {RulesTerms} from "../../../contracts/types/Programme.sol";
import {Item, Spend} from "../../../contracts/types/Redemption.sol";
import {OpenTypes} from "../OpenTypes.sol";
import {KindModel} from "./KindModel.sol";
import {Periods} from "./Periods.sol";

/// @title Consents and limits once more, over sums kept by day and by month.
abstract contract LimitJudge is KindModel, Periods {
    mapping(bytes32 digest => bool) internal mConsented; // in the call in hand

    /// @dev What comes before the holder's own terminal is looked at. `amounts` is the sum of the item's.
    function _judgeLimits(Item memory item, bytes32 digest, address holder, address terminal, uint256 merchant, uint256 amounts)
        internal
        view
        returns (bytes4 reason)
    {
        uint256 id = mBatches[item.spends[0].voucher >> 35].programme;
        reason = _judgeOpen(item, terminal);
        if (reason != FINE) return reason;
        for (uint256 i; i < item.spends.length; ++i) {
            uint256 threshold = _rulesAt(item.spends[i].voucher).stepUpThreshold;
            bool over = threshold != 0 && amounts > threshold;
            if (over && !mConsented[digest]) return IVouchersErrors.Vouchers_ConsentMissing.selector;
        }
        for (uint256 i; mProgrammes[id].counted && i < item.spends.length && reason == FINE; ++i) {
            reason = _judgeHolder(_rulesAt(item.spends[i].voucher), id, holder, amounts, item.spends.length);
        }
        for (uint256 i; i < item.spends.length && reason == FINE; ++i) {
            reason = _judgeMerchant(item.spends, mBatches[item.spends[i].voucher >> 35].version, i, merchant);
        }
        if (reason == FINE && mTillLimits[terminal] != 0 && _mTillNext(terminal, id, amounts) > mTillLimits[terminal]) {
            return IVouchersErrors.Vouchers_TerminalLimitPassed.selector;
        }
    }

    /// @dev What stands against an item whose holder named no merchant, by any of its vouchers' rules: one reason after the other.
    function _judgeOpen(Item memory item, address terminal) private view returns (bytes4) {
        (bool open, uint256 maxBill) = OpenTypes.read(item);
        if (!open) return FINE;
        (bool none, bool far, bool high) = (false, false, false);
        for (uint256 i; i < item.spends.length; ++i) {
            RulesTerms storage r = _rulesAt(item.spends[i].voucher);
            none = none || r.openSeconds == 0;
            far = far || item.deadline > block.timestamp + r.openSeconds;
            high = high || item.bill > r.openMaxBill;
        }
        if (none) return IVouchersErrors.Vouchers_OpenCodeNotAllowed.selector;
        if (terminal == address(0)) return IVouchersErrors.Vouchers_OpenCodeUnanswered.selector;
        if (far) return IVouchersErrors.Vouchers_OpenDeadlineTooFar.selector;
        if (item.bill > maxBill) return IVouchersErrors.Vouchers_OpenBillTooHigh.selector;
        return high ? IVouchersErrors.Vouchers_OpenBillLimitPassed.selector : FINE;
    }

    function _judgeHolder(RulesTerms storage r, uint256 id, address holder, uint256 amount, uint256 count)
        private
        view
        returns (bytes4)
    {
        if (_passes(r.redemptionAmount, amount) || _passes(r.redemptionCount, count)) {
            return IVouchersErrors.Vouchers_RedemptionLimitPassed.selector;
        }
        MSpent storage s = mSpent[_today(id, holder)];
        if (_passes(r.dayAmount, s.amount + amount) || _passes(r.dayCount, s.count + count)) {
            return IVouchersErrors.Vouchers_DayLimitPassed.selector;
        }
        s = mSpent[_thisMonth(id, holder)];
        if (_passes(r.monthAmount, s.amount + amount) || _passes(r.monthCount, s.count + count)) {
            return IVouchersErrors.Vouchers_MonthLimitPassed.selector;
        }
        bool first = mSpent[_ever(id, holder)].count == 0;
        return r.flags / 4 % 2 == 1 && !first ? IVouchersErrors.Vouchers_NotFirstRedemption.selector : FINE;
    }

    /// @dev What the merchant has today under the line of the voucher at `index`, all of the item's vouchers of that line with it.
    function _judgeMerchant(Spend[] memory spends, uint256 version, uint256 index, uint256 merchant)
        private
        view
        returns (bytes4)
    {
        MBatch storage b = mBatches[spends[index].voucher >> 35];
        uint256 at = mDayAt[keccak256(abi.encode(b.programme << 16 | b.line, merchant, _mDayOf(b.programme)))];
        uint256 sum = at == 0 ? 0 : mDays[at - 1].redeemed;
        for (uint256 i; i < spends.length; ++i) {
            if (mBatches[spends[i].voucher >> 35].line == b.line) sum += spends[i].amount;
        }
        bool over = _passes(mVersions[b.programme][version].rules.merchantDailyLimit, sum);
        return over ? IVouchersErrors.Vouchers_MerchantLimitPassed.selector : FINE;
    }

    /// @dev Notes an item that was accepted.
    function _countLimits(Item memory item, address holder, address terminal, uint256 amounts) internal {
        uint256 id = mBatches[item.spends[0].voucher >> 35].programme;
        _countTill(terminal, id, amounts);
        if (!mProgrammes[id].counted) return;
        _add(mSpent[_today(id, holder)], amounts, item.spends.length);
        _add(mSpent[_thisMonth(id, holder)], amounts, item.spends.length);
        _add(mSpent[_ever(id, holder)], amounts, item.spends.length);
    }

    function _countTill(address terminal, uint256 id, uint256 amounts) internal {
        if (mTillLimits[terminal] == 0) return;
        mTillSpent[terminal] = _mTillNext(terminal, id, amounts);
        if (_mDayOf(id) > mTillDay[terminal]) mTillDay[terminal] = _mDayOf(id);
    }

    function _add(MSpent storage s, uint256 amount, uint256 count) private {
        s.amount += amount;
        s.count += count;
    }

    function _passes(uint256 limit, uint256 sum) private pure returns (bool) {
        return limit != 0 && sum > limit;
    }

    /// @dev What the terminal would have spent of its day. Days of another programme's zone that lie behind count as the last one.
    function _mTillNext(address terminal, uint256 id, uint256 amount) internal view returns (uint256) {
        return _mDayOf(id) > mTillDay[terminal] ? amount : mTillSpent[terminal] + amount;
    }

    function _rulesAt(uint256 voucher) private view returns (RulesTerms storage) {
        MBatch storage b = mBatches[voucher >> 35];
        return mVersions[b.programme][b.version].rules;
    }
}
