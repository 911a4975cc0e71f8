// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IProgrammePolicies} from "./interfaces/IProgrammePolicies.sol";
import {ProgrammeBase} from "./ProgrammeBase.sol";
import {ExceptionRecord, PolicyRecord, ValidityPolicy, ValidityRow} from "./types/Policy.sol";
import {BatchTerms} from "./types/Supply.sol";
import {ValidityWord} from "./words/ValidityWord.sol";

/// @title Validity by policy.
/// @dev Its code runs by delegatecall from {ProgrammeBack}, itself run from {ProgrammeRegistry}, on the slots of that contract.
contract ProgrammePolicies is IProgrammePolicies, ProgrammeBase {
    uint256 private constant MAX_FACES = 15;
    uint256 private constant MAX_DIFFICULTIES = 3; // four classes a word
    uint256 private constant CATEGORIES = 64;

    /// @param manager The AccessManager that knows the roles.
    constructor(address manager) ProgrammeBase(manager) {}

    /// @inheritdoc IProgrammePolicies
    function proposePolicy(ValidityPolicy calldata terms, string calldata reason) external restricted returns (uint256 policy) {
        // Check: nothing waits, the classes are whole.
        if (_isWaiting(_policies[_lastPolicy].record)) revert ProgrammeRegistry_PolicyWaiting(_lastPolicy);
        _needReason(reason);
        _checkClasses(terms);

        // Effect: what it is, then its rows, checked one by one.
        policy = ++_lastPolicy;
        Policy storage p = _policies[policy];
        (p.record.proposer, p.record.proposedAt, p.record.reason) = (msg.sender, uint40(block.timestamp), reason);
        (p.faces, p.difficulties) = (terms.faces, terms.difficulties);
        for (uint256 i; i < terms.rows.length; ++i) {
            _keepRow(policy, terms, i);
        }

        // Log:
        emit PolicyProposed(policy, msg.sender, terms, reason);
    }

    /// @inheritdoc IProgrammePolicies
    function approvePolicy(uint256 policy) external restricted {
        PolicyRecord storage record = _waitingPolicy(policy);
        if (msg.sender == record.proposer) revert ProgrammeRegistry_OwnPolicy(policy, msg.sender);
        (record.approver, record.approvedAt) = (msg.sender, uint40(block.timestamp));
        _policy = policy;
        emit PolicyApproved(policy, msg.sender);
    }

    /// @inheritdoc IProgrammePolicies
    function withdrawPolicy(uint256 policy, string calldata reason) external restricted {
        _endPolicy(policy, reason);
    }

    /// @inheritdoc IProgrammePolicies
    function rejectPolicy(uint256 policy, string calldata reason) external restricted {
        _endPolicy(policy, reason);
    }

    /// @inheritdoc IProgrammePolicies
    function proposeException(string calldata ref, BatchTerms calldata terms, string calldata reason)
        external
        restricted
        returns (bytes32 exception)
    {
        exception = _exceptionKey(ref, terms);
        if (_exceptions[exception].proposedAt != 0) revert ProgrammeRegistry_ExceptionKnown(exception);
        _needReason(reason);
        _exceptions[exception] = ExceptionRecord(msg.sender, uint40(block.timestamp), address(0), 0);
        emit ValidityExceptionProposed(exception, msg.sender, ref, terms, reason);
    }

    /// @inheritdoc IProgrammePolicies
    function grantException(bytes32 exception) external restricted {
        ExceptionRecord storage record = _waitingException(exception);
        if (msg.sender == record.proposer) revert ProgrammeRegistry_OwnException(exception, msg.sender);
        (record.approver, record.grantedAt) = (msg.sender, uint40(block.timestamp));
        emit ValidityExceptionGranted(exception, record.proposer, msg.sender);
    }

    /// @inheritdoc IProgrammePolicies
    function rejectException(bytes32 exception, string calldata reason) external restricted {
        _waitingException(exception);
        _needReason(reason);
        delete _exceptions[exception];
        emit ValidityExceptionRejected(exception, msg.sender, reason);
    }

    // --- reading ---

    /// @inheritdoc IProgrammePolicies
    function checkValidity(string calldata ref, BatchTerms calldata t) external view {
        uint256 policy = _policy;
        if (policy == 0) return;
        uint256 validity = t.validUntil - t.validFrom;
        uint256 claim = uint256(t.claimDays) * 1 days;
        if (claim != 0 && claim < validity) validity = claim;
        (uint256 faceClass, uint256 difficultyClass) = _classesOf(policy, t.face, t.minimumSpend);
        for (uint256 category; category < CATEGORIES; ++category) {
            if (t.categories >> category & 1 == 0) continue;
            uint256 bounds = ValidityWord.bounds(_validity[ValidityWord.key(policy, category, faceClass)], difficultyClass);
            (uint256 shortest, uint256 longest) = (ValidityWord.shortest(bounds), ValidityWord.longest(bounds));
            if (validity >= shortest && (longest == 0 || validity <= longest)) continue;
            if (_exceptions[_exceptionKey(ref, t)].grantedAt != 0) return;
            if (validity < shortest) revert ProgrammeRegistry_ValidityTooShort(ref, category, validity, shortest);
            revert ProgrammeRegistry_ValidityTooLong(ref, category, validity, longest);
        }
    }

    /// @inheritdoc IProgrammePolicies
    function policies() external view returns (uint256 inForce, uint256 last) {
        return (_policy, _lastPolicy);
    }

    /// @inheritdoc IProgrammePolicies
    function policyRecord(uint256 policy) external view returns (PolicyRecord memory) {
        return _policies[policy].record;
    }

    /// @inheritdoc IProgrammePolicies
    function validityBounds(uint256 policy, uint256 category, uint256 face, uint256 minimumSpend)
        external
        view
        returns (uint256 shortest, uint256 longest)
    {
        (uint256 faceClass, uint256 difficultyClass) = _classesOf(policy, face, minimumSpend);
        uint256 bounds = ValidityWord.bounds(_validity[ValidityWord.key(policy, category, faceClass)], difficultyClass);
        return (ValidityWord.shortest(bounds), ValidityWord.longest(bounds));
    }

    /// @inheritdoc IProgrammePolicies
    function exceptionRecord(bytes32 exception) external view returns (ExceptionRecord memory) {
        return _exceptions[exception];
    }

    // --- helpers ---

    function _checkClasses(ValidityPolicy calldata terms) private pure {
        if (terms.faces.length > MAX_FACES) revert ProgrammeRegistry_PolicyInvalid("faces", MAX_FACES);
        if (terms.difficulties.length > MAX_DIFFICULTIES) {
            revert ProgrammeRegistry_PolicyInvalid("difficulties", MAX_DIFFICULTIES);
        }
        for (uint256 i; i < terms.faces.length; ++i) {
            if (terms.faces[i] <= (i == 0 ? 0 : terms.faces[i - 1])) revert ProgrammeRegistry_PolicyInvalid("faces", i);
        }
        for (uint256 i; i < terms.difficulties.length; ++i) {
            if (terms.difficulties[i] <= (i == 0 ? 0 : terms.difficulties[i - 1])) {
                revert ProgrammeRegistry_PolicyInvalid("difficulties", i);
            }
        }
    }

    function _keepRow(uint256 policy, ValidityPolicy calldata terms, uint256 at) private {
        ValidityRow calldata row = terms.rows[at];
        if (row.category >= CATEGORIES) revert ProgrammeRegistry_PolicyInvalid("category", at);
        if (row.faceClass > terms.faces.length) revert ProgrammeRegistry_PolicyInvalid("faceClass", at);
        if (row.difficultyClass > terms.difficulties.length) revert ProgrammeRegistry_PolicyInvalid("difficultyClass", at);
        if (row.shortest == 0 && row.longest == 0) revert ProgrammeRegistry_PolicyInvalid("shortest", at);
        if (row.longest != 0 && row.longest < row.shortest) revert ProgrammeRegistry_PolicyInvalid("longest", at);
        uint256 key = ValidityWord.key(policy, row.category, row.faceClass);
        uint256 word = _validity[key];
        if (ValidityWord.bounds(word, row.difficultyClass) != 0) revert ProgrammeRegistry_PolicyInvalid("rows", at);
        _validity[key] = ValidityWord.setBounds(word, row.difficultyClass, row.shortest, row.longest);
    }

    /// @dev The classes begin at their bounds: a face value of exactly a bound is in the class above it.
    function _classesOf(uint256 policy, uint256 face, uint256 minimumSpend)
        private
        view
        returns (uint256 faceClass, uint256 difficultyClass)
    {
        Policy storage p = _policies[policy];
        while (faceClass < p.faces.length && face >= p.faces[faceClass]) {
            ++faceClass;
        }
        while (difficultyClass < p.difficulties.length && minimumSpend * 100 >= face * p.difficulties[difficultyClass]) {
            ++difficultyClass;
        }
    }

    function _endPolicy(uint256 policy, string calldata reason) private {
        PolicyRecord storage record = _waitingPolicy(policy);
        _needReason(reason);
        record.withdrawnAt = uint40(block.timestamp);
        emit PolicyWithdrawn(policy, msg.sender, reason);
    }

    function _waitingPolicy(uint256 policy) private view returns (PolicyRecord storage record) {
        record = _policies[policy].record;
        if (!_isWaiting(record)) revert ProgrammeRegistry_PolicyNotWaiting(policy);
    }

    function _isWaiting(PolicyRecord storage record) private view returns (bool) {
        return record.proposedAt != 0 && record.approvedAt == 0 && record.withdrawnAt == 0;
    }

    function _waitingException(bytes32 exception) private view returns (ExceptionRecord storage record) {
        record = _exceptions[exception];
        if (record.proposedAt == 0 || record.grantedAt != 0) revert ProgrammeRegistry_ExceptionNotWaiting(exception);
    }

    function _exceptionKey(string calldata ref, BatchTerms calldata terms) private pure returns (bytes32) {
        return keccak256(abi.encode(ref, terms));
    }
}
