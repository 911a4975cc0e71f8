// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMerchantRegistry} from "../../../contracts/interfaces/IMerchantRegistry.sol";
import {Roles} from "../../../contracts/libraries/Roles.sol";
import {MerchantTerms} from "../../../contracts/types/Merchant.sol";
import {Steps} from "./Steps.sol";

/// @title What becomes of merchants: rejected, removed, changed; accounts replaced, terminals limited, payouts moved.
abstract contract LifeSteps is Steps {
    function _lifeStep(uint256 at) internal {
        if (at < 4) _rejectStep();
        else if (at < 6) _proposeRemovalStep();
        else if (at < 9) _removeStep();
        else if (at < 12) _proposeChangeStep();
        else if (at < 16) _changeStep();
        else if (at < 19) _replaceStep(true);
        else if (at < 22) _replaceStep(false);
        else if (at < 24) _limitStep();
        else if (at < 29) _proposePayoutStep();
        else if (at < 37) _approvePayoutStep();
        else _withdrawPayoutStep();
    }

    function _gone(uint256 id) private view returns (bool) {
        return mMerchants[id].status == 0 || mMerchants[id].status == 4;
    }

    // --- rejected and removed ---

    function _rejectStep() private {
        uint256 id = _anyMerchant();
        for (uint256 i; i < 6 && mMerchants[id].status != 1; ++i) {
            id = _anyMerchant();
        }
        address actor = _actor(Roles.APPROVER);
        bytes4 expected;
        if (mMerchants[id].status != 1) expected = IMerchantRegistry.MerchantRegistry_StatusWrong.selector;
        else if (mMerchants[id].registrar == actor) expected = IMerchantRegistry.MerchantRegistry_OwnProposal.selector;
        bytes memory data = abi.encodeCall(merchants.reject, (id, "no licence"));
        if (_call("reject", actor, Roles.APPROVER, address(merchants), data, expected)) mMerchants[id].status = 4;
    }

    function _proposeRemovalStep() private {
        uint256 id = _anyMerchant();
        address actor = _actor(Roles.REGISTRAR);
        bool stands = mMerchants[id].status == 2 || mMerchants[id].status == 3;
        bytes4 expected = stands ? FINE : IMerchantRegistry.MerchantRegistry_StatusWrong.selector;
        bytes memory data = abi.encodeCall(merchants.proposeRemoval, (id, "closed"));
        if (_call("proposeRemoval", actor, Roles.REGISTRAR, address(merchants), data, expected)) mRemovals[id] = actor;
    }

    function _removeStep() private {
        uint256 id = _anyMerchant();
        for (uint256 i; i < 2 && mRemovals[id] == address(0); ++i) {
            id = _anyMerchant();
        }
        address actor = _actor(Roles.APPROVER);
        bytes4 expected;
        bool stands = mMerchants[id].status == 2 || mMerchants[id].status == 3;
        if (!stands) expected = IMerchantRegistry.MerchantRegistry_StatusWrong.selector;
        else if (mRemovals[id] == address(0)) expected = IMerchantRegistry.MerchantRegistry_NothingProposed.selector;
        else if (mRemovals[id] == actor) expected = IMerchantRegistry.MerchantRegistry_OwnProposal.selector;
        bytes memory data = abi.encodeCall(merchants.remove, (id, "closed"));
        if (!_call("remove", actor, Roles.APPROVER, address(merchants), data, expected)) return;
        mMerchants[id].status = 4;
        mRemovals[id] = address(0);
    }

    // --- changed terms ---

    function _proposeChangeStep() private {
        uint256 id = _anyMerchant();
        MMerchant storage m = mMerchants[id];
        uint256 region = 1 + _draw(REGIONS - 1);
        MerchantTerms memory t = MerchantTerms(
            _chance(60) ? 15 : uint64(1 + _draw(15)), _regionCode(region), _chance(60) ? 7 : uint8(1 + _draw(7)), m.payout
        );
        bytes4 expected = _gone(id) ? IMerchantRegistry.MerchantRegistry_StatusWrong.selector : FINE;
        uint256 fault = _draw(30);
        if (fault == 0) t.categories = 0;
        if (fault == 1) t.channels = 0;
        if (fault == 2) t.payout = address(0xabcdef);
        if (expected == FINE && fault < 2) expected = IMerchantRegistry.MerchantRegistry_TermsInvalid.selector;
        if (expected == FINE && fault == 2) expected = IMerchantRegistry.MerchantRegistry_PayoutInvalid.selector;
        address actor = _actor(Roles.REGISTRAR);
        bytes memory data = abi.encodeCall(merchants.proposeChange, (id, t));
        if (_call("proposeChange", actor, Roles.REGISTRAR, address(merchants), data, expected)) {
            mChanges[id] = MChange(actor, t.categories, region, t.channels, t.payout);
        }
    }

    function _changeStep() private {
        uint256 id = _anyMerchant();
        for (uint256 i; i < 5 && mChanges[id].proposer == address(0); ++i) {
            id = _anyMerchant();
        }
        MChange storage c = mChanges[id];
        MerchantTerms memory t = MerchantTerms(uint64(c.categories), _regionCode(c.region), uint8(c.channels), c.payout);
        bool differs = _chance(25);
        if (differs) ++t.categories;
        address actor = _actor(Roles.APPROVER);
        bytes4 expected;
        if (_gone(id)) expected = IMerchantRegistry.MerchantRegistry_StatusWrong.selector;
        else if (c.proposer == address(0)) expected = IMerchantRegistry.MerchantRegistry_NothingProposed.selector;
        else if (differs) expected = IMerchantRegistry.MerchantRegistry_ChangeDiffers.selector;
        else if (c.proposer == actor) expected = IMerchantRegistry.MerchantRegistry_OwnProposal.selector;
        else if (c.payout != mMerchants[id].payout) expected = IMerchantRegistry.MerchantRegistry_PayoutInvalid.selector;
        bytes memory data = abi.encodeCall(merchants.change, (id, t));
        if (!_call("change", actor, Roles.APPROVER, address(merchants), data, expected)) return;
        MMerchant storage m = mMerchants[id];
        (m.categories, m.region, m.channels) = (c.categories, c.region, c.channels);
        c.proposer = address(0);
    }

    // --- accounts ---

    function _replaceStep(bool key) private {
        mapping(address => uint256) storage owners = key ? mKeys : mTerminals;
        address old = key ? vm.addr(_shopKey(_draw(KEYS))) : mTills[_draw(TERMINALS)];
        address account = key ? vm.addr(_shopKey(_draw(KEYS))) : mTills[_draw(TERMINALS)];
        uint256 id = _chance(80) ? owners[old] : _anyMerchant();
        bytes4 expected;
        if (id == 0 || owners[old] != id) expected = IMerchantRegistry.MerchantRegistry_AccountUnknown.selector;
        else if (_gone(id)) expected = IMerchantRegistry.MerchantRegistry_StatusWrong.selector;
        else if (old != account && owners[account] != 0) expected = IMerchantRegistry.MerchantRegistry_AccountTaken.selector;
        bytes memory data = key
            ? abi.encodeCall(merchants.replaceKey, (id, old, account))
            : abi.encodeCall(merchants.replaceTerminal, (id, old, account));
        string memory what = key ? "replaceKey" : "replaceTerminal";
        if (!_call(what, _actor(Roles.REGISTRAR), Roles.REGISTRAR, address(merchants), data, expected)) return;
        owners[old] = 0;
        owners[account] = id;
        if (key || old == account) return;
        (mTillLimits[account], mTillLimits[old]) = (mTillLimits[old], 0);
        (mTillDay[account], mTillDay[old]) = (mTillDay[old], 0);
        (mTillSpent[account], mTillSpent[old]) = (mTillSpent[old], 0);
    }

    function _limitStep() private {
        address till = mTills[_draw(TERMINALS)];
        uint256 id = _chance(85) ? mTerminals[till] : _anyMerchant();
        uint64 limit = _tillLimit();
        bytes4 expected;
        if (_gone(id)) expected = IMerchantRegistry.MerchantRegistry_StatusWrong.selector;
        else if (mTerminals[till] != id) expected = IMerchantRegistry.MerchantRegistry_AccountUnknown.selector;
        bytes memory data = abi.encodeCall(merchants.limitTerminal, (id, till, limit));
        if (_call("limitTerminal", _actor(Roles.REGISTRAR), Roles.REGISTRAR, address(merchants), data, expected)) {
            mTillLimits[till] = limit;
        }
    }

    /// @dev None, one that no redemption reaches, one that a few do, or one below any voucher.
    function _tillLimit() private returns (uint64) {
        uint256 kind = _draw(10);
        if (kind < 2) return 0;
        if (kind < 4) return type(uint64).max - uint64(_draw(1_000));
        return uint64(kind < 7 ? 500 + _draw(3_000) : 1 + _draw(99));
    }

    // --- payouts ---

    function _proposePayoutStep() private {
        uint256 id = _anyMerchant();
        bool again = _chance(15);
        for (uint256 i; again && i < 8 && mPayoutNext[id].account == address(0); ++i) {
            id = _anyMerchant();
        }
        address account = address(uint160(0xab0000 + id * 16 + _draw(3)));
        if (_chance(5)) account = _chance(50) ? address(0) : mMerchants[id].payout;
        address actor = _actor(Roles.REGISTRAR);
        bytes4 expected;
        if (mMerchants[id].status == 0) {
            expected = IMerchantRegistry.MerchantRegistry_MerchantUnknown.selector;
        } else if (account == address(0) || account == mMerchants[id].payout) {
            expected = IMerchantRegistry.MerchantRegistry_PayoutInvalid.selector;
        } else if (mPayoutNext[id].account != address(0)) {
            expected = IMerchantRegistry.MerchantRegistry_PayoutOpen.selector;
        }
        bytes memory data = abi.encodeCall(merchants.proposePayout, (id, account));
        if (_call("proposePayout", actor, Roles.REGISTRAR, address(merchants), data, expected)) {
            mPayoutNext[id] = MPayout(account, actor, block.timestamp + 259_200);
        }
    }

    function _approvePayoutStep() private {
        uint256 id = _anyMerchant();
        for (uint256 i; i < 8 && mPayoutNext[id].account == address(0); ++i) {
            id = _anyMerchant();
        }
        MPayout storage p = mPayoutNext[id];
        address account = _chance(20) ? address(0xabcdef) : p.account;
        address actor = _actor(Roles.APPROVER);
        bytes4 expected;
        if (p.account == address(0)) expected = IMerchantRegistry.MerchantRegistry_NothingProposed.selector;
        else if (account != p.account) expected = IMerchantRegistry.MerchantRegistry_PayoutDiffers.selector;
        else if (p.proposer == actor) expected = IMerchantRegistry.MerchantRegistry_OwnProposal.selector;
        else if (block.timestamp < p.ripeAt) expected = IMerchantRegistry.MerchantRegistry_TooEarly.selector;
        bytes memory data = abi.encodeCall(merchants.approvePayout, (id, account));
        if (!_call("approvePayout", actor, Roles.APPROVER, address(merchants), data, expected)) return;
        mMerchants[id].payout = account;
        mPayouts[id].push(account);
        delete mPayoutNext[id];
    }

    function _withdrawPayoutStep() private {
        uint256 id = _anyMerchant();
        for (uint256 i; i < 3 && mPayoutNext[id].account == address(0); ++i) {
            id = _anyMerchant();
        }
        bool open = mPayoutNext[id].account != address(0);
        bytes4 expected = open ? FINE : IMerchantRegistry.MerchantRegistry_NothingProposed.selector;
        bytes memory data = abi.encodeCall(merchants.withdrawPayout, (id, "a forged letter"));
        if (_call("withdrawPayout", _actor(Roles.REGISTRAR), Roles.REGISTRAR, address(merchants), data, expected)) {
            delete mPayoutNext[id];
        }
    }
}
