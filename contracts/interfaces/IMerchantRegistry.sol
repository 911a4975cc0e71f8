// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {MerchantStatus, MerchantTerms} from "../types/Merchant.sol";

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
    /// @notice The contracts are linked already.
    error MerchantRegistry_AlreadyLinked();

    /// @notice Enters applications of merchants. REGISTRAR. Emits {MerchantApplied} for each.
    /// @param refs One text reference a merchant, 1 to 64 bytes, new.
    /// @param terms One a merchant: at least one category and channel, a region of at least one digit, a payout account.
    /// @return first The id of the first merchant; the others follow it.
    function enter(string[] calldata refs, MerchantTerms[] calldata terms) external returns (uint256 first);

    /// @notice Activates merchants that applied. APPROVER, not who entered them. Emits {MerchantActivated} for each.
    function activate(uint256[] calldata merchants) external;

    /// @notice Suspends an active merchant at once. REGISTRAR. Emits {MerchantSuspended}.
    function suspend(uint256 merchant, string calldata reason) external;

    /// @notice Takes a suspension back. APPROVER, not who suspended. Emits {MerchantReinstated}.
    function reinstate(uint256 merchant, string calldata reason) external;

    /// @notice Adds a key that speaks for the merchant. REGISTRAR. Emits {MerchantKeyAdded}.
    function addKey(uint256 merchant, address key) external;

    /// @notice Removes a key. REGISTRAR. Emits {MerchantKeyRemoved}.
    function removeKey(uint256 merchant, address key) external;

    /// @notice Adds a terminal that may send or sign redemptions. REGISTRAR. Emits {TerminalAdded}.
    function addTerminal(uint256 merchant, address terminal) external;

    /// @notice Removes a terminal. REGISTRAR. Emits {TerminalRemoved}.
    function removeTerminal(uint256 merchant, address terminal) external;

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

    /// @notice The merchant whose key it is; 0 if none.
    function merchantOfKey(address key) external view returns (uint256);

    /// @notice The merchant whose terminal it is; 0 if none.
    function merchantOfTerminal(address terminal) external view returns (uint256);

    /// @notice The merchant entered under a text reference; 0 if none.
    function merchantOf(string calldata ref) external view returns (uint256);

    /// @notice The name of a category; empty if none was given.
    function categoryName(uint256 category) external view returns (string memory);

    /// @notice Number of the last merchant.
    function lastMerchant() external view returns (uint256);
}
