// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

import {IVouchersRecord} from "./interfaces/IVouchersRecord.sol";
import {Overlay} from "./libraries/Overlay.sol";
import {RollCode} from "./libraries/RollCode.sol";
import {Roles} from "./libraries/Roles.sol";
import {VoucherId} from "./libraries/VoucherId.sol";
import {VoucherState} from "./types/Supply.sol";
import {VouchersBase} from "./VouchersBase.sol";
import {VouchersCases} from "./VouchersCases.sol";
import {VouchersStanding} from "./VouchersStanding.sol";
import {BatchWord} from "./words/BatchWord.sol";
import {LedgerWord} from "./words/LedgerWord.sol";
import {NetworkWord} from "./words/NetworkWord.sol";
import {ProgrammeWord} from "./words/ProgrammeWord.sol";
import {RollWord} from "./words/RollWord.sol";
import {RulesWord} from "./words/RulesWord.sol";

/// @title The back of Vouchers: everything but redeeming.
/// @dev Its code runs by delegatecall from {Vouchers}, on the slots and under the address of that contract; called at its own address it
/// finds no slot written and no role granted. It exists because one contract may have 24,576 bytes of code at most.
contract VouchersBack is IVouchersRecord, VouchersStanding, VouchersCases {
    using Strings for uint256;

    /// @param manager The AccessManager that knows the roles.
    constructor(address manager) VouchersBase(manager) {}

    // --- reading ---

    /// @inheritdoc IVouchersRecord
    function holderOf(uint256 voucher) public view returns (address holder) {
        if (!_exists(voucher)) revert Vouchers_VoucherUnknown(voucher);
        return RollCode.holderAt(RollWord.pointer(_rolls[VoucherId.roll(voucher)]), VoucherId.place(voucher));
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

    // --- linking and words of others ---

    /// @inheritdoc IVouchersRecord
    function link(address registry, address merchantRegistry, address treasury, address desk) external restricted {
        if (_registry != address(0)) revert Vouchers_AlreadyLinked();
        (_registry, _merchantRegistry, _treasury, _desk) = (registry, merchantRegistry, treasury, desk);
        emit ContractsLinked(registry, merchantRegistry, treasury, desk);
    }

    /// @inheritdoc IVouchersRecord
    function syncRelayer(address account) external {
        (bool allowed,) = IAccessManager(authority()).hasRole(Roles.OPERATOR, account);
        _relayers[account] = allowed;
        emit RelayerSynced(account, allowed);
    }

    /// @inheritdoc IVouchersRecord
    function syncAttestor(address account) external {
        (bool allowed,) = IAccessManager(authority()).hasRole(Roles.ATTESTOR, account);
        _attestors[account] = allowed;
        emit AttestorSynced(account, allowed);
    }

    /// @inheritdoc IVouchersRecord
    function setProgramme(uint256 programme, uint256 word) external onlyLinked(_registry) {
        _programmes[programme] = word;
    }

    /// @inheritdoc IVouchersRecord
    function setRules(uint256 programme, uint256 version, uint256 terms, uint256 limits) external onlyLinked(_registry) {
        _rules[programme << 16 | version] = Rules(terms, limits);
        if (RulesWord.needsCounter(terms)) _programmes[programme] |= ProgrammeWord.COUNTED << 8;
        uint256 window = RulesWord.settlementWindow(terms);
        if (window > _longestWindow[programme]) _longestWindow[programme] = window;
    }

    /// @inheritdoc IVouchersRecord
    function addWidenedRegions(uint256 programme, uint256[] calldata regions) external onlyLinked(_registry) {
        for (uint256 i; i < regions.length; ++i) {
            _widenedRegions[programme].push(regions[i]);
        }
    }

    /// @inheritdoc IVouchersRecord
    function setMerchant(uint256 merchant, uint256 word) external onlyLinked(_merchantRegistry) {
        _merchants[merchant] = word;
    }

    /// @inheritdoc IVouchersRecord
    function setTerminal(address terminal, uint256 word) external onlyLinked(_merchantRegistry) {
        _terminals[terminal] = word;
    }

    /// @inheritdoc IVouchersRecord
    function takePayable(uint256 line, uint256 merchant, uint256 day) external onlyLinked(_treasury) returns (uint256 amount) {
        uint256 key = LedgerWord.dayKey(line, merchant, day);
        uint256 word = _days[key];
        amount = LedgerWord.redeemed(word) - LedgerWord.settled(word) - LedgerWord.disputed(word);
        uint256 count = LedgerWord.redeemedCount(word) - LedgerWord.settledCount(word) - LedgerWord.disputedCount(word);
        _days[key] = LedgerWord.addSettled(word, amount, count);
        _lines[line] = LedgerWord.settle(_lines[line], amount, count);
    }

    /// @inheritdoc IVouchersRecord
    function bookSwept(uint256 batch, uint256 roll)
        external
        onlyLinked(_desk)
        returns (uint256 line, uint256 count, uint256 amount)
    {
        Batch storage stored = _batches[batch];
        (uint256 terms, uint256 reach) = (stored.terms, stored.reach);

        // Check: issued, not swept before.
        if (!_isIssued(batch, reach, roll)) revert Vouchers_NotIssued(batch, roll);
        if (_isSwept(batch, reach, roll)) revert Vouchers_AlreadySwept(batch, roll);

        // Effect: the mark, the batch's and the line's sums.
        line = BatchWord.line(terms);
        count = _unspent(batch, reach, roll);
        amount = count * BatchWord.face(terms);
        if (!BatchWord.inWindow(reach, roll)) _marks[_marksKey(batch, roll)] |= 1 << (128 + (roll & 127));
        else reach = BatchWord.markSwept(reach, roll);
        stored.reach = BatchWord.setFlag(reach, BatchWord.SWEPT);
        stored.supply = BatchWord.addSwept(stored.supply, count);
        _lines[line] = LedgerWord.uncommit(_lines[line], amount, count);
    }

    // --- helpers ---

    /// @dev Places of the roll whose voucher of this batch was neither redeemed nor revoked nor is booked.
    function _unspent(uint256 batch, uint256 reach, uint256 roll) private view returns (uint256 count) {
        count = RollWord.places(_rolls[roll]);
        bool overlaid = BatchWord.flags(reach) & BatchWord.OVERLAYS != 0;
        uint256 key = VoucherId.bitsKey(VoucherId.pack(batch, roll, 0));
        for (uint256 words = (count + 255) / 256; words != 0; --words) {
            uint256 gone = _redeemed[key];
            if (overlaid) gone |= _overlays[Overlay.key(Overlay.REVOKED, key)] | _overlays[Overlay.key(Overlay.BOOKED, key)];
            for (++key; gone != 0; gone &= gone - 1) {
                --count;
            }
        }
    }
}
