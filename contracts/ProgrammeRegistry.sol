// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Front} from "./Front.sol";
import {IProgrammeRegistry} from "./interfaces/IProgrammeRegistry.sol";
import {ITreasury} from "./interfaces/ITreasury.sol";
import {IVouchers} from "./interfaces/IVouchers.sol";
import {RegionCode} from "./libraries/RegionCode.sol";
import {ProgrammeBase} from "./ProgrammeBase.sol";
import {LineTerms, ProgrammeState, ProgrammeTerms, PublicationTerms, RulesRecord, RulesTerms} from "./types/Programme.sol";
import {LedgerWord} from "./words/LedgerWord.sol";
import {RulesWord} from "./words/RulesWord.sol";

/// @title ProgrammeRegistry
/// @dev At its address is {IProgrammes}: a programme's life by its own code, versions of rules and the emergency lane by that of
/// {ProgrammeBack}, policies by that of {ProgrammePolicies} behind it.
contract ProgrammeRegistry is IProgrammeRegistry, ProgrammeBase, Front {
    uint256 private constant MAX_LINES = 256;
    uint256 private constant MAX_APPROVALS = 16;
    uint256 private constant MAX_NOTICE = 366 days;
    uint256 private constant MAX_ADDRESS = 256;

    /// @param manager The AccessManager that knows the roles.
    /// @param back The {ProgrammeBack} of the same release.
    constructor(address manager, address back) ProgrammeBase(manager) Front(back) {}

    /// @inheritdoc IProgrammeRegistry
    function draft(string calldata ref, ProgrammeTerms calldata terms, RulesTerms calldata rules_, LineTerms[] calldata lines)
        external
        restricted
        returns (uint256 id)
    {
        // Check: the terms are whole, the reference is new.
        _checkTerms(ref, terms);
        _checkRules(rules_);
        if (lines.length == 0 || lines.length > MAX_LINES) revert ProgrammeRegistry_TermsInvalid(ref, "lines");
        bytes32 key = keccak256(bytes(ref));
        if (_references[key] != 0) revert ProgrammeRegistry_ReferenceTaken(ref, _references[key]);

        // Effect:
        id = ++_lastProgramme;
        _references[key] = id;
        Programme storage p = _programmes[id];
        p.drafter = msg.sender;
        p.state = ProgrammeState.DRAFT;
        p.lines = uint16(lines.length);
        (p.version, p.newest) = (1, 1);
        p.terms = terms;
        _rules[id][1] = rules_;

        // Log:
        emit ProgrammeDrafted(id, msg.sender, ref, terms, rules_);
        for (uint256 i; i < lines.length; ++i) {
            _addLine(id, i + 1, lines[i]);
        }
    }

    /// @inheritdoc IProgrammeRegistry
    function setPublication(uint256 id, PublicationTerms calldata terms) external restricted {
        Programme storage p = _programmes[id];
        if (p.state != ProgrammeState.DRAFT) revert ProgrammeRegistry_StateWrong(id, p.state, ProgrammeState.DRAFT);
        if (terms.noticeSeconds > MAX_NOTICE) revert ProgrammeRegistry_PublicationInvalid(id, "noticeSeconds");
        _checkText(id, "howToUse", terms.howToUseHash, terms.howToUseUri);
        _checkText(id, "conditions", terms.conditionsHash, terms.conditionsUri);
        _publications[id] = terms;
        emit PublicationSet(id, msg.sender, terms);
    }

    /// @inheritdoc IProgrammeRegistry
    function propose(uint256 id) external restricted {
        Programme storage p = _step(id, ProgrammeState.DRAFT, ProgrammeState.PROPOSED);
        p.proposer = msg.sender;
        RulesRecord storage record = _records[id][1];
        (record.proposer, record.proposedAt, record.ripeAt) = (msg.sender, uint40(block.timestamp), uint40(block.timestamp));
        emit ProgrammeProposed(id, msg.sender);
    }

    /// @inheritdoc IProgrammeRegistry
    function approve(uint256 id) external restricted {
        Programme storage p = _programmes[id];

        // Check: proposed, by others, not approved by this one before.
        if (p.state != ProgrammeState.PROPOSED) revert ProgrammeRegistry_StateWrong(id, p.state, ProgrammeState.PROPOSED);
        if (msg.sender == p.drafter || msg.sender == p.proposer) revert ProgrammeRegistry_OwnProposal(id, msg.sender);
        if (_approvals[id][msg.sender]) revert ProgrammeRegistry_ApprovedBefore(id, msg.sender);

        // Effect:
        _approvals[id][msg.sender] = true;
        if (++p.approvals == p.terms.approvalsNeeded) p.state = ProgrammeState.APPROVED;

        // Log:
        emit ProgrammeApproved(id, msg.sender, p.approvals);
    }

    /// @inheritdoc IProgrammeRegistry
    function reject(uint256 id, string calldata reason) external restricted {
        _step(id, ProgrammeState.PROPOSED, ProgrammeState.REJECTED);
        _needReason(reason);
        emit ProgrammeRejected(id, msg.sender, reason);
    }

    /// @inheritdoc IProgrammeRegistry
    function publish(uint256 id) external restricted {
        Programme storage p = _step(id, ProgrammeState.APPROVED, ProgrammeState.PUBLISHED);
        RulesTerms memory r = _rules[id][1];

        // Effect:
        (_records[id][1].activator, _records[id][1].activatedAt) = (msg.sender, uint40(block.timestamp));

        // Interaction: the words a redemption reads, the budgets the Treasury keeps to.
        _vouchers.setRules(id, 1, RulesWord.packTerms(r), RulesWord.packLimits(r));
        _writeWord(id, p);
        uint256 quota;
        for (uint256 number = 1; number <= p.lines; ++number) {
            uint64 amount = _lines[id << 16 | number].amount;
            quota += amount;
            _treasury.setBudget(id << 16 | number, amount);
        }

        // Log:
        emit ProgrammePublished(id, msg.sender, keccak256(abi.encode(p.terms, r)));
        emit ProgrammeAnnounced(id, p.terms.startsAt, p.terms.endsAt, quota, _earliest(id), _publications[id]);
    }

    /// @inheritdoc IProgrammeRegistry
    function activate(uint256 id) external restricted {
        Programme storage p = _step(id, ProgrammeState.PUBLISHED, ProgrammeState.ACTIVE);
        if (block.timestamp < p.terms.startsAt) revert ProgrammeRegistry_TooEarly(id, block.timestamp, p.terms.startsAt);
        uint256 noticeEnd = _noticeEnd(id);
        if (block.timestamp < noticeEnd) revert ProgrammeRegistry_NoticeRunning(id, block.timestamp, noticeEnd);
        _writeWord(id, p);
        emit ProgrammeActivated(id, msg.sender);
    }

    /// @inheritdoc IProgrammeRegistry
    function close(uint256 id, string calldata reason) external restricted {
        Programme storage p = _step(id, ProgrammeState.ACTIVE, ProgrammeState.CLOSED);
        if (block.timestamp < p.terms.endsAt) revert ProgrammeRegistry_TooEarly(id, block.timestamp, p.terms.endsAt);
        for (uint256 number = 1; number <= p.lines; ++number) {
            uint256 word = _vouchers.lineWord(id << 16 | number);
            (uint256 committed, uint256 payable_) = (LedgerWord.committed(word), LedgerWord.payable_(word));
            if (committed + payable_ != 0) revert ProgrammeRegistry_MoneyOpen(id << 16 | number, committed, payable_);
        }
        _writeWord(id, p);
        emit ProgrammeClosed(id, msg.sender, reason);
    }

    /// @inheritdoc IProgrammeRegistry
    function link(address vouchers, address treasury) external restricted {
        if (address(_vouchers) != address(0)) revert ProgrammeRegistry_AlreadyLinked();
        (_vouchers, _treasury) = (IVouchers(vouchers), ITreasury(treasury));
        emit ContractsLinked(vouchers, treasury);
    }

    // --- reading ---

    /// @inheritdoc IProgrammeRegistry
    function programme(uint256 id) external view returns (ProgrammeTerms memory, ProgrammeState, uint256) {
        Programme storage p = _programmes[id];
        return (p.terms, p.state, p.lines);
    }

    /// @inheritdoc IProgrammeRegistry
    function actorsOf(uint256 id) external view returns (address, address, uint256) {
        Programme storage p = _programmes[id];
        return (p.drafter, p.proposer, p.approvals);
    }

    /// @inheritdoc IProgrammeRegistry
    function publication(uint256 id) external view returns (PublicationTerms memory, uint256) {
        return (_publications[id], _records[id][1].activatedAt == 0 ? 0 : _earliest(id));
    }

    /// @inheritdoc IProgrammeRegistry
    function line(uint256 id) external view returns (LineTerms memory) {
        return _lines[id];
    }

    /// @inheritdoc IProgrammeRegistry
    function programmeOf(string calldata ref) external view returns (uint256) {
        return _references[keccak256(bytes(ref))];
    }

    /// @inheritdoc IProgrammeRegistry
    function lastProgramme() external view returns (uint256) {
        return _lastProgramme;
    }

    // --- helpers ---

    function _step(uint256 id, ProgrammeState from, ProgrammeState to) private returns (Programme storage p) {
        p = _programmes[id];
        if (p.state != from) revert ProgrammeRegistry_StateWrong(id, p.state, from);
        p.state = to;
    }

    function _writeWord(uint256 id, Programme storage p) private {
        _vouchers.setProgramme(id, _wordOf(id, p));
    }

    /// @dev When the notice of a published programme is over.
    function _noticeEnd(uint256 id) private view returns (uint256) {
        return uint256(_records[id][1].activatedAt) + _publications[id].noticeSeconds;
    }

    /// @dev When a published programme can be activated.
    function _earliest(uint256 id) private view returns (uint256) {
        return Math.max(_noticeEnd(id), _programmes[id].terms.startsAt);
    }

    function _checkText(uint256 id, string memory field, bytes32 hash, string calldata uri) private pure {
        if (bytes(uri).length > MAX_ADDRESS) revert ProgrammeRegistry_PublicationInvalid(id, field);
        if (bytes(uri).length != 0 && hash == 0) revert ProgrammeRegistry_PublicationInvalid(id, field);
    }

    function _addLine(uint256 id, uint256 number, LineTerms calldata terms) private {
        if (terms.funder == address(0)) revert ProgrammeRegistry_LineInvalid(number, "funder");
        if (terms.amount == 0 || terms.amount > type(uint56).max) revert ProgrammeRegistry_LineInvalid(number, "amount");
        if (!RegionCode.isValid(terms.fundingRegion)) revert ProgrammeRegistry_LineInvalid(number, "fundingRegion");
        _lines[id << 16 | number] = terms;
        emit BudgetLineAdded(id, id << 16 | number, terms.funder, terms);
    }

    function _checkTerms(string calldata ref, ProgrammeTerms calldata t) private view {
        if (bytes(ref).length == 0 || bytes(ref).length > 64) revert ProgrammeRegistry_ReferenceInvalid(ref);
        if (!_treasury.isTokenAllowed(t.token)) revert ProgrammeRegistry_TokenNotAllowed(t.token);
        if (t.startsAt >= t.endsAt) revert ProgrammeRegistry_TermsInvalid(ref, "endsAt");
        if (t.categories == 0) revert ProgrammeRegistry_TermsInvalid(ref, "categories");
        if (t.channels == 0) revert ProgrammeRegistry_TermsInvalid(ref, "channels");
        if (t.approvalsNeeded == 0 || t.approvalsNeeded > MAX_APPROVALS) {
            revert ProgrammeRegistry_TermsInvalid(ref, "approvalsNeeded");
        }
        if (t.utcOffset < -14 * 60 || t.utcOffset > 14 * 60) revert ProgrammeRegistry_TermsInvalid(ref, "utcOffset");
        if (!RegionCode.isValid(t.region)) revert ProgrammeRegistry_TermsInvalid(ref, "region");
    }
}
