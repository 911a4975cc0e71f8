// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {MerchantStatus, MerchantTerms, PayoutProposal} from "../types/Merchant.sol";

/// @title Merchants, their keys and terminals, and the names of categories.
interface IMerchantRegistry {
    event MerchantApplied(uint256 indexed merchant, address indexed by, string ref, MerchantTerms terms);
    event MerchantActivated(uint256 indexed merchant, address indexed by);
    event MerchantSuspended(uint256 indexed merchant, address indexed by, string reason);
    event MerchantReinstated(uint256 indexed merchant, address indexed by, string reason);
    event MerchantKeyAdded(uint256 indexed merchant, address indexed key, address indexed by);
    event MerchantKeyRemoved(uint256 indexed merchant, address indexed key, address indexed by);
    event TerminalAdded(uint256 indexed merchant, address indexed terminal, address indexed by);
    event TerminalRemoved(uint256 indexed merchant, address indexed terminal, address indexed by);
    event CategoryNamed(uint256 indexed category, string name, address indexed by);
    event MerchantRejected(uint256 indexed merchant, address indexed by, string reason);
    event MerchantRemovalProposed(uint256 indexed merchant, address indexed by, string reason);
    event MerchantRemoved(uint256 indexed merchant, address indexed by, string reason);
    event MerchantChangeProposed(uint256 indexed merchant, address indexed by, MerchantTerms terms);
    event MerchantChanged(uint256 indexed merchant, address indexed by, MerchantTerms terms);
    /// @notice The payout account may be approved from `ripeAt` on.
    event PayoutProposed(uint256 indexed merchant, address indexed account, address indexed by, uint256 ripeAt);
    event PayoutChanged(uint256 indexed merchant, address indexed account, address indexed by);
    event PayoutWithdrawn(uint256 indexed merchant, address indexed account, address indexed by, string reason);
    /// @notice What a terminal may redeem in a local day; 0 for no limit.
    event TerminalLimited(uint256 indexed merchant, address indexed terminal, uint256 dailyLimit, address indexed by);
    /// @notice The contract this one writes to.
    event ContractsLinked(address vouchers);

    /// @notice The merchant is not in the status this step starts from.
    error MerchantRegistry_StatusWrong(uint256 merchant, MerchantStatus status, MerchantStatus needed);
    /// @notice A merchant with this text reference exists; its id is given.
    error MerchantRegistry_ReferenceTaken(string ref, uint256 merchant);
    /// @notice A text reference is empty or longer than 64 bytes.
    error MerchantRegistry_ReferenceInvalid(string ref);
    /// @notice A term is outside its bound; `field` names it.
    error MerchantRegistry_TermsInvalid(string ref, string field);
    /// @notice Nobody approves what they proposed or did.
    error MerchantRegistry_OwnProposal(uint256 merchant, address approver);
    /// @notice The account is a key or terminal already; 0 is nobody's.
    error MerchantRegistry_AccountTaken(address account, uint256 merchant);
    /// @notice The account is not a key or terminal of the merchant.
    error MerchantRegistry_AccountUnknown(address account, uint256 merchant);
    /// @notice There are 64 categories, 0 to 63.
    error MerchantRegistry_CategoryInvalid(uint256 category);
    /// @notice As many references as terms, as many names as categories, at least one.
    error MerchantRegistry_NothingGiven();
    /// @notice No such merchant was entered.
    error MerchantRegistry_MerchantUnknown(uint256 merchant);
    /// @notice Nothing of this kind was proposed for the merchant, or it was decided.
    error MerchantRegistry_NothingProposed(uint256 merchant);
    /// @notice The terms are not those proposed.
    error MerchantRegistry_ChangeDiffers(uint256 merchant, bytes32 hash, bytes32 proposed);
    /// @notice A payout account is nobody's, or the one the merchant has; a change of terms keeps the one it has.
    error MerchantRegistry_PayoutInvalid(uint256 merchant, address account);
    /// @notice Another payout account is on its way: it must be withdrawn first.
    error MerchantRegistry_PayoutOpen(uint256 merchant, address account);
    /// @notice The account is not the one proposed.
    error MerchantRegistry_PayoutDiffers(uint256 merchant, address account, address proposed);
    /// @notice The delay since the proposal is not over.
    error MerchantRegistry_TooEarly(uint256 merchant, uint256 time, uint256 ripeAt);
    /// @notice The contracts are linked already.
    error MerchantRegistry_AlreadyLinked();

    /// @notice Enters applications of merchants. REGISTRAR. Emits {MerchantApplied} for each.
    /// @param refs One text reference a merchant, 1 to 64 bytes, new.
    /// @param terms One a merchant: at least one category and channel, a region of at least one digit, a payout account.
    /// @return first The id of the first merchant; the others follow it.
    function enter(string[] calldata refs, MerchantTerms[] calldata terms) external returns (uint256 first);

    /// @notice Activates merchants that applied. APPROVER, not who entered them. Emits {MerchantActivated} for each.
    function activate(uint256[] calldata merchants) external;

    /// @notice Rejects an application for good. APPROVER, not who entered it. Emits {MerchantRejected}.
    function reject(uint256 merchant, string calldata reason) external;

    /// @notice Suspends an active merchant at once. REGISTRAR. Emits {MerchantSuspended}.
    function suspend(uint256 merchant, string calldata reason) external;

