// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IVouchersRedemption} from "./interfaces/IVouchersRedemption.sol";
import {Digests} from "./libraries/Digests.sol";
import {Items} from "./libraries/Items.sol";
import {Signatures} from "./libraries/Signatures.sol";
import {Consent, Group, Item, Spend} from "./types/Redemption.sol";
import {VouchersOpen} from "./VouchersOpen.sol";
import {BatchWord} from "./words/BatchWord.sol";
import {MerchantWord} from "./words/MerchantWord.sol";
import {NetworkWord} from "./words/NetworkWord.sol";

/// @title Redeeming: the hot path.
abstract contract VouchersRedemption is IVouchersRedemption, VouchersOpen {
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
        digest = c.digest; // of an open code another
        if (refusal != GOOD) {
            if (signed) emit RedemptionRefused(c.failed, c.merchant, digest, bytes4(refusal));
            else emit RedemptionItemRefused(c.merchant, group, index, bytes4(refusal));
            return;
        }
        if (c.pending) {
            _writeCounters(c);
            if (c.unusual & KINDS != 0) return _redeemKinds(c, item, spends, digest);
        }
        uint256 i;
        do {
            uint256 voucher = Items.at(spends, i).voucher;
            uint256 terms = _termsOf(c, voucher);
            _redeemVoucher(c, voucher, terms, BatchWord.face(terms), item.receipt, digest);
            unchecked {
                ++i;
            }
        } while (i != spends.length);
    }

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

    // --- effects ---

    /// @dev An item with vouchers of other kinds than a fixed value.
    function _redeemKinds(Call memory c, Item calldata item, Spend[] calldata spends, bytes32 digest) private {
        for (uint256 i; i < spends.length; ++i) {
            Spend calldata spend = Items.at(spends, i);
            uint256 terms = _termsOf(c, spend.voucher);
            uint256 amount = _amountOf(terms, spend, item.bill);
            _redeemVoucher(c, spend.voucher, terms, amount, item.receipt, digest);
            _takeFrom(c, terms, spend.voucher, amount);
        }
        c.unusual &= ~KINDS;
    }

    /// @dev The bit was set when the voucher was judged; what is left is the ledger, the commitment and the log.
    function _redeemVoucher(Call memory c, uint256 voucher, uint256 terms, uint256 amount, bytes32 receipt, bytes32 digest)
        private
    {
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
