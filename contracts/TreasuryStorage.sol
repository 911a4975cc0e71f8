// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {IMerchantRegistry} from "./interfaces/IMerchantRegistry.sol";
import {IProgrammeRegistry} from "./interfaces/IProgrammeRegistry.sol";
import {ITreasury} from "./interfaces/ITreasury.sol";
import {IVouchers} from "./interfaces/IVouchers.sol";
import {ProgrammeTerms} from "./types/Programme.sol";

/// @title The slots of Treasury, as drawn in docs/storage.md, section 2, and what its parts share.
/// @dev Sums of a line stay below 2^56, because its budget does and deposits stay within it.
abstract contract TreasuryStorage is ITreasury, AccessManaged {
    using SafeERC20 for IERC20;

    struct Run {
        address proposer;
        bytes32 hash;
    }

    mapping(address token => bool) internal _tokens;
    mapping(uint256 line => Account) internal _accounts;
    mapping(bytes32 slip => uint256 line) internal _slips;
    mapping(uint256 run => Run) internal _runs;
    mapping(address token => uint256) internal _escrow;
    uint256 internal _lastRun;
    IVouchers internal _vouchers;
    IProgrammeRegistry internal _registry;
    IMerchantRegistry internal _merchantRegistry;
    address internal _desk;
    uint256 internal _lastMove;
    mapping(uint256 move => Move) internal _moves;

    modifier onlyLinked(address linked) {
        if (msg.sender != linked) revert Treasury_CallerNotLinked(msg.sender);
        _;
    }

    /// @dev How much of a line's budget nothing was issued against or is kept for claims: what was ever deposited and left `available` is
    /// in use or gone.
    function _budgetLeft(Account storage a) internal view returns (uint256) {
        return a.budget - (a.deposited - a.available) - a.reserved;
    }

    /// @dev The line's available money that is not kept for claims.
    function _free(Account storage a) internal view returns (uint64) {
        return a.available - a.reserved;
    }

    /// @dev Of a line's budget and its free money, `amount` can be taken.
    function _checkFree(uint256 line, uint256 amount) internal view {
        Account storage a = _accounts[line];
        uint256 left = _budgetLeft(a);
        if (amount > left) revert Treasury_OverBudgetLine(line, amount, left);
        uint256 free = _free(a);
        if (amount > free) revert Treasury_Unbacked(line, amount, free);
    }

    /// @dev Pays out of the escrow; exactly the amount must leave, or other lines would pay a token's fee.
    function _send(IERC20 token, address to, uint256 amount) internal {
        uint256 before = token.balanceOf(address(this));
        token.safeTransfer(to, amount);
        uint256 left = before - token.balanceOf(address(this));
        if (left != amount) revert Treasury_PayoutNotWhole(address(token), left, amount);
    }

    function _tokenOf(uint256 line) internal view returns (IERC20) {
        (ProgrammeTerms memory terms,,) = _registry.programme(line >> 16);
        return IERC20(terms.token);
    }
}
