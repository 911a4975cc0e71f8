// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IVouchersBooking} from "../../../contracts/interfaces/IVouchersBooking.sol";
import {IVouchersErrors} from "../../../contracts/interfaces/IVouchersErrors.sol";
import {IVouchersRedemption} from "../../../contracts/interfaces/IVouchersRedemption.sol";
import {Spend} from "../../../contracts/types/Redemption.sol";
import {Capture, Part} from "../../../contracts/types/Booking.sol";
import {BookingTypes} from "../BookingTypes.sol";
import {Vm} from "../Vm.sol";
import {BookingSteps} from "./BookingSteps.sol";

/// @title Captures and releases: by keys, tills, holders and strangers, sent or signed, before the lapse and after it.
abstract contract ServeSteps is BookingSteps {
    mapping(uint256 line => uint256) private _paidNow; // by the capture in hand
    uint256[] private _linesNow;
    uint256 internal servedInPart;
    uint256 internal freedLate;

    function _bookingStep() internal {
        uint256 kind = _draw(100);
        if (kind < 40 || mBookings.length == 0) return _bookStep();
        MBooking storage b = _aBooking();
        if (!b.open && _chance(80)) return _bookStep();
        if (kind < 80) _captureStep(b);
        else _bookingReleaseStep(b);
    }

    // --- capture ---

    function _captureStep(MBooking storage b) private {
        (address by, uint256 key) = _chance(90) ? _servant(b.merchant) : _stranger(b);
        Capture memory c = _drawCapture(b);
        if (key != 0 && _chance(50)) c.signature = _signature(key, _typed(BookingTypes.capture(c)));
        bytes4 expected = _expectCapture(c, by);
        bytes memory data = abi.encodeCall(vouchers.capture, (c));
        address sender = c.signature.length == 0 ? by : mActors[_draw(mActors.length)];
        vm.recordLogs();
        bool accepted = _call("capture", sender, ANYBODY, address(vouchers), data, expected);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        if (!accepted) return;
        delete _expected;
        (_chain, _first) = (0, mNumber + 1);
        _applyCapture(c, by, b.merchant);
        _compare(logs);
    }

    /// @dev Mostly one of late that is open.
    function _aBooking() private returns (MBooking storage b) {
        uint256 count = mBookings.length;
        uint256 from = _draw(count);
        b = mBookings[from];
        for (uint256 i; i < 60 && i < count && (!b.open || _mHasLapsed(b)) && _chance(98); ++i) {
            b = mBookings[count - 1 - (from + i) % (count < 60 ? count : 60)];
        }
    }

    function _mHasLapsed(MBooking storage b) private view returns (bool) {
        return _mClock(mBatches[b.voucher >> 35].programme) >= b.lapse;
    }

    /// @dev A key or till of the merchant, if it has any.
    function _servant(uint256 merchant) private returns (address by, uint256 key) {
        uint256 from = _draw(KEYS + TERMINALS);
        for (uint256 i; i < KEYS + TERMINALS; ++i) {
            uint256 at = (from + i) % (KEYS + TERMINALS);
            key = at < KEYS ? _shopKey(at) : _tillKey(at - KEYS);
            by = vm.addr(key);
            if ((at < KEYS ? mKeys[by] : mTerminals[by]) == merchant) return (by, key);
        }
    }

    /// @dev The holder, whose key may be a till's, or anybody.
    function _stranger(MBooking storage b) private returns (address by, uint256 key) {
        by = _chance(60) ? _mHolderOf(b.voucher) : mActors[_draw(mActors.length)];
        return (by, _keyOf(by));
    }

    /// @dev One voucher or all of the same booking that stand side by side; amounts and bill mostly right.
    function _drawCapture(MBooking storage b) private returns (Capture memory c) {
        uint256 at = mBookingAt[keccak256(abi.encode(b.digest, b.voucher))];
        uint256 count = 1;
        for (; _chance(60) && at + count <= mBookings.length && mBookings[at + count - 1].digest == b.digest;) {
            ++count;
        }
        c.booking = _chance(98) ? b.digest : ~b.digest;
        c.parts = new Part[](_chance(2) ? 0 : count);
        uint256 minimums;
        for (uint256 i; i < c.parts.length; ++i) {
            (uint256 voucher, uint256 booked) = (mBookings[at + i - 1].voucher, mBookings[at + i - 1].amount);
            c.parts[i] = Part(voucher, _chance(97) ? booked : booked - 1 + _draw(3));
            if (_kindOf(voucher) != FIXED && _chance(50)) c.parts[i].amount = _draw(booked + 1);
            c.bill += c.parts[i].amount;
            minimums += mBatches[voucher >> 35].minimum;
        }
        if (_chance(20)) c.bill += _draw(5_000);
        if (c.bill < minimums && _chance(90)) c.bill = minimums;
        if (c.bill != 0 && _chance(6)) c.bill -= 1;
        c.receipt = keccak256(abi.encode("service", steps));
        c.deadline = block.timestamp + (_chance(96) ? 1 + _draw(1 hours) : 0);
    }

    function _expectCapture(Capture memory c, address by) private returns (bytes4 reason) {
        if (c.parts.length == 0) return IVouchersErrors.Vouchers_NothingGiven.selector;
        uint256 at = mBookingAt[keccak256(abi.encode(c.booking, c.parts[0].voucher))];
        if (at == 0 || !mBookings[at - 1].open) return IVouchersErrors.Vouchers_NotBooked.selector;
        if (block.timestamp >= c.deadline) return IVouchersErrors.Vouchers_DeadlinePassed.selector;
        uint256 merchant = mBookings[at - 1].merchant;
        if (mTerminals[by] != merchant && !_speaksFor(by, merchant)) return IVouchersErrors.Vouchers_NotTheMerchant.selector;
        if (mMerchants[merchant].status != 2) return IVouchersErrors.Vouchers_MerchantNotActive.selector;
        if (_mIsFrozen(5, merchant)) return IVouchersErrors.Vouchers_MerchantFrozen.selector;
        uint256 minimums;
        uint256 amounts;
        for (uint256 i; i < c.parts.length && reason == FINE; ++i) {
            reason = _judgePart(c.booking, c.parts[i], by, c.bill);
            amounts += _served(c.parts[i], c.bill);
            minimums += mBatches[c.parts[i].voucher >> 35].minimum;
        }
        for (; _linesNow.length != 0; _linesNow.pop()) {
            _paidNow[_linesNow[_linesNow.length - 1]] = 0;
        }
        if (reason != FINE) return reason;
        if (amounts > c.bill) return IVouchersErrors.Vouchers_AmountsOverBill.selector;
        if (minimums > c.bill) return IVouchersErrors.Vouchers_MinimumSpendUnmet.selector;
        uint256 programme = mBatches[c.parts[0].voucher >> 35].programme;
        bool over = mTerminals[by] == merchant && mTillLimits[by] != 0 && _mTillNext(by, programme, amounts) > mTillLimits[by];
        return over ? IVouchersErrors.Vouchers_TerminalLimitPassed.selector : FINE;
    }

    function _judgePart(bytes32 booking, Part memory part, address by, uint256 bill) private returns (bytes4) {
        uint256 at = mBookingAt[keccak256(abi.encode(booking, part.voucher))];
        if (at == 0 || !mBookings[at - 1].open) return IVouchersErrors.Vouchers_NotBooked.selector;
        MBatch storage batch = mBatches[part.voucher >> 35];
        if (by == _mHolderOf(part.voucher)) return IVouchersErrors.Vouchers_SelfRedemption.selector;
        if (_isHeld(part.voucher)) return IVouchersErrors.Vouchers_VoucherFrozen.selector;
        if (_mIsPaused(batch.programme) || _mIsPaused(0)) return IVouchersErrors.Vouchers_ProgrammePaused.selector;
        if (_mHasLapsed(mBookings[at - 1])) return IVouchersErrors.Vouchers_BookingLapsed.selector;
        bytes4 reason = _judgeServed(part, batch.kind, mBookings[at - 1].amount, bill);
        if (reason != FINE) return reason;
        uint256 line = batch.programme << 16 | batch.line;
        _linesNow.push(line);
        _paidNow[line] += _served(part, bill);
        uint256 day = mDayAt[keccak256(abi.encode(line, mBookings[at - 1].merchant, _mDayOf(batch.programme)))];
        uint256 sum = _paidNow[line] + (day == 0 ? 0 : mDays[day - 1].redeemed);
        uint256 limit = _mRulesOf(part.voucher).rules.merchantDailyLimit;
        return limit != 0 && sum > limit ? IVouchersErrors.Vouchers_MerchantLimitPassed.selector : FINE;
    }

    function _judgeServed(Part memory part, uint256 kind, uint256 booked, uint256 bill) private view returns (bytes4) {
        if (kind == FIXED) return part.amount == booked ? FINE : IVouchersErrors.Vouchers_AmountMismatch.selector;
        if (part.amount == 0 || part.amount > booked) return IVouchersErrors.Vouchers_AmountOutside.selector;
        return _served(part, bill) == 0 ? IVouchersErrors.Vouchers_NothingOff.selector : FINE;
    }

    /// @dev What a part that may be served takes.
    function _served(Part memory part, uint256 bill) private view returns (uint256) {
        return _takes(Spend(part.voucher, part.amount, 0), bill);
    }

    function _applyCapture(Capture memory c, address by, uint256 merchant) private {
        address till = mTerminals[by] == merchant ? by : address(0);
        Case memory who = Case(merchant, till, address(0), FINE, c.booking, false);
        uint256 amounts;
        for (uint256 i; i < c.parts.length; ++i) {
            uint256 voucher = c.parts[i].voucher;
            uint256 amount = _served(c.parts[i], c.bill);
            amounts += amount;
            if (amount < mBookings[mBookingAt[keccak256(abi.encode(c.booking, voucher))] - 1].amount) ++servedInPart;
            _endBooking(c.booking, voucher);
            _spend(Spend(voucher, amount, 0), c.booking, who);
            bytes memory data = abi.encode(c.booking, amount, mBatches[voucher >> 35].version, ++mNumber);
            _expectLog(topicsOf(IVouchersBooking.BookingCaptured.selector, voucher, merchant), data);
        }
        bytes32 topic0 = IVouchersBooking.ServiceReceipted.selector;
        _expectLog(topicsOf(topic0, uint256(c.booking), merchant), abi.encode(c.receipt, c.bill, by));
        if (till != address(0)) {
            _countTill(till, mBatches[c.parts[0].voucher >> 35].programme, amounts);
            topic0 = IVouchersRedemption.TerminalBatchAccepted.selector;
            _expectLog(topicsOf(topic0, merchant, uint256(uint160(till))), abi.encode(_first, c.parts.length));
        }
        _applyCall();
    }

    // --- release ---

    function _bookingReleaseStep(MBooking storage b) private {
        uint256 kind = _draw(100);
        (address by, uint256 key) = kind < 40 ? _servant(b.merchant) : _stranger(b);
        uint256[] memory list = _one(b.voucher);
        if (_chance(3)) list = new uint256[](0);
        if (_chance(5)) list = _two(b.voucher, _chance(50) ? b.voucher : _somewhere());
        bytes32 booking = _chance(98) ? b.digest : ~b.digest;
        uint256 deadline = block.timestamp + (_chance(96) ? 1 + _draw(1 hours) : 0);
        bytes memory signature;
        if (key != 0 && _chance(50)) signature = _signature(key, _typed(BookingTypes.release(booking, list, deadline)));
        address sender = signature.length == 0 ? by : mActors[_draw(mActors.length)];
        bytes4 expected = _expectRelease(booking, list, by, sender);
        if (block.timestamp >= deadline && list.length != 0) expected = IVouchersErrors.Vouchers_DeadlinePassed.selector;
        bytes memory data = abi.encodeCall(vouchers.release, (booking, list, deadline, signature));
        if (!_call("release", sender, ANYBODY, address(vouchers), data, expected)) return;
        _applyRelease(booking, list[0]);
        if (list.length == 2) _applyRelease(booking, list[1]);
    }

    function _expectRelease(bytes32 booking, uint256[] memory list, address by, address sender) private view returns (bytes4) {
        if (list.length == 0) return IVouchersErrors.Vouchers_NothingGiven.selector;
        for (uint256 i; i < list.length; ++i) {
            uint256 at = mBookingAt[keccak256(abi.encode(booking, list[i]))];
            bool twice = i != 0 && list[0] == list[i];
            if (at == 0 || !mBookings[at - 1].open || twice) return IVouchersErrors.Vouchers_NotBooked.selector;
            MBooking storage b = mBookings[at - 1];
            if (by == _mHolderOf(list[i]) || mTerminals[by] == b.merchant || _speaksFor(by, b.merchant)) continue;
            if (!_mHasLapsed(b) || by != sender) return IVouchersErrors.Vouchers_ReleaseNotAllowed.selector;
        }
        return FINE;
    }

    function _applyRelease(bytes32 booking, uint256 voucher) private {
        (uint256 amount, uint256 count) = _endBooking(booking, voucher);
        mDead[keccak256(abi.encode(booking, voucher))] = true;
        mReleased[voucher] = true;
        MBatch storage b = mBatches[voucher >> 35];
        MPair storage p = mPairs[mPairAt[voucher >> 35][_rollOf(voucher)] - 1];
        if (!p.swept) return;
        ++freedLate;
        p.returned += amount;
        b.swept += count;
        MLine storage l = mLines[b.programme << 16 | b.line];
        l.committed -= amount;
        l.committedCount -= count;
        l.available += amount;
    }

    // --- helpers ---

    function _endBooking(bytes32 booking, uint256 voucher) private returns (uint256 amount, uint256 count) {
        MBooking storage b = mBookings[mBookingAt[keccak256(abi.encode(booking, voucher))] - 1];
        b.open = false;
        return _setFree(voucher, b.amount);
    }

    /// @dev Whether the account is a key of the merchant, and the merchant not removed.
    function _speaksFor(address account, uint256 merchant) private view returns (bool) {
        return mKeys[account] == merchant && mMerchants[merchant].status != 4;
    }
}
