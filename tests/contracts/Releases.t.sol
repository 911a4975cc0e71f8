// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IVouchersErrors} from "../../contracts/interfaces/IVouchersErrors.sol";
import {VoucherState} from "../../contracts/types/Supply.sol";
import {BookingWorld} from "./BookingWorld.sol";
import {Vm} from "./Vm.sol";

/// release
/// ├── when nothing is named, or the deadline is reached: it should refuse it
/// ├── when the voucher is not booked by this signature, or no longer: it should refuse it
/// ├── when neither merchant nor holder asks, and it has not lapsed: it should refuse who asks
/// ├── when a key, a terminal or the holder asks, itself or by signature: it should give the voucher free and log it
/// ├── when it has lapsed: it should do so for whoever sends it, and for nobody's bad signature; not one second before
/// ├── when the voucher is frozen: it should give it free, and it stay frozen
/// ├── when its validity is over and the pair not swept: it should be swept later, once
/// └── when its pair is swept: its value should go back to the line, and the programme may close
contract ReleasesTest is BookingWorld {
    function test_release__whenNothingIsNamed__refusesIt() external {
        bytes32 booking = _booked(0);
        vm.expectRevert(abi.encodeWithSelector(IVouchersErrors.Vouchers_NothingGiven.selector));
        vm.prank(shop);
        vouchers.release(booking, new uint256[](0), NOW + 1, "");
    }

    function test_release__whenTheDeadlineIsReached__refusesIt() external {
        bytes32 booking = _booked(0);
        vm.expectRevert(abi.encodeWithSelector(IVouchersErrors.Vouchers_DeadlinePassed.selector, NOW, NOW));
        vm.prank(shop);
        vouchers.release(booking, _one(_voucher(0)), NOW, "");
    }

    function test_release__whenNotBookedByThisSignature__refusesIt() external {
        bytes32 booking = _booked(0);
        _refuse(_notBooked(_voucher(1), booking), shop, booking, 1);
        _refuse(_notBooked(_voucher(0), ~booking), shop, ~booking, 0);
        _release(shop, booking, 0);
        _refuse(_notBooked(_voucher(0), booking), shop, booking, 0);
    }

    function test_release__whenNobodyOfTheTwoAsks__refusesWhoAsks() external {
        bytes32 booking = _booked(0);
        address[6] memory others = [otherShop, operator, arbiter, _holder(1), treasurer, outsider];
        for (uint256 i; i < others.length; ++i) {
            _refuse(_notAllowed(others[i]), others[i], booking, 0);
        }
        bytes memory signature = _signature(_holderKey(0), _releaseDigest(booking, _one(_voucher(0)), NOW + 2));
        vm.expectPartialRevert(IVouchersErrors.Vouchers_ReleaseNotAllowed.selector); // signed with another deadline
        vouchers.release(booking, _one(_voucher(0)), NOW + 1, signature);
        vouchers.release(booking, _one(_voucher(0)), NOW + 2, signature);
    }

    function test_release__whenTheMerchantOrTheHolderAsks__givesItFree() external {
        address[3] memory parties = [shop, till, _holder(0)];
        for (uint256 i; i < parties.length; ++i) {
            vm.warp(NOW + i); // each with a deadline of its own, so another signature
            bytes32 booking = _booked(0);
            vm.recordLogs();
            _release(parties[i], booking, 0);
            Vm.Log[] memory logs = vm.getRecordedLogs();
            vm.assertEq(logs.length, 1, "logs");
            bytes memory data = abi.encode(booking, uint256(FACE), parties[i]);
            assertLog(logs[0], address(vouchers), _releasedTopics(_voucher(0)), data);
            _assertState(_voucher(0), VoucherState.LIVE);
            _assertBooking(booking, _voucher(0), 0, 0, 0);
            vm.assertTrue(vouchers.isDead(booking, _voucher(0)), "dead");
        }
        _assertLine(5, 0);
        vm.assertEq(_redeem(merchant, _signedItem(_voucher(0), 0, merchant)), 1, "redeemed after all");
    }

    function test_release__whenAnybodyBringsASignature__givesItFree() external {
        uint256[3] memory keys = [_key("shop"), _key("till"), _holderKey(0)];
        for (uint256 i; i < keys.length; ++i) {
            vm.warp(NOW + i);
            bytes32 booking = _booked(0);
            bytes memory signature = _signature(keys[i], _releaseDigest(booking, _one(_voucher(0)), NOW + 60));
            vm.prank(outsider);
            vouchers.release(booking, _one(_voucher(0)), NOW + 60, signature);
            _assertState(_voucher(0), VoucherState.LIVE);
        }
    }

    function test_release__whenLapsed__isAnybodys() external {
        bytes32 booking = _booked(0);
        vm.warp(LAPSE - 1);
        _refuse(_notAllowed(outsider), outsider, booking, 0);
        vm.warp(LAPSE);
        bytes memory bad = hex"00";
        vm.expectRevert(_notAllowed(address(0)));
        vouchers.release(booking, _one(_voucher(0)), LAPSE + 1, bad);
        _release(outsider, booking, 0);
        _assertState(_voucher(0), VoucherState.LIVE);
    }

    function test_release__whenFrozen__leavesItFrozen() external {
        bytes32 booking = _booked(0);
        vm.prank(auditor);
        desk.freeze(1, _voucher(0), NOW + 1 days, "looked at");
        _release(shop, booking, 0);
        _assertSaidNo(_signedItem(_voucher(0), 0, merchant), _voucher(0), IVouchersErrors.Vouchers_VoucherFrozen.selector);
    }

    function test_release__whenTheValidityIsOver__leavesItToTheSweep() external {
        bytes32 booking = _booked(0);
        vm.warp(END);
        _release(outsider, booking, 0);
        _assertState(_voucher(0), VoucherState.EXPIRED);
        _assertLine(5, 0);
        _sweep();
        _assertLine(0, 0);
        vm.assertEq(treasury.account(line).available, BUDGET);
    }

    function test_release__whenSwept__givesTheValueBackToTheLine() external {
        bytes32 booking = _booked(0);
        vm.warp(END);
        _sweep();
        vm.assertEq(treasury.account(line).available, BUDGET - FACE);
        _release(outsider, booking, 0);
        _assertState(_voucher(0), VoucherState.EXPIRED);
        _assertLine(0, 0);
        vm.assertEq(treasury.account(line).available, BUDGET);
        (,, uint256 supply) = vouchers.batchWords(batch);
        vm.assertEq(uint40(supply >> 120), 5, "swept");
        vm.prank(treasurer);
        programmes.close(programme, "over");
    }

    // --- helpers ---

    function _refuse(bytes memory error, address by, bytes32 booking, uint256 place) private {
        uint256 voucher = _voucher(place);
        vm.expectRevert(error);
        vm.prank(by);
        vouchers.release(booking, _one(voucher), block.timestamp + 1, "");
    }

    function _notBooked(uint256 voucher, bytes32 booking) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IVouchersErrors.Vouchers_NotBooked.selector, voucher, booking);
    }

    function _notAllowed(address by) private view returns (bytes memory) {
        return abi.encodeWithSelector(IVouchersErrors.Vouchers_ReleaseNotAllowed.selector, _voucher(0), by);
    }
}
