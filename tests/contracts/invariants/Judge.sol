// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IVouchersErrors} from "../../../contracts/interfaces/IVouchersErrors.sol";
import {Item, Spend} from "../../../contracts/types/Redemption.sol";
import {LimitJudge} from "./LimitJudge.sol";

/// @title The rules of a redemption once more, in the order of the design, over the plain model.
abstract contract Judge is LimitJudge {
    /// @dev Where and by whom an item is presented. `signer` is the address whose good signature it carries; zero for none.
    struct Case {
        uint256 merchant;
        address terminal;
        address signer;
        bytes4 terminalRefusal;
        bytes32 digest;
        bool books; // a terminal's limit is for what is paid
    }

    /// @return reason FINE, or why not.
    /// @return failed The voucher the refusal names; 0 if it must name none, since the holder had no part in it.
    function _judge(Item memory item, Case memory c) internal view returns (bytes4 reason, uint256 failed) {
        if (c.terminalRefusal != FINE) return (c.terminalRefusal, 0);
        if (item.spends.length == 0) return (IVouchersErrors.Vouchers_VouchersMissing.selector, 0);
        uint256 first = item.spends[0].voucher;
        if (!_placeExists(first) || !_wasIssued(first)) return (IVouchersErrors.Vouchers_VoucherUnknown.selector, 0);
        if (c.signer != _mHolderOf(first)) return (IVouchersErrors.Vouchers_SignatureInvalid.selector, 0);
        if (block.timestamp >= item.deadline) return (IVouchersErrors.Vouchers_DeadlinePassed.selector, first);
        uint256 latest = block.timestamp + _mRulesOf(first).maxDeadline;
        if (item.deadline > latest) return (IVouchersErrors.Vouchers_DeadlineTooFar.selector, first);
        for (uint256 i; i < item.spends.length; ++i) {
            failed = item.spends[i].voucher;
            if (i != 0) reason = _judgeOther(failed, item.spends[i - 1].voucher, first, c.signer);
            if (reason == FINE) reason = _judgeVoucher(item.spends[i], item.channel, item.bill, c);
            if (reason != FINE) return (reason, failed);
        }
        return (_judgeSums(item, c), first);
    }

    function _judgeOther(uint256 voucher, uint256 previous, uint256 first, address signer) private view returns (bytes4) {
        if (voucher <= previous) return IVouchersErrors.Vouchers_VouchersNotAscending.selector;
        if (!_placeExists(voucher) || !_wasIssued(voucher)) return IVouchersErrors.Vouchers_VoucherUnknown.selector;
        if (_mHolderOf(voucher) != signer) return IVouchersErrors.Vouchers_HolderMismatch.selector;
        if (mBatches[voucher >> 35].programme != mBatches[first >> 35].programme) {
            return IVouchersErrors.Vouchers_ProgrammeMixed.selector;
        }
        return FINE;
    }

    function _judgeVoucher(Spend memory s, uint256 channel, uint256 bill, Case memory c) private view returns (bytes4) {
        MBatch storage b = mBatches[s.voucher >> 35];
        MMerchant storage m = mMerchants[c.merchant];
        if (_isHeld(s.voucher)) return IVouchersErrors.Vouchers_VoucherFrozen.selector;
        if (mRevoked[s.voucher]) return IVouchersErrors.Vouchers_VoucherRevoked.selector;
        if (mBooked[s.voucher] && b.kind != STORED) return IVouchersErrors.Vouchers_VoucherBooked.selector;
        if (mRedeemed[s.voucher]) return IVouchersErrors.Vouchers_AlreadyRedeemed.selector;
        if (mDead[keccak256(abi.encode(c.digest, s.voucher))]) return IVouchersErrors.Vouchers_SignatureUsed.selector;
        MProgramme storage p = mProgrammes[b.programme];
        if (p.state != 5) return IVouchersErrors.Vouchers_ProgrammeNotActive.selector;
        if (_mIsPaused(b.programme) || _mIsPaused(0)) return IVouchersErrors.Vouchers_ProgrammePaused.selector;
        if (block.timestamp < b.from) return IVouchersErrors.Vouchers_NotYetValid.selector;
        if (block.timestamp >= _mUntil(s.voucher >> 35, _rollOf(s.voucher))) return IVouchersErrors.Vouchers_Expired.selector;
        if (m.status != 2) return IVouchersErrors.Vouchers_MerchantNotActive.selector;
        if (_mIsFrozen(5, c.merchant)) return IVouchersErrors.Vouchers_MerchantFrozen.selector;
        if ((b.categories | p.wideCategories) & m.categories == 0) return IVouchersErrors.Vouchers_CategoryNotShared.selector;
        bool inside = _regionCovers(b.region, m.region);
        for (uint256 i; i < p.wideRegions.length; ++i) {
            inside = inside || _regionCovers(p.wideRegions[i], m.region);
        }
        if (!inside) return IVouchersErrors.Vouchers_RegionOutside.selector;
        uint256 lane = block.timestamp < p.laneUntil ? p.laneChannels : 0;
        if (channel > 7 || ((b.channels | p.wideChannels | lane) & m.channels) / 2 ** channel % 2 == 0) {
            return IVouchersErrors.Vouchers_ChannelClosed.selector;
        }
        return _judgeAmount(s, b, bill);
    }

    function _judgeAmount(Spend memory s, MBatch storage b, uint256 bill) private view returns (bytes4) {
        if (b.kind == FIXED) {
            return s.amount != b.face || s.sequence != 0 ? IVouchersErrors.Vouchers_AmountMismatch.selector : FINE;
        }
        if (s.sequence != mTaken[s.voucher].sequence) return IVouchersErrors.Vouchers_SequenceMismatch.selector;
        if (s.amount == 0 || s.amount > _mRest(s.voucher)) return IVouchersErrors.Vouchers_AmountOutside.selector;
        return _takes(s, bill) == 0 ? IVouchersErrors.Vouchers_NothingOff.selector : FINE;
    }

    function _judgeSums(Item memory item, Case memory c) private view returns (bytes4) {
        item = _asTaken(item);
        uint256 amounts = _amountsOf(item);
        uint256 minimums;
        for (uint256 i; i < item.spends.length; ++i) {
            minimums += mBatches[item.spends[i].voucher >> 35].minimum;
        }
        if (amounts > item.bill) return IVouchersErrors.Vouchers_AmountsOverBill.selector;
        if (minimums > item.bill) return IVouchersErrors.Vouchers_MinimumSpendUnmet.selector;
        address counted = c.books ? address(0) : c.terminal;
        bytes4 reason = _judgeLimits(item, c.digest, c.signer, counted, c.merchant, amounts);
        if (reason != FINE) return reason;
        return c.signer == c.terminal ? IVouchersErrors.Vouchers_SelfRedemption.selector : FINE;
    }

    /// @dev Whether the voucher, its roll, its batch or its holder is frozen.
    function _isHeld(uint256 voucher) internal view returns (bool) {
        uint256 holder = mBatches[voucher >> 35].programme << 160 | uint160(_mHolderOf(voucher));
        return _mIsFrozen(1, voucher) || _mIsFrozen(2, _rollOf(voucher)) || _mIsFrozen(3, voucher >> 35) || _mIsFrozen(4, holder);
    }

    function _amountsOf(Item memory item) internal pure returns (uint256 amounts) {
        for (uint256 i; i < item.spends.length; ++i) {
            amounts += item.spends[i].amount;
        }
    }

    // --- vouchers ---

    /// @dev The rules a voucher's batch was opened under.
    function _mRulesOf(uint256 voucher) internal view returns (MVersion storage) {
        MBatch storage b = mBatches[voucher >> 35];
        return mVersions[b.programme][b.version];
    }

    function _rollOf(uint256 voucher) internal pure returns (uint256) {
        return voucher >> 11 & 0xffffff;
    }

    function _placeExists(uint256 voucher) internal view returns (bool) {
        return voucher < 2 ** 59 && (voucher & 0x7ff) < mRolls[_rollOf(voucher)].holders.length;
    }

    function _wasIssued(uint256 voucher) internal view returns (bool) {
        return mPairAt[voucher >> 35][_rollOf(voucher)] != 0;
    }

    /// @dev The place must exist.
    function _mHolderOf(uint256 voucher) internal view returns (address) {
        return mHolders[_mHolderAt(voucher)];
    }

    /// @dev Any voucher there is, of whatever state.
    function _somewhere() internal returns (uint256) {
        if (mPairs.length == 0) return _draw(2 ** 40);
        MPair storage p = mPairs[mPairs.length - 1 - _draw(mPairs.length) % (_chance(50) ? 40 : mPairs.length)];
        return p.batch << 35 | p.roll << 11 | _draw(mRolls[p.roll].holders.length);
    }

    /// @dev Another voucher of the same holder, of any programme, if a few draws find one.
    function _another(uint256 voucher) internal returns (uint256 other) {
        for (uint256 i; i < 40; ++i) {
            other = _somewhere();
            if (_placeExists(voucher) && other > voucher && _mHolderOf(other) == _mHolderOf(voucher)) return other;
        }
    }
}
