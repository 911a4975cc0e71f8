// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {MerchantDay} from "../types/Settlement.sol";

/// @title Escrow, the ledger by budget line, settlement.
interface ITreasury {
    /// @dev The money of one budget line, in the token's smallest unit. `deposited = available + committed + payable + settled +
    /// returned`, where committed and payable are kept by Vouchers. `reserved` is the part of `available` kept for rounds of claims.
    struct Account {
        uint64 deposited;
        uint64 available;
        uint64 settled;
        uint64 returned;
        uint64 budget;
        uint64 reserved;
    }

    /// @dev A move that was proposed and not decided; no proposer means none is.
    struct Move {
        address proposer;
        uint40 fromLine;
        uint40 toLine;
        uint64 amount;
    }

    event TokenAllowed(address indexed token, address indexed by);
    event TokenDisallowed(address indexed token, address indexed by);
    event BudgetSet(uint256 indexed line, uint256 amount);
    /// @notice Money arrived whole for a line; `from` is the account it came from, `slip` the hash of its bank slip.
    event Deposited(uint256 indexed line, address indexed from, uint256 amount, bytes32 indexed slip);
    event SettlementPrepared(uint256 indexed run, address indexed by, uint256 entries, bytes32 hash);
    /// @notice One entry of a run that was prepared: exactly `amount` is to be paid.
    event SettlementEntered(uint256 indexed run, uint256 indexed line, uint256 indexed merchant, uint256 day, uint256 amount);
    event SettlementReleased(uint256 indexed run, address indexed by, uint256 amount);
    event MerchantPaid(
        uint256 indexed line, uint256 indexed merchant, uint256 indexed run, uint256 day, uint256 amount, address account
    );
    /// @notice An entry was not paid and stays payable; `reason` is the selector of what stood against it: an error of this
    /// contract, or the token's own.
    event MerchantPayoutSkipped(uint256 indexed line, uint256 indexed merchant, uint256 indexed run, uint256 day, bytes4 reason);
    event BudgetMoveProposed(
        uint256 indexed move, uint256 indexed fromLine, uint256 indexed toLine, uint256 amount, address by, string reason
    );
    event BudgetMoveWithdrawn(uint256 indexed move, address indexed by, string reason);
    event BudgetMoved(uint256 indexed fromLine, uint256 indexed toLine, uint256 amount, address proposer, address approver);
    /// @notice The money that went with a move of budget: of both lines' deposits, `amount` now counts for `toLine`.
    event MoneyMoved(uint256 indexed move, uint256 indexed fromLine, uint256 indexed toLine, uint256 amount);
    event RestReturned(uint256 indexed line, address indexed funder, uint256 amount);
    /// @notice The contracts this one works with.
    event ContractsLinked(address vouchers, address registry, address merchantRegistry, address desk);

    /// @notice The caller is not the linked contract this function is for.
    error Treasury_CallerNotLinked(address caller);
    /// @notice The token is no contract, or is on the list already.
    error Treasury_TokenInvalid(address token);
    /// @notice The token is not on the list.
    error Treasury_TokenNotListed(address token);
    /// @notice The line has no budget: its programme is not published, or all of its budget was moved away.
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
    /// @notice A payout took another amount out of the escrow than was paid: the token takes a fee from the sender or lies.
    error Treasury_PayoutNotWhole(address token, uint256 left, uint256 expected);
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
    /// @notice Nobody releases or approves what they prepared or proposed; `proposal` is the run or move.
    error Treasury_OwnProposal(uint256 proposal, address approver);
    /// @notice The day's reversal and dispute window is not over.
    error Treasury_TooEarly(uint256 line, uint256 merchant, uint256 day, uint256 earliest);
    /// @notice Nothing is payable for this merchant's day: nothing redeemed, or paid before.
    error Treasury_NothingPayable(uint256 line, uint256 merchant, uint256 day);
    /// @notice More or less is payable for this merchant's day than the run says.
    error Treasury_AmountDiffers(uint256 line, uint256 merchant, uint256 day, uint256 amount, uint256 expected);
    /// @notice The token refused a payout and said nothing.
    error Treasury_PayoutFailed();
    /// @notice The move is unknown or was decided.
    error Treasury_MoveNotOpen(uint256 move);
    /// @notice Budget moves between two lines of one programme.
    error Treasury_LinesApart(uint256 fromLine, uint256 toLine);
    /// @notice Money of one funder is not another's: the lines have different funders.
    error Treasury_FundersDiffer(uint256 fromLine, address funder, address other);
    /// @notice A line's budget stays below 2^56.
    error Treasury_BudgetTooLarge(uint256 line, uint256 amount, uint256 room);
    /// @notice The merchant is frozen and is not paid while it is.
    error Treasury_MerchantFrozen(uint256 merchant, uint256 frozenUntil);
    /// @notice The programme is not closed.
    error Treasury_ProgrammeNotClosed(uint256 programme);
    /// @notice Nothing is left to return.
    error Treasury_NothingLeft(uint256 line);
    /// @notice Money of the line is kept for a round of claims that was not closed.
    error Treasury_StillReserved(uint256 line, uint256 reserved);
    /// @notice The contracts are linked already.
    error Treasury_AlreadyLinked();

