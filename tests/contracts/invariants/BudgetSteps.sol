// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

import {ITreasury} from "../../../contracts/interfaces/ITreasury.sol";
import {Roles} from "../../../contracts/libraries/Roles.sol";
import {Steps} from "./Steps.sol";

/// @title Budget that moves between lines, funders who pay themselves, tokens that leave the list.
abstract contract BudgetSteps is Steps {
    function _budgetStep(uint256 at) internal {
        if (at < 10) _proposeMoveStep();
        else if (at < 18) _approveMoveStep();
        else if (at < 22) _withdrawMoveStep();
        else if (at < 27) _funderStep();
        else _disallowTokenStep();
    }

    // --- moves ---

    function _proposeMoveStep() private {
        (uint256 from, uint256 to) = _twoLines();
        uint256 left = _leftOf(from);
        uint256 amount = _chance(85) ? 1 + _draw(left / 4 + 1) : left + _draw(2);
        if (_chance(5)) amount = 0;
        if (_chance(4)) amount = 2 ** 56 - 1 - mLines[to].budget + _draw(2); // fits into no line
        address actor = _actor(Roles.TREASURER);
        bytes memory data = abi.encodeCall(treasury.proposeMove, (from, to, uint64(amount), "demand"));
        bytes4 expected = _expectMove(from, to, amount);
        if (!_call("proposeMove", actor, Roles.TREASURER, address(treasury), data, expected)) return;
        mMoves[++mLastMove] = MMove(actor, from, to, amount);
    }

    /// @dev Mostly two lines of an open programme, the first two of which often have one funder.
    function _twoLines() private returns (uint256 from, uint256 to) {
        uint256 programme = _chance(90) ? _openOne() : _anyProgramme();
        from = programme << 16 | 1 + _draw(2);
        to = programme << 16 | (_chance(80) ? 3 - (from & 0xffff) : _draw(4));
        if (_chance(5)) to = _anyProgramme() << 16 | 1;
    }

    function _leftOf(uint256 line) private view returns (uint256) {
        MLine storage l = mLines[line];
        return l.budget - (l.deposited - l.available) - l.reserved;
    }

    function _expectMove(uint256 from, uint256 to, uint256 amount) private view returns (bytes4) {
        if (mLines[from].budget == 0 || mLines[to].budget == 0) return ITreasury.Treasury_LineUnknown.selector;
        if (from == to || from >> 16 != to >> 16) return ITreasury.Treasury_LinesApart.selector;
        if (mProgrammes[from >> 16].state == 6) return ITreasury.Treasury_ProgrammeClosed.selector;
        if (mLines[from].funder != mLines[to].funder) return ITreasury.Treasury_FundersDiffer.selector;
        if (amount == 0 || amount > _leftOf(from)) return ITreasury.Treasury_OverBudgetLine.selector;
        return mLines[to].budget + amount < 2 ** 56 ? FINE : ITreasury.Treasury_BudgetTooLarge.selector;
    }

    function _approveMoveStep() private {
        uint256 id = _someMove();
        MMove storage m = mMoves[id];
        address actor = _actor(Roles.APPROVER);
        bytes4 expected;
        if (m.proposer == address(0)) expected = ITreasury.Treasury_MoveNotOpen.selector;
        else if (m.proposer == actor) expected = ITreasury.Treasury_OwnProposal.selector;
        else expected = _expectMove(m.from, m.to, m.amount);
        bytes memory data = abi.encodeCall(treasury.approveMove, (id));
        if (!_call("approveMove", actor, Roles.APPROVER, address(treasury), data, expected)) return;
        (MLine storage from, MLine storage to) = (mLines[m.from], mLines[m.to]);
        uint256 free = from.available - from.reserved;
        uint256 money = free < m.amount ? free : m.amount;
        (from.budget, to.budget) = (from.budget - m.amount, to.budget + m.amount);
        (from.deposited, to.deposited) = (from.deposited - money, to.deposited + money);
        (from.available, to.available) = (from.available - money, to.available + money);
        m.proposer = address(0);
    }

    function _withdrawMoveStep() private {
        uint256 id = _someMove();
        bytes4 expected = mMoves[id].proposer == address(0) ? ITreasury.Treasury_MoveNotOpen.selector : FINE;
        bytes memory data = abi.encodeCall(treasury.withdrawMove, (id, "not needed"));
        if (_call("withdrawMove", _actor(Roles.TREASURER), Roles.TREASURER, address(treasury), data, expected)) {
            mMoves[id].proposer = address(0);
        }
    }

    function _someMove() private returns (uint256) {
        return mLastMove == 0 || _chance(3) ? mLastMove + 1 : mLastMove - _draw(mLastMove < 5 ? mLastMove : 5);
    }

    // --- a funder's own money ---

    /// @dev The funder gets exactly what it is to pay, and mostly allows the treasury to take it.
    function _funderStep() private {
        uint256 line = _openOne() << 16 | 1 + _draw(3);
        MLine storage l = mLines[line];
        uint256 left = l.budget - l.deposited;
        uint256 amount = left / (1 + _draw(4)) + (_chance(5) ? left + 1 : 0);
        bool allowed = l.funder != address(0) && _chance(85);
        if (allowed) _allow(l.funder, amount);
        bytes32 slip = keccak256(abi.encode("funder's slip", steps));
        bytes4 expected = _expectFunding(line, amount, allowed);
        bytes memory data = abi.encodeCall(treasury.depositFromFunder, (line, amount, slip));
        if (!_call("depositFromFunder", _actor(Roles.TREASURER), Roles.TREASURER, address(treasury), data, expected)) return;
        l.deposited += amount;
        l.available += amount;
        mFunds[l.funder] -= amount;
        mSlips[slip] = line;
        mSlipList.push(slip);
    }

    function _allow(address donor, uint256 amount) private {
        vm.prank(issuer);
        token.mint(donor, amount);
        vm.prank(donor);
        token.approve(address(treasury), amount);
        mFunds[donor] += amount;
    }

    function _expectFunding(uint256 line, uint256 amount, bool allowed) private view returns (bytes4) {
        MLine storage l = mLines[line];
        if (l.budget == 0) return ITreasury.Treasury_LineUnknown.selector;
        if (mProgrammes[line >> 16].state == 6) return ITreasury.Treasury_ProgrammeClosed.selector;
        if (amount == 0) return ITreasury.Treasury_DepositInvalid.selector;
        if (l.deposited + amount > l.budget) return ITreasury.Treasury_DepositOverBudget.selector;
        bool plain = mProgrammes[line >> 16].token == address(token);
        if (!plain || !allowed && token.allowance(l.funder, address(treasury)) < amount) {
            return IERC20Errors.ERC20InsufficientAllowance.selector;
        }
        return mFunds[l.funder] < amount ? IERC20Errors.ERC20InsufficientBalance.selector : FINE;
    }

    // --- the list of tokens ---

    function _disallowTokenStep() private {
        uint256 at = _draw(20);
        address which = at < 5 ? address(feeToken) : at < 8 ? address(token) : address(0xdead);
        bytes4 expected = mAllowed[which] ? FINE : ITreasury.Treasury_TokenNotListed.selector;
        bytes memory data = abi.encodeCall(treasury.disallowToken, (which));
        if (_call("disallowToken", _actor(Roles.APPROVER), Roles.APPROVER, address(treasury), data, expected)) {
            mAllowed[which] = false;
        }
    }
}
