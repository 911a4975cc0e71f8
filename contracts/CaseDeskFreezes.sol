// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";

import {CaseDeskBase} from "./CaseDeskBase.sol";
import {ICaseDeskFreezes} from "./interfaces/ICaseDeskFreezes.sol";
import {Overlay} from "./libraries/Overlay.sol";
import {Roles} from "./libraries/Roles.sol";
import {VoucherId} from "./libraries/VoucherId.sol";
import {VoucherState} from "./types/Supply.sol";
import {BatchWord} from "./words/BatchWord.sol";

/// @title Freezes and revocations.
abstract contract CaseDeskFreezes is ICaseDeskFreezes, CaseDeskBase {
    uint256 public constant MOST_FREEZE = 30 days;
    uint256 public constant OWN_FREEZE_REST = 30 days;
    uint256 public constant MOST_RENEWALS = 2;
    uint256 private constant MOST_VOUCHERS = 500;

    /// @inheritdoc ICaseDeskFreezes
    function freeze(uint256 subject, uint256 id, uint256 until, string calldata reason) external restricted {
        if (!_isKnown(subject, id)) revert CaseDesk_SubjectUnknown(subject, id);
        uint256 key = Overlay.freezeKey(subject, id);
        Freeze storage f = _freezes[key];

        // Check: an end ahead but near, later than the present one, and not for ever by one person.
        if (until <= block.timestamp) revert CaseDesk_EndPassed(until, block.timestamp);
        uint256 latest = block.timestamp + MOST_FREEZE;
        if (until > latest) revert CaseDesk_FreezeTooLong(until, latest);
        if (f.confirmed) revert CaseDesk_ConfirmedAlready(subject, id);
        if (until <= f.until) revert CaseDesk_FreezeNotLonger(subject, id, until, f.until);
        uint256 earliest = _ownFreezes[key][msg.sender] + OWN_FREEZE_REST;
        if (block.timestamp < earliest) revert CaseDesk_OwnFreezeLately(subject, id, msg.sender, earliest);
        uint256 renewals = block.timestamp < f.until + OWN_FREEZE_REST ? f.renewals + 1 : 0;
        if (renewals > MOST_RENEWALS) revert CaseDesk_RenewalsUsedUp(subject, id, MOST_RENEWALS);

        // Effect: `until` is near, so below 2^40.
        _freezes[key] = Freeze(msg.sender, uint40(until), uint8(renewals), false);
        _ownFreezes[key][msg.sender] = until;

        // Interaction: what a redemption reads.
        _vouchers.setFrozen(subject, id, until);

        // Log:
        emit Frozen(subject, id, msg.sender, until, reason);
    }

    /// @inheritdoc ICaseDeskFreezes
    function lift(uint256 subject, uint256 id, string calldata reason) external restricted {
        _endFreeze(subject, id, _holding(subject, id));
        emit FreezeLifted(subject, id, msg.sender, reason);
    }

    /// @inheritdoc ICaseDeskFreezes
    function appeal(uint256 subject, uint256 id, bytes32 appealHash) external {
        if (!_has(Roles.AUDITOR) && !_has(Roles.OPERATOR)) revert CaseDesk_NoRecorder(msg.sender);
        _holding(subject, id);
        if (appealHash == 0) revert CaseDesk_AppealMissing();
        emit FreezeAppealed(subject, id, appealHash);
    }

    /// @inheritdoc ICaseDeskFreezes
    function confirm(uint256 subject, uint256 id, string calldata reason) external restricted {
        Freeze storage f = _holding(subject, id);

        // Check: not confirmed yet, by another auditor.
        if (f.confirmed) revert CaseDesk_ConfirmedAlready(subject, id);
        if (f.by == msg.sender) revert CaseDesk_OwnFreeze(subject, id, msg.sender);

        // Log:
        emit FreezeConfirmed(subject, id, msg.sender, reason);

        // Effect, Interaction:
        if (subject == Overlay.SUBJECT_VOUCHER) {
            _endFreeze(subject, id, f);
            return _revoke(id, reason);
        }
        (f.confirmed, f.until) = (true, type(uint40).max);
        _vouchers.setFrozen(subject, id, type(uint40).max);
    }

    /// @inheritdoc ICaseDeskFreezes
    function revoke(uint256[] calldata vouchers, string calldata reason) external restricted {
        if (vouchers.length == 0 || vouchers.length > MOST_VOUCHERS) {
            revert CaseDesk_ListInvalid(vouchers.length, MOST_VOUCHERS);
        }
        for (uint256 i; i < vouchers.length; ++i) {
            if (!_isConfirmed(vouchers[i])) revert CaseDesk_NotConfirmed(vouchers[i]);
            _revoke(vouchers[i], reason);
        }
    }

    /// @inheritdoc ICaseDeskFreezes
    function freezeOf(uint256 subject, uint256 id) external view returns (address, uint256, uint256, bool) {
        Freeze storage f = _freezes[Overlay.freezeKey(subject, id)];
        return (f.by, f.until, f.renewals, f.confirmed);
    }

    // --- helpers ---

    function _revoke(uint256 voucher, string calldata reason) private {
        VoucherState state = _vouchers.stateOf(voucher);
        if (state != VoucherState.LIVE) revert CaseDesk_NotLive(voucher, state);

        // Interaction: the mark and `committed`, then `available`.
        (uint256 line, uint256 amount) = _vouchers.bookRevoked(voucher);
        _treasury.releaseExpired(line, amount);

        // Log:
        emit VoucherRevoked(voucher, line, msg.sender, amount, reason);
    }

    function _endFreeze(uint256 subject, uint256 id, Freeze storage f) private {
        (f.confirmed, f.until) = (false, uint40(block.timestamp));
        _ownFreezes[Overlay.freezeKey(subject, id)][f.by] = block.timestamp;
        _vouchers.setFrozen(subject, id, 0);
    }

    /// @dev The subject's freeze, which must hold now.
    function _holding(uint256 subject, uint256 id) private view returns (Freeze storage f) {
        f = _freezes[Overlay.freezeKey(subject, id)];
        if (block.timestamp >= f.until) revert CaseDesk_NotFrozen(subject, id);
    }

    function _isConfirmed(uint256 voucher) private view returns (bool) {
        (uint256 batch, uint256 roll) = (VoucherId.batch(voucher), VoucherId.roll(voucher));
        if (_freezes[Overlay.freezeKey(Overlay.SUBJECT_BATCH, batch)].confirmed) return true;
        if (_freezes[Overlay.freezeKey(Overlay.SUBJECT_ROLL, roll)].confirmed) return true;
        (uint256 terms,,) = _vouchers.batchWords(batch);
        uint256 holder = BatchWord.programme(terms) << 160 | uint160(_vouchers.holderOf(voucher));
        return _freezes[Overlay.freezeKey(Overlay.SUBJECT_HOLDER, holder)].confirmed;
    }

    function _isKnown(uint256 subject, uint256 id) private view returns (bool) {
        if (subject == Overlay.SUBJECT_VOUCHER) return _vouchers.stateOf(id) != VoucherState.NONE;
        if (subject == Overlay.SUBJECT_ROLL) return _vouchers.rollWord(id) != 0;
        if (subject == Overlay.SUBJECT_BATCH) {
            (uint256 terms,,) = _vouchers.batchWords(id);
            return terms != 0;
        }
        if (subject == Overlay.SUBJECT_HOLDER) return uint160(id) != 0 && _vouchers.programmeWord(id >> 160) != 0;
        return subject == Overlay.SUBJECT_MERCHANT && _vouchers.merchantWord(id) != 0;
    }

    function _has(uint64 role) private view returns (bool member) {
        (member,) = IAccessManager(authority()).hasRole(role, msg.sender);
    }
}