    /// @notice Puts a token on the list of settlement tokens. APPROVER. Emits {TokenAllowed}.
    function allowToken(address token) external;

    /// @notice Takes a token off the list: no programme is drafted or published with it any more, running ones go on. APPROVER.
    /// Emits {TokenDisallowed}.
    function disallowToken(address token) external;

    /// @notice Moves `amount` of the programme's token from the caller into escrow for a line.
    ///
    /// @dev Emits {Deposited}.
    ///
    /// Requirements:
    /// - The caller must have the role TREASURER and have approved this contract for the amount.
    /// - The line must belong to a programme that was published and is not closed; deposits may not exceed its budget.
    /// - The slip must be new, and the escrow must grow by exactly `amount`.
    function deposit(uint256 line, uint256 amount, bytes32 slip) external;

    /// @notice {deposit} with the money of the line's funder, who must have approved this contract for the amount: so a merchant
    /// pays for its own coupons. TREASURER. Emits {Deposited}.
    function depositFromFunder(uint256 line, uint256 amount, bytes32 slip) external;

    /// @notice Proposes to move budget, and with it available money as far as there is any, to another line.
    ///
    /// @dev Emits {BudgetMoveProposed}.
    ///
    /// Requirements:
    /// - The caller must have the role TREASURER.
    /// - Both lines must be of one published programme that is not closed, and of one funder.
    /// - Nothing may have been issued against that much of the budget.
    ///
    /// @return move The move's number.
    function proposeMove(uint256 fromLine, uint256 toLine, uint64 amount, string calldata reason) external returns (uint256 move);

    /// @notice Carries a move out, if its requirements still hold. APPROVER, not who proposed it.
    /// Emits {BudgetMoved} and {MoneyMoved}.
    function approveMove(uint256 move) external;

    /// @notice Takes a proposed move back. TREASURER. Emits {BudgetMoveWithdrawn}.
    function withdrawMove(uint256 move, string calldata reason) external;

    /// @notice Prepares a settlement run: the merchants' days to pay, each with what is to be paid.
    /// TREASURER. Emits {SettlementPrepared}, and {SettlementEntered} for each entry.
    /// @return run The run's number.
    function prepareSettlement(MerchantDay[] calldata entries) external returns (uint256 run);

    /// @notice Releases a run: pays each entry to the merchant's payout account, exactly its amount and once.
    ///
    /// @dev Emits {MerchantPaid} or {MerchantPayoutSkipped} for each entry, and {SettlementReleased}.
    ///
    /// Requirements:
    /// - The caller must have the role APPROVER and not have prepared the run.
    /// - The entries must be those prepared.
    ///
    /// Notes:
    /// - An entry is skipped, and changes nothing, where its window is not over, where another amount than its own is payable, or
    ///   where the token does not pay. It may stand in a later run.
    /// - Merchants that were suspended or removed are paid what they earned.
    ///
    /// @return amount What was paid.
    function releaseSettlement(uint256 run, MerchantDay[] calldata entries) external returns (uint256 amount);

    /// @notice Pays one entry of a run, or reverts with what stands against it. This contract only, from {releaseSettlement}.
    /// Emits {MerchantPaid}.
    function payMerchantDay(uint256 run, MerchantDay calldata entry) external;

    /// @notice Returns what is left of a closed programme's line to its funder; its rounds of claims must be closed, too. TREASURER.
    /// Emits {RestReturned}.
    function returnRest(uint256 line) external returns (uint256 amount);

    /// @notice Takes issued value out of a line's available money. Vouchers only.
    function commit(uint256 line, uint256 amount) external;

    /// @notice Keeps part of a line's available money for a round of claims: nothing else is issued from it, moved or returned.
    /// Vouchers only.
    function reserve(uint256 line, uint256 amount) external;

    /// @notice Frees what {reserve} keeps. Vouchers only.
    function unreserve(uint256 line, uint256 amount) external;

    /// @notice Books value that expired back to its line's available money. CaseDesk, or Vouchers for bookings.
    function releaseExpired(uint256 line, uint256 amount) external;

    /// @notice Sets a line's budget when its programme is published; its token must be on the list. ProgrammeRegistry only.
    /// Emits {BudgetSet}.
    function setBudget(uint256 line, uint64 amount) external;

    /// @notice Links the contracts of this release, once. ADMIN. Emits {ContractsLinked}.
    function link(address vouchers, address registry, address merchantRegistry, address desk) external;

    /// @notice The money of a line.
    function account(uint256 line) external view returns (Account memory);

    /// @notice What the ledger says is in escrow of a token, over all lines.
    function escrowOf(address token) external view returns (uint256);

    /// @notice The line of the deposit made with a bank slip; 0 if none.
    function lineOfSlip(bytes32 slip) external view returns (uint256);

    /// @notice A move that was proposed; no proposer once it was decided.
    function moveOf(uint256 move) external view returns (Move memory);

    /// @notice Who prepared a run and the hash of its entries; the hash is 0 once it was released.
    function runOf(uint256 run) external view returns (address proposer, bytes32 hash);

    /// @notice Whether the token is on the list.
    function isTokenAllowed(address token) external view returns (bool);

    /// @notice When a day of a line may be settled, in Unix seconds; its window is the longest of all versions of its rules that were ever active.
    function settleableFrom(uint256 line, uint256 day) external view returns (uint256);
}
