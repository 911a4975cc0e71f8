// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Items} from "./libraries/Items.sol";
import {Overlay} from "./libraries/Overlay.sol";
import {RegionCode} from "./libraries/RegionCode.sol";
import {RollCode} from "./libraries/RollCode.sol";
import {Signatures} from "./libraries/Signatures.sol";
import {VoucherId} from "./libraries/VoucherId.sol";
import {RedemptionHand} from "./RedemptionHand.sol";
import {RedemptionLimits} from "./RedemptionLimits.sol";
import {MerchantStatus} from "./types/Merchant.sol";
import {ProgrammeState} from "./types/Programme.sol";
import {Item, Spend} from "./types/Redemption.sol";
import {BatchWord} from "./words/BatchWord.sol";
import {MerchantWord} from "./words/MerchantWord.sol";
import {NetworkWord} from "./words/NetworkWord.sol";
import {ProgrammeWord} from "./words/ProgrammeWord.sol";
import {RollWord} from "./words/RollWord.sol";
import {RulesWord} from "./words/RulesWord.sol";

/// @title The rules an item must pass. Nothing is written but bits in hand, and those of a refused item are taken back.
abstract contract VouchersJudging is RedemptionLimits {
    /// @dev Who must have signed is the holder of the first voucher; what was signed is `digest`, unless {_digestApproved} finds another,
    /// and then in `c.digest`.
    /// @return reason {GOOD} or the error's selector.
    /// @return signed Whether the holder's signature was good.
    function _judgeItem(Call memory c, Item calldata item, Spend[] calldata spends, bytes32 digest)
        internal
        returns (bytes32 reason, bool signed)
    {
        if (spends.length == 0) return (bytes32(Vouchers_VouchersMissing.selector), false);
        uint256 voucher = Items.at(spends, 0).voucher;
        uint256 slot = _slotOf(c, voucher);
        Patch memory p = c.blank;
        assembly ("memory-safe") {
            p := mload(slot)
        }
        if (p.key != _keyOf(c, voucher)) {
            if (!_enter(c, slot, voucher)) return (bytes32(Vouchers_VoucherUnknown.selector), false);
            assembly ("memory-safe") {
                p := mload(slot)
            }
        }
        if (!VoucherId.isWithin(voucher, p.places)) return (bytes32(Vouchers_VoucherUnknown.selector), false);
        address holder = RollCode.holderAt(p.pointer, VoucherId.place(voucher));
        if (p.moved != 0) holder = _holderOf(p.pointer, voucher);
        if (Signatures.recover(digest, Items.signature(item)) != holder) {
            digest = _digestApproved(c, item, holder, digest);
            if (digest == 0) return (bytes32(Vouchers_SignatureInvalid.selector), false);
        }
        c.digest = digest;
        c.holder = holder;
        return (_judgeSpends(c, p, item, spends), true);
    }

    /// @dev Asked where no key signed `digest` for the holder.
    /// @return What the holder signed all the same; 0 for nothing.
    function _digestApproved(Call memory, Item calldata item, address holder, bytes32 digest)
        internal
        view
        virtual
        returns (bytes32)
    {
        return Signatures.isApprovedBy(holder, digest, Items.signature(item)) ? digest : bytes32(0);
    }

    /// @dev The rules in the order of {IVouchersErrors}; leaves the first voucher that failed in `c.failed`. `p` is the first one's.
    function _judgeSpends(Call memory c, Patch memory p, Item calldata item, Spend[] calldata spends)
        private
        returns (bytes32 reason)
    {
        uint256 amounts;
        uint256 minimums;
        uint256 judged;
        uint256 count = spends.length;
        (uint256 terms, uint256 rules) = (p.terms, p.rules);
        reason = _judgeDeadline(p, item.deadline);
        while (true) {
            Spend calldata spend = Items.at(spends, judged);
            if (judged != 0) {
                uint256 slot = _slotOf(c, spend.voucher);
                reason = _judgeNext(c, slot, spends, judged);
                assembly ("memory-safe") {
                    p := mload(slot)
                }
                if ((p.rules ^ rules) | uint40(p.terms ^ terms) != 0) c.unusual |= MIXED;
            }
            if (reason == GOOD) reason = _judgeVoucher(c, p, item, spend);
            if (reason != GOOD) break;
            p.bits |= VoucherId.bit(spend.voucher);
            unchecked {
                amounts += spend.amount; // at most the face value: each is below 2^48, so neither sum can wrap
                minimums += BatchWord.minimumSpend(p.terms);
                ++judged;
            }
            if (judged != count) continue;

            uint256 bill = _billOf(item);
            if (amounts > bill && _sumOf(c, item) > bill) reason = bytes32(Vouchers_AmountsOverBill.selector);
            else if (minimums > bill) reason = bytes32(Vouchers_MinimumSpendUnmet.selector);
            else reason = _judgeLimits(c, item, terms, rules, amounts);
            if (reason != GOOD) break;
            if (uint256(uint160(c.holder)) == c.terminal) reason = bytes32(Vouchers_SelfRedemption.selector);
            else return GOOD;
            break;
        }
        (c.unusual, c.pending, c.counterKey) = (c.unusual & TERMINAL_LIMITED, false, 0);
        c.failed = Items.at(spends, judged == count ? 0 : judged).voucher; // sums are the first one's fault
        for (uint256 i; i < judged; ++i) {
            _clearBit(c, Items.at(spends, i).voucher);
        }
    }

    /// @dev By the rules of the first voucher's batch.
    function _judgeDeadline(Patch memory p, uint256 deadline) private view returns (bytes32) {
        unchecked {
            uint256 ahead = deadline - block.timestamp; // wraps to a huge number for a deadline that has passed
            if (ahead - 1 < RulesWord.maxDeadline(p.rules)) return GOOD; // and so does 0 - 1
        }
        return block.timestamp >= deadline ? bytes32(Vouchers_DeadlinePassed.selector) : bytes32(Vouchers_DeadlineTooFar.selector);
    }

    /// @dev What holds between a voucher and those before it in the same item. All have the first one's holder and programme.
    function _judgeNext(Call memory c, uint256 slot, Spend[] calldata spends, uint256 index) private returns (bytes32) {
        uint256 voucher = Items.at(spends, index).voucher;
        uint256 first = Items.at(spends, 0).voucher;
        if (voucher <= Items.at(spends, index - 1).voucher) return bytes32(Vouchers_VouchersNotAscending.selector);
        Patch memory p = c.blank;
        assembly ("memory-safe") {
            p := mload(slot)
        }
        if (p.key != _keyOf(c, voucher)) {
            if (!_enter(c, slot, voucher)) return bytes32(Vouchers_VoucherUnknown.selector);
            assembly ("memory-safe") {
                p := mload(slot)
            }
        }
        if (!VoucherId.isWithin(voucher, p.places)) return bytes32(Vouchers_VoucherUnknown.selector);
        if ((voucher ^ first) << 221 | c.moved == 0) return GOOD; // the same place of the same roll
        address holder = RollCode.holderAt(p.pointer, VoucherId.place(voucher));
        if (p.moved != 0) holder = _holderOf(p.pointer, voucher);
        if (holder != c.holder) return bytes32(Vouchers_HolderMismatch.selector);
        if (p.programme != RollWord.programme(_rolls[VoucherId.roll(first)])) return bytes32(Vouchers_ProgrammeMixed.selector);
        return GOOD;
    }

    function _judgeVoucher(Call memory c, Patch memory p, Item calldata item, Spend calldata spend)
        private
        view
        returns (bytes32)
    {
        if ((p.bits | p.marked) & VoucherId.bit(spend.voucher) != 0) {
            bytes32 reason = _judgeMarks(c, p, spend.voucher);
            if (reason != GOOD) return reason;
        }
        if (p.open >> item.channel & 1 == 0) return p.fit == GOOD ? bytes32(Vouchers_ChannelClosed.selector) : p.fit;
        uint256 terms = p.terms;
        if ((spend.amount ^ BatchWord.face(terms)) | spend.sequence | BatchWord.kind(terms) != 0) {
            return _judgeKind(c, terms, spend, _billOf(item));
        }
        return GOOD;
    }

    /// @dev A voucher whose redeemed bit or a mark is set.
    function _judgeMarks(Call memory c, Patch memory p, uint256 voucher) private view returns (bytes32) {
        uint256 bit = VoucherId.bit(voucher);
        if (p.marked & bit != 0) {
            if (_isFrozen(p.programme, voucher, c.holder)) return bytes32(Vouchers_VoucherFrozen.selector);
            if (_carries(Overlay.REVOKED, voucher)) return bytes32(Vouchers_VoucherRevoked.selector);
            if (_isBooked(voucher)) return bytes32(Vouchers_VoucherBooked.selector);
        }
        if (p.bits & bit != 0) return bytes32(Vouchers_AlreadyRedeemed.selector);
        if (!_carries(Overlay.EVER_REVERSED, voucher)) return GOOD;
        return _dead[Overlay.deadKey(c.digest, voucher)] ? bytes32(Vouchers_SignatureUsed.selector) : GOOD;
    }

    /// @dev Looks at the overlay only where the batch has one.
    function _isBooked(uint256 voucher) private view returns (bool) {
        uint256 flags = BatchWord.flags(_batches[VoucherId.batch(voucher)].reach);
        return flags & BatchWord.BOOKED != 0 && _carries(Overlay.BOOKED, voucher);
    }

    // --- what holds for a batch, roll and merchant ---

    /// @inheritdoc RedemptionHand
    function _fit(Call memory c) internal view override returns (bytes32) {
        (uint256 terms, uint256 reach) = (c.terms, c.reach);
        (uint256 programmeWord, uint256 merchantWord) = (c.programmeWord, c.merchantWord);
        if (ProgrammeWord.state(programmeWord) != uint256(ProgrammeState.ACTIVE)) {
            return bytes32(Vouchers_ProgrammeNotActive.selector);
        }
        if (block.timestamp < ProgrammeWord.pausedUntil(programmeWord) || block.timestamp < NetworkWord.pausedUntil(c.network)) {
            return bytes32(Vouchers_ProgrammePaused.selector);
        }
        if (block.timestamp < BatchWord.validFrom(terms)) return bytes32(Vouchers_NotYetValid.selector);
        uint256 paused;
        unchecked {
            paused = ProgrammeWord.pausedSeconds(programmeWord) + NetworkWord.pausedSeconds(c.network); // 33 bits
        }
        if (block.timestamp >= _validUntil(c.batch, terms, reach, c.rollWord, paused)) return bytes32(Vouchers_Expired.selector);
        if (MerchantWord.status(merchantWord) != uint256(MerchantStatus.ACTIVE)) {
            return bytes32(Vouchers_MerchantNotActive.selector);
        }
        if (block.timestamp < MerchantWord.frozenUntil(merchantWord)) return bytes32(Vouchers_MerchantFrozen.selector);
        uint256 categories = BatchWord.categories(reach) | ProgrammeWord.widenedCategories(programmeWord);
        if (categories & MerchantWord.categories(merchantWord) == 0) return bytes32(Vouchers_CategoryNotShared.selector);
        uint256 region = MerchantWord.region(merchantWord);
        if (!RegionCode.covers(BatchWord.region(reach), region) && !_isWidenedTo(c, region)) {
            return bytes32(Vouchers_RegionOutside.selector);
        }
        return GOOD;
    }

    /// @dev Whether the programme in hand was widened to the region.
    function _isWidenedTo(Call memory c, uint256 region) private view returns (bool) {
        if (ProgrammeWord.flags(c.programmeWord) & ProgrammeWord.REGIONS_WIDENED == 0) return false;
        uint256[] storage widened = _widenedRegions[c.programme];
        for (uint256 i; i < widened.length; ++i) {
            if (RegionCode.covers(widened[i], region)) return true;
        }
        return false;
    }
}
