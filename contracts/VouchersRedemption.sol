// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {IVouchersErrors} from "./interfaces/IVouchersErrors.sol";
import {IVouchersRedemption} from "./interfaces/IVouchersRedemption.sol";
import {Digests} from "./libraries/Digests.sol";
import {RegionCode} from "./libraries/RegionCode.sol";
import {RollCode} from "./libraries/RollCode.sol";
import {Signatures} from "./libraries/Signatures.sol";
import {VoucherId} from "./libraries/VoucherId.sol";
import {MerchantStatus} from "./types/Merchant.sol";
import {ProgrammeState} from "./types/Programme.sol";
import {Group, Item, Spend} from "./types/Redemption.sol";
import {VouchersStorage} from "./VouchersStorage.sol";
import {BatchWord} from "./words/BatchWord.sol";
import {LedgerWord} from "./words/LedgerWord.sol";
import {MerchantWord} from "./words/MerchantWord.sol";
import {NetworkWord} from "./words/NetworkWord.sol";
import {ProgrammeWord} from "./words/ProgrammeWord.sol";
import {RollWord} from "./words/RollWord.sol";
import {RulesWord} from "./words/RulesWord.sol";

/// @title Redeeming: the hot path.
/// @dev A call keeps the words it has read in a {Call} in memory, since neighbouring items mostly share them, and writes bits and
/// ledger words when it leaves them.
abstract contract VouchersRedemption is IVouchersErrors, IVouchersRedemption, VouchersStorage, EIP712 {
    uint256 private constant MAX_ITEMS = 1_000;
    bytes4 private constant GOOD = 0;

    /// @dev The words a call has in hand. Zero ids never name anything, so a fresh one matches no key.
    struct Call {
        bytes32 domain;
        uint256 network;
        uint256 number;
        bytes32 commitment;
        uint256 merchant;
        uint256 merchantWord;
        address terminal;
        uint256 roll;
        uint256 rollWord;
        uint256 programme;
        uint256 programmeWord;
        uint256 rulesKey;
        uint256 rules;
        uint256 batch;
        uint256 terms;
        uint256 reach;
        uint256 bitsKey;
        uint256 bits;
        uint256 bitsStored;
        uint256 line;
        uint256 amount;
        uint256 count;
        uint256 failed;
    }

    /// @inheritdoc IVouchersRedemption
    function redeem(Group[] calldata groups) external returns (uint256 redeemed) {
        _checkSender(groups);

        Call memory c;
        c.domain = _domainSeparatorV4();
        c.network = _network;
        uint256 first = NetworkWord.nextNumber(c.network);
        c.number = first;
        for (uint256 i; i < groups.length; ++i) {
            _redeemGroup(c, groups[i], i);
        }
        redeemed = c.number - first;
        if (redeemed == 0) return 0;

        // Effect: what is still in hand, the running number and the commitment.
        _writeBits(c);
        _network = NetworkWord.addNumbers(c.network, redeemed);
        _commitments[first] = c.commitment;

        // Log:
        emit RedemptionsCommitted(first, redeemed, c.commitment);
    }

    function _checkSender(Group[] calldata groups) private view {
        bool relayed = _relayers[msg.sender];
        uint256 items;
        for (uint256 i; i < groups.length; ++i) {
            if (!relayed && groups[i].terminal != msg.sender) revert Vouchers_SenderNotAllowed(msg.sender);
            items += groups[i].items.length;
        }
        if (!relayed && groups.length == 0) revert Vouchers_SenderNotAllowed(msg.sender);
        if (items > MAX_ITEMS) revert Vouchers_TooManyItems(items, MAX_ITEMS);
    }

    function _redeemGroup(Call memory c, Group calldata group, uint256 index) private {
        c.merchant = group.merchant;
        c.merchantWord = _merchants[group.merchant];
        c.terminal = group.terminal;
        uint256 first = c.number;

        bytes32[] memory digests = new bytes32[](group.items.length);
        for (uint256 i; i < digests.length; ++i) {
            digests[i] = Digests.redemption(c.domain, group.items[i], group.merchant);
        }
        bytes4 refusal = _judgeTerminal(c, group, digests);
        for (uint256 i; i < digests.length; ++i) {
            _redeemItem(c, group.items[i], digests[i], refusal, index, i);
        }
        _writeLedger(c);

        // Log:
        if (c.terminal != address(0) && c.number != first) {
            emit TerminalBatchAccepted(c.merchant, c.terminal, first, c.number - first);
        }
    }

    /// @dev A terminal counts only where it sent the call or signed its items.
    function _judgeTerminal(Call memory c, Group calldata group, bytes32[] memory digests) private view returns (bytes4) {
        address terminal = group.terminal;
        if (terminal == address(0)) return GOOD;
        if (!MerchantWord.serves(_terminals[terminal], group.merchant)) return Vouchers_TerminalUnknown.selector;
        if (terminal == msg.sender) return GOOD;
        bytes32 digest = Digests.terminalBatch(c.domain, group.merchant, digests);
        if (Signatures.isSignedBy(terminal, digest, group.terminalSignature)) return GOOD;
        return Vouchers_TerminalSignatureInvalid.selector;
    }

    function _redeemItem(Call memory c, Item calldata item, bytes32 digest, bytes4 refusal, uint256 group, uint256 index) private {
        Spend[] calldata spends = item.spends;
        address holder;
        if (refusal == GOOD) (refusal, holder) = _judgeSignature(c, spends, item, digest);
        if (refusal != GOOD) {
            emit RedemptionItemRefused(c.merchant, group, index, refusal);
            return;
        }
        refusal = _judgeItem(c, item, spends, holder);
        if (refusal != GOOD) {
            emit RedemptionRefused(c.failed, c.merchant, digest, refusal);
            return;
        }
        for (uint256 i; i < spends.length; ++i) {
            _redeemVoucher(c, spends[i].voucher, item.receipt, digest);
        }
    }

    // --- judging: nothing is written ---

    /// @dev Who must have signed is the holder of the first voucher.
    function _judgeSignature(Call memory c, Spend[] calldata spends, Item calldata item, bytes32 digest)
        private
        view
        returns (bytes4, address holder)
    {
        if (spends.length == 0) return (Vouchers_VouchersMissing.selector, holder);
        uint256 voucher = spends[0].voucher;
        if (!_enterRoll(c, voucher)) return (Vouchers_VoucherUnknown.selector, holder);
        holder = RollCode.holderAt(RollWord.pointer(c.rollWord), VoucherId.place(voucher));
        if (!Signatures.isSignedBy(holder, digest, item.signature)) return (Vouchers_SignatureInvalid.selector, holder);
        return (GOOD, holder);
    }

    /// @dev The rules in the order of {IVouchersErrors}; leaves the first voucher that failed in `c.failed`.
    function _judgeItem(Call memory c, Item calldata item, Spend[] calldata spends, address holder) private returns (bytes4 reason) {
        c.failed = spends[0].voucher;
        if (!_enterBatch(c, c.failed)) return Vouchers_VoucherUnknown.selector;
        if (block.timestamp >= item.deadline) return Vouchers_DeadlinePassed.selector;
        unchecked {
            if (item.deadline - block.timestamp > RulesWord.maxDeadline(c.rules)) return Vouchers_DeadlineTooFar.selector;
        }
        uint256 programme = c.programme;
        uint256 amounts;
        uint256 minimums;
        uint256 previous;
        for (uint256 i; i < spends.length; ++i) {
            Spend calldata spend = spends[i];
            uint256 voucher = spend.voucher;
            c.failed = voucher;
            if (i != 0) reason = _judgeNeighbour(c, voucher, previous, programme, holder);
            if (reason == GOOD) reason = _judgeVoucher(c, spend, item.channel);
            if (reason != GOOD) return reason;
            previous = voucher;
            unchecked {
                amounts += BatchWord.face(c.terms); // each below 2^48, so neither sum can wrap
                minimums += BatchWord.minimumSpend(c.terms);
            }
        }
        c.failed = spends[0].voucher;
        if (amounts > item.bill) return Vouchers_AmountsOverBill.selector;
        if (minimums > item.bill) return Vouchers_MinimumSpendUnmet.selector;
        if (holder == c.terminal) return Vouchers_SelfRedemption.selector;
    }

    /// @dev What holds between a voucher and those before it in the same item.
    function _judgeNeighbour(Call memory c, uint256 voucher, uint256 previous, uint256 programme, address holder)
        private
        view
        returns (bytes4)
    {
        if (voucher <= previous) return Vouchers_VouchersNotAscending.selector;
        if (!_enterRoll(c, voucher)) return Vouchers_VoucherUnknown.selector;
        if (!_enterBatch(c, voucher)) return Vouchers_VoucherUnknown.selector;
        if (RollCode.holderAt(RollWord.pointer(c.rollWord), VoucherId.place(voucher)) != holder) {
            return Vouchers_HolderMismatch.selector;
        }
        if (c.programme != programme) return Vouchers_ProgrammeMixed.selector;
        return GOOD;
    }

    function _judgeVoucher(Call memory c, Spend calldata spend, uint256 channel) private returns (bytes4) {
        uint256 voucher = spend.voucher;
        uint256 terms = c.terms;
        uint256 reach = c.reach;
        uint256 programmeWord = c.programmeWord;
        uint256 merchantWord = c.merchantWord;

        _enterBits(c, VoucherId.bitsKey(voucher));
        if (c.bits & VoucherId.bit(voucher) != 0) return Vouchers_AlreadyRedeemed.selector;
        if (ProgrammeWord.state(programmeWord) != uint256(ProgrammeState.ACTIVE)) return Vouchers_ProgrammeNotActive.selector;
        if (block.timestamp < BatchWord.validFrom(terms)) return Vouchers_NotYetValid.selector;
        uint256 paused;
        unchecked {
            paused = ProgrammeWord.pausedSeconds(programmeWord) + NetworkWord.pausedSeconds(c.network); // 33 bits
        }
        if (block.timestamp >= _validUntil(terms, reach, c.rollWord, paused)) return Vouchers_Expired.selector;
        if (MerchantWord.status(merchantWord) != uint256(MerchantStatus.ACTIVE)) return Vouchers_MerchantNotActive.selector;
        if (BatchWord.categories(reach) & MerchantWord.categories(merchantWord) == 0) return Vouchers_CategoryNotShared.selector;
        if (!RegionCode.covers(BatchWord.region(reach), MerchantWord.region(merchantWord))) return Vouchers_RegionOutside.selector;
        if ((BatchWord.channels(reach) & MerchantWord.channels(merchantWord)) >> channel & 1 == 0) {
            return Vouchers_ChannelClosed.selector;
        }
        if (spend.amount != BatchWord.face(terms) || spend.sequence != 0) return Vouchers_AmountMismatch.selector;
        return GOOD;
    }

    // --- words in hand ---

    /// @dev Takes the voucher's roll, and its programme, in hand; false if there is no such place.
    function _enterRoll(Call memory c, uint256 voucher) private view returns (bool) {
        uint256 roll = VoucherId.roll(voucher);
        if (voucher >> VoucherId.BITS != 0 || roll == 0) return false;
        if (roll != c.roll) {
            uint256 word = _rolls[roll];
            if (word == 0) return false;
            c.roll = roll;
            c.rollWord = word;
            uint256 programme = RollWord.programme(word);
            if (programme != c.programme) {
                c.programme = programme;
                c.programmeWord = _programmes[programme];
            }
        }
        return VoucherId.place(voucher) < RollWord.places(c.rollWord);
    }

    /// @dev Takes the voucher's batch, and the rules it was opened under, in hand; false if it was not issued to the roll in hand.
    function _enterBatch(Call memory c, uint256 voucher) private view returns (bool) {
        uint256 id = VoucherId.batch(voucher);
        if (id != c.batch) {
            Batch storage batch = _batches[id];
            uint256 terms = batch.terms;
            c.batch = id;
            c.terms = terms;
            c.reach = batch.reach;
            uint256 rulesKey = BatchWord.rulesKey(terms);
            if (rulesKey != c.rulesKey) {
                c.rulesKey = rulesKey;
                c.rules = _rules[rulesKey].terms;
            }
        }
        return _isIssued(id, c.reach, c.roll);
    }

    /// @dev Takes a word of redeemed bits in hand, writing back the one before it.
    function _enterBits(Call memory c, uint256 key) private {
        if (key == c.bitsKey) return;
        _writeBits(c);
        c.bitsKey = key;
        c.bits = _redeemed[key];
        c.bitsStored = c.bits;
    }

    // --- effects ---

    function _redeemVoucher(Call memory c, uint256 voucher, bytes32 receipt, bytes32 digest) private {
        if (VoucherId.batch(voucher) != c.batch) _enterBatch(c, voucher); // judged before: issued
        uint256 terms = c.terms;
        uint256 amount = BatchWord.face(terms);
        uint256 version = BatchWord.version(terms);

        // Effect: the bit, the ledger, the commitment.
        _enterBits(c, VoucherId.bitsKey(voucher));
        c.bits |= VoucherId.bit(voucher);
        uint256 line = BatchWord.line(terms);
        if (line != c.line) {
            _writeLedger(c);
            c.line = line;
        }
        unchecked {
            c.amount += amount;
            ++c.count;
        }
        _commit(c, digest, voucher, amount, version);

        // Log:
        emit VoucherRedeemed(voucher, c.merchant, receipt, digest, amount, version, c.number);
        unchecked {
            ++c.number;
        }
    }

    /// @dev commitment = keccak256(commitment ‖ leaf), see docs/storage.md, section 1.
    function _commit(Call memory c, bytes32 digest, uint256 voucher, uint256 amount, uint256 version) private view {
        bytes32 commitment = c.commitment;
        uint256 merchant = c.merchant;
        address terminal = c.terminal;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, digest)
            mstore(add(free, 32), voucher)
            mstore(add(free, 64), amount)
            mstore(add(free, 96), merchant)
            mstore(add(free, 128), terminal)
            mstore(add(free, 160), timestamp())
            mstore(add(free, 192), version)
            mstore(32, keccak256(free, 224))
            mstore(0, commitment)
            commitment := keccak256(0, 64)
        }
        c.commitment = commitment;
    }

    function _writeBits(Call memory c) private {
        if (c.bits != c.bitsStored) _redeemed[c.bitsKey] = c.bits;
        c.bitsStored = c.bits;
    }

    /// @dev Moves what was redeemed at the merchant under the line in hand from committed to payable.
    function _writeLedger(Call memory c) private {
        uint256 count = c.count;
        if (count == 0) return;
        uint256 line = c.line;
        uint256 amount = c.amount;
        uint256 programmeWord = _programmes[line >> 16];
        uint256 key = LedgerWord.dayKey(line, c.merchant, ProgrammeWord.day(programmeWord, block.timestamp));
        _lines[line] = LedgerWord.redeem(_lines[line], amount, count);
        _days[key] = LedgerWord.addRedeemed(_days[key], amount, count);
        c.amount = 0;
        c.count = 0;
    }
}
