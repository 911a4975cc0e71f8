// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IProgrammeRegistry} from "../../../contracts/interfaces/IProgrammeRegistry.sol";
import {IProgrammeRules} from "../../../contracts/interfaces/IProgrammeRules.sol";
import {ITreasury} from "../../../contracts/interfaces/ITreasury.sol";
import {Roles} from "../../../contracts/libraries/Roles.sol";
import {LineTerms, ProgrammeTerms, PublicationTerms, RulesTerms} from "../../../contracts/types/Programme.sol";
import {RuleSteps} from "./RuleSteps.sol";

/// @title Drafting a programme and taking it through its states.
abstract contract ProgrammeSteps is RuleSteps {
    struct Draft {
        string ref;
        ProgrammeTerms terms;
        RulesTerms rules;
        LineTerms[] lines;
        uint256 region;
    }

    uint256 private constant MOST = 60;

    function _draftStep() internal {
        Draft memory d = _soundDraft();
        bytes4 expected;
        if (_chance(35)) {
            expected = _spoilDraft(d);
        } else if (mLastProgramme >= MOST || _running() >= 3 || (mLastProgramme > 0 && _chance(5))) {
            d.ref = mProgrammes[1 + _draw(mLastProgramme)].ref;
            expected = IProgrammeRegistry.ProgrammeRegistry_ReferenceTaken.selector;
        }
        if (!mAllowed[d.terms.token] && expected != IProgrammeRegistry.ProgrammeRegistry_ReferenceInvalid.selector) {
            expected = IProgrammeRegistry.ProgrammeRegistry_TokenNotAllowed.selector;
        }
        address actor = _actor(Roles.TREASURER);
        bytes memory data = abi.encodeCall(programmes.draft, (d.ref, d.terms, d.rules, d.lines));
        if (_call("draft", actor, Roles.TREASURER, address(programmes), data, expected)) {
            _keepDraft(d, actor);
            if (_chance(80)) _capsStep(mLastProgramme);
        }
    }

    function _keepDraft(Draft memory d, address actor) private {
        MProgramme storage p = mProgrammes[++mLastProgramme];
        (p.state, p.drafter, p.needed) = (1, actor, d.terms.approvalsNeeded);
        (p.startsAt, p.endsAt, p.utcOffset) = (d.terms.startsAt, d.terms.endsAt, d.terms.utcOffset);
        (p.categories, p.region, p.channels) = (d.terms.categories, d.region, d.terms.channels);
        (p.lines, p.token, p.ref) = (d.lines.length, d.terms.token, d.ref);
        (p.version, p.newest) = (1, 1);
        _keepRules(mVersions[mLastProgramme][1], d.rules);
        _startRules(p, mVersions[mLastProgramme][1]);
        for (uint256 i; i < d.lines.length; ++i) {
            MLine storage line = mLines[mLastProgramme << 16 | (i + 1)];
            (line.amount, line.funder) = (d.lines[i].amount, d.lines[i].funder);
        }
    }

    /// @dev Programmes whose time is not over.
    function _running() private view returns (uint256 count) {
        for (uint256 i = 1; i <= mLastProgramme; ++i) {
            if (block.timestamp < mProgrammes[i].endsAt && !mProgrammes[i].rejected) ++count;
        }
    }

    function _soundDraft() private returns (Draft memory d) {
        d.ref = _fresh("programme");
        d.region = _draw(3);
        ProgrammeTerms memory t = d.terms;
        t.name = "Programme";
        t.token = mAllowed[address(feeToken)] && mLastProgramme % 6 == 3 ? address(feeToken) : address(token);
        t.utcOffset = [int16(480), -300, 0, 840, -840][_draw(5)];
        t.startsAt = uint40(block.timestamp + _draw(1 days));
        t.endsAt = uint40(t.startsAt + 3 days + _draw(12 days));
        t.categories = uint64(1 + _draw(15));
        t.region = _regionCode(d.region);
        t.channels = _chance(50) ? 7 : uint8(1 + _draw(7));
        t.approvalsNeeded = uint8(1 + _draw(2));
        t.document = keccak256(bytes(d.ref));
        d.rules = _drawRules();
        d.lines = new LineTerms[](1 + _draw(3));
        bool shared = _chance(50); // the first two lines have one funder
        for (uint256 i; i < d.lines.length; ++i) {
            address donor = address(uint160(0xf000 + (mLastProgramme + 1) * 256 + (shared && i == 1 ? 0 : i)));
            d.lines[i] = LineTerms(donor, _regionCode(_draw(REGIONS)), "residents", "meals", uint64(60_000 + _draw(800_000)));
        }
    }

    /// @dev One fault in a sound draft; returns the error it must meet.
    function _spoilDraft(Draft memory d) private returns (bytes4) {
        uint256 fault = _draw(23);
        if (fault < 9) return _spoilTerms(d, fault);
        if (fault < 17) return _spoilRules(d.rules, fault);
        if (fault == 17) d.lines = new LineTerms[](0);
        if (fault == 18) d.lines = _manyLines(d.lines[0]);
        if (fault < 19) return IProgrammeRegistry.ProgrammeRegistry_TermsInvalid.selector;
        LineTerms memory line = d.lines[_draw(d.lines.length)];
        if (fault == 19) line.funder = address(0);
        if (fault == 20) line.amount = 0;
        if (fault == 21) line.amount = 2 ** 56;
        if (fault == 22) line.fundingRegion = 0xa000000001;
        return IProgrammeRegistry.ProgrammeRegistry_LineInvalid.selector;
    }

    function _spoilTerms(Draft memory d, uint256 fault) private pure returns (bytes4) {
        if (fault < 2) {
            d.ref = fault == 0 ? "" : _longText();
            return IProgrammeRegistry.ProgrammeRegistry_ReferenceInvalid.selector;
        }
        if (fault == 2) {
            d.terms.token = address(0xdead);
            return IProgrammeRegistry.ProgrammeRegistry_TokenNotAllowed.selector;
        }
        if (fault == 3) d.terms.endsAt = d.terms.startsAt;
        if (fault == 4) d.terms.categories = 0;
        if (fault == 5) d.terms.channels = 0;
        if (fault == 6) d.terms.approvalsNeeded = d.rules.maxDeadline % 2 == 0 ? 0 : 17;
        if (fault == 7) d.terms.utcOffset = 841;
        if (fault == 8) d.terms.region = 0x6100000001;
        return IProgrammeRegistry.ProgrammeRegistry_TermsInvalid.selector;
    }

    function _spoilRules(RulesTerms memory r, uint256 fault) private pure returns (bytes4) {
        if (fault == 9) r.maxDeadline = 0;
        if (fault == 10) (r.openSeconds, r.openMaxBill) = (301, 1);
        if (fault == 11) r.openSeconds = r.openSeconds == 0 ? 1 : 0;
        if (fault < 12) return IProgrammeRules.ProgrammeRegistry_RulesInvalid.selector;
        r.flags = uint8([1, 2, 32, 16, 128][fault - 12]);
        return IProgrammeRegistry.ProgrammeRegistry_RuleNotInRelease.selector;
    }

    function _manyLines(LineTerms memory line) private pure returns (LineTerms[] memory lines) {
        lines = new LineTerms[](257);
        for (uint256 i; i < 257; ++i) {
            lines[i] = line;
        }
    }

    // --- from state to state ---

    /// @dev Takes a programme the step its state asks for.
    function _pushStep() internal {
        uint256 id = _anyProgramme();
        uint256 state = mProgrammes[id].state;
        if (state == 1 && _chance(30)) _publicationStep(id);
        else if (state == 1) _proposeStep(id);
        else if (state == 2 && _chance(4)) _rejectProgrammeStep(id);
        else if (state == 2) _approveStep(id);
        else if (state == 3) _publishStep(id);
        else if (state == 4) _activateStep(id);
        else _closeStep(id);
    }

    function _publicationStep(uint256 id) private {
        PublicationTerms memory terms = PublicationTerms(uint32(_draw(2) * _draw(1 days)), "how", "urn:how", "if", "urn:if");
        bytes4 expected;
        if (_chance(25)) {
            expected = IProgrammeRegistry.ProgrammeRegistry_PublicationInvalid.selector;
            uint256 fault = _draw(3);
            if (fault == 0) terms.noticeSeconds = 366 days + 1;
            if (fault == 1) terms.howToUseHash = 0;
            if (fault == 2) terms.conditionsUri = string(new bytes(257));
        }
        if (mProgrammes[id].state != 1) expected = IProgrammeRegistry.ProgrammeRegistry_StateWrong.selector;
        bytes memory data = abi.encodeCall(programmes.setPublication, (id, terms));
        if (_call("setPublication", _actor(Roles.TREASURER), Roles.TREASURER, address(programmes), data, expected)) {
            mProgrammes[id].notice = terms.noticeSeconds;
        }
    }

    function _rejectProgrammeStep(uint256 id) private {
        string memory reason = _chance(30) ? "" : "no funds";
        bytes4 expected = _needs(id, 2);
        if (expected == FINE && bytes(reason).length == 0) {
            expected = IProgrammeRegistry.ProgrammeRegistry_ReasonMissing.selector;
        }
        bytes memory data = abi.encodeCall(programmes.reject, (id, reason));
        if (_call("reject programme", _actor(Roles.APPROVER), Roles.APPROVER, address(programmes), data, expected)) {
            (mProgrammes[id].state, mProgrammes[id].rejected) = (0, true);
        }
    }

    function _proposeStep(uint256 id) internal {
        address actor = _actor(Roles.TREASURER);
        bytes memory data = abi.encodeCall(programmes.propose, (id));
        if (_call("propose", actor, Roles.TREASURER, address(programmes), data, _needs(id, 1))) {
            (mProgrammes[id].state, mProgrammes[id].proposer) = (2, actor);
        }
    }

    function _approveStep(uint256 id) internal {
        MProgramme storage p = mProgrammes[id];
        address actor = _actor(Roles.APPROVER);
        bool again = p.state == 2 && p.approvals != 0 && _chance(20); // by who approved before
        for (uint256 i; again && i < mActors.length; ++i) {
            if (mApproved[id][mActors[i]]) actor = mActors[i];
        }
        bytes4 expected = _needs(id, 2);
        if (expected == FINE) {
            if (actor == p.drafter || actor == p.proposer) expected = IProgrammeRegistry.ProgrammeRegistry_OwnProposal.selector;
            else if (mApproved[id][actor]) expected = IProgrammeRegistry.ProgrammeRegistry_ApprovedBefore.selector;
        }
        bytes memory data = abi.encodeCall(programmes.approve, (id));
        if (!_call("approve", actor, Roles.APPROVER, address(programmes), data, expected)) return;
        mApproved[id][actor] = true;
        if (++p.approvals == p.needed) p.state = 3;
    }

    function _publishStep(uint256 id) internal {
        bytes memory data = abi.encodeCall(programmes.publish, (id));
        bytes4 expected = _needs(id, 3);
        if (expected == FINE && !mAllowed[mProgrammes[id].token]) expected = ITreasury.Treasury_TokenNotListed.selector;
        if (!_call("publish", _actor(Roles.TREASURER), Roles.TREASURER, address(programmes), data, expected)) return;
        mProgrammes[id].state = 4;
        mProgrammes[id].noticeEnd = block.timestamp + mProgrammes[id].notice;
        mVersions[id][1].status = ACTIVE;
        for (uint256 i = 1; i <= mProgrammes[id].lines; ++i) {
            mLines[id << 16 | i].budget = mLines[id << 16 | i].amount;
        }
    }

    function _activateStep(uint256 id) internal {
        bytes4 expected = _needs(id, 4);
        if (expected == FINE && block.timestamp < mProgrammes[id].startsAt) {
            expected = IProgrammeRegistry.ProgrammeRegistry_TooEarly.selector;
        } else if (expected == FINE && block.timestamp < mProgrammes[id].noticeEnd) {
            expected = IProgrammeRegistry.ProgrammeRegistry_NoticeRunning.selector;
        }
        bytes memory data = abi.encodeCall(programmes.activate, (id));
        if (_call("activate programme", _actor(Roles.TREASURER), Roles.TREASURER, address(programmes), data, expected)) {
            mProgrammes[id].state = 5;
        }
    }

    function _closeStep(uint256 id) internal {
        bytes4 expected = _needs(id, 5);
        if (expected == FINE) {
            if (block.timestamp < mProgrammes[id].endsAt) expected = IProgrammeRegistry.ProgrammeRegistry_TooEarly.selector;
            else if (_moneyOpen(id)) expected = IProgrammeRegistry.ProgrammeRegistry_MoneyOpen.selector;
        }
        bytes memory data = abi.encodeCall(programmes.close, (id, "over"));
        if (_call("close", _actor(Roles.TREASURER), Roles.TREASURER, address(programmes), data, expected)) {
            mProgrammes[id].state = 6;
        }
    }

    function _moneyOpen(uint256 id) private view returns (bool) {
        for (uint256 i = 1; i <= mProgrammes[id].lines; ++i) {
            MLine storage line = mLines[id << 16 | i];
            if (line.committed + line.payable_ != 0) return true;
        }
        return false;
    }

    function _needs(uint256 id, uint256 state) private view returns (bytes4) {
        return mProgrammes[id].state == state ? FINE : IProgrammeRegistry.ProgrammeRegistry_StateWrong.selector;
    }
}
