// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {LineTerms, ProgrammeState, ProgrammeTerms, PublicationTerms, RulesTerms} from "../types/Programme.sol";

/// @title Programmes, their budget lines, rules and approvals.
interface IProgrammeRegistry {
    /// @notice A programme was drafted with its terms and the first version of its rules.
    event ProgrammeDrafted(uint256 indexed programme, address indexed by, string ref, ProgrammeTerms terms, RulesTerms rules);
    /// @notice A budget line was added to a draft. `line` is `programme << 16 | number`.
    event BudgetLineAdded(uint256 indexed programme, uint256 indexed line, address indexed funder, LineTerms terms);
    /// @notice What a draft will be published with; the last one before its proposal counts.
    event PublicationSet(uint256 indexed programme, address indexed by, PublicationTerms terms);
    event ProgrammeProposed(uint256 indexed programme, address indexed by);
    event ProgrammeApproved(uint256 indexed programme, address indexed by, uint256 approvals);
    /// @notice `rulesHash` is keccak256(abi.encode(ProgrammeTerms, RulesTerms)).
    event ProgrammePublished(uint256 indexed programme, address indexed by, bytes32 rulesHash);
    /// @notice A proposal was turned down for good.
    event ProgrammeRejected(uint256 indexed programme, address indexed by, string reason);
    /// @notice Follows {ProgrammePublished}. `quota` is the sum of its budget lines, `earliest` the first second in which it can be
    /// activated.
    event ProgrammeAnnounced(
        uint256 indexed programme, uint256 startsAt, uint256 endsAt, uint256 quota, uint256 earliest, PublicationTerms publication
    );
    event ProgrammeActivated(uint256 indexed programme, address indexed by);
    event ProgrammeClosed(uint256 indexed programme, address indexed by, string reason);
    /// @notice The contracts this one writes to.
    event ContractsLinked(address vouchers, address treasury);

    /// @notice The programme is not in the state this step starts from.
    error ProgrammeRegistry_StateWrong(uint256 programme, ProgrammeState state, ProgrammeState needed);
    /// @notice A programme with this text reference exists; its id is given.
    error ProgrammeRegistry_ReferenceTaken(string ref, uint256 programme);
    /// @notice A text reference is empty or longer than 64 bytes.
    error ProgrammeRegistry_ReferenceInvalid(string ref);
    /// @notice A term is outside its bound; `field` names it.
    error ProgrammeRegistry_TermsInvalid(string ref, string field);
    /// @notice The rule is not part of this release and must be 0; `field` names it.
    error ProgrammeRegistry_RuleNotInRelease(string field);
    /// @notice The settlement token is not on the Treasury's list.
    error ProgrammeRegistry_TokenNotAllowed(address token);
    /// @notice A budget line's term is outside its bound; `field` names it.
    error ProgrammeRegistry_LineInvalid(uint256 number, string field);
    /// @notice Nobody approves what they drafted or proposed.
    error ProgrammeRegistry_OwnProposal(uint256 programme, address approver);
    /// @notice The approver approved before.
    error ProgrammeRegistry_ApprovedBefore(uint256 programme, address approver);
    /// @notice The programme's time has not come.
    error ProgrammeRegistry_TooEarly(uint256 programme, uint256 time, uint256 earliest);
    /// @notice The notice between the programme's publication and its activation is not over.
    error ProgrammeRegistry_NoticeRunning(uint256 programme, uint256 time, uint256 earliest);
    /// @notice What a programme is to be published with is outside its bound; `field` names it.
    error ProgrammeRegistry_PublicationInvalid(uint256 programme, string field);
    /// @notice This step is recorded with its reason.
    error ProgrammeRegistry_ReasonMissing();
    /// @notice Money of the line is still committed or payable.
    error ProgrammeRegistry_MoneyOpen(uint256 line, uint256 committed, uint256 payable_);
    /// @notice The contracts are linked already.
    error ProgrammeRegistry_AlreadyLinked();

    /// @notice Drafts a programme with its budget lines and the first version of its rules.
    ///
    /// @dev Emits {ProgrammeDrafted} and {BudgetLineAdded} for each line.
    ///
    /// Requirements:
    /// - The caller must have the role TREASURER.
    /// - The text reference must be new (1 to 64 bytes), the token allowed, `startsAt < endsAt`, at least one category, channel and
    ///   line, `approvalsNeeded` 1 to 16, rules of later releases 0, `maxDeadline` above 0.
    ///
    /// @return programme The programme's id.
    function draft(string calldata ref, ProgrammeTerms calldata terms, RulesTerms calldata rules, LineTerms[] calldata lines)
        external
        returns (uint256 programme);

    /// @notice Sets what a draft is to be published with, in place of what was set before. A draft without it is published with no notice
    /// and no texts, and that is what is approved then.
    ///
    /// @dev Emits {PublicationSet}.
    ///
    /// Requirements:
    /// - The caller must have the role TREASURER, the programme be a draft.
    /// - The notice must be 366 days at most; a text that has an address of up to 256 bytes must have its hash.
    function setPublication(uint256 programme, PublicationTerms calldata terms) external;

    /// @notice Puts a draft before the approvers; nothing of it can be changed from then on. TREASURER. Emits {ProgrammeProposed}.
    function propose(uint256 programme) external;

    /// @notice Approves a proposal; the last approval needed makes it approved. APPROVER, neither drafter nor proposer.
    /// Emits {ProgrammeApproved}.
    function approve(uint256 programme) external;

    /// @notice Turns a proposal down for good, with a reason; its reference stays taken. APPROVER. Emits {ProgrammeRejected}.
    function reject(uint256 programme, string calldata reason) external;

    /// @notice Publishes an approved programme: batches can be opened. TREASURER. Emits {ProgrammePublished} and {ProgrammeAnnounced}.
    function publish(uint256 programme) external;

    /// @notice Activates a published programme once its time has come and its notice is over: vouchers can be redeemed. TREASURER.
    /// Emits {ProgrammeActivated}.
    function activate(uint256 programme) external;

    /// @notice Closes a programme whose time is over and whose money is settled or swept. TREASURER. Emits {ProgrammeClosed}.
    function close(uint256 programme, string calldata reason) external;

    /// @notice Links the contracts of this release, once. ADMIN. Emits {ContractsLinked}.
    function link(address vouchers, address treasury) external;

    /// @notice A programme's terms, state and number of lines.
    function programme(uint256 programme) external view returns (ProgrammeTerms memory terms, ProgrammeState state, uint256 lines);

    /// @notice Who drafted and who proposed a programme, and how many approved it.
    function actorsOf(uint256 programme) external view returns (address drafter, address proposer, uint256 approvals);

    /// @notice What a programme is published with, and the first second in which it can be activated; 0 before its publication.
    function publication(uint256 programme) external view returns (PublicationTerms memory terms, uint256 earliest);

    /// @notice A budget line, by `programme << 16 | number`.
    function line(uint256 line) external view returns (LineTerms memory);

    /// @notice The programme drafted under a text reference; 0 if none.
    function programmeOf(string calldata ref) external view returns (uint256);

    /// @notice Number of the last programme.
    function lastProgramme() external view returns (uint256);
}
