// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IVouchersBooking} from "./interfaces/IVouchersBooking.sol";
import {IVouchersRedemption} from "./interfaces/IVouchersRedemption.sol";
import {Bookings} from "./libraries/Bookings.sol";
import {Items} from "./libraries/Items.sol";
import {Overlay} from "./libraries/Overlay.sol";
import {VoucherId} from "./libraries/VoucherId.sol";
import {BookingGroup, Reservation} from "./types/Booking.sol";
import {Consent, Item, Spend} from "./types/Redemption.sol";
import {VouchersJudging} from "./VouchersJudging.sol";
import {BatchWord} from "./words/BatchWord.sol";
import {BookingWord} from "./words/BookingWord.sol";
import {MerchantWord} from "./words/MerchantWord.sol";
import {StoredWord} from "./words/StoredWord.sol";

/// @title Booking: vouchers are judged as for a redemption, and reserved instead.
abstract contract VouchersReservations is IVouchersBooking, VouchersJudging {
    /// @dev No bill is known yet, so none is too small, and any percentage of it is more than its cap.
    uint256 private constant NO_BILL = type(uint128).max;

    /// @inheritdoc IVouchersBooking
    function book(BookingGroup[] calldata groups, Consent[] calldata consents) external returns (uint256 booked) {
        Call memory c;
        c.terminal = _checkSender(groups);
        c.consented = _readConsents(consents);
        _layTable(c);
        c.network = _network;
        for (uint256 i; i < groups.length; ++i) {
            Reservation[] calldata reservations = groups[i].reservations;
            c.merchant = groups[i].merchant;
            c.merchantWord = _merchants[c.merchant];
            c.account = 0; // the day in hand is another merchant's
            for (uint256 j; j < reservations.length; ++j) {
                booked += _reserve(c, reservations[j], i, j);
            }
        }
        _writeAllBits(c);
    }

    /// @return terminal The caller, unless it is a relayer.
    function _checkSender(BookingGroup[] calldata groups) private view returns (uint256 terminal) {
        bool relayed = _relayers[msg.sender];
        uint256 items;
        for (uint256 i; i < groups.length; ++i) {
            if (!relayed && !MerchantWord.serves(_terminals[msg.sender], groups[i].merchant)) {
                revert Vouchers_SenderNotAllowed(msg.sender);
            }
            items += groups[i].reservations.length;
        }
        if (!relayed && groups.length == 0) revert Vouchers_SenderNotAllowed(msg.sender);
        if (items > MAX_ITEMS) revert Vouchers_TooManyItems(items, MAX_ITEMS);
        return relayed ? 0 : uint160(msg.sender);
    }

    /// @return count How many vouchers were booked: all of the reservation, or none.
    function _reserve(Call memory c, Reservation calldata r, uint256 group, uint256 index) private returns (uint256 count) {
        Item calldata item = Bookings.asItem(r);
        Spend[] calldata spends = Items.spends(item);
        bytes32 digest = Bookings.booking(_domainSeparatorV4(), c.merchant, r);
        c.group += 1 << 64; // what was in hand knows nothing of the booking before
        (c.batch, c.roll) = (0, 0);
        (bytes32 refusal, bool signed) = _judgeItem(c, item, spends, digest);
        if (refusal == GOOD) refusal = _judgeLapse(c, spends, r.lapseAt);
        if (refusal != GOOD) {
            // Log:
            if (signed) emit IVouchersRedemption.RedemptionRefused(c.failed, c.merchant, digest, bytes4(refusal));
            else emit IVouchersRedemption.RedemptionItemRefused(c.merchant, group, index, bytes4(refusal));
            return 0;
        }
        if (c.pending) _writeCounters(c);
        c.unusual &= ~KINDS;
        count = spends.length;
        for (uint256 i; i < count; ++i) {
            _bookVoucher(c, Items.at(spends, i), r, digest);
        }
    }

    /// @dev The last rule, once all others are passed: the bits in hand are taken back, whatever it says.
    function _judgeLapse(Call memory c, Spend[] calldata spends, uint256 lapseAt) private returns (bytes32 reason) {
        c.failed = Items.at(spends, 0).voucher;
        if (block.timestamp >= lapseAt) reason = bytes32(Vouchers_LapsePassed.selector);
        for (uint256 i; i < spends.length; ++i) {
            uint256 voucher = Items.at(spends, i).voucher;
            _clearBit(c, voucher);
            if (reason != GOOD || lapseAt <= _until(voucher)) continue;
            reason = bytes32(Vouchers_LapseBeyondValidity.selector);
            c.failed = voucher;
        }
        if (reason != GOOD) (c.unusual, c.pending, c.counterKey) = (c.unusual & ~KINDS, false, 0);
    }

    /// @dev The end of the voucher's validity, exclusive, in block time; it is valid now.
    function _until(uint256 voucher) private view returns (uint256) {
        (uint256 batch, uint256 roll) = (VoucherId.batch(voucher), VoucherId.roll(voucher));
        Batch storage stored = _batches[batch];
        uint256 paused = _pausedSeconds(_programmes[BatchWord.programme(stored.terms)]);
        return _validUntil(batch, stored.terms, stored.reach, _rolls[roll], paused);
    }

    function _bookVoucher(Call memory c, Spend calldata spend, Reservation calldata r, bytes32 digest) private {
        uint256 voucher = spend.voucher;
        Batch storage stored = _batches[VoucherId.batch(voucher)];
        uint256 paused = _pausedSeconds(_programmes[BatchWord.programme(stored.terms)]);

        // Effect: the booking. The money stays committed.
        _bookings[Overlay.deadKey(digest, voucher)] = BookingWord.pack(spend.amount, c.merchant, r.lapseAt - paused);
        if (BatchWord.kind(stored.terms) == BatchWord.STORED) {
            _stored[voucher] = StoredWord.next(StoredWord.book(_stored[voucher], spend.amount));
        } else {
            // The whole voucher is reserved; all who look know that they must look.
            _setOverlay(Overlay.BOOKED, voucher);
            stored.reach = BatchWord.setFlag(stored.reach, BatchWord.BOOKED);
        }

        // Log:
        emit VoucherBooked(voucher, c.merchant, r.service, digest, spend.amount, r.lapseAt);
    }

    function _billOf(Item calldata) internal pure override returns (uint256) {
        return NO_BILL;
    }
}
