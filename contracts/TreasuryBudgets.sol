// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ITreasury} from "./interfaces/ITreasury.sol";
import {TreasuryStorage} from "./TreasuryStorage.sol";
import {ProgrammeState} from "./types/Programme.sol";

/// @title Moves of budget and money between a programme's lines.
abstract contract TreasuryBudgets is TreasuryStorage {
    /// @inheritdoc ITreasury
    function proposeMove(uint256 fromLine, uint256 toLine, uint64 amount, string calldata reason)
        external
        restricted
        returns (uint256 move)
    {
        _checkMove(fromLine, toLine, amount);

        // Effect:
        move = ++_lastMove;
        _moves[move] = Move(msg.sender, uint40(fromLine), uint40(toLine), amount); // lines with a budget are below 2^40

        // Log:
        emit BudgetMoveProposed(move, fromLine, toLine, amount, msg.sender, reason);
    }

    /// @inheritdoc ITreasury
    function approveMove(uint256 move) external restricted {
        Move memory m = _moves[move];

        // Check: open, by another person, still possible.
        if (m.proposer == address(0)) revert Treasury_MoveNotOpen(move);
        if (m.proposer == msg.sender) revert Treasury_OwnProposal(move, msg.sender);
        _checkMove(m.fromLine, m.toLine, m.amount);

        // Effect: the budget whole, of the money what is free; so deposits stay within both budgets.
        delete _moves[move];
        (Account storage from, Account storage to) = (_accounts[m.fromLine], _accounts[m.toLine]);
        uint64 money = m.amount < _free(from) ? m.amount : _free(from);
        from.budget -= m.amount;
        from.deposited -= money;
        from.available -= money;
        to.budget += m.amount;
        to.deposited += money;
        to.available += money;

        // Log:
        emit BudgetMoved(m.fromLine, m.toLine, m.amount, m.proposer, msg.sender);
        emit MoneyMoved(move, m.fromLine, m.toLine, money);
    }

    /// @inheritdoc ITreasury
    function withdrawMove(uint256 move, string calldata reason) external restricted {
        if (_moves[move].proposer == address(0)) revert Treasury_MoveNotOpen(move);
        delete _moves[move];
        emit BudgetMoveWithdrawn(move, msg.sender, reason);
    }

    /// @inheritdoc ITreasury
    function moveOf(uint256 move) external view returns (Move memory) {
        return _moves[move];
    }

    /// @dev Two lines of one programme that goes on, of one funder; budget nothing was issued against; sums below 2^56.
    function _checkMove(uint256 fromLine, uint256 toLine, uint256 amount) private view {
        (Account storage from, Account storage to) = (_accounts[fromLine], _accounts[toLine]);
        if (from.budget == 0) revert Treasury_LineUnknown(fromLine);
        if (to.budget == 0) revert Treasury_LineUnknown(toLine);
        if (fromLine == toLine || fromLine >> 16 != toLine >> 16) revert Treasury_LinesApart(fromLine, toLine);
        (, ProgrammeState state,) = _registry.programme(fromLine >> 16);
        if (state == ProgrammeState.CLOSED) revert Treasury_ProgrammeClosed(fromLine >> 16);
        address funder = _registry.line(fromLine).funder;
        address other = _registry.line(toLine).funder;
        if (funder != other) revert Treasury_FundersDiffer(fromLine, funder, other);
        uint256 left = _budgetLeft(from);
        if (amount == 0 || amount > left) revert Treasury_OverBudgetLine(fromLine, amount, left);
        uint256 room = type(uint56).max - to.budget;
        if (amount > room) revert Treasury_BudgetTooLarge(toLine, amount, room);
    }
}
