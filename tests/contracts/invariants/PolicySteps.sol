// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IProgrammePolicies} from "../../../contracts/interfaces/IProgrammePolicies.sol";
import {IProgrammeRegistry} from "../../../contracts/interfaces/IProgrammeRegistry.sol";
import {Roles} from "../../../contracts/libraries/Roles.sol";
import {ValidityPolicy, ValidityRow} from "../../../contracts/types/Policy.sol";
import {BatchTerms} from "../../../contracts/types/Supply.sol";
import {Steps} from "./Steps.sol";

/// @title How long vouchers must and may be valid: policies and exceptions from them.
abstract contract PolicySteps is Steps {
    /// @dev A batch that the policy refused of late.
    string internal _wantedRef;
    BatchTerms internal _wanted;
    uint256 internal _wantedRegion;

    function _policyStep() internal {
        uint256 kind = _draw(100);
        if (kind < 28) _proposePolicyStep();
        else if (kind < 48) _approvePolicyStep();
        else if (kind < 56) _endPolicyStep(kind < 52);
        else if (kind < 74) _proposeExceptionStep();
        else if (kind < 92) _grantExceptionStep();
        else _rejectExceptionStep();
    }

    // --- policies ---

    function _proposePolicyStep() private {
        ValidityPolicy memory p = _soundPolicy();
        bytes4 expected;
        if (_chance(20)) expected = _spoilPolicy(p);
        string memory reason = _chance(15) ? "" : "harvest";
        if (bytes(reason).length == 0) expected = IProgrammeRegistry.ProgrammeRegistry_ReasonMissing.selector;
        if (mPolicies[mLastPolicy].status == WAITING) expected = IProgrammePolicies.ProgrammeRegistry_PolicyWaiting.selector;
        address actor = _actor(Roles.TREASURER);
        bytes memory data = abi.encodeCall(programmes.proposePolicy, (p, reason));
        if (!_call("proposePolicy", actor, Roles.TREASURER, address(programmes), data, expected)) return;
        MPolicy storage kept = mPolicies[++mLastPolicy];
        (kept.status, kept.proposer, kept.faces, kept.difficulties) = (WAITING, actor, p.faces, p.difficulties);
        for (uint256 i; i < p.rows.length; ++i) {
            kept.rows.push(p.rows[i]);
        }
    }

    /// @dev Bounds that most batches of this world keep to.
    function _soundPolicy() private returns (ValidityPolicy memory p) {
        p.faces = new uint48[](_draw(3));
        for (uint256 i; i < p.faces.length; ++i) {
            p.faces[i] = uint48(i * 1_000 + 1 + _draw(1_000));
        }
        p.difficulties = new uint32[](_draw(3));
        for (uint256 i; i < p.difficulties.length; ++i) {
            p.difficulties[i] = uint32(i * 100 + 1 + _draw(100));
        }
        p.rows = new ValidityRow[](_draw(5));
        for (uint256 i; i < p.rows.length; ++i) {
            ValidityRow memory row = p.rows[i];
            row.category = uint8(i);
            row.faceClass = uint8(_draw(p.faces.length + 1));
            row.difficultyClass = uint8(_draw(p.difficulties.length + 1));
            row.shortest = uint32(_draw(3) * 1 days);
            if (row.shortest == 0 || _chance(50)) row.longest = uint32(6 days + _draw(8 days));
        }
    }

    function _spoilPolicy(ValidityPolicy memory p) private returns (bytes4) {
        uint256 fault = _draw(8);
        if (p.rows.length == 0 && fault > 3) fault -= 4;
        if (fault == 0) p.faces = new uint48[](1); // begins at 0
        if (fault == 1) p.faces = new uint48[](16);
        if (fault == 2) p.difficulties = new uint32[](2);
        if (fault == 3) p.difficulties = new uint32[](4);
        if (fault == 4) p.rows[0].category = 64;
        if (fault == 5) p.rows[0].faceClass = uint8(p.faces.length + 1);
        if (fault == 6) p.rows[0].difficultyClass = uint8(p.difficulties.length + 1);
        if (fault == 7) (p.rows[0].shortest, p.rows[0].longest) = (2, uint32(_draw(2)));
        if (fault == 7 && p.rows[0].longest == 0) p.rows[0].shortest = 0;
        return IProgrammePolicies.ProgrammeRegistry_PolicyInvalid.selector;
    }

    function _approvePolicyStep() private {
        uint256 policy = _somePolicy();
        MPolicy storage p = mPolicies[policy];
        address actor = p.proposer != address(0) && _chance(40) ? p.proposer : _actor(Roles.APPROVER);
        bytes4 expected;
        if (p.status != WAITING) expected = IProgrammePolicies.ProgrammeRegistry_PolicyNotWaiting.selector;
        else if (actor == p.proposer) expected = IProgrammePolicies.ProgrammeRegistry_OwnPolicy.selector;
        bytes memory data = abi.encodeCall(programmes.approvePolicy, (policy));
        if (!_call("approvePolicy", actor, Roles.APPROVER, address(programmes), data, expected)) return;
        (p.status, mPolicy) = (ACTIVE, policy);
    }

    function _endPolicyStep(bool withdraw) private {
        uint256 policy = _somePolicy();
        bytes4 expected =
            mPolicies[policy].status == WAITING ? FINE : IProgrammePolicies.ProgrammeRegistry_PolicyNotWaiting.selector;
        uint64 role = withdraw ? Roles.TREASURER : Roles.APPROVER;
        bytes memory data = withdraw
            ? abi.encodeCall(programmes.withdrawPolicy, (policy, "no"))
            : abi.encodeCall(programmes.rejectPolicy, (policy, "no"));
        string memory what = withdraw ? "withdrawPolicy" : "rejectPolicy";
        if (_call(what, _actor(role), role, address(programmes), data, expected)) mPolicies[policy].status = WITHDRAWN;
    }

    function _somePolicy() private returns (uint256) {
        return _chance(85) ? mLastPolicy : _draw(mLastPolicy + 2);
    }

    // --- exceptions ---

    function _proposeExceptionStep() private {
        if (_wanted.programme == 0) return;
        bytes32 exception = _wantedException();
        string memory reason = _chance(10) ? "" : "a fair of one day";
        bytes4 expected;
        if (bytes(reason).length == 0) expected = IProgrammeRegistry.ProgrammeRegistry_ReasonMissing.selector;
        if (mExceptions[exception].proposer != address(0)) {
            expected = IProgrammePolicies.ProgrammeRegistry_ExceptionKnown.selector;
        }
        address actor = _actor(Roles.TREASURER);
        bytes memory data = abi.encodeCall(programmes.proposeException, (_wantedRef, _wanted, reason));
        if (!_call("proposeException", actor, Roles.TREASURER, address(programmes), data, expected)) return;
        mExceptions[exception].proposer = actor;
        mAsked.push(exception);
    }

    function _grantExceptionStep() private {
        bytes32 exception = _someException();
        MException storage e = mExceptions[exception];
        address actor = e.proposer != address(0) && _chance(40) ? e.proposer : _actor(Roles.APPROVER);
        bytes4 expected = _waits(e);
        if (expected == FINE && actor == e.proposer) expected = IProgrammePolicies.ProgrammeRegistry_OwnException.selector;
        bytes memory data = abi.encodeCall(programmes.grantException, (exception));
        if (_call("grantException", actor, Roles.APPROVER, address(programmes), data, expected)) e.granted = true;
    }

    function _rejectExceptionStep() private {
        bytes32 exception = _someException();
        bytes memory data = abi.encodeCall(programmes.rejectException, (exception, "no need"));
        address actor = _actor(Roles.APPROVER);
        bytes4 expected = _waits(mExceptions[exception]);
        if (!_call("rejectException", actor, Roles.APPROVER, address(programmes), data, expected)) return;
        mExceptions[exception].proposer = address(0);
    }

    function _waits(MException storage e) private view returns (bytes4) {
        bool waits = e.proposer != address(0) && !e.granted;
        return waits ? FINE : IProgrammePolicies.ProgrammeRegistry_ExceptionNotWaiting.selector;
    }

    /// @dev Mostly the one asked for last.
    function _someException() private returns (bytes32) {
        if (mAsked.length == 0 || _chance(3)) return keccak256(abi.encode("nothing", steps));
        return mAsked[mAsked.length - 1 - (_chance(80) ? 0 : _draw(mAsked.length))];
    }

    function _wantedException() internal view returns (bytes32) {
        return keccak256(abi.encode(_wantedRef, _wanted));
    }

    // --- what a policy says to a batch ---

    /// @dev Category by category, the lowest first.
    function _expectValidity(string memory ref, BatchTerms memory t) internal view returns (bytes4) {
        if (mExceptions[keccak256(abi.encode(ref, t))].granted) return FINE;
        MPolicy storage p = mPolicies[mPolicy];
        uint256 lasts = t.validUntil - t.validFrom;
        if (t.claimDays != 0 && uint256(t.claimDays) * 86_400 < lasts) lasts = uint256(t.claimDays) * 86_400;
        for (uint256 i; i < p.rows.length; ++i) {
            ValidityRow storage row = p.rows[i];
            if (t.categories & 1 << row.category == 0) continue;
            if (row.faceClass != _faceClass(p, t.face) || row.difficultyClass != _difficultyClass(p, t)) continue;
            if (lasts < row.shortest) return IProgrammePolicies.ProgrammeRegistry_ValidityTooShort.selector;
            if (row.longest != 0 && lasts > row.longest) return IProgrammePolicies.ProgrammeRegistry_ValidityTooLong.selector;
        }
        return FINE;
    }

    /// @dev How many classes begin at or below it.
    function _faceClass(MPolicy storage p, uint256 face) private view returns (uint256 count) {
        for (uint256 i; i < p.faces.length; ++i) {
            if (p.faces[i] <= face) ++count;
        }
    }

    function _difficultyClass(MPolicy storage p, BatchTerms memory t) private view returns (uint256 count) {
        for (uint256 i; i < p.difficulties.length; ++i) {
            if (uint256(p.difficulties[i]) * t.face <= uint256(t.minimumSpend) * 100) ++count;
        }
    }
}
