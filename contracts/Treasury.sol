// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {IMerchantRegistry} from "./interfaces/IMerchantRegistry.sol";
import {IProgrammeRegistry} from "./interfaces/IProgrammeRegistry.sol";
import {ITreasury} from "./interfaces/ITreasury.sol";
import {IVouchers} from "./interfaces/IVouchers.sol";
import {TreasuryBudgets} from "./TreasuryBudgets.sol";
import {TreasurySettlement} from "./TreasurySettlement.sol";
import {ProgrammeState, ProgrammeTerms} from "./types/Programme.sol";

/// @title Treasury
contract Treasury is TreasuryBudgets, TreasurySettlement {
    using SafeERC20 for IERC20;

    /// @param manager The AccessManager that knows the roles.
    constructor(address manager) AccessManaged(manager) {}

    /// @inheritdoc ITreasury
    function allowToken(address token) external restricted {
        if (token.code.length == 0 || _tokens[token]) revert Treasury_TokenInvalid(token);
        _tokens[token] = true;
        emit TokenAllowed(token, msg.sender);
    }

    /// @inheritdoc ITreasury
    function disallowToken(address token) external restricted {
        if (!_tokens[token]) revert Treasury_TokenNotListed(token);
        _tokens[token] = false;
        emit TokenDisallowed(token, msg.sender);
    }

    /// @inheritdoc ITreasury
    function deposit(uint256 line, uint256 amount, bytes32 slip) external restricted {
        _deposit(line, msg.sender, amount, slip);
    }

    /// @inheritdoc ITreasury
    function depositFromFunder(uint256 line, uint256 amount, bytes32 slip) external restricted {
        _deposit(line, _registry.line(line).funder, amount, slip);
    }

    /// @inheritdoc ITreasury
    function returnRest(uint256 line) external restricted returns (uint256 amount) {
        Account storage a = _accounts[line];
        (ProgrammeTerms memory terms, ProgrammeState state,) = _registry.programme(line >> 16);

        // Check: closed, something left.
        if (state != ProgrammeState.CLOSED) revert Treasury_ProgrammeNotClosed(line >> 16);
        amount = a.available;
        if (amount == 0) revert Treasury_NothingLeft(line);
        if (a.reserved != 0) revert Treasury_StillReserved(line, a.reserved);

        // Effect:
        a.available = 0;
        a.returned += uint64(amount); // part of what was deposited
        _escrow[terms.token] -= amount;

        // Interaction:
        address funder = _registry.line(line).funder;
        _send(IERC20(terms.token), funder, amount);

        // Log:
        emit RestReturned(line, funder, amount);
    }

    /// @inheritdoc ITreasury
    function commit(uint256 line, uint256 amount) external onlyLinked(address(_vouchers)) {
        _checkFree(line, amount);
        _accounts[line].available -= uint64(amount); // amount ≤ available
    }

    /// @inheritdoc ITreasury
    function reserve(uint256 line, uint256 amount) external onlyLinked(address(_vouchers)) {
        _checkFree(line, amount);
        _accounts[line].reserved += uint64(amount); // amount ≤ available − reserved
    }

    /// @inheritdoc ITreasury
    function unreserve(uint256 line, uint256 amount) external onlyLinked(address(_vouchers)) {
        _accounts[line].reserved -= uint64(amount); // it was kept before
    }

    /// @inheritdoc ITreasury
    function releaseExpired(uint256 line, uint256 amount) external {
        if (msg.sender != _desk && msg.sender != address(_vouchers)) revert Treasury_CallerNotLinked(msg.sender);
        _accounts[line].available += uint64(amount); // it was taken from there when it was issued
    }

    /// @inheritdoc ITreasury
    function setBudget(uint256 line, uint64 amount) external onlyLinked(address(_registry)) {
        address token = address(_tokenOf(line));
        if (!_tokens[token]) revert Treasury_TokenNotListed(token);
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
    function isTokenAllowed(address token) external view returns (bool) {
        return _tokens[token];
    }

    // --- helpers ---

    function _deposit(uint256 line, address payer, uint256 amount, bytes32 slip) private {
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
        token.safeTransferFrom(payer, address(this), amount);
        uint256 arrived = token.balanceOf(address(this)) - before;
        if (arrived != amount) revert Treasury_DepositNotWhole(address(token), arrived, amount);

        // Log:
        emit Deposited(line, payer, amount, slip);
    }
}
