// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IVouchersBooking} from "../../../contracts/interfaces/IVouchersBooking.sol";
import {IVouchersErrors} from "../../../contracts/interfaces/IVouchersErrors.sol";
import {IVouchersRedemption} from "../../../contracts/interfaces/IVouchersRedemption.sol";
import {BookingGroup, Reservation} from "../../../contracts/types/Booking.sol";
import {Consent, Item, Spend} from "../../../contracts/types/Redemption.sol";
import {BookingTypes} from "../BookingTypes.sol";
import {Vm} from "../Vm.sol";
import {RedeemSteps} from "./RedeemSteps.sol";

/// @title Booking: calls of one or two merchants, good reservations and bad ones, and the whole list of what is logged.
abstract contract BookingSteps is RedeemSteps {
    function _bookStep() internal {
        BookingGroup[] memory groups = new BookingGroup[](_chance(3) ? 0 : 1 + _draw(2));
        address[][] memory signers = new address[][](groups.length);
        Consent[] memory consents = new Consent[](groups.length);
        for (uint256 g; g < groups.length; ++g) {
            groups[g].merchant = _merchantFor();
            (groups[g].reservations, signers[g]) = _drawReservations(groups[g].merchant);
            consents[g] = _consentTo(groups[g]);
        }
        if (groups.length != 0 && _draw(200) == 0) groups[0].reservations = new Reservation[](1001);
        address sender = _bookingSender(groups);
        bytes memory data = abi.encodeCall(vouchers.book, (groups, consents));
        vm.recordLogs();
        bool accepted = _call("book", sender, ANYBODY, address(vouchers), data, _expectBookingSender(groups, sender));
        Vm.Log[] memory logs = vm.getRecordedLogs();
        if (!accepted) return;
        delete _expected;
        _applyConsents(consents, true);
        for (uint256 g; g < groups.length; ++g) {
            for (uint256 i; i < signers[g].length; ++i) {
                Case memory c = Case(groups[g].merchant, _own(sender), signers[g][i], FINE, 0, true);
                _applyReservation(groups[g].reservations[i], c, g, i);
            }
        }
        _applyConsents(consents, false);
        _compare(logs);
    }

    // --- who sends ---

    /// @dev Mostly a relayer, now and then a till of the first merchant.
    function _bookingSender(BookingGroup[] memory groups) private returns (address) {
        if (groups.length == 0 || _chance(60)) return _chance(4) ? mActors[_draw(mActors.length)] : operator;
        uint256 at = _tillOf(groups[0].merchant);
        return at == TERMINALS ? operator : mTills[at];
    }

    function _expectBookingSender(BookingGroup[] memory groups, address sender) private view returns (bytes4) {
        uint256 items;
        for (uint256 g; g < groups.length; ++g) {
            bool own = mTerminals[sender] != 0 && mTerminals[sender] == groups[g].merchant;
            if (!mRelayers[sender] && !own) return IVouchersErrors.Vouchers_SenderNotAllowed.selector;
            items += groups[g].reservations.length;
        }
        if (!mRelayers[sender] && groups.length == 0) return IVouchersErrors.Vouchers_SenderNotAllowed.selector;
        return items > 1000 ? IVouchersErrors.Vouchers_TooManyItems.selector : FINE;
    }

    function _own(address sender) private view returns (address) {
        return mRelayers[sender] ? address(0) : sender;
    }

    // --- what is sent ---

    function _drawReservations(uint256 merchant) private returns (Reservation[] memory list, address[] memory signers) {
        list = new Reservation[](_chance(3) ? 0 : 1 + _draw(5));
        signers = new address[](list.length);
        for (uint256 i; i < list.length; ++i) {
            Item memory item;
            (item, signers[i]) = _drawItem(merchant, type(uint256).max);
            uint256 first = item.spends.length == 0 ? 0 : item.spends[0].voucher;
            list[i] = Reservation(item.spends, _drawLapse(first), item.receipt, item.channel, item.deadline, item.signature);
            if (signers[i] == address(0)) continue;
            list[i].signature = _signature(_keyOf(signers[i]), _typed(BookingTypes.booking(list[i], merchant)));
        }
    }

    /// @dev Some hours or days ahead, or at an edge: now, or the end of the voucher's validity.
    function _drawLapse(uint256 voucher) private returns (uint256) {
        if (_chance(4)) return block.timestamp - _draw(2);
        if (_placeExists(voucher) && _wasIssued(voucher)) {
            uint256 until = _mUntil(voucher >> 35, _rollOf(voucher));
            if (_chance(15)) return until + _draw(2);
            if (until > block.timestamp + 2 && _chance(60)) return block.timestamp + 1 + _draw(until - block.timestamp);
        }
        return block.timestamp + 1 + _draw(_chance(50) ? 6 hours : 3 days);
    }

    function _keyOf(address holder) internal view returns (uint256) {
        for (uint256 i; i < HOLDERS; ++i) {
            if (mHolders[i] == holder) return _holderKey(i);
        }
        return 0;
    }

    /// @dev To the last reservation of the group, mostly by an attestor.
    function _consentTo(BookingGroup memory group) private returns (Consent memory) {
        bytes32 digest = keccak256(abi.encode(steps));
        uint256 count = group.reservations.length;
        if (count != 0) digest = _typed(BookingTypes.booking(group.reservations[count - 1], group.merchant));
        return Consent(digest, _signature(_key(_chance(70) ? "attestor" : "second attestor"), _consentDigest(digest)));
    }

    // --- what must have happened ---

    function _applyReservation(Reservation memory r, Case memory c, uint256 group, uint256 index) private {
        c.digest = _typed(BookingTypes.booking(r, c.merchant));
        Item memory item = Item(r.spends, type(uint256).max, r.service, r.channel, r.deadline, "");
        (bytes4 reason, uint256 failed) = _judge(item, c);
        if (reason == FINE) (reason, failed) = _judgeLapse(r);
        if (reason != FINE) {
            _countRefused(reason);
            if (failed == 0) {
                bytes32 topic0 = IVouchersRedemption.RedemptionItemRefused.selector;
                _expectLog(topicsOf(topic0, c.merchant), abi.encode(group, index, reason));
            } else {
                bytes32 topic0 = IVouchersRedemption.RedemptionRefused.selector;
                _expectLog(topicsOf(topic0, failed, c.merchant), abi.encode(c.digest, reason));
            }
            return;
        }
        _countLimits(item, c.signer, address(0), _amountsOf(item));
        for (uint256 i; i < r.spends.length; ++i) {
            _applyBooking(r, r.spends[i], c);
        }
    }

    function _judgeLapse(Reservation memory r) private view returns (bytes4, uint256) {
        if (block.timestamp >= r.lapseAt) return (IVouchersErrors.Vouchers_LapsePassed.selector, r.spends[0].voucher);
        for (uint256 i; i < r.spends.length; ++i) {
            uint256 voucher = r.spends[i].voucher;
            if (r.lapseAt <= _mUntil(voucher >> 35, _rollOf(voucher))) continue;
            return (IVouchersErrors.Vouchers_LapseBeyondValidity.selector, voucher);
        }
        return (FINE, 0);
    }

    function _applyBooking(Reservation memory r, Spend memory s, Case memory c) private {
        uint256 voucher = s.voucher;
        uint256 lapse = r.lapseAt - _mPausedFor(mBatches[voucher >> 35].programme);
        mBookings.push(MBooking(c.digest, voucher, s.amount, c.merchant, lapse, true));
        mBookingAt[keccak256(abi.encode(c.digest, voucher))] = mBookings.length;
        mTakenUp[voucher & 0x7ffffffff] = true;
        _setAside(voucher, s.amount);
        bytes memory data = abi.encode(r.service, c.digest, s.amount, r.lapseAt);
        _expectLog(topicsOf(IVouchersBooking.VoucherBooked.selector, voucher, c.merchant), data);
    }
}
