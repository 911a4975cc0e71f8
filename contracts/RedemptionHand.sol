// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Overlay} from "./libraries/Overlay.sol";
import {VoucherId} from "./libraries/VoucherId.sol";
import {VouchersBase} from "./VouchersBase.sol";
import {BatchWord} from "./words/BatchWord.sol";
import {LedgerWord} from "./words/LedgerWord.sol";
import {MerchantWord} from "./words/MerchantWord.sol";
import {ProgrammeWord} from "./words/ProgrammeWord.sol";
import {RollWord} from "./words/RollWord.sol";
import {RulesWord} from "./words/RulesWord.sol";

/// @title The words a call of redemptions has in hand.
/// @dev Neighbouring vouchers mostly share their words. A call reads each word once, keeps it in memory, and writes redeemed bits
/// and ledger sums back when it leaves them. Zero ids never name anything, so a fresh hand matches no key.
abstract contract RedemptionHand is VouchersBase {
    uint256 private constant PATCHES = 8;
    /// @dev Beside a patch's rules, above their fields: the programme counts what holders redeem, whichever version asked for it.
    uint256 internal constant COUNTED = 1 << 255;
    uint256 internal constant MIXED = 1;
    uint256 internal constant TERMINAL_LIMITED = 2;
    uint256 internal constant KINDS = 4;
    uint256 internal constant OPEN = 8;
    /// @dev Refusals are selectors, left-aligned in a full word: no masks on the hot path.
    bytes32 internal constant GOOD = 0;

    /// @dev The 256 neighbouring places of a batch and roll, as judged for a group's merchant. `key` is {_keyOf}; `fit` a refusal's
    /// selector, or zero; `open` the channels open to its vouchers, none where `fit` is a refusal; `bits` are the redeemed bits of
    /// `bitsKey`, `stored` what storage holds of them; `marked` has the bits of vouchers that may carry a freeze or another overlay;
    /// `moved` is zero where every voucher is still with who stands in the roll.
    struct Patch {
        uint256 key;
        uint256 pointer;
        uint256 places;
        uint256 programme;
        uint256 terms;
        uint256 rules;
        bytes32 fit;
        uint256 open;
        uint256 bitsKey;
        uint256 bits;
        uint256 stored;
        uint256 marked;
        uint256 moved;
    }

    /// @dev `group` is the group's number from 1, shifted beyond a patch's bits key; `amount` was redeemed at the merchant
    /// under the line of `account`, by the redemptions from number `booked` on, `kept` of which left a rest in their voucher, and stands
    /// in no ledger word yet: `dayWord` is what storage has under `dayKey`. `digest` and `holder` are the item's in hand, `unusual` says
    /// whether its vouchers stand under several rules or lines ({MIXED}), are not all fixed values ({KINDS}), whether its holder named no
    /// merchant ({OPEN}), and whether its terminal has a limit ({TERMINAL_LIMITED}). `pending`: once it is accepted, `counter` is to be written under `counterKey` if that is not zero,
    /// `terminalNext` is the terminal's word, and what was taken of other kinds is to be noted. `consented` are the digests attestors
    /// consented to. `moved` is zero while no patch of the call had any.
    struct Call {
        uint256 desk;
        uint256 network;
        uint256 number;
        bytes32 commitment;
        uint256 group;
        uint256 merchant;
        uint256 merchantWord;
        uint256 terminal;
        uint256 terminalWord;
        uint256 terminalNext;
        uint256 roll;
        uint256 rollWord;
        uint256 programme;
        uint256 programmeWord;
        uint256 batch;
        uint256 terms;
        uint256 reach;
        uint256 rulesKey;
        uint256 rules;
        uint256 account;
        uint256 amount;
        uint256 booked;
        uint256 kept;
        uint256 dayKey;
        uint256 dayWord;
        bytes32 digest;
        address holder;
        uint256 unusual;
        bool pending;
        uint256 counterKey;
        uint256 counter;
        bytes32[] consented;
        uint256 failed;
        uint256 moved;
        uint256 table;
        Patch blank;
    }

    /// @dev Lays out a hand: `table` points to {PATCHES} words that point to patches, all to `blank` at first.
    function _layTable(Call memory c) internal pure {
        Patch memory blank = c.blank;
        uint256 table;
        assembly ("memory-safe") {
            table := mload(0x40)
            let end := add(table, mul(PATCHES, 32))
            mstore(0x40, end)
            for { let at := table } lt(at, end) { at := add(at, 32) } { mstore(at, blank) }
        }
        c.table = table;
    }

    /// @dev Names a patch in the group in hand.
    function _keyOf(Call memory c, uint256 voucher) internal pure returns (uint256) {
        return VoucherId.bitsKey(voucher) | c.group; // see {VoucherId-isWithin} for ids beyond 59 bits
    }

    /// @dev The word that points to the voucher's patch, whatever stands there now: the patches of a batch and roll lie side by side,
    /// those of neighbouring batches apart.
    function _slotOf(Call memory c, uint256 voucher) internal pure returns (uint256 slot) {
        unchecked {
            slot = c.table + (VoucherId.batch(voucher) ^ VoucherId.bitsKey(voucher)) % PATCHES * 32;
        }
    }

    /// @dev Has the slot point to the voucher's patch; false if there is no such batch or roll, or the batch was not issued to it.
    function _enter(Call memory c, uint256 slot, uint256 voucher) internal returns (bool) {
        if (voucher >> VoucherId.BITS != 0) return false;
        (uint256 batch, uint256 roll) = (VoucherId.batch(voucher), VoucherId.roll(voucher));
        _readRoll(c, roll);
        _readBatch(c, batch);
        if (c.rollWord == 0 || !_isIssued(batch, c.reach, roll)) return false;

        Patch memory p = c.blank;
        assembly ("memory-safe") {
            p := mload(slot)
        }
        if (p.key == 0) {
            Patch memory fresh;
            p = fresh;
            assembly ("memory-safe") {
                mstore(slot, fresh)
            }
        }
        p.key = _keyOf(c, voucher);
        p.pointer = RollWord.pointer(c.rollWord);
        p.places = RollWord.places(c.rollWord);
        p.programme = c.programme;
        p.terms = c.terms;
        p.rules = c.rules;
        if (ProgrammeWord.flags(c.programmeWord) & ProgrammeWord.COUNTED != 0) p.rules |= COUNTED;
        p.fit = _fit(c);
        p.open = p.fit == 0 ? _channels(c) & MerchantWord.channels(c.merchantWord) : 0;
        uint256 bitsKey = VoucherId.bitsKey(voucher);
        p.marked = _marked(c, bitsKey);
        p.moved = 0;
        if (RulesWord.transferable(c.rules) | RollWord.reassigned(c.rollWord) != 0) _findMoved(c, p, voucher);
        if (bitsKey != p.bitsKey) {
            _writeBits(p);
            p.bitsKey = bitsKey;
            p.bits = _redeemed[bitsKey];
            p.stored = p.bits;
        }
        return true;
    }

    /// @dev What the rules say of the batch, roll and merchant in hand, whichever voucher it is.
    function _fit(Call memory c) internal view virtual returns (bytes32);

    /// @dev Channels open to the vouchers of the batch in hand.
    function _channels(Call memory c) private view returns (uint256 channels) {
        channels = BatchWord.channels(c.reach);
        if (ProgrammeWord.isWidened(c.programmeWord)) channels |= ProgrammeWord.extraChannels(c.programmeWord, block.timestamp);
    }

    /// @dev Which of the vouchers of the bits key need a look at freezes and overlays: all where the whole batch, roll, or some
    /// holder is frozen.
    function _marked(Call memory c, uint256 bitsKey) private view returns (uint256 bits) {
        (uint256 ofBatch, uint256 ofRoll) = (BatchWord.flags(c.reach), RollWord.flags(c.rollWord));
        if (ofBatch & BatchWord.OVERLAYS != 0 && ofRoll & RollWord.OVERLAYS != 0) {
            bits = _overlays[Overlay.key(Overlay.FROZEN, bitsKey)] | _overlays[Overlay.key(Overlay.REVOKED, bitsKey)]
                | _overlays[Overlay.key(Overlay.EVER_REVERSED, bitsKey)];
            if (ofBatch & BatchWord.BOOKED != 0) bits |= _overlays[Overlay.key(Overlay.BOOKED, bitsKey)];
        }
        if (
            ofBatch & BatchWord.FROZEN | ofRoll & RollWord.FROZEN | ProgrammeWord.flags(c.programmeWord)
                    & ProgrammeWord.HOLDERS_FROZEN != 0
        ) bits = type(uint256).max;
    }

    /// @dev Looks which of the voucher's neighbours were passed on, or have a place that was given to somebody else.
    function _findMoved(Call memory c, Patch memory p, uint256 voucher) private view {
        if (RulesWord.transferable(c.rules) != 0) {
            p.moved = _overlays[Overlay.key(Overlay.TRANSFERRED, VoucherId.bitsKey(voucher))];
        }
        if (RollWord.reassigned(c.rollWord) != 0) {
            p.moved |= _overlays[Overlay.key(Overlay.REASSIGNED, VoucherId.bitsKey(VoucherId.seat(voucher)))];
        }
        c.moved |= p.moved;
    }

    function _readRoll(Call memory c, uint256 roll) private view {
        if (roll == c.roll) return;
        c.roll = roll;
        c.rollWord = _rolls[roll];
        uint256 programme = RollWord.programme(c.rollWord);
        if (programme == c.programme) return;
        c.programme = programme;
        c.programmeWord = _programmes[programme];
    }

    function _readBatch(Call memory c, uint256 batch) private view {
        if (batch == c.batch) return;
        c.batch = batch;
        c.terms = _batches[batch].terms;
        c.reach = _batches[batch].reach;
        uint256 rulesKey = BatchWord.rulesKey(c.terms);
        if (rulesKey == c.rulesKey) return;
        c.rulesKey = rulesKey;
        c.rules = _rules[rulesKey].terms;
    }

    function _writeBits(Patch memory p) internal {
        if (p.bits == p.stored) return;
        _redeemed[p.bitsKey] = p.bits;
        p.stored = p.bits;
    }

    function _writeAllBits(Call memory c) internal {
        Patch memory p = c.blank;
        uint256 slot = c.table;
        for (uint256 i; i < PATCHES; ++i) {
            assembly ("memory-safe") {
                p := mload(add(slot, shl(5, i)))
            }
            _writeBits(p);
        }
    }

    /// @dev Takes the bit of a voucher back that was set in this call.
    function _clearBit(Call memory c, uint256 voucher) internal {
        uint256 slot = _slotOf(c, voucher);
        Patch memory p = c.blank;
        assembly ("memory-safe") {
            p := mload(slot)
        }
        uint256 key = VoucherId.bitsKey(voucher);
        if (p.bitsKey == key) p.bits &= ~VoucherId.bit(voucher);
        else _redeemed[key] &= ~VoucherId.bit(voucher); // written when its patch was left
    }

    /// @dev The terms of a batch that was in hand in this call.
    function _termsOf(Call memory c, uint256 voucher) internal view returns (uint256) {
        uint256 slot = _slotOf(c, voucher);
        Patch memory p = c.blank;
        assembly ("memory-safe") {
            p := mload(slot)
        }
        return p.bitsKey == VoucherId.bitsKey(voucher) ? p.terms : _batches[VoucherId.batch(voucher)].terms;
    }

    /// @dev Takes the line of `account` in hand, with the merchant's day under it.
    function _turnTo(Call memory c, uint256 account) internal {
        _writeLedger(c);
        c.account = account;
        uint256 line = BatchWord.line(account);
        c.dayKey = LedgerWord.dayKey(line, c.merchant, ProgrammeWord.day(_programmes[line >> 16], block.timestamp));
        c.dayWord = _days[c.dayKey];
    }

    /// @dev Moves what was redeemed at the merchant under the line in hand from committed to payable.
    function _writeLedger(Call memory c) internal {
        uint256 count = c.number - c.booked;
        if (count == 0) return;
        uint256 line = BatchWord.line(c.account);
        uint256 amount = c.amount;
        uint256 word = LedgerWord.redeem(_lines[line], amount, count);
        if (c.kept != 0) {
            word = LedgerWord.keep(word, c.kept);
            c.kept = 0;
        }
        _lines[line] = word;
        c.dayWord = LedgerWord.addRedeemed(c.dayWord, amount, count);
        _days[c.dayKey] = c.dayWord;
        c.amount = 0;
        c.booked = c.number;
    }
}
