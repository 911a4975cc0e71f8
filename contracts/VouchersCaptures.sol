// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMerchantRegistry} from "./interfaces/IMerchantRegistry.sol";
import {ITreasury} from "./interfaces/ITreasury.sol";
import {IVouchersBooking} from "./interfaces/IVouchersBooking.sol";
import {IVouchersErrors} from "./interfaces/IVouchersErrors.sol";
import {IVouchersRedemption} from "./interfaces/IVouchersRedemption.sol";
import {Bookings} from "./libraries/Bookings.sol";
import {Digests} from "./libraries/Digests.sol";
import {Kinds} from "./libraries/Kinds.sol";
import {Overlay} from "./libraries/Overlay.sol";
import {Signatures} from "./libraries/Signatures.sol";
import {VoucherId} from "./libraries/VoucherId.sol";
import {Capture, Part} from "./types/Booking.sol";
import {Leaf} from "./types/Case.sol";
import {MerchantStatus} from "./types/Merchant.sol";
import {VouchersBase} from "./VouchersBase.sol";
import {BatchWord} from "./words/BatchWord.sol";
import {BookingWord} from "./words/BookingWord.sol";
import {LedgerWord} from "./words/LedgerWord.sol";
import {MerchantWord} from "./words/MerchantWord.sol";
import {NetworkWord} from "./words/NetworkWord.sol";
import {ProgrammeWord} from "./words/ProgrammeWord.sol";
import {RulesWord} from "./words/RulesWord.sol";
import {StoredWord} from "./words/StoredWord.sol";

