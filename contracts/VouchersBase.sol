// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {IVouchersErrors} from "./interfaces/IVouchersErrors.sol";
import {Overlay} from "./libraries/Overlay.sol";
import {RollCode} from "./libraries/RollCode.sol";
import {VoucherId} from "./libraries/VoucherId.sol";
import {VouchersStorage} from "./VouchersStorage.sol";
import {BatchWord} from "./words/BatchWord.sol";
import {ProgrammeWord} from "./words/ProgrammeWord.sol";
import {RollWord} from "./words/RollWord.sol";
import {StoredWord} from "./words/StoredWord.sol";

/// @title What both halves of Vouchers have in common: slots in one order, roles, and the domain of everything signed.
abstract contract VouchersBase is VouchersStorage, AccessManaged, EIP712 {
    mapping(address account => bool) internal _attestors;
    mapping(uint256 subjectKey => uint256 until) internal _frozenUntil;
    mapping(uint256 programme => uint256 window) internal _longestWindow;
    mapping(bytes32 pair => uint256 word) internal _bookings;
    mapping(uint256 seat => address holder) internal _reassigned; // roll << 11 | place

    /// @dev Whether the voucher carries the overlay.
    function _carries(uint256 overlay, uint256 voucher) internal view returns (bool) {
        return _overlays[Overlay.key(overlay, VoucherId.bitsKey(voucher))] & VoucherId.bit(voucher) != 0;
    }

    /// @dev The holder of a voucher that exists: who it was passed on to, else who its place was given to, else who stands in the roll,
    /// whose code is at `pointer`.
    function _holderOf(uint256 pointer, uint256 voucher) internal view returns (address holder) {
        if (_carries(Overlay.TRANSFERRED, voucher)) return _transferred[voucher];
        uint256 seat = VoucherId.seat(voucher);
        if (_carries(Overlay.REASSIGNED, seat)) return _reassigned[seat];
        return RollCode.holderAt(pointer, VoucherId.place(voucher));
    }

    /// @dev The holder of a voucher that exists.
    function _holderOf(uint256 voucher) internal view returns (address) {
        return _holderOf(RollWord.pointer(_rolls[VoucherId.roll(voucher)]), voucher);
    }

    /// @dev Whether the voucher, its roll, its batch or its holder is frozen now. A freeze ends by itself.
    function _isFrozen(uint256 programme, uint256 voucher, address holder) internal view returns (bool) {
        return (_carries(Overlay.FROZEN, voucher) && _isHeld(Overlay.SUBJECT_VOUCHER, voucher))
            || _isHeld(Overlay.SUBJECT_ROLL, VoucherId.roll(voucher)) || _isHeld(Overlay.SUBJECT_BATCH, VoucherId.batch(voucher))
            || _isHeld(Overlay.SUBJECT_HOLDER, programme << 160 | uint160(holder));
    }

    /// @dev What of the voucher's value was neither redeemed nor booked; of a fixed value that is LIVE all. `terms` are its batch's.
    function _restOf(uint256 terms, uint256 voucher) internal view returns (uint256 rest) {
        rest = BatchWord.face(terms);
        if (BatchWord.kind(terms) == BatchWord.FIXED) return rest;
        uint256 word = _stored[voucher];
        rest -= StoredWord.spent(word) + StoredWord.booked(word);
    }

    function _exists(uint256 voucher) internal view returns (bool) {
        (uint256 batch, uint256 roll) = (VoucherId.batch(voucher), VoucherId.roll(voucher));
        return voucher >> VoucherId.BITS == 0 && VoucherId.place(voucher) < RollWord.places(_rolls[roll])
            && _isIssued(batch, _batches[batch].reach, roll);
    }

    /// @dev Sets the bit, and the flags that say there are such bits.
    function _setOverlay(uint256 overlay, uint256 voucher) internal {
        (uint256 batch, uint256 roll) = (VoucherId.batch(voucher), VoucherId.roll(voucher));
        _overlays[Overlay.key(overlay, VoucherId.bitsKey(voucher))] |= VoucherId.bit(voucher);
        _batches[batch].reach = BatchWord.setFlag(_batches[batch].reach, BatchWord.OVERLAYS);
        _rolls[roll] = RollWord.setFlag(_rolls[roll], RollWord.OVERLAYS);
        _flagProgramme(BatchWord.programme(_batches[batch].terms), ProgrammeWord.OVERLAYS);
    }

    function _flagProgramme(uint256 programme, uint256 flag) internal {
        _programmes[programme] = ProgrammeWord.setFlag(_programmes[programme], flag);
    }

    function _isHeld(uint256 subject, uint256 id) private view returns (bool) {
        return block.timestamp < _frozenUntil[Overlay.freezeKey(subject, id)];
    }

    /// @param manager The AccessManager that knows the roles.
    constructor(address manager) AccessManaged(manager) EIP712("VoucherTrail", "1") {}

    /// @dev Only for the contract linked for this.
    modifier onlyLinked(address linked) {
        if (msg.sender != linked) revert IVouchersErrors.Vouchers_CallerNotLinked(msg.sender);
        _;
    }
}
