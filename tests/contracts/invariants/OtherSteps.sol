// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICaseDeskSweep} from "../../../contracts/interfaces/ICaseDeskSweep.sol";
import {IMerchantRegistry} from "../../../contracts/interfaces/IMerchantRegistry.sol";
import {IProgrammeRegistry} from "../../../contracts/interfaces/IProgrammeRegistry.sol";
import {ITreasury} from "../../../contracts/interfaces/ITreasury.sol";
import {IVouchersErrors} from "../../../contracts/interfaces/IVouchersErrors.sol";
import {Roles} from "../../../contracts/libraries/Roles.sol";
import {MerchantDay} from "../../../contracts/types/Settlement.sol";
import {Steps} from "./Steps.sol";

/// @title Time, roles, linking, and the functions only linked contracts may call.
abstract contract OtherSteps is Steps {
    /// @dev Some time, or up to the very second at which something begins or ends, or the one before.
    function _timeStep() internal {
        uint256 edge = _chance(40) ? _edge() : 0;
        if (edge > block.timestamp && edge < block.timestamp + 2 days) return vm.warp(edge);
        uint256 kind = _draw(100);
        uint256 most = kind < 65 ? 2 hours : kind < 95 ? 1 days : 4 days;
        vm.warp(block.timestamp + 1 + _draw(most));
    }

    function _edge() private returns (uint256 time) {
        MProgramme storage p = mProgrammes[_anyProgramme()];
        uint256 kind = _draw(11);
        if (kind == 8) {
            uint256 id = _anyProgramme();
            time = mVersions[id][mProgrammes[id].newest].ripeAt;
        }
        if (kind == 10 && mSeats.length != 0) time = mSeatNext[mSeats[mSeats.length - 1 - _draw(mSeats.length) % 10]].ripeAt;
        if (kind == 0) time = p.noticeEnd > p.startsAt ? p.noticeEnd : p.startsAt;
        if (kind == 1) time = p.endsAt;
        if (kind == 2 && mDays.length != 0) {
            MDay storage d = mDays[mDays.length - 1 - _draw(mDays.length) % 10];
            time = _settleableFrom(d.line, d.day);
        }
        if (kind == 7) time = mPayoutNext[_anyMerchant()].ripeAt;
        if (kind > 2 && kind < 7 && mPairs.length != 0) {
            for (uint256 i; i < 12 && time <= block.timestamp; ++i) {
                MPair storage pair = mPairs[mPairs.length - 1 - _draw(mPairs.length) % 50];
                time = kind < 5 ? mBatches[pair.batch].from : _mUntil(pair.batch, pair.roll);
            }
        }
        if (kind == 9 && mRoundList.length != 0) {
            uint256 key = mRoundList[mRoundList.length - 1 - _draw(mRoundList.length) % 10];
            MRound storage r = mRounds[key >> 16][(key & 0xffff) - 1];
            time = block.timestamp < r.opensAt ? r.opensAt : r.closesAt;
        }
        if (time != 0 && _chance(40)) --time;
    }

    /// @dev Gives an account the role OPERATOR or takes it away. Vouchers hears of it by {_syncStep} only.
    function _operatorStep() internal {
        address account = _chance(80) ? secondOperator : operator;
        bool give = account == operator ? true : _chance(50);
        bytes memory data = give
            ? abi.encodeCall(manager.grantRole, (Roles.OPERATOR, account, 0))
            : abi.encodeCall(manager.revokeRole, (Roles.OPERATOR, account));
        bool allowed = _call(give ? "grantRole" : "revokeRole", admin, ANYBODY, address(manager), data, FINE);
        if (allowed) mRoles[account][Roles.OPERATOR] = give;
    }

    function _syncStep() internal {
        address account = mActors[_draw(mActors.length)];
        if (_chance(40)) account = secondOperator;
        bytes memory data = abi.encodeCall(vouchers.syncRelayer, (account));
        _call("syncRelayer", mActors[_draw(mActors.length)], ANYBODY, address(vouchers), data, FINE);
        mRelayers[account] = mRoles[account][Roles.OPERATOR];
    }

    /// @dev Gives an account the role ATTESTOR or takes it away; Vouchers hears of it, or not yet.
    function _attestorStep() internal {
        address account = mAttesting[_draw(2)];
        if (_chance(50)) {
            bool give = account == mAttesting[0] || _chance(50);
            bytes memory change = give
                ? abi.encodeCall(manager.grantRole, (Roles.ATTESTOR, account, 0))
                : abi.encodeCall(manager.revokeRole, (Roles.ATTESTOR, account));
            if (_call("attestor", admin, ANYBODY, address(manager), change, FINE)) mRoles[account][Roles.ATTESTOR] = give;
        }
        bytes memory data = abi.encodeCall(vouchers.syncAttestor, (account));
        _call("syncAttestor", mActors[_draw(mActors.length)], ANYBODY, address(vouchers), data, FINE);
        mAttestors[account] = mRoles[account][Roles.ATTESTOR];
    }

    /// @dev Everything is linked already.
    function _linkStep() internal {
        address actor = _actor(Roles.ADMIN);
        address x = mActors[_draw(mActors.length)];
        uint256 which = _draw(5);
        bytes memory two = abi.encodeCall(programmes.link, (x, x));
        bytes memory four = abi.encodeCall(vouchers.link, (x, x, x, x));
        if (which == 0) _link(actor, address(vouchers), four, IVouchersErrors.Vouchers_AlreadyLinked.selector);
        if (which == 1) _link(actor, address(programmes), two, IProgrammeRegistry.ProgrammeRegistry_AlreadyLinked.selector);
        if (which == 2) {
            bytes memory data = abi.encodeCall(merchants.link, (x));
            _link(actor, address(merchants), data, IMerchantRegistry.MerchantRegistry_AlreadyLinked.selector);
        }
        if (which == 3) _link(actor, address(treasury), four, ITreasury.Treasury_AlreadyLinked.selector);
        bytes memory three = abi.encodeCall(desk.link, (x, x, x));
        if (which == 4) _link(actor, address(desk), three, ICaseDeskSweep.CaseDesk_AlreadyLinked.selector);
    }

    function _link(address actor, address target, bytes memory data, bytes4 expected) private {
        _call("link", actor, Roles.ADMIN, target, data, expected);
    }

    /// @dev Nobody outside reaches what one contract of the release does for another.
    function _linkedOnlyStep() internal {
        address actor = mActors[_draw(mActors.length)];
        bytes[] memory ofTreasury = _ofTreasury();
        bytes[] memory ofVouchers = _ofVouchers(actor);
        uint256 which = _draw(ofTreasury.length + ofVouchers.length);
        if (which < ofTreasury.length) {
            bytes4 expected = ITreasury.Treasury_CallerNotLinked.selector;
            _call("linked only", actor, ANYBODY, address(treasury), ofTreasury[which], expected);
        } else {
            bytes memory data = ofVouchers[which - ofTreasury.length];
            _call("linked only", actor, ANYBODY, address(vouchers), data, IVouchersErrors.Vouchers_CallerNotLinked.selector);
        }
    }

    function _ofTreasury() private view returns (bytes[] memory calls_) {
        calls_ = new bytes[](6);
        calls_[0] = abi.encodeCall(treasury.commit, (1 << 16 | 1, 1));
        calls_[1] = abi.encodeCall(treasury.releaseExpired, (1 << 16 | 1, 1));
        calls_[2] = abi.encodeCall(treasury.setBudget, (1 << 16 | 1, 1));
        calls_[3] = abi.encodeCall(treasury.payMerchantDay, (1, MerchantDay(1 << 16 | 1, 1, 1, 1)));
        calls_[4] = abi.encodeCall(treasury.reserve, (1 << 16 | 1, 1));
        calls_[5] = abi.encodeCall(treasury.unreserve, (1 << 16 | 1, 1));
    }

    function _ofVouchers(address actor) private view returns (bytes[] memory calls_) {
        calls_ = new bytes[](20);
        calls_[0] = abi.encodeCall(vouchers.setProgramme, (1, 5));
        calls_[1] = abi.encodeCall(vouchers.setRules, (1, 1, 0, 0));
        calls_[2] = abi.encodeCall(vouchers.addWidenedRegions, (1, new uint256[](1)));
        calls_[3] = abi.encodeCall(vouchers.setNetworkPause, (1, 1));
        calls_[4] = abi.encodeCall(vouchers.setMerchant, (1, 2));
        calls_[5] = abi.encodeCall(vouchers.setTerminal, (actor, 1));
        calls_[6] = abi.encodeCall(vouchers.takePayable, (1 << 16 | 1, 1, 1));
        calls_[7] = abi.encodeCall(vouchers.bookSwept, (1, 1));
        calls_[8] = abi.encodeCall(vouchers.bookReversed, (1, 0, 1, 1, 1));
        calls_[9] = abi.encodeCall(vouchers.bookRevoked, (1));
        calls_[10] = abi.encodeCall(vouchers.lockDisputed, (1, 1, 1, 1));
        calls_[11] = abi.encodeCall(vouchers.unlockDisputed, (1, 1, 1, 1));
        calls_[12] = abi.encodeCall(vouchers.setFrozen, (1, 1, 1));
        calls_[13] = abi.encodeCall(vouchers.lengthen, (1, 1));
        calls_[14] = abi.encodeCall(vouchers.reserve, (1, _one(1), 1, 1));
        calls_[15] = abi.encodeCall(vouchers.unreserve, (_one(1), 1));
        calls_[16] = abi.encodeCall(vouchers.writeClaimedRoll, (1, "roll", false, _holders(0, 1)));
        calls_[17] = abi.encodeCall(vouchers.issueReserved, (_one(1), _one(1)));
        calls_[18] = abi.encodeCall(vouchers.bookTransferred, (1 << 35 | 1 << 11, actor, 0));
        calls_[19] = abi.encodeCall(vouchers.bookReassigned, (1, 0, actor));
    }
}