    /// @notice Takes a suspension back. APPROVER, not who suspended. Emits {MerchantReinstated}.
    function reinstate(uint256 merchant, string calldata reason) external;

    /// @notice Proposes that an active or suspended merchant be removed. REGISTRAR. Emits {MerchantRemovalProposed}.
    function proposeRemoval(uint256 merchant, string calldata reason) external;

    /// @notice Removes a merchant for good; its keys and terminals speak for nobody from then on. It is still paid what it
    /// earned, at its payout account. APPROVER, not who proposed it. Emits {MerchantRemoved}.
    function remove(uint256 merchant, string calldata reason) external;

    /// @notice Proposes other terms, with the payout account the merchant has; takes the place of a change proposed before.
    /// REGISTRAR. Emits {MerchantChangeProposed}.
    function proposeChange(uint256 merchant, MerchantTerms calldata terms) external;

    /// @notice Puts proposed terms into force. APPROVER, not who proposed them. Emits {MerchantChanged}.
    /// @param terms The very terms that were proposed.
    function change(uint256 merchant, MerchantTerms calldata terms) external;

    /// @notice Adds a key that speaks for the merchant. REGISTRAR. Emits {MerchantKeyAdded}.
    function addKey(uint256 merchant, address key) external;

    /// @notice Removes a key. REGISTRAR. Emits {MerchantKeyRemoved}.
    function removeKey(uint256 merchant, address key) external;

    /// @notice Removes a key and adds another in one step. REGISTRAR. Emits {MerchantKeyRemoved}, {MerchantKeyAdded}.
    function replaceKey(uint256 merchant, address old, address key) external;

    /// @notice Adds a terminal that may send or sign redemptions. REGISTRAR. Emits {TerminalAdded}.
    function addTerminal(uint256 merchant, address terminal) external;

    /// @notice Removes a terminal. REGISTRAR. Emits {TerminalRemoved}.
    function removeTerminal(uint256 merchant, address terminal) external;

    /// @notice Removes a terminal and adds another in one step; the daily limit, and what was redeemed of it today, go over.
    /// REGISTRAR. Emits {TerminalRemoved}, {TerminalAdded} and, where there is a limit, {TerminalLimited}.
    function replaceTerminal(uint256 merchant, address old, address terminal) external;

    /// @notice Limits what a terminal may redeem in a local day, in the token's smallest unit; 0 for no limit. What it redeemed
    /// today stays counted. REGISTRAR. Emits {TerminalLimited}.
    function limitTerminal(uint256 merchant, address terminal, uint64 dailyLimit) external;

    /// @notice Proposes another payout account.
    ///
    /// @dev Emits {PayoutProposed}.
    ///
    /// Requirements:
    /// - The caller must have the role REGISTRAR.
    /// - The merchant may stand anywhere, removed included: what it earned must reach it.
    /// - The account must be another than the merchant has, and no other account on its way.
    function proposePayout(uint256 merchant, address account) external;

    /// @notice Puts the proposed payout account into force, from {PAYOUT_DELAY} after the proposal on.
    /// APPROVER, not who proposed it. Emits {PayoutChanged}.
    /// @param account The very account that was proposed.
    function approvePayout(uint256 merchant, address account) external;

    /// @notice Takes a proposed payout account back. REGISTRAR. Emits {PayoutWithdrawn}.
    function withdrawPayout(uint256 merchant, string calldata reason) external;

    /// @notice Names categories. REGISTRAR. Emits {CategoryNamed} for each.
    function nameCategories(uint256[] calldata categories, string[] calldata names) external;

    /// @notice Links the contracts of this release, once. ADMIN. Emits {ContractsLinked}.
    function link(address vouchers) external;

    /// @notice A merchant's terms and status.
    function merchant(uint256 merchant) external view returns (MerchantTerms memory terms, MerchantStatus status);

    /// @notice Who entered a merchant, and who suspended it last.
    function actorsOf(uint256 merchant) external view returns (address registrar, address suspender);

    /// @notice Where the merchant is paid.
    function payoutOf(uint256 merchant) external view returns (address);

    /// @notice Seconds between the proposal of a payout account and the first moment it may be approved.
    function PAYOUT_DELAY() external view returns (uint256);

    /// @notice The payout account on its way; account 0 if none is.
    function payoutProposal(uint256 merchant) external view returns (PayoutProposal memory);

    /// @notice Who proposed other terms, and their hash; 0 if nobody did.
    function changeProposal(uint256 merchant) external view returns (address proposer, bytes32 hash);

    /// @notice Who proposed the merchant's removal; 0 if nobody did.
    function removalProposer(uint256 merchant) external view returns (address);

    /// @notice The merchant whose key it is; 0 if none, or if it was removed.
    function merchantOfKey(address key) external view returns (uint256);

    /// @notice The merchant whose terminal it is; 0 if none, or if it was removed.
    function merchantOfTerminal(address terminal) external view returns (uint256);

    /// @notice The merchant entered under a text reference; 0 if none.
    function merchantOf(string calldata ref) external view returns (uint256);

    /// @notice The name of a category; empty if none was given.
    function categoryName(uint256 category) external view returns (string memory);

    /// @notice Number of the last merchant.
    function lastMerchant() external view returns (uint256);
}
