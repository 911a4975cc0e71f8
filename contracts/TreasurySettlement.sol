// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {ITreasury} from "./interfaces/ITreasury.sol";
import {TreasuryStorage} from "./TreasuryStorage.sol";
import {MerchantDay} from "./types/Settlement.sol";
import {MerchantWord} from "./words/MerchantWord.sol";
import {ProgrammeWord} from "./words/ProgrammeWord.sol";

/// @title Settlement: merchants' days, prepared by one person and released by another, paid once.
abstract contract TreasurySettlement is TreasuryStorage {
    uint256 private constant MAX_ENTRIES = 500;

    /// @inheritdoc ITreasury
    function prepareSettlement(MerchantDay[] calldata entries) external restricted returns (uint256 run) {
        if (entries.length == 0 || entries.length > MAX_ENTRIES) revert Treasury_RunSizeInvalid(entries.length);
        run = ++_lastRun;
        bytes32 hash = keccak256(abi.encode(entries));
        _runs[run] = Run(msg.sender, hash);
        emit SettlementPrepared(run, msg.sender, entries.length, hash);
        for (uint256 i; i < entries.length; ++i) {
            MerchantDay calldata e = entries[i];
            emit SettlementEntered(run, e.line, e.merchant, e.day, e.amount);
        }
    }

    /// @inheritdoc ITreasury
    function releaseSettlement(uint256 run, MerchantDay[] calldata entries) external restricted returns (uint256 amount) {
        Run storage r = _runs[run];
        bytes32 hash = keccak256(abi.encode(entries));

        // Check: open, by another person, unchanged.
        if (r.hash == 0) revert Treasury_RunNotOpen(run);
        if (r.proposer == msg.sender) revert Treasury_OwnProposal(run, msg.sender);
        if (r.hash != hash) revert Treasury_RunMismatch(run, hash, r.hash);

        // Effect, Interaction: the run is spent before anything is paid; an entry that cannot be paid changes nothing.
        r.hash = 0;
        for (uint256 i; i < entries.length; ++i) {
            try this.payMerchantDay(run, entries[i]) {
                amount += entries[i].amount;
            } catch (bytes memory fault) {
                bytes4 reason = fault.length < 4 ? Treasury_PayoutFailed.selector : bytes4(fault);
                emit MerchantPayoutSkipped(entries[i].line, entries[i].merchant, run, entries[i].day, reason);
            }
        }

        // Log:
        emit SettlementReleased(run, msg.sender, amount);
    }

    /// @inheritdoc ITreasury
    function payMerchantDay(uint256 run, MerchantDay calldata entry) external onlyLinked(address(this)) {
        uint256 line = entry.line;

        // Check: the merchant is not frozen, the window is over, exactly the entry's amount is payable.
        uint256 frozenUntil = MerchantWord.frozenUntil(_vouchers.merchantWord(entry.merchant));
        if (block.timestamp < frozenUntil) revert Treasury_MerchantFrozen(entry.merchant, frozenUntil);
        uint256 earliest = settleableFrom(line, entry.day);
        if (block.timestamp < earliest) revert Treasury_TooEarly(line, entry.merchant, entry.day, earliest);
        uint256 amount = _vouchers.takePayable(line, entry.merchant, entry.day);
        if (amount == 0) revert Treasury_NothingPayable(line, entry.merchant, entry.day);
        if (amount != entry.amount) revert Treasury_AmountDiffers(line, entry.merchant, entry.day, amount, entry.amount);

        // Effect:
        _accounts[line].settled += uint64(amount); // part of what was deposited
        IERC20 token = _tokenOf(line);
        _escrow[address(token)] -= amount;

        // Interaction:
        address payout = _merchantRegistry.payoutOf(entry.merchant);
        _send(token, payout, amount);

        // Log:
        emit MerchantPaid(line, entry.merchant, run, entry.day, amount, payout);
    }

    /// @inheritdoc ITreasury
    function runOf(uint256 run) external view returns (address proposer, bytes32 hash) {
        return (_runs[run].proposer, _runs[run].hash);
    }

    /// @inheritdoc ITreasury
    function settleableFrom(uint256 line, uint256 day) public view returns (uint256) {
        int256 utcOffset = ProgrammeWord.utcOffset(_vouchers.programmeWord(line >> 16));
        return uint256(int256((day + 1) * 1 days) - utcOffset) + _vouchers.settlementWindow(line >> 16);
    }
}
