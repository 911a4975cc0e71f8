// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {CaseDeskBase} from "./CaseDeskBase.sol";
import {ICaseDeskFreezes} from "./interfaces/ICaseDeskFreezes.sol";
import {ICaseDeskReversals} from "./interfaces/ICaseDeskReversals.sol";
import {ICaseDeskTransfers} from "./interfaces/ICaseDeskTransfers.sol";
import {IProgrammeTransfers} from "./interfaces/IProgrammeTransfers.sol";
import {Calendar} from "./libraries/Calendar.sol";
import {Overlay} from "./libraries/Overlay.sol";
import {Signatures} from "./libraries/Signatures.sol";
import {VoucherId} from "./libraries/VoucherId.sol";
import {VoucherState} from "./types/Supply.sol";
import {Passed, TransferCaps} from "./types/Transfer.sol";
import {BatchWord} from "./words/BatchWord.sol";
import {ProgrammeWord} from "./words/ProgrammeWord.sol";
import {RulesWord} from "./words/RulesWord.sol";

/// @title Transfers between people.
abstract contract CaseDeskTransfers is ICaseDeskTransfers, CaseDeskBase {
    bytes32 private constant TRANSFER = keccak256("Transfer(uint256 voucher,address to,uint256 deadline)");

    /// @inheritdoc ICaseDeskTransfers
    function transfer(uint256 voucher, address to, uint256 deadline, bytes calldata signature) external {
        address holder = _vouchers.holderOf(voucher);
        bytes32 digest = _digest(voucher, to, deadline);
        (uint256 terms,,) = _vouchers.batchWords(VoucherId.batch(voucher));

        // Check: the holder's will, once; a receiver; a voucher that may move.
        if (block.timestamp >= deadline) revert ICaseDeskReversals.CaseDesk_DeadlinePassed(deadline, block.timestamp);
        bool own = signature.length == 0 ? msg.sender == holder : Signatures.isSignedBy(holder, digest, signature);
        if (!own) revert CaseDesk_NotTheHolder(voucher, holder);
        if (_vouchers.isDead(digest, voucher)) revert CaseDesk_TransferUsed(voucher, digest);
        _checkReceiver(holder, to);
        _checkMovable(voucher, BatchWord.programme(terms), holder);

        // Effect: within the caps.
        _countPassed(voucher, terms, holder);

        // Interaction:
        _vouchers.bookTransferred(voucher, to, digest);

        // Log:
        emit VoucherTransferred(voucher, holder, to);
    }

    /// @inheritdoc ICaseDeskTransfers
    function passedOn(uint256 programme, address holder) external view returns (uint256 month, uint256 amount) {
        Passed storage passed = _passed[programme << 160 | uint160(holder)];
        return (passed.month, passed.amount);
    }

    // --- helpers ---

    /// @dev Somebody else than the holder, and no merchant.
    function _checkReceiver(address holder, address to) internal view {
        if (to == address(0)) revert CaseDesk_ReceiverMissing();
        if (to == holder) revert CaseDesk_ReceiverIsHolder(to);
        uint256 merchant = _merchants.merchantOfKey(to);
        if (merchant == 0) merchant = _merchants.merchantOfTerminal(to);
        if (merchant != 0) revert CaseDesk_ReceiverIsMerchant(to, merchant);
    }

    function _checkThawed(uint256 subject, uint256 id) internal view {
        uint256 until = _vouchers.frozenUntil(subject, id);
        if (block.timestamp < until) revert CaseDesk_SubjectFrozen(subject, id, until);
    }

    function _checkMovable(uint256 voucher, uint256 programme, address holder) private view {
        VoucherState state = _vouchers.stateOf(voucher);
        if (state != VoucherState.LIVE) revert ICaseDeskFreezes.CaseDesk_NotLive(voucher, state);
        _checkThawed(Overlay.SUBJECT_VOUCHER, voucher);
        _checkThawed(Overlay.SUBJECT_ROLL, VoucherId.roll(voucher));
        _checkThawed(Overlay.SUBJECT_BATCH, VoucherId.batch(voucher));
        _checkThawed(Overlay.SUBJECT_HOLDER, programme << 160 | uint160(holder));
        (uint256 until,) = _vouchers.networkPause();
        uint256 own = ProgrammeWord.pausedUntil(_vouchers.programmeWord(programme));
        if (until < own) until = own;
        if (block.timestamp < until) revert CaseDesk_ProgrammePaused(programme, until);
    }

    /// @dev The caps are those of the rules version the voucher's batch was opened under; what counts is shared by all versions.
    function _countPassed(uint256 voucher, uint256 terms, address holder) private {
        (uint256 programme, uint256 version) = (BatchWord.programme(terms), BatchWord.version(terms));
        (uint256 rules,) = _vouchers.rulesWords(programme, version);
        if (RulesWord.transferable(rules) == 0) revert CaseDesk_NotTransferable(voucher, version);
        TransferCaps memory caps = IProgrammeTransfers(_vouchers.registry()).transferCaps(programme, version);
        uint256 face = BatchWord.face(terms);
        if (face > caps.perTransfer) revert CaseDesk_TransferTooLarge(voucher, face, caps.perTransfer);

        Passed storage passed = _passed[programme << 160 | uint160(holder)];
        uint256 month = Calendar.monthOf(ProgrammeWord.day(_vouchers.programmeWord(programme), block.timestamp));
        uint256 before = passed.month == month ? passed.amount : 0;
        if (before + face > caps.perMonth) {
            revert CaseDesk_TransferMonthPassed(holder, face, before > caps.perMonth ? 0 : caps.perMonth - before);
        }
        (passed.month, passed.amount) = (uint16(month), uint64(before + face)); // within `perMonth`; see {Calendar-monthOf}
    }

    function _digest(uint256 voucher, address to, uint256 deadline) private view returns (bytes32) {
        bytes32 inner = keccak256(abi.encode(TRANSFER, voucher, to, deadline));
        return keccak256(abi.encodePacked(hex"1901", _vouchers.domainSeparator(), inner));
    }
}
