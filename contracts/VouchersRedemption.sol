// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IVouchersRedemption} from "./interfaces/IVouchersRedemption.sol";
import {Digests} from "./libraries/Digests.sol";
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
import {Consent, Group, Item, Spend} from "./types/Redemption.sol";
import {BatchWord} from "./words/BatchWord.sol";
import {MerchantWord} from "./words/MerchantWord.sol";
import {NetworkWord} from "./words/NetworkWord.sol";
import {ProgrammeWord} from "./words/ProgrammeWord.sol";
import {RollWord} from "./words/RollWord.sol";
import {RulesWord} from "./words/RulesWord.sol";

/// @title Redeeming: the hot path.
abstract contract VouchersRedemption is IVouchersRedemption, RedemptionLimits {
    uint256 private constant MAX_ITEMS = 1_000;

    /// @inheritdoc IVouchersRedemption
    function redeem(Group[] calldata groups) external returns (uint256 redeemed) {
        Call memory c;
        return _redeem(c, groups);
    }

    /// @inheritdoc IVouchersRedemption
    function redeemWithConsents(Group[] calldata groups, Consent[] calldata consents) external returns (uint256 redeemed) {
        Call memory c;
        c.consented = _readConsents(consents);
        return _redeem(c, groups);
    }

    function _redeem(Call memory c, Group[] calldata groups) private returns (uint256 redeemed) {
        _checkSender(groups);

        _layTable(c);
        c.desk = Digests.lay(_domainSeparatorV4());
        c.network = _network;
        uint256 first = NetworkWord.nextNumber(c.network);
        (c.number, c.booked) = (first, first);
        for (uint256 i; i < groups.length; ++i) {
            _redeemGroup(c, groups[i], i);
        }
        _writeAllBits(c);
        redeemed = c.number - first;
        if (redeemed == 0) return 0;

        // Effect: the running number and the commitment.
        _network = NetworkWord.addNumbers(c.network, redeemed);
        _commitments[first] = c.commitment;

        // Log:
        emit RedemptionsCommitted(first, redeemed, c.commitment);
    }

    /// @dev The digests that attestors consented to; zero, which is no digest, where the signature is no attestor's.
    function _readConsents(Consent[] calldata consents) private returns (bytes32[] memory digests) {
        if (consents.length > MAX_ITEMS) revert Vouchers_TooManyItems(consents.length, MAX_ITEMS);
        digests = new bytes32[](consents.length);
        for (uint256 i; i < consents.length; ++i) {
            bytes32 redemption = consents[i].redemption;
            address attestor = Signatures.recover(Digests.consent(_domainSeparatorV4(), redemption), consents[i].signature);
            if (!_attestors[attestor]) continue;
            digests[i] = redemption;

            // Log:
            emit ConsentGiven(redemption, attestor);
        }
    }

    function _checkSender(Group[] calldata groups) private view {
        bool relayed = _relayers[msg.sender];
        uint256 items;
        for (uint256 i; i < groups.length; ++i) {
            if (!relayed && !_isOwnTerminal(groups[i])) revert Vouchers_SenderNotAllowed(msg.sender);
            items += groups[i].items.length;
        }
        if (!relayed && groups.length == 0) revert Vouchers_SenderNotAllowed(msg.sender);
        if (items > MAX_ITEMS) revert Vouchers_TooManyItems(items, MAX_ITEMS);
    }

    /// @dev Whether the sender is the terminal the group names, and the merchant's: nobody else writes refusals into the record.
    function _isOwnTerminal(Group calldata group) private view returns (bool) {
        return group.terminal == msg.sender && MerchantWord.serves(_terminals[msg.sender], group.merchant);
    }

    function _redeemGroup(Call memory c, Group calldata group, uint256 index) private {
        Item[] calldata items = group.items;
        c.group = index + 1 << 64;
        c.merchant = group.merchant;
        c.merchantWord = _merchants[group.merchant];
        c.terminal = uint256(uint160(group.terminal));
        Digests.setMerchant(c.desk, c.merchant, c.terminal);
        uint256 first = c.number;
        c.account = 0; // the day in hand is another merchant's
        (c.terminalWord, c.unusual) = (0, 0);

        bytes32 refusal = c.terminal == 0 ? GOOD : _judgeTerminal(c, group);
        if (refusal != GOOD) return _refuseGroup(group, index, refusal);
        for (uint256 i; i < items.length; ++i) {
            _redeemItem(c, Items.at(items, i), index, i);
        }
        _writeLedger(c);
        if (c.unusual & TERMINAL_LIMITED != 0) _terminals[group.terminal] = c.terminalWord;

        // Log:
        if (c.terminal != 0 && c.number != first) {
            emit TerminalBatchAccepted(c.merchant, group.terminal, first, c.number - first);
        }
    }

    function _refuseGroup(Group calldata group, uint256 index, bytes32 refusal) private {
        for (uint256 i; i < group.items.length; ++i) {
            emit RedemptionItemRefused(group.merchant, index, i, bytes4(refusal));
        }
    }

    function _redeemItem(Call memory c, Item calldata item, uint256 group, uint256 index) private {
        Spend[] calldata spends = Items.spends(item);
        bytes32 digest = Digests.redemption(c.desk, item, spends);
        (bytes32 refusal, bool signed) = _judgeItem(c, item, spends, digest);
        if (refusal != GOOD) {
            if (signed) emit RedemptionRefused(c.failed, c.merchant, digest, bytes4(refusal));
            else emit RedemptionItemRefused(c.merchant, group, index, bytes4(refusal));
            return;
        }
        if (c.pending) _writeCounters(c);
        uint256 i;
        do {
            _redeemVoucher(c, Items.at(spends, i).voucher, item.receipt, digest);
            unchecked {
                ++i;
            }
        } while (i != spends.length);
    }

    // --- judging: nothing is written but bits in hand, and those of a refused item are taken back ---

    /// @dev A terminal counts only where it sent the call or signed its items.
    function _judgeTerminal(Call memory c, Group calldata group) private view returns (bytes32) {
        address terminal = group.terminal;
        c.terminalWord = _terminals[terminal];
        if (MerchantWord.dailyLimit(c.terminalWord) != 0) c.unusual = TERMINAL_LIMITED;
        if (!MerchantWord.serves(c.terminalWord, group.merchant)) return bytes32(Vouchers_TerminalUnknown.selector);
        if (terminal == msg.sender) return GOOD;
        bytes32[] memory digests = new bytes32[](group.items.length);
        for (uint256 i; i < digests.length; ++i) {
            Item calldata item = Items.at(group.items, i);
            digests[i] = Digests.redemption(c.desk, item, Items.spends(item));
        }
        bytes32 digest = Digests.terminalBatch(_domainSeparatorV4(), group.merchant, digests);
        if (Signatures.isSignedBy(terminal, digest, group.terminalSignature)) return GOOD;
        return bytes32(Vouchers_TerminalSignatureInvalid.selector);
    }

    /// @dev Who must have signed is the holder of the first voucher.
    /// @return reason {GOOD} or the error's selector.
    /// @return signed Whether the holder's signature was good.
    function _judgeItem(Call memory c, Item calldata item, Spend[] calldata spends, bytes32 digest)
        private
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
        if (!Signatures.isSignedBy(holder, digest, Items.signature(item))) {
            return (bytes32(Vouchers_SignatureInvalid.selector), false);
        }
        c.digest = digest;
        c.holder = holder;
        return (_judgeSpends(c, p, item, spends), true);
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
            if (reason == GOOD) reason = _judgeVoucher(c, p, spend, item.channel);
            if (reason != GOOD) break;
            p.bits |= VoucherId.bit(spend.voucher);
            unchecked {
                amounts += BatchWord.face(p.terms); // each below 2^48, so neither sum can wrap
                minimums += BatchWord.minimumSpend(p.terms);
                ++judged;
            }
            if (judged != count) continue;

            if (amounts > item.bill) reason = bytes32(Vouchers_AmountsOverBill.selector);
            else if (minimums > item.bill) reason = bytes32(Vouchers_MinimumSpendUnmet.selector);
            else reason = _judgeLimits(c, spends, terms, rules, amounts);
            if (reason != GOOD) break;
            if (uint256(uint160(c.holder)) == c.terminal) reason = bytes32(Vouchers_SelfRedemption.selector);
            else return GOOD;
            break;
        }
        (c.unusual, c.pending, c.counterKey) = (c.unusual & ~MIXED, false, 0);
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
        if ((voucher ^ first) << 221 == 0) return GOOD; // the same place of the same roll
        if (RollCode.holderAt(p.pointer, VoucherId.place(voucher)) != c.holder) return bytes32(Vouchers_HolderMismatch.selector);
        if (p.programme != RollWord.programme(_rolls[VoucherId.roll(first)])) return bytes32(Vouchers_ProgrammeMixed.selector);
        return GOOD;
    }

    function _judgeVoucher(Call memory c, Patch memory p, Spend calldata spend, uint256 channel) private view returns (bytes32) {
        if ((p.bits | p.marked) & VoucherId.bit(spend.voucher) != 0) {
            bytes32 reason = _judgeMarks(c, p, spend.voucher);
            if (reason != GOOD) return reason;
        }
        if (p.open >> channel & 1 == 0) return p.fit == GOOD ? bytes32(Vouchers_ChannelClosed.selector) : p.fit;
        if ((spend.amount ^ BatchWord.face(p.terms)) | spend.sequence != 0) return bytes32(Vouchers_AmountMismatch.selector);
        return GOOD;
    }

    /// @dev A voucher whose redeemed bit or a mark is set.
    function _judgeMarks(Call memory c, Patch memory p, uint256 voucher) private view returns (bytes32) {
        uint256 bit = VoucherId.bit(voucher);
        if (p.marked & bit != 0) {
            if (_isFrozen(p.programme, voucher, c.holder)) return bytes32(Vouchers_VoucherFrozen.selector);
            if (_carries(Overlay.REVOKED, voucher)) return bytes32(Vouchers_VoucherRevoked.selector);
        }
        if (p.bits & bit != 0) return bytes32(Vouchers_AlreadyRedeemed.selector);
        if (!_carries(Overlay.EVER_REVERSED, voucher)) return GOOD;
        return _dead[Overlay.deadKey(c.digest, voucher)] ? bytes32(Vouchers_SignatureUsed.selector) : GOOD;
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

    // --- effects ---

    /// @dev The bit was set when the voucher was judged; what is left is the ledger, the commitment and the log.
    function _redeemVoucher(Call memory c, uint256 voucher, bytes32 receipt, bytes32 digest) private {
        uint256 terms = _termsOf(c, voucher);
        uint256 amount = BatchWord.face(terms);
        uint256 version = BatchWord.version(terms);

        // Effect: the ledger, the commitment.
        uint256 account = BatchWord.account(terms);
        if (account != c.account) _turnTo(c, account);
        unchecked {
            c.amount += amount;
        }
        c.commitment = Digests.commit(c.commitment, Digests.leaf(c.desk, digest, voucher, amount, version));

        // Log:
        uint256 number = c.number;
        emit VoucherRedeemed(voucher, c.merchant, receipt, digest, amount, version, number);
        unchecked {
            c.number = number + 1;
        }
    }
}
