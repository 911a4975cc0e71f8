// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

import {IVouchersErrors} from "./interfaces/IVouchersErrors.sol";
import {IVouchersRecord} from "./interfaces/IVouchersRecord.sol";
import {Overlay} from "./libraries/Overlay.sol";
import {VoucherId} from "./libraries/VoucherId.sol";
import {VoucherState} from "./types/Supply.sol";
import {VouchersBase} from "./VouchersBase.sol";
import {BatchWord} from "./words/BatchWord.sol";
import {LedgerWord} from "./words/LedgerWord.sol";
import {NetworkWord} from "./words/NetworkWord.sol";
import {StoredWord} from "./words/StoredWord.sol";

/// @title The record of Vouchers: everything that only reads.
/// @dev Its code runs by delegatecall from {VouchersBooking}, itself run from {Vouchers} by way of {VouchersBack}, on its slots.
contract VouchersRecord is IVouchersErrors, IVouchersRecord, VouchersBase {
    using Strings for uint256;

    /// @param manager The AccessManager that knows the roles.
    constructor(address manager) VouchersBase(manager) {}

    /// @inheritdoc IVouchersRecord
    function holderOf(uint256 voucher) public view returns (address holder) {
        if (!_exists(voucher)) revert Vouchers_VoucherUnknown(voucher);
        return _holderOf(voucher);
    }

    /// @inheritdoc IVouchersRecord
    function ownerOf(uint256 voucher) external view returns (address holder) {
        return holderOf(voucher);
    }

    /// @inheritdoc IVouchersRecord
    function tokenURI(uint256 voucher) external view returns (string memory) {
        if (!_exists(voucher)) revert Vouchers_VoucherUnknown(voucher);
        return string.concat(
            "urn:vouchertrail:", block.chainid.toString(), ":", Strings.toHexString(address(this)), ":", voucher.toString()
        );
    }

    /// @inheritdoc IVouchersRecord
    function stateOf(uint256 voucher) external view returns (VoucherState) {
        if (!_exists(voucher)) return VoucherState.NONE;
        if (_redeemed[VoucherId.bitsKey(voucher)] & VoucherId.bit(voucher) != 0) return VoucherState.REDEEMED;
        if (_carries(Overlay.REVOKED, voucher)) return VoucherState.REVOKED;
        (uint256 batch, uint256 roll) = (VoucherId.batch(voucher), VoucherId.roll(voucher));
        bool stored = BatchWord.kind(_batches[batch].terms) == BatchWord.STORED;
        if (stored ? StoredWord.booked(_stored[voucher]) != 0 : _carries(Overlay.BOOKED, voucher)) return VoucherState.BOOKED;
        if (_isSwept(batch, _batches[batch].reach, roll)) return VoucherState.EXPIRED;
        return block.timestamp < validUntil(batch, roll) ? VoucherState.LIVE : VoucherState.EXPIRED;
    }

    /// @inheritdoc IVouchersRecord
    function batchWords(uint256 batch) external view returns (uint256 terms, uint256 reach, uint256 supply) {
        Batch storage stored = _batches[batch];
        return (stored.terms, stored.reach, stored.supply);
    }

    /// @inheritdoc IVouchersRecord
    function rollWord(uint256 roll) external view returns (uint256) {
        return _rolls[roll];
    }

    /// @inheritdoc IVouchersRecord
    function marksOf(uint256 batch, uint256 roll) external view returns (bool issued, bool swept) {
        uint256 reach = _batches[batch].reach;
        return (_isIssued(batch, reach, roll), _isSwept(batch, reach, roll));
    }

    /// @inheritdoc IVouchersRecord
    function validUntil(uint256 batch, uint256 roll) public view returns (uint256) {
        Batch storage stored = _batches[batch];
        uint256 word = _programmes[BatchWord.programme(stored.terms)];
        uint256 until = _validUntil(batch, stored.terms, stored.reach, _rolls[roll], 0);
        // Over before a pause began, it stays over while the pause runs: only what is still valid gets the pause's rest.
        return until + (_clock(word) < until ? _pausedSeconds(word) : block.timestamp - _clock(word));
    }

    /// @inheritdoc IVouchersRecord
    function redeemedBits(uint256 key) external view returns (uint256) {
        return _redeemed[key];
    }

    /// @inheritdoc IVouchersRecord
    function storedWord(uint256 voucher) external view returns (uint256) {
        return _stored[voucher];
    }

    /// @inheritdoc IVouchersRecord
    function programmeWord(uint256 programme) external view returns (uint256) {
        return _programmes[programme];
    }

    /// @inheritdoc IVouchersRecord
    function rulesWords(uint256 programme, uint256 version) external view returns (uint256 terms, uint256 limits) {
        Rules storage rules = _rules[programme << 16 | version];
        return (rules.terms, rules.limits);
    }

    /// @inheritdoc IVouchersRecord
    function widenedRegions(uint256 programme) external view returns (uint256[] memory) {
        return _widenedRegions[programme];
    }

    /// @inheritdoc IVouchersRecord
    function settlementWindow(uint256 programme) external view returns (uint256) {
        return _longestWindow[programme];
    }

    /// @inheritdoc IVouchersRecord
    function merchantWord(uint256 merchant) external view returns (uint256) {
        return _merchants[merchant];
    }

    /// @inheritdoc IVouchersRecord
    function terminalWord(address terminal) external view returns (uint256) {
        return _terminals[terminal];
    }

    /// @inheritdoc IVouchersRecord
    function lineWord(uint256 line) external view returns (uint256) {
        return _lines[line];
    }

    /// @inheritdoc IVouchersRecord
    function dayWord(uint256 line, uint256 merchant, uint256 day) external view returns (uint256) {
        return _days[LedgerWord.dayKey(line, merchant, day)];
    }

    /// @inheritdoc IVouchersRecord
    function commitmentOf(uint256 firstNumber) external view returns (bytes32) {
        return _commitments[firstNumber];
    }

    /// @inheritdoc IVouchersRecord
    function batchOf(string calldata ref) external view returns (uint256) {
        return _references[_referenceKey(BATCH_REFERENCE, ref)];
    }

    /// @inheritdoc IVouchersRecord
    function rollOf(string calldata ref) external view returns (uint256) {
        return _references[_referenceKey(ROLL_REFERENCE, ref)];
    }

    /// @inheritdoc IVouchersRecord
    function counts() external view returns (uint256 redemptions, uint256 batches, uint256 rolls) {
        uint256 network = _network;
        return (NetworkWord.nextNumber(network) - 1, NetworkWord.lastBatch(network), NetworkWord.lastRoll(network));
    }

    /// @inheritdoc IVouchersRecord
    function isRelayer(address account) external view returns (bool) {
        return _relayers[account];
    }

    /// @inheritdoc IVouchersRecord
    function domainSeparator() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    /// @inheritdoc IVouchersRecord
    function isAttestor(address account) external view returns (bool) {
        return _attestors[account];
    }

    /// @inheritdoc IVouchersRecord
    function counterWord(uint256 programme, address holder) external view returns (uint256) {
        return _counters[programme << 160 | uint160(holder)];
    }
}
