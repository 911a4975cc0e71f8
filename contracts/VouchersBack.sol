// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";

import {Front} from "./Front.sol";
import {IVouchersLinks} from "./interfaces/IVouchersLinks.sol";
import {Overlay} from "./libraries/Overlay.sol";
import {Roles} from "./libraries/Roles.sol";
import {VoucherId} from "./libraries/VoucherId.sol";
import {VouchersBase} from "./VouchersBase.sol";
import {VouchersCases} from "./VouchersCases.sol";
import {VouchersClaims} from "./VouchersClaims.sol";
import {VouchersHolders} from "./VouchersHolders.sol";
import {BatchWord} from "./words/BatchWord.sol";
import {LedgerWord} from "./words/LedgerWord.sol";
import {ProgrammeWord} from "./words/ProgrammeWord.sol";
import {RollWord} from "./words/RollWord.sol";
import {RulesWord} from "./words/RulesWord.sol";
import {StoredWord} from "./words/StoredWord.sol";

/// @title The back of Vouchers: everything that writes, but redeeming and booking.
/// @dev Its code runs by delegatecall from {Vouchers}, on the slots and under the address of that contract; called at its own address it
/// finds no slot written and no role granted. It exists because one contract may have 24,576 bytes of code at most.
contract VouchersBack is IVouchersLinks, VouchersHolders, VouchersCases, VouchersClaims, Front {
    /// @param manager The AccessManager that knows the roles.
    /// @param booking The {VouchersBooking} of the same release.
    constructor(address manager, address booking) VouchersBase(manager) Front(booking) {}

    /// @inheritdoc IVouchersLinks
    function link(address registry, address merchantRegistry, address treasury, address desk) external restricted {
        if (_registry != address(0)) revert Vouchers_AlreadyLinked();
        (_registry, _merchantRegistry, _treasury, _desk) = (registry, merchantRegistry, treasury, desk);
        emit ContractsLinked(registry, merchantRegistry, treasury, desk);
    }

    /// @inheritdoc IVouchersLinks
    function syncRelayer(address account) external {
        (bool allowed,) = IAccessManager(authority()).hasRole(Roles.OPERATOR, account);
        _relayers[account] = allowed;
        emit RelayerSynced(account, allowed);
    }

    /// @inheritdoc IVouchersLinks
    function syncAttestor(address account) external {
        (bool allowed,) = IAccessManager(authority()).hasRole(Roles.ATTESTOR, account);
        _attestors[account] = allowed;
        emit AttestorSynced(account, allowed);
    }

    /// @inheritdoc IVouchersLinks
    function setProgramme(uint256 programme, uint256 word) external onlyLinked(_registry) {
        _programmes[programme] = word;
    }

    /// @inheritdoc IVouchersLinks
    function setRules(uint256 programme, uint256 version, uint256 terms, uint256 limits) external onlyLinked(_registry) {
        _rules[programme << 16 | version] = Rules(terms, limits);
        if (RulesWord.needsCounter(terms)) _programmes[programme] |= ProgrammeWord.COUNTED << 8;
        uint256 window = RulesWord.settlementWindow(terms);
        if (window > _longestWindow[programme]) _longestWindow[programme] = window;
    }

    /// @inheritdoc IVouchersLinks
    function addWidenedRegions(uint256 programme, uint256[] calldata regions) external onlyLinked(_registry) {
        for (uint256 i; i < regions.length; ++i) {
            _widenedRegions[programme].push(regions[i]);
        }
    }

    /// @inheritdoc IVouchersLinks
    function setMerchant(uint256 merchant, uint256 word) external onlyLinked(_merchantRegistry) {
        _merchants[merchant] = word;
    }

    /// @inheritdoc IVouchersLinks
    function setTerminal(address terminal, uint256 word) external onlyLinked(_merchantRegistry) {
        _terminals[terminal] = word;
    }

    /// @inheritdoc IVouchersLinks
    function takePayable(uint256 line, uint256 merchant, uint256 day) external onlyLinked(_treasury) returns (uint256 amount) {
        uint256 key = LedgerWord.dayKey(line, merchant, day);
        uint256 word = _days[key];
        amount = LedgerWord.redeemed(word) - LedgerWord.settled(word) - LedgerWord.disputed(word);
        uint256 count = LedgerWord.redeemedCount(word) - LedgerWord.settledCount(word) - LedgerWord.disputedCount(word);
        _days[key] = LedgerWord.addSettled(word, amount, count);
        _lines[line] = LedgerWord.settle(_lines[line], amount, count);
    }

    /// @inheritdoc IVouchersLinks
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
        if (BatchWord.kind(terms) == BatchWord.FIXED) {
            count = _unspent(batch, reach, roll);
            amount = count * BatchWord.face(terms);
        } else {
            (count, amount) = _rests(batch, terms, roll);
        }
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

    /// @dev The same for percentages and stored value, with what is left of them by their words: a percentage that was redeemed has a
    /// rest as well, stored value one until it is used up.
    function _rests(uint256 batch, uint256 terms, uint256 roll) private view returns (uint256 count, uint256 amount) {
        bool stored = BatchWord.kind(terms) == BatchWord.STORED;
        uint256 first = VoucherId.pack(batch, roll, 0);
        for (uint256 voucher = first + RollWord.places(_rolls[roll]); voucher != first;) {
            --voucher;
            if (_carries(Overlay.REVOKED, voucher)) continue;
            bool used = _redeemed[VoucherId.bitsKey(voucher)] & VoucherId.bit(voucher) != 0;
            if (used ? stored : !stored && _carries(Overlay.BOOKED, voucher)) continue;
            if (!used && StoredWord.booked(_stored[voucher]) == 0) ++count;
            amount += _restOf(terms, voucher);
        }
    }
}