/// @title How a booking ends: captured or released.
abstract contract VouchersCaptures is IVouchersBooking, IVouchersErrors, VouchersBase {
    /// @dev A capture in hand. `terminal` is zero where a key of the merchant answers for it.
    struct Serving {
        bytes32 booking;
        uint256 merchant;
        address by;
        address terminal;
        uint256 number;
        bytes32 commitment;
        uint256 bill;
        uint256 amounts;
        uint256 minimums;
    }

    /// @inheritdoc IVouchersBooking
    function capture(Capture calldata served) external returns (uint256 firstNumber) {
        Serving memory s = _serving(served);
        firstNumber = s.number;
        for (uint256 i; i < served.parts.length; ++i) {
            _capture(s, served.parts[i]);
        }

        // Check: the bill, and what the terminal may redeem on a day.
        if (s.amounts > served.bill) revert Vouchers_AmountsOverBill(s.amounts, served.bill);
        if (s.minimums > served.bill) revert Vouchers_MinimumSpendUnmet(s.minimums, served.bill);
        if (s.terminal != address(0)) _countTerminal(s, VoucherId.batch(served.parts[0].voucher));

        // Effect: the running number and the commitment.
        uint256 count = s.number - firstNumber;
        _network = NetworkWord.addNumbers(_network, count);
        _commitments[firstNumber] = s.commitment;

        // Log:
        emit ServiceReceipted(s.booking, s.merchant, served.receipt, served.bill, s.by);
        if (s.terminal != address(0)) {
            emit IVouchersRedemption.TerminalBatchAccepted(s.merchant, s.terminal, firstNumber, count);
        }
        emit IVouchersRedemption.RedemptionsCommitted(firstNumber, count, s.commitment);
    }

    /// @inheritdoc IVouchersBooking
    function release(bytes32 booking, uint256[] calldata vouchers, uint256 deadline, bytes calldata signature) external {
        if (vouchers.length == 0) revert Vouchers_NothingGiven();
        address by = _signer(Bookings.release(_domainSeparatorV4(), booking, vouchers, deadline), deadline, signature);
        for (uint256 i; i < vouchers.length; ++i) {
            _release(booking, vouchers[i], by);
        }
    }

    /// @inheritdoc IVouchersBooking
    function bookingOf(bytes32 booking, uint256 voucher)
        external
        view
        returns (uint256 amount, uint256 merchant, uint256 lapseAt)
    {
        uint256 word = _bookings[Overlay.deadKey(booking, voucher)];
        if (word == 0) return (0, 0, 0);
        return (BookingWord.amount(word), BookingWord.merchant(word), _lapseAt(word, _programmeOf(voucher)));
    }

    // --- capture ---

    /// @dev Who answers for it, and whether the merchant may be paid at all.
    function _serving(Capture calldata served) private view returns (Serving memory s) {
        if (served.parts.length == 0) revert Vouchers_NothingGiven();
        (s.booking, s.bill) = (served.booking, served.bill);
        s.merchant = BookingWord.merchant(_bookingOf(served.booking, served.parts[0].voucher));
        s.by = _signer(Bookings.capture(_domainSeparatorV4(), served), served.deadline, served.signature);

        // Check: a key or terminal of the merchant, which is active and not frozen.
        if (MerchantWord.serves(_terminals[s.by], s.merchant)) s.terminal = s.by;
        else if (!_isKey(s.by, s.merchant)) revert Vouchers_NotTheMerchant(s.by, s.merchant);
        uint256 word = _merchants[s.merchant];
        if (MerchantWord.status(word) != uint256(MerchantStatus.ACTIVE)) {
            revert Vouchers_MerchantNotActive(s.merchant, MerchantWord.status(word));
        }
        uint256 frozenUntil = MerchantWord.frozenUntil(word);
        if (block.timestamp < frozenUntil) revert Vouchers_MerchantFrozen(s.merchant, block.timestamp, frozenUntil);
        s.number = NetworkWord.nextNumber(_network);
    }

    function _capture(Serving memory s, Part calldata part) private {
        uint256 voucher = part.voucher;
        uint256 word = _bookingOf(s.booking, voucher);
        uint256 terms = _batches[VoucherId.batch(voucher)].terms;

        // Check: booked and not lapsed, nothing frozen or paused, served as its kind says.
        _checkStanding(s, voucher, word);
        uint256 amount = _served(s, terms, part, BookingWord.amount(word));

        // Effect: the voucher, the ledger, the commitment.
        _endBooking(s.booking, voucher, terms, BookingWord.amount(word));
        bool usedUp = _take(terms, voucher, amount);
        _pay(s, terms, amount, usedUp);
        s.amounts += amount;
        s.minimums += BatchWord.minimumSpend(terms);
        uint256 version = BatchWord.version(terms);
        Leaf memory leaf = Leaf(s.booking, voucher, amount, s.merchant, s.terminal, block.timestamp, version);
        s.commitment = Digests.commit(s.commitment, keccak256(abi.encode(leaf)));

        // Log:
        emit BookingCaptured(voucher, s.merchant, s.booking, amount, version, s.number);
        ++s.number;
    }

    /// @dev What is redeemed of `booked`: of a fixed value all, of stored value the amount served, of a percentage that of the bill.
    function _served(Serving memory s, uint256 terms, Part calldata part, uint256 booked) private pure returns (uint256 amount) {
        if (BatchWord.kind(terms) == BatchWord.FIXED) {
            if (part.amount != booked) revert Vouchers_AmountMismatch(part.voucher, part.amount, booked);
            return booked;
        }
        if (part.amount == 0 || part.amount > booked) revert Vouchers_AmountOutside(part.voucher, part.amount, booked);
        amount = Kinds.taken(terms, part.amount, s.bill);
        if (amount == 0) revert Vouchers_NothingOff(part.voucher, s.bill, BatchWord.percentage(terms));
    }

    /// @return usedUp Whether its bit is set: false for stored value with a rest.
    function _take(uint256 terms, uint256 voucher, uint256 amount) private returns (bool usedUp) {
        if (BatchWord.kind(terms) != BatchWord.FIXED) {
            uint256 word = StoredWord.spend(_stored[voucher], amount);
            _stored[voucher] = word;
            if (BatchWord.kind(terms) == BatchWord.STORED && StoredWord.spent(word) != BatchWord.face(terms)) return false;
        }
        _redeemed[VoucherId.bitsKey(voucher)] |= VoucherId.bit(voucher);
        return true;
    }

    function _checkStanding(Serving memory s, uint256 voucher, uint256 word) private view {
        uint256 programme = _programmeOf(voucher);
        uint256 programmeWord = _programmes[programme];
        address holder = _holderOf(voucher);
        if (s.by == holder) revert Vouchers_SelfRedemption(holder);
        if (_isFrozen(programme, voucher, holder)) revert Vouchers_VoucherFrozen(voucher, block.timestamp);
        uint256 own = ProgrammeWord.pausedUntil(programmeWord);
        uint256 until = NetworkWord.pausedUntil(_network);
        if (own > until) until = own;
        if (block.timestamp < until) revert Vouchers_ProgrammePaused(programme, block.timestamp, until);
        if (_isLapsed(word, programmeWord)) revert Vouchers_BookingLapsed(voucher, block.timestamp, _lapseAt(word, programme));
    }

    /// @dev From committed to payable, within what may be redeemed at the merchant on one day under the line.
    function _pay(Serving memory s, uint256 terms, uint256 amount, bool usedUp) private {
        uint256 line = BatchWord.line(terms);
        uint256 key = LedgerWord.dayKey(line, s.merchant, ProgrammeWord.day(_programmes[line >> 16], block.timestamp));
        uint256 day = LedgerWord.addRedeemed(_days[key], amount, 1);
        uint256 limit = RulesWord.merchantDailyLimit(_rules[BatchWord.rulesKey(terms)].terms);
        if (limit != 0 && LedgerWord.redeemed(day) > limit) {
            revert Vouchers_MerchantLimitPassed(s.merchant, LedgerWord.redeemed(day), limit);
        }
        _days[key] = day;
        uint256 word = LedgerWord.redeem(_lines[line], amount, 1);
        _lines[line] = usedUp ? word : LedgerWord.keep(word, 1);
    }

    function _countTerminal(Serving memory s, uint256 batch) private {
        uint256 word = _terminals[s.terminal];
        uint256 limit = MerchantWord.dailyLimit(word);
        if (limit == 0) return;
        uint256 programme = BatchWord.programme(_batches[batch].terms);
        word = MerchantWord.spend(word, ProgrammeWord.day(_programmes[programme], block.timestamp), s.amounts);
        if (MerchantWord.spent(word) > limit) revert Vouchers_TerminalLimitPassed(s.terminal, MerchantWord.spent(word), limit);
        _terminals[s.terminal] = word;
    }

    // --- release ---

    function _release(bytes32 booking, uint256 voucher, address by) private {
        uint256 word = _bookingOf(booking, voucher);
        (uint256 merchant, uint256 amount) = (BookingWord.merchant(word), BookingWord.amount(word));
        Batch storage stored = _batches[VoucherId.batch(voucher)];
        uint256 terms = stored.terms;

        // Check: the merchant, the holder, or whoever sends it once it has lapsed.
        bool party = by == _holderOf(voucher) || MerchantWord.serves(_terminals[by], merchant) || _isKey(by, merchant);
        if (!party && !(by == msg.sender && _isLapsed(word, _programmes[BatchWord.programme(terms)]))) {
            revert Vouchers_ReleaseNotAllowed(voucher, by);
        }

        // Effect: the voucher is free, the signature dead.
        _endBooking(booking, voucher, terms, amount);
        _dead[Overlay.deadKey(booking, voucher)] = true;
        _setOverlay(Overlay.EVER_REVERSED, voucher);

        // Log:
        emit BookingReleased(voucher, merchant, booking, amount, by);

        // Effect, Interaction: a swept pair's sweep is made good for this one voucher: nobody can sweep it again. Stored value is counted
        // with the last of its bookings; any other kind was reserved whole.
        if (!_isSwept(VoucherId.batch(voucher), stored.reach, VoucherId.roll(voucher))) return;
        uint256 count = StoredWord.booked(_stored[voucher]) == 0 ? 1 : 0;
        if (BatchWord.kind(terms) != BatchWord.STORED) amount = BatchWord.face(terms);
        stored.supply = BatchWord.addSwept(stored.supply, count);
        uint256 line = BatchWord.line(terms);
        _lines[line] = LedgerWord.uncommit(_lines[line], amount, count);
        ITreasury(_treasury).releaseExpired(line, amount);
    }

    // --- helpers ---

    function _endBooking(bytes32 booking, uint256 voucher, uint256 terms, uint256 amount) private {
        delete _bookings[Overlay.deadKey(booking, voucher)];
        if (BatchWord.kind(terms) == BatchWord.STORED) _stored[voucher] = StoredWord.unbook(_stored[voucher], amount);
        else _overlays[Overlay.key(Overlay.BOOKED, VoucherId.bitsKey(voucher))] &= ~VoucherId.bit(voucher);
    }

    /// @dev The key that signed, zero for a bad signature; the caller where nothing was signed.
    function _signer(bytes32 digest, uint256 deadline, bytes calldata signature) private view returns (address) {
        if (block.timestamp >= deadline) revert Vouchers_DeadlinePassed(deadline, block.timestamp);
        return signature.length == 0 ? msg.sender : Signatures.recover(digest, signature);
    }

    function _isKey(address by, uint256 merchant) private view returns (bool) {
        return IMerchantRegistry(_merchantRegistry).merchantOfKey(by) == merchant;
    }

    /// @dev The word of the voucher's booking, which must be there.
    function _bookingOf(bytes32 booking, uint256 voucher) private view returns (uint256 word) {
        word = _bookings[Overlay.deadKey(booking, voucher)];
        if (word == 0) revert Vouchers_NotBooked(voucher, booking);
    }

    function _programmeOf(uint256 voucher) private view returns (uint256) {
        return BatchWord.programme(_batches[VoucherId.batch(voucher)].terms);
    }

    function _isLapsed(uint256 word, uint256 programmeWord) private view returns (bool) {
        return _clock(programmeWord) >= BookingWord.lapseAt(word);
    }

    /// @dev In block time. Over before a pause began, it stays over while the pause runs.
    function _lapseAt(uint256 word, uint256 programme) private view returns (uint256) {
        uint256 programmeWord = _programmes[programme];
        uint256 lapseAt = BookingWord.lapseAt(word);
        uint256 clock = _clock(programmeWord);
        return lapseAt + (clock < lapseAt ? _pausedSeconds(programmeWord) : block.timestamp - clock);
    }
}
