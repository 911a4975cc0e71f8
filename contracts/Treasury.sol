// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {IMerchantRegistry} from "./interfaces/IMerchantRegistry.sol";
import {IProgrammeRegistry} from "./interfaces/IProgrammeRegistry.sol";
import {ITreasury} from "./interfaces/ITreasury.sol";
import {IVouchers} from "./interfaces/IVouchers.sol";
import {ProgrammeState, ProgrammeTerms} from "./types/Programme.sol";
import {MerchantDay} from "./types/Settlement.sol";
import {ProgrammeWord} from "./words/ProgrammeWord.sol";
import {RulesWord} from "./words/RulesWord.sol";

/// @title Treasury
/// @dev Sums of a line stay below 2^56, because its budget does and deposits stay within it.
contract Treasury is ITreasury, AccessManaged {
    using SafeERC20 for IERC20;

    struct Run {
        address proposer;
        bytes32 hash;
    }

    uint256 private constant MAX_ENTRIES = 500;

    mapping(address token => bool) private _tokens;
    mapping(uint256 line => Account) private _accounts;
    mapping(bytes32 slip => uint256 line) private _slips;
    mapping(uint256 run => Run) private _runs;
    mapping(address token => uint256) private _escrow;
    uint256 private _lastRun;
    IVouchers private _vouchers;
    IProgrammeRegistry private _registry;
    IMerchantRegistry private _merchantRegistry;
    address private _desk;

    /// @param manager The AccessManager that knows the roles.
    constructor(address manager) AccessManaged(manager) {}

    modifier onlyLinked(address linked) {
        if (msg.sender != linked) revert Treasury_CallerNotLinked(msg.sender);
        _;
    }

    /// @inheritdoc ITreasury
    function allowToken(address token) external restricted {
        if (token.code.length == 0 || _tokens[token]) revert Treasury_TokenInvalid(token);
        _tokens[token] = true;
        emit TokenAllowed(token, msg.sender);
    }

    /// @inheritdoc ITreasury
    function deposit(uint256 line, uint256 amount, bytes32 slip) external restricted {
        Account storage a = _accounts[line];
        (ProgrammeTerms memory terms, ProgrammeState state,) = _registry.programme(line >> 16);

        // Check: a known line of a programme that goes on, a new slip, within the budget.
        if (a.budget == 0) revert Treasury_LineUnknown(line);
        if (state == ProgrammeState.CLOSED) revert Treasury_ProgrammeClosed(line >> 16);
        if (amount == 0 || slip == 0) revert Treasury_DepositInvalid(amount, slip);
        if (_slips[slip] != 0) revert Treasury_SlipUsed(slip, _slips[slip]);
        uint256 left = a.budget - a.deposited;
        if (amount > left) revert Treasury_DepositOverBudget(line, amount, left);

        // Effect: before the token is called.
        _slips[slip] = line;
        a.deposited += uint64(amount); // amount ≤ budget < 2^56
        a.available += uint64(amount);
        IERC20 token = IERC20(terms.token);
        _escrow[address(token)] += amount;

        // Interaction: the only place that looks at a balance, to see the deposit arrive whole.
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 arrived = token.balanceOf(address(this)) - before;
        if (arrived != amount) revert Treasury_DepositNotWhole(address(token), arrived, amount);

        // Log:
        emit Deposited(line, msg.sender, amount, slip);
    }

    /// @inheritdoc ITreasury
    function prepareSettlement(MerchantDay[] calldata entries) external restricted returns (uint256 run) {
        if (entries.length == 0 || entries.length > MAX_ENTRIES) revert Treasury_RunSizeInvalid(entries.length);
        run = ++_lastRun;
        bytes32 hash = keccak256(abi.encode(entries));
        _runs[run] = Run(msg.sender, hash);
        emit SettlementPrepared(run, msg.sender, entries.length, hash);
    }

    /// @inheritdoc ITreasury
    function releaseSettlement(uint256 run, MerchantDay[] calldata entries) external restricted returns (uint256 amount) {
        Run storage r = _runs[run];
        bytes32 hash = keccak256(abi.encode(entries));

        // Check: open, by another person, unchanged.
        if (r.hash == 0) revert Treasury_RunNotOpen(run);
        if (r.proposer == msg.sender) revert Treasury_OwnProposal(run, msg.sender);
        if (r.hash != hash) revert Treasury_RunMismatch(run, hash, r.hash);

        // Effect, Interaction: the run is spent before anything is paid.
        r.hash = 0;
        for (uint256 i; i < entries.length; ++i) {
            amount += _pay(run, entries[i]);
        }

        // Log:
        emit SettlementReleased(run, msg.sender, amount);
    }

    /// @inheritdoc ITreasury
    function returnRest(uint256 line) external restricted returns (uint256 amount) {
        Account storage a = _accounts[line];
        (ProgrammeTerms memory terms, ProgrammeState state,) = _registry.programme(line >> 16);

        // Check: closed, something left.
        if (state != ProgrammeState.CLOSED) revert Treasury_ProgrammeNotClosed(line >> 16);
        amount = a.available;
        if (amount == 0) revert Treasury_NothingLeft(line);

        // Effect:
        a.available = 0;
        a.returned += uint64(amount); // part of what was deposited
        _escrow[terms.token] -= amount;

        // Interaction:
        address funder = _registry.line(line).funder;
        IERC20(terms.token).safeTransfer(funder, amount);

        // Log:
        emit RestReturned(line, funder, amount);
    }

    /// @inheritdoc ITreasury
    function commit(uint256 line, uint256 amount) external onlyLinked(address(_vouchers)) {
        Account storage a = _accounts[line];
        uint256 left = a.budget - (a.deposited - a.available); // what was ever deposited and left `available` is in use or gone
        if (amount > left) revert Treasury_OverBudgetLine(line, amount, left);
        if (amount > a.available) revert Treasury_Unbacked(line, amount, a.available);
        a.available -= uint64(amount); // amount ≤ available
    }

    /// @inheritdoc ITreasury
    function releaseExpired(uint256 line, uint256 amount) external onlyLinked(_desk) {
        _accounts[line].available += uint64(amount); // it was taken from there when it was issued
    }

    /// @inheritdoc ITreasury
    function setBudget(uint256 line, uint64 amount) external onlyLinked(address(_registry)) {
        _accounts[line].budget = amount;
        emit BudgetSet(line, amount);
    }

    /// @inheritdoc ITreasury
    function link(address vouchers, address registry, address merchantRegistry, address desk) external restricted {
        if (address(_vouchers) != address(0)) revert Treasury_AlreadyLinked();
        (_vouchers, _registry) = (IVouchers(vouchers), IProgrammeRegistry(registry));
        (_merchantRegistry, _desk) = (IMerchantRegistry(merchantRegistry), desk);
        emit ContractsLinked(vouchers, registry, merchantRegistry, desk);
    }

    // --- reading ---

    /// @inheritdoc ITreasury
    function account(uint256 line) external view returns (Account memory) {
        return _accounts[line];
    }

    /// @inheritdoc ITreasury
    function escrowOf(address token) external view returns (uint256) {
        return _escrow[token];
    }

    /// @inheritdoc ITreasury
    function lineOfSlip(bytes32 slip) external view returns (uint256) {
        return _slips[slip];
    }

    /// @inheritdoc ITreasury
    function runOf(uint256 run) external view returns (address proposer, bytes32 hash) {
        return (_runs[run].proposer, _runs[run].hash);
    }

    /// @inheritdoc ITreasury
    function isTokenAllowed(address token) external view returns (bool) {
        return _tokens[token];
    }

    /// @inheritdoc ITreasury
    function settleableFrom(uint256 line, uint256 day) public view returns (uint256) {
        uint256 word = _vouchers.programmeWord(line >> 16);
        (uint256 rules,) = _vouchers.rulesWords(line >> 16, ProgrammeWord.version(word));
        int256 dayEnds = int256((day + 1) * 1 days) - ProgrammeWord.utcOffset(word);
        return uint256(dayEnds) + RulesWord.settlementWindow(rules);
    }

    // --- helpers ---

    function _pay(uint256 run, MerchantDay calldata entry) private returns (uint256 amount) {
        uint256 line = entry.line;

        // Check: the window is over, something is payable.
        uint256 earliest = settleableFrom(line, entry.day);
        if (block.timestamp < earliest) revert Treasury_TooEarly(line, entry.merchant, entry.day, earliest);
        amount = _vouchers.takePayable(line, entry.merchant, entry.day);
        if (amount == 0) revert Treasury_NothingPayable(line, entry.merchant, entry.day);

        // Effect:
        _accounts[line].settled += uint64(amount); // part of what was deposited
        IERC20 token = _tokenOf(line);
        _escrow[address(token)] -= amount;

        // Interaction:
        address payout = _merchantRegistry.payoutOf(entry.merchant);
        token.safeTransfer(payout, amount);

        // Log:
        emit MerchantPaid(line, entry.merchant, run, entry.day, amount, payout);
    }

    function _tokenOf(uint256 line) private view returns (IERC20) {
        (ProgrammeTerms memory terms,,) = _registry.programme(line >> 16);
        return IERC20(terms.token);
    }
}
