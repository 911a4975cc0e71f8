// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICaseDeskFreezes} from "../../../contracts/interfaces/ICaseDeskFreezes.sol";
import {IVouchersErrors} from "../../../contracts/interfaces/IVouchersErrors.sol";
import {Roles} from "../../../contracts/libraries/Roles.sol";
import {Judge} from "./Judge.sol";

/// @title Freezes and revocations. Mostly short ones: a frozen world goes nowhere.
abstract contract StandingSteps is Judge {
    MSubject private _last; // frozen by the last freeze

    uint256 private constant VOUCHER = 1;
    uint256 private constant ROLL = 2;
    uint256 private constant BATCH = 3;
    uint256 private constant HOLDER = 4;
    uint256 private constant MERCHANT = 5;

    function _standingStep() internal {
        uint256 kind = _draw(100);
        if (kind < 35) _freezeStep();
        else if (kind < 45) _liftStep();
        else if (kind < 65) _confirmStep();
        else if (kind < 80) _appealStep();
        else _revokeStep();
    }

    // --- freezing ---

    function _freezeStep() private {
        (uint256 subject, uint256 id) = _chance(60) ? _heldSubject() : _anySubject();
        if (_chance(10)) (subject, id) = _holding();
        uint256 until = block.timestamp + 1 + _draw(subject == MERCHANT ? 2 days : _chance(85) ? 3 hours : 30 days);
        if (_chance(6)) until = block.timestamp + _draw(2) * (30 days + 1);
        address actor = _actor(Roles.AUDITOR);
        bytes memory data = abi.encodeCall(desk.freeze, (subject, id, until, "suspicion"));
        bytes4 expected = _expectFreeze(subject, id, until, actor);
        if (!_call("freeze", actor, Roles.AUDITOR, address(desk), data, expected)) return;
        MFreeze storage f = mFreezes[subject][id];
        if (f.until == 0) mFrozen.push(MSubject(subject, id));
        f.renewals = block.timestamp < f.until + 30 days ? f.renewals + 1 : 0;
        (f.by, f.until, f.kept) = (actor, until, until);
        mOwnFreezes[subject][id][actor] = until;
        _last = MSubject(subject, id);
        if ((subject == ROLL || subject == BATCH) && _chance(50)) _confirmStep();
    }

    function _expectFreeze(uint256 subject, uint256 id, uint256 until, address actor) private view returns (bytes4) {
        MFreeze storage f = mFreezes[subject][id];
        if (!_isKnown(subject, id)) return ICaseDeskFreezes.CaseDesk_SubjectUnknown.selector;
        if (until <= block.timestamp) return ICaseDeskFreezes.CaseDesk_EndPassed.selector;
        if (until > block.timestamp + 30 days) return ICaseDeskFreezes.CaseDesk_FreezeTooLong.selector;
        if (f.confirmed) return ICaseDeskFreezes.CaseDesk_ConfirmedAlready.selector;
        if (until <= f.until) return ICaseDeskFreezes.CaseDesk_FreezeNotLonger.selector;
        uint256 own = mOwnFreezes[subject][id][actor];
        if (own != 0 && block.timestamp < own + 30 days) return ICaseDeskFreezes.CaseDesk_OwnFreezeLately.selector;
        bool renewed = f.until != 0 && block.timestamp < f.until + 30 days;
        return renewed && f.renewals == 2 ? ICaseDeskFreezes.CaseDesk_RenewalsUsedUp.selector : FINE;
    }

    function _isKnown(uint256 subject, uint256 id) private view returns (bool) {
        if (subject == VOUCHER) return _placeExists(id) && _wasIssued(id);
        if (subject == ROLL) return id != 0 && id <= mLastRoll;
        if (subject == BATCH) return id != 0 && id <= mLastBatch;
        if (subject == HOLDER) return uint160(id) != 0 && mProgrammes[id >> 160].state >= 4;
        return subject == MERCHANT && id != 0 && id <= mLastMerchant;
    }

    // --- ending, appealing, confirming ---

    function _liftStep() private {
        (uint256 subject, uint256 id) = _heldSubject();
        if (mFreezes[subject][id].confirmed && _chance(80)) return _revokeStep();
        bytes4 expected = _mIsFrozen(subject, id) ? FINE : ICaseDeskFreezes.CaseDesk_NotFrozen.selector;
        bytes memory data = abi.encodeCall(desk.lift, (subject, id, "unfounded"));
        if (_call("lift", _actor(Roles.AUDITOR), Roles.AUDITOR, address(desk), data, expected)) _endFreeze(subject, id);
    }

    function _endFreeze(uint256 subject, uint256 id) private {
        MFreeze storage f = mFreezes[subject][id];
        (f.until, f.kept, f.confirmed) = (block.timestamp, 0, false);
        mOwnFreezes[subject][id][f.by] = block.timestamp;
    }

    function _appealStep() private {
        (uint256 subject, uint256 id) = _heldSubject();
        if (_chance(60)) (subject, id) = _holding();
        address actor = _chance(25) ? mActors[_draw(mActors.length)] : _actor(_chance(50) ? Roles.AUDITOR : Roles.OPERATOR);
        bytes32 letter = _chance(35) ? bytes32(0) : bytes32("letter");
        bytes4 expected = letter == 0 ? ICaseDeskFreezes.CaseDesk_AppealMissing.selector : FINE;
        if (!_mIsFrozen(subject, id)) expected = ICaseDeskFreezes.CaseDesk_NotFrozen.selector;
        bool recorder = mRoles[actor][Roles.AUDITOR] || mRoles[actor][Roles.OPERATOR];
        if (!recorder) expected = ICaseDeskFreezes.CaseDesk_NoRecorder.selector;
        _call("appeal", actor, ANYBODY, address(desk), abi.encodeCall(desk.appeal, (subject, id, letter)), expected);
    }

    function _confirmStep() private {
        (uint256 subject, uint256 id) = _chance(85) ? _holding() : _heldSubject();
        if (_chance(60)) (subject, id) = (_last.subject, _last.id);
        if (subject == MERCHANT && _chance(70)) return; // a merchant frozen for good trades no more
        MFreeze storage f = mFreezes[subject][id];
        address actor = f.by != address(0) && _chance(20) ? f.by : _actor(Roles.AUDITOR);
        bytes4 expected;
        if (!_mIsFrozen(subject, id)) expected = ICaseDeskFreezes.CaseDesk_NotFrozen.selector;
        else if (f.confirmed) expected = ICaseDeskFreezes.CaseDesk_ConfirmedAlready.selector;
        else if (f.by == actor) expected = ICaseDeskFreezes.CaseDesk_OwnFreeze.selector;
        else if (subject == VOUCHER && !_isLive(id)) expected = ICaseDeskFreezes.CaseDesk_NotLive.selector;
        bytes memory data = abi.encodeCall(desk.confirm, (subject, id, "proved"));
        if (!_call("confirm", actor, Roles.AUDITOR, address(desk), data, expected)) return;
        if (subject == VOUCHER) {
            _endFreeze(subject, id);
            return _keepRevoked(id);
        }
        (f.until, f.kept, f.confirmed) = (type(uint40).max, type(uint40).max, true);
        if (_chance(70)) _revokeStep();
    }

    // --- revoking ---

    function _revokeStep() private {
        uint256[] memory list = new uint256[](_chance(3) ? _draw(2) * 501 : 1 + _draw(2));
        if (list.length < 3) {
            for (uint256 i; i < list.length; ++i) {
                list[i] = _suspect();
            }
        }
        bytes4 expected = _expectRevoke(list);
        bytes memory data = abi.encodeCall(desk.revoke, (list, "proved"));
        if (!_call("revoke", _actor(Roles.AUDITOR), Roles.AUDITOR, address(desk), data, expected)) return;
        for (uint256 i; i < list.length; ++i) {
            _keepRevoked(list[i]);
        }
    }

    function _expectRevoke(uint256[] memory list) private view returns (bytes4) {
        if (list.length == 0 || list.length > 500) return ICaseDeskFreezes.CaseDesk_ListInvalid.selector;
        for (uint256 i; i < list.length; ++i) {
            (uint256 batch, uint256 roll) = (list[i] >> 35, _rollOf(list[i]));
            if (!mFreezes[BATCH][batch].confirmed && !mFreezes[ROLL][roll].confirmed) {
                if (!_placeExists(list[i]) || !_wasIssued(list[i])) return IVouchersErrors.Vouchers_VoucherUnknown.selector;
                uint256 holder = mBatches[batch].programme << 160 | uint160(_mHolderOf(list[i]));
                if (!mFreezes[HOLDER][holder].confirmed) return ICaseDeskFreezes.CaseDesk_NotConfirmed.selector;
            }
            bool twice = i != 0 && list[0] == list[i];
            if (twice || !_isLive(list[i])) return ICaseDeskFreezes.CaseDesk_NotLive.selector;
        }
        return FINE;
    }

    function _keepRevoked(uint256 voucher) private {
        mRevoked[voucher] = true;
        mRevokedList.push(voucher);
        MBatch storage b = mBatches[voucher >> 35];
        MPair storage p = mPairs[mPairAt[voucher >> 35][_rollOf(voucher)] - 1];
        ++p.revoked;
        p.returned += _mRest(voucher);
        MLine storage l = mLines[b.programme << 16 | b.line];
        l.committed -= _mRest(voucher);
        --l.committedCount;
        l.available += _mRest(voucher);
    }

    function _isLive(uint256 voucher) internal view returns (bool) {
        if (!_placeExists(voucher) || !_wasIssued(voucher) || mRedeemed[voucher] || mRevoked[voucher]) return false;
        if (mBooked[voucher]) return false;
        if (mPairs[mPairAt[voucher >> 35][_rollOf(voucher)] - 1].swept) return false;
        return block.timestamp < _mUntil(voucher >> 35, _rollOf(voucher));
    }

    // --- picking ---

    /// @dev Something of late that is frozen now, if there is any.
    function _holding() private returns (uint256, uint256) {
        for (uint256 i = mFrozen.length; i != 0 && mFrozen.length - i < 60; --i) {
            MSubject storage s = mFrozen[i - 1];
            bool wide = s.subject == ROLL || s.subject == BATCH;
            if (_mIsFrozen(s.subject, s.id) && _chance(wide ? 80 : 25)) return (s.subject, s.id);
        }
        return _heldSubject();
    }

    /// @dev Mostly a voucher under a confirmed freeze.
    function _suspect() private returns (uint256 voucher) {
        voucher = _somewhere();
        uint256 from = mPairs.length == 0 || _chance(10) ? 0 : _draw(mPairs.length);
        for (uint256 i; i < mPairs.length && from != 0; ++i) {
            MPair storage p = mPairs[(from + i) % mPairs.length];
            bool sure = mFreezes[BATCH][p.batch].confirmed || mFreezes[ROLL][p.roll].confirmed;
            if (!sure || p.swept || block.timestamp >= _mUntil(p.batch, p.roll)) continue;
            return p.batch << 35 | p.roll << 11 | _draw(mRolls[p.roll].holders.length);
        }
    }

    /// @dev Something that was frozen before, mostly of late.
    function _heldSubject() private returns (uint256, uint256) {
        if (mFrozen.length == 0 || _chance(4)) return _anySubject();
        uint256 most = mFrozen.length < 12 ? mFrozen.length : 12;
        MSubject storage s = mFrozen[mFrozen.length - 1 - _draw(_chance(80) ? most : mFrozen.length)];
        return (s.subject, s.id);
    }

    function _anySubject() private returns (uint256 subject, uint256 id) {
        subject = _chance(45) ? ROLL + _draw(2) : 1 + _draw(_chance(4) ? 6 : 5);
        uint256 voucher = _somewhere();
        for (uint256 i; i < 12 && !_isLive(voucher); ++i) {
            voucher = _somewhere();
        }
        if (subject == VOUCHER) return (subject, _chance(3) ? voucher | 0x7ff : voucher);
        if (subject == ROLL) return (subject, _chance(3) ? mLastRoll + 1 : _rollOf(voucher));
        if (subject == BATCH) return (subject, _chance(3) ? mLastBatch + 1 : voucher >> 35);
        if (subject == HOLDER) return (subject, _anyProgramme() << 160 | uint160(mHolders[_draw(HOLDERS)]));
        return (subject, _anyMerchant());
    }
}
