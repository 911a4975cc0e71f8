// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {CaseDeskBase} from "./CaseDeskBase.sol";
import {ICaseDeskReversals} from "./interfaces/ICaseDeskReversals.sol";
import {Commitments} from "./libraries/Commitments.sol";
import {Signatures} from "./libraries/Signatures.sol";
import {VoucherId} from "./libraries/VoucherId.sol";
import {Leaf, Opening} from "./types/Case.sol";
import {BatchWord} from "./words/BatchWord.sol";
import {LedgerWord} from "./words/LedgerWord.sol";
import {MerchantWord} from "./words/MerchantWord.sol";
import {ProgrammeWord} from "./words/ProgrammeWord.sol";
import {RulesWord} from "./words/RulesWord.sol";

/// @title Reversals, and the proof they share with disputes.
abstract contract CaseDeskReversals is ICaseDeskReversals, CaseDeskBase {
    /// @dev A redemption that was proved, with its budget line and the merchant's local day.
    struct Redeemed {
        bytes32 digest;
        uint256 voucher;
        uint256 number;
        uint256 amount;
        uint256 merchant;
        uint256 line;
        uint256 day;
    }

    /// @inheritdoc ICaseDeskReversals
    function reverse(Opening calldata opening, bytes32 reason, uint256 deadline, bytes calldata signature)
        external
        returns (bool live)
    {
        Redeemed memory r = _open(opening);
        address by = _signer(_digest(Commitments.REVERSAL, opening.leaf, reason, deadline), deadline, signature);

        // Check: the merchant's key, or the terminal that answered for it; within the window.
        bool isKey = _merchants.merchantOfKey(by) == r.merchant;
        if (!isKey && _merchants.merchantOfTerminal(by) != r.merchant) revert CaseDesk_NotTheMerchant(by, r.merchant);
        if (!isKey && opening.leaf.terminal != by) revert CaseDesk_TerminalNotNamed(by, opening.leaf.terminal);
        uint256 until = opening.leaf.time + RulesWord.reversalWindow(_rulesOf(r, opening.leaf));
        if (block.timestamp >= until) revert CaseDesk_ReversalWindowOver(r.voucher, block.timestamp, until);

        if (!isKey) _countTerminal(r, by, MerchantWord.dailyLimit(_vouchers.terminalWord(by)));
        return _reverse(r, 0, by, reason);
    }

    /// @inheritdoc ICaseDeskReversals
    function reverseByArbiter(Opening calldata opening, uint256 laterDay, bytes32 reason)
        external
        restricted
        returns (bool live)
    {
        Redeemed memory r = _open(opening);

        // Check: the merchant's own window is over.
        uint256 until = opening.leaf.time + RulesWord.reversalWindow(_rulesOf(r, opening.leaf));
        if (block.timestamp < until) revert CaseDesk_ReversalWindowOpen(r.voucher, block.timestamp, until);

        return _reverse(r, laterDay, msg.sender, reason);
    }

    /// @inheritdoc ICaseDeskReversals
    function reversedBy(address terminal, uint256 day) external view returns (uint256 amount) {
        return _reversedBy[uint256(uint160(terminal)) << 24 | day];
    }

    // --- the proof ---

    /// @dev Checks that the redemption is in the record and was not taken back. Then it stands, exactly as this leaf says: a
    /// signature redeems a voucher once, and never again after its reversal.
    function _open(Opening calldata o) internal view returns (Redeemed memory r) {
        bytes32 found = Commitments.commitment(o);
        bytes32 expected = _vouchers.commitmentOf(o.firstNumber);
        if (found != expected) revert CaseDesk_OpeningWrong(o.firstNumber, found, expected);
        if (_vouchers.isDead(o.leaf.digest, o.leaf.voucher)) revert CaseDesk_ReversedBefore(o.leaf.voucher, o.leaf.digest);

        (uint256 terms,,) = _vouchers.batchWords(VoucherId.batch(o.leaf.voucher));
        (r.digest, r.voucher, r.amount, r.merchant) = (o.leaf.digest, o.leaf.voucher, o.leaf.amount, o.leaf.merchant);
        r.number = o.firstNumber + o.before.length;
        r.line = BatchWord.line(terms);
        r.day = ProgrammeWord.day(_vouchers.programmeWord(r.line >> 16), o.leaf.time);
    }

    /// @dev The `terms` word of the rules the redemption was judged by.
    function _rulesOf(Redeemed memory r, Leaf calldata leaf) internal view returns (uint256 rules) {
        (rules,) = _vouchers.rulesWords(r.line >> 16, leaf.rulesVersion);
    }

    function _digest(bytes32 kind, Leaf calldata leaf, bytes32 reason, uint256 deadline) internal view returns (bytes32) {
        return Commitments.digest(_vouchers.domainSeparator(), kind, leaf, reason, deadline);
    }

    /// @dev The key that signed, zero for a bad signature; the caller where nothing was signed.
    function _signer(bytes32 digest, uint256 deadline, bytes calldata signature) internal view returns (address) {
        if (block.timestamp >= deadline) revert CaseDesk_DeadlinePassed(deadline, block.timestamp);
        return signature.length == 0 ? msg.sender : Signatures.recover(digest, signature);
    }

    // --- the money ---

    function _reverse(Redeemed memory r, uint256 laterDay, address by, bytes32 reason) internal returns (bool live) {
        _endDispute(r, by, reason); // first of all: it unlocks the money
        uint256 day = _payingDay(r, laterDay);

        // Interaction: Vouchers takes the redemption back; what can never be spent again is the line's.
        (uint256 line, bool gone) = _vouchers.bookReversed(r.voucher, r.digest, r.amount, r.merchant, day);
        if (gone) _treasury.releaseExpired(line, r.amount);
        live = !gone && block.timestamp < _vouchers.validUntil(VoucherId.batch(r.voucher), VoucherId.roll(r.voucher));

        // Log:
        emit VoucherReversed(r.voucher, r.merchant, by, r.digest, r.amount, r.number, live);
        emit ReversalBooked(r.number, day, reason);
    }

    /// @dev The redemption's own day, or, once that was paid, the later one named.
    function _payingDay(Redeemed memory r, uint256 laterDay) private view returns (uint256 day) {
        if (laterDay == 0 || _isUnsettled(r, r.day)) {
            _checkUnsettled(r, r.day);
            return r.day;
        }
        if (laterDay <= r.day) revert CaseDesk_DayNotLater(laterDay, r.day);
        _checkUnsettled(r, laterDay);
        return laterDay;
    }

    function _checkUnsettled(Redeemed memory r, uint256 day) internal view {
        if (_isUnsettled(r, day)) return;
        (uint256 amount,) = LedgerWord.unsettled(_vouchers.dayWord(r.line, r.merchant, day));
        revert CaseDesk_DayShort(r.line, r.merchant, day, amount, r.amount);
    }

    function _isUnsettled(Redeemed memory r, uint256 day) private view returns (bool) {
        (uint256 amount, uint256 count) = LedgerWord.unsettled(_vouchers.dayWord(r.line, r.merchant, day));
        return amount >= r.amount && count != 0;
    }

    /// @dev What a terminal reverses on one local day stays within its daily limit, where it has one.
    function _countTerminal(Redeemed memory r, address terminal, uint256 limit) private {
        uint256 today = ProgrammeWord.day(_vouchers.programmeWord(r.line >> 16), block.timestamp);
        uint256 key = uint256(uint160(terminal)) << 24 | today;
        uint256 sum = _reversedBy[key] + r.amount;
        if (limit != 0 && sum > limit) {
            uint256 before = _reversedBy[key];
            revert CaseDesk_TerminalLimitPassed(terminal, r.amount, before > limit ? 0 : limit - before);
        }
        _reversedBy[key] = sum;
    }

    /// @dev Decides an open dispute over the redemption for the holder; does nothing where there is none.
    function _endDispute(Redeemed memory r, address by, bytes32 reason) internal virtual;
}
