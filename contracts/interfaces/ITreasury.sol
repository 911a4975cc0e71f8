// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {MerchantDay} from "../types/Settlement.sol";

/// @title Escrow, the ledger by budget line, settlement.
interface ITreasury {
    /// @dev The money of one budget line, in the token's smallest unit. `deposited = available + committed + payable + settled +
    /// returned`, where committed and payable are kept by Vouchers.
    struct Account {
        uint64 deposited;
        uint64 available;
        uint64 settled;
        uint64 returned;
        uint64 budget;
    }

    event TokenAllowed(address indexed token, address indexed by);
    event BudgetSet(uint256 indexed line, uint256 amount);
    /// @notice Money arrived whole for a line; `slip` is the hash of its bank slip.
    event Deposited(uint256 indexed line, address indexed from, uint256 amount, bytes32 indexed slip);
    event SettlementPrepared(uint256 indexed run, address indexed by, uint256 entries, bytes32 hash);
    event SettlementReleased(uint256 indexed run, address indexed by, uint256 amount);
    event MerchantPaid(
        uint256 indexed line, uint256 indexed merchant, uint256 indexed run, uint256 day, uint256 amount, address account
    );
    event RestReturned(uint256 indexed line, address indexed funder, uint256 amount);
    /// @notice The contracts this one works with.
    event ContractsLinked(address vouchers, address registry, address merchantRegistry, address desk);

    /// @notice The caller is not the linked contract this function is for.
    error Treasury_CallerNotLinked(address caller);
    /// @notice The token is no contract, or is on the list already.
    error Treasury_TokenInvalid(address token);
    /// @notice The line has no budget: its programme is not published.
    error Treasury_LineUnknown(uint256 line);
    /// @notice A deposit needs an amount and the hash of its bank slip.
    error Treasury_DepositInvalid(uint256 amount, bytes32 slip);
    /// @notice The bank slip belongs to a deposit made before, into the line given.
    error Treasury_SlipUsed(bytes32 slip, uint256 line);
    /// @notice The programme is closed: it takes no money any more.
    error Treasury_ProgrammeClosed(uint256 programme);
    /// @notice The line's deposits would exceed its budget.
    error Treasury_DepositOverBudget(uint256 line, uint256 amount, uint256 left);
    /// @notice The deposit did not arrive whole: the token takes a fee or lies.
    error Treasury_DepositNotWhole(address token, uint256 arrived, uint256 expected);
    /// @notice The line's budget does not allow that much.
    error Treasury_OverBudgetLine(uint256 line, uint256 amount, uint256 left);
    /// @notice The line has no such money available.
    error Treasury_Unbacked(uint256 line, uint256 amount, uint256 available);
    /// @notice A run has one to 500 entries.
    error Treasury_RunSizeInvalid(uint256 entries);
    /// @notice The run is unknown or was released.
    error Treasury_RunNotOpen(uint256 run);
    /// @notice The entries are not those of the run.
    error Treasury_RunMismatch(uint256 run, bytes32 hash, bytes32 expected);
    /// @notice Nobody releases their own run.
    error Treasury_OwnProposal(uint256 run, address approver);
    /// @notice The day's reversal and dispute window is not over.
    error Treasury_TooEarly(uint256 line, uint256 merchant, uint256 day, uint256 earliest);
    /// @notice Nothing is payable for this merchant's day: nothing redeemed, or paid before.
    error Treasury_NothingPayable(uint256 line, uint256 merchant, uint256 day);
    /// @notice The programme is not closed.
    error Treasury_ProgrammeNotClosed(uint256 programme);
    /// @notice Nothing is left to return.
    error Treasury_NothingLeft(uint256 line);
    /// @notice The contracts are linked already.
    error Treasury_AlreadyLinked();

    /// @notice Puts a token on the list of settlement tokens. APPROVER. Emits {TokenAllowed}.
    function allowToken(address token) external;

    /// @notice Moves `amount` of the programme's token from the caller into escrow for a line.
    ///
    /// @dev Emits {Deposited}.
    ///
    /// Requirements:
    /// - The caller must have the role TREASURER and have approved this contract for the amount.
    /// - The line must belong to a programme that was published and is not closed; deposits may not exceed its budget.
    /// - The slip must be new, and the escrow must grow by exactly `amount`.
    function deposit(uint256 line, uint256 amount, bytes32 slip) external;

    /// @notice Prepares a settlement run: the merchants' days to pay. TREASURER. Emits {SettlementPrepared}.
    /// @return run The run's number.
    function prepareSettlement(MerchantDay[] calldata entries) external returns (uint256 run);

    /// @notice Releases a run: pays each entry to the merchant's payout account, once.
    ///
    /// @dev Emits {MerchantPaid} for each entry and {SettlementReleased}.
    ///
    /// Requirements:
    /// - The caller must have the role APPROVER and not have prepared the run.
    /// - The entries must be those prepared; each day's reversal and dispute window must be over and something payable.
    function releaseSettlement(uint256 run, MerchantDay[] calldata entries) external returns (uint256 amount);

    /// @notice Returns what is left of a closed programme's line to its funder. TREASURER. Emits {RestReturned}.
    function returnRest(uint256 line) external returns (uint256 amount);

    /// @notice Takes issued value out of a line's available money. Vouchers only.
    function commit(uint256 line, uint256 amount) external;

    /// @notice Books value that expired back to its line's available money. CaseDesk only.
    function releaseExpired(uint256 line, uint256 amount) external;

    /// @notice Sets a line's budget when its programme is published. ProgrammeRegistry only. Emits {BudgetSet}.
    function setBudget(uint256 line, uint64 amount) external;

    /// @notice Links the contracts of this release, once. ADMIN. Emits {ContractsLinked}.
    function link(address vouchers, address registry, address merchantRegistry, address desk) external;

    /// @notice The money of a line.
    function account(uint256 line) external view returns (Account memory);

    /// @notice What the ledger says is in escrow of a token, over all lines.
    function escrowOf(address token) external view returns (uint256);

    /// @notice The line of the deposit made with a bank slip; 0 if none.
    function lineOfSlip(bytes32 slip) external view returns (uint256);

    /// @notice Who prepared a run and the hash of its entries; the hash is 0 once it was released.
    function runOf(uint256 run) external view returns (address proposer, bytes32 hash);

    /// @notice Whether the token is on the list.
    function isTokenAllowed(address token) external view returns (bool);

    /// @notice When a day of a line may be settled, in Unix seconds; the rules version is the programme's current one.
    function settleableFrom(uint256 line, uint256 day) external view returns (uint256);
}
