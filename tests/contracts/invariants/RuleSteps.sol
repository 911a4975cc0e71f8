// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IProgrammeRegistry} from "../../../contracts/interfaces/IProgrammeRegistry.sol";
import {IProgrammeRules} from "../../../contracts/interfaces/IProgrammeRules.sol";
import {IProgrammeTransfers} from "../../../contracts/interfaces/IProgrammeTransfers.sol";
import {Roles} from "../../../contracts/libraries/Roles.sol";
import {RulesTerms, Widening} from "../../../contracts/types/Programme.sol";
import {TransferCaps} from "../../../contracts/types/Transfer.sol";
import {Steps} from "./Steps.sol";

/// @title Versions of a programme's rules: proposed, activated, withdrawn, turned down.
abstract contract RuleSteps is Steps {
    uint256 private constant NOTICE = 7 * 86_400;

    struct Proposal {
        uint256 programme;
        RulesTerms rules;
        Widening widening;
        string reason;
        uint256[] regions; // indices of the model's table
    }

    /// @dev What a programme in the hand of its treasurer asks for: a proposal, or the end of the one that waits.
    function _rulesStep() internal {
        uint256 id = _chance(95) ? _openOne() : _anyProgramme();
        bool waits = mVersions[id][mProgrammes[id].newest].status == WAITING;
        uint256 kind = _draw(100);
        if (kind < (waits ? 10 : 70)) _proposeRulesStep(id);
        else if (kind < 86) _activateRulesStep(id);
        else _withdrawRulesStep(id, kind < 93);
    }

    /// @dev Of the version to come next, mostly.
    function _capsStep(uint256 id) internal {
        MProgramme storage p = mProgrammes[id];
        uint256 next = p.state == 1 ? 1 : p.newest + 1;
        uint256 version = _chance(92) ? next : _draw(p.newest + 3);
        TransferCaps memory caps;
        caps.perTransfer = uint64(_chance(95) ? 300 + _draw(2_000) : 0);
        caps.perMonth = uint64(_chance(95) ? caps.perTransfer + _draw(4_000) : caps.perTransfer / 2);
        bytes4 expected;
        if (caps.perTransfer == 0 || caps.perMonth < caps.perTransfer) {
            expected = IProgrammeTransfers.ProgrammeRegistry_CapsInvalid.selector;
        }
        if (version != next) expected = IProgrammeTransfers.ProgrammeRegistry_CapsNotOpen.selector;
        if (p.state != 1 && !_changes(id)) expected = IProgrammeRules.ProgrammeRegistry_NotOpen.selector;
        bytes memory data = abi.encodeCall(programmes.setTransferCaps, (id, version, caps));
        if (!_call("setTransferCaps", _actor(Roles.TREASURER), Roles.TREASURER, address(programmes), data, expected)) return;
        (mVersions[id][version].perTransfer, mVersions[id][version].perMonth) = (caps.perTransfer, caps.perMonth);
    }

    function _proposeRulesStep(uint256 id) private {
        if (_chance(60)) _capsStep(id);
        Proposal memory x;
        (x.programme, x.reason, x.rules) = (id, "better", _drawRules());
        _drawWidening(x);
        bytes4 expected;
        if (_chance(25)) expected = _spoilProposal(x);
        MProgramme storage p = mProgrammes[id];
        if (mVersions[id][p.newest].status == WAITING) expected = IProgrammeRules.ProgrammeRegistry_RulesWaiting.selector;
        if (!_changes(id)) expected = IProgrammeRules.ProgrammeRegistry_NotOpen.selector;
        address actor = _actor(Roles.TREASURER);
        bytes memory data = abi.encodeCall(programmes.proposeRules, (id, x.rules, x.widening, x.reason));
        if (!_call("proposeRules", actor, Roles.TREASURER, address(programmes), data, expected)) return;
        MVersion storage v = mVersions[id][++p.newest];
        _keepRules(v, x.rules);
        (v.status, v.proposer, v.ripeAt) = (WAITING, actor, block.timestamp + NOTICE);
        (v.categories, v.channels, v.regions) = (x.widening.categories, x.widening.channels, x.regions);
    }

    function _drawWidening(Proposal memory x) private {
        if (_chance(30)) x.widening.categories = uint64(1 + _draw(15));
        if (_chance(30)) x.widening.channels = uint8(1 + _draw(7));
        if (_chance(60)) return;
        x.regions = new uint256[](1 + _draw(_chance(80) ? 2 : 15)); // one short of too many
        uint256 before = mProgrammes[x.programme].wideRegions.length;
        if (before + x.regions.length > 16) x.regions = new uint256[](16 - before);
        x.widening.regions = new uint40[](x.regions.length);
        for (uint256 i; i < x.regions.length; ++i) {
            x.regions[i] = 1 + _draw(4); // never region 5, which stays outside of all
            x.widening.regions[i] = _regionCode(x.regions[i]);
        }
    }

    function _spoilProposal(Proposal memory x) private returns (bytes4) {
        uint256 fault = _draw(7);
        if (fault == 0) x.rules.maxDeadline = 0;
        if (fault == 1) x.reason = "";
        if (fault == 2) {
            x.widening.regions = new uint40[](1);
            x.widening.regions[0] = 0x6100000001;
        }
        if (fault == 3) x.widening.regions = new uint40[](17 - mProgrammes[x.programme].wideRegions.length);
        if (fault == 4) x.rules.openMaxBill = x.rules.openMaxBill == 0 ? 1 : 0;
        if (fault == 5) (x.rules.openSeconds, x.rules.openMaxBill) = (301, 1);
        if (fault < 6) return IProgrammeRules.ProgrammeRegistry_RulesInvalid.selector;
        x.rules.flags |= uint8(32);
        return IProgrammeRegistry.ProgrammeRegistry_RuleNotInRelease.selector;
    }

    function _activateRulesStep(uint256 id) private {
        MProgramme storage p = mProgrammes[id];
        uint256 version = _anyVersion(id);
        MVersion storage v = mVersions[id][version];
        address actor = _actor(Roles.APPROVER);
        bytes4 expected;
        if (!_changes(id)) expected = IProgrammeRules.ProgrammeRegistry_NotOpen.selector;
        else if (v.status != WAITING) expected = IProgrammeRules.ProgrammeRegistry_RulesNotWaiting.selector;
        else if (block.timestamp < v.ripeAt) expected = IProgrammeRules.ProgrammeRegistry_RulesNotRipe.selector;
        else if (actor == v.proposer) expected = IProgrammeRegistry.ProgrammeRegistry_OwnProposal.selector;
        bytes memory data = abi.encodeCall(programmes.activateRules, (id, version));
        if (!_call("activateRules", actor, Roles.APPROVER, address(programmes), data, expected)) return;
        v.status = ACTIVE;
        p.version = version;
        p.wideCategories |= v.categories;
        p.wideChannels |= v.channels;
        for (uint256 i; i < v.regions.length; ++i) {
            p.wideRegions.push(v.regions[i]);
        }
        _startRules(p, v);
    }

    function _withdrawRulesStep(uint256 id, bool withdraw) private {
        uint256 version = _anyVersion(id);
        MVersion storage v = mVersions[id][version];
        bytes4 expected = v.status == WAITING ? FINE : IProgrammeRules.ProgrammeRegistry_RulesNotWaiting.selector;
        uint64 role = withdraw ? Roles.TREASURER : Roles.APPROVER;
        bytes memory data = withdraw
            ? abi.encodeCall(programmes.withdrawRules, (id, version, "no"))
            : abi.encodeCall(programmes.rejectRules, (id, version, "no"));
        string memory what = withdraw ? "withdrawRules" : "rejectRules";
        if (_call(what, _actor(role), role, address(programmes), data, expected)) v.status = WITHDRAWN;
    }

    // --- small questions ---

    function _changes(uint256 id) private view returns (bool) {
        return mProgrammes[id].state == 4 || mProgrammes[id].state == 5;
    }

    /// @dev Mostly the newest.
    function _anyVersion(uint256 id) private returns (uint256) {
        uint256 newest = mProgrammes[id].newest;
        return _chance(90) ? newest : _draw(newest + 2);
    }

    // --- rules ---

    function _drawRules() internal returns (RulesTerms memory r) {
        r.maxDeadline = uint32(1 + _draw(3600));
        r.reversalWindow = uint32(_draw(3 days));
        r.disputeWindow = uint32(_draw(3 days));
        if (_chance(70)) r.flags = 8;
        if (_chance(60)) (r.openSeconds, r.openMaxBill) = (uint16(1 + _draw(300)), uint40(1_000 + _draw(6_000)));
        if (_chance(60)) return r;
        if (_chance(30)) r.stepUpThreshold = uint64(500 + _draw(2_500));
        if (_chance(25)) r.merchantDailyLimit = uint64(1_500 + _draw(6_000));
        if (_chance(20)) r.redemptionAmount = uint56(1_500 + _draw(4_000));
        if (_chance(15)) r.redemptionCount = uint16(2 + _draw(3));
        if (_chance(20)) r.dayAmount = uint56(2_500 + _draw(5_000));
        if (_chance(15)) r.dayCount = uint16(2 + _draw(5));
        if (_chance(20)) r.monthAmount = uint56(4_000 + _draw(10_000));
        if (_chance(15)) r.monthCount = uint16(3 + _draw(8));
        if (_chance(10)) r.flags |= 4;
    }

    /// @dev A version begins to hold. What any version ever asked for stays: the longest window, and counting what holders redeem.
    function _startRules(MProgramme storage p, MVersion storage v) internal {
        uint256 window = v.reversalWindow > v.disputeWindow ? v.reversalWindow : v.disputeWindow;
        if (window > p.window) p.window = window;
        RulesTerms storage r = v.rules;
        uint256 amounts = uint256(r.redemptionAmount) + r.dayAmount + r.monthAmount;
        if (amounts + r.redemptionCount + r.dayCount + r.monthCount + r.flags % 8 != 0) p.counted = true;
    }

    function _keepRules(MVersion storage v, RulesTerms memory r) internal {
        (v.maxDeadline, v.reversalWindow, v.disputeWindow) = (r.maxDeadline, r.reversalWindow, r.disputeWindow);
        v.rules = r;
    }
}
