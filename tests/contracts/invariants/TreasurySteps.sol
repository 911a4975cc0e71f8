// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

import {ICaseDeskSweep} from "../../../contracts/interfaces/ICaseDeskSweep.sol";
import {ITreasury} from "../../../contracts/interfaces/ITreasury.sol";
import {IVouchersErrors} from "../../../contracts/interfaces/IVouchersErrors.sol";
import {Roles} from "../../../contracts/libraries/Roles.sol";
import {MerchantDay} from "../../../contracts/types/Settlement.sol";
import {Vm} from "../Vm.sol";
import {KindModel} from "./KindModel.sol";

/// @title Money: deposits, settlement, what is returned and what is swept.
abstract contract TreasurySteps is KindModel {
    // --- deposits ---

    function _allowTokenStep() internal {
        address which = [address(token), address(feeToken), address(0xdead)][_draw(3)];
        if (!mAllowed[address(feeToken)] && _chance(60)) which = address(feeToken);
        if (!mAllowed[address(token)]) which = address(token); // little happens without it
        bool sound = which.code.length != 0 && !mAllowed[which];
        bytes4 expected = sound ? FINE : ITreasury.Treasury_TokenInvalid.selector;
        bytes memory data = abi.encodeCall(treasury.allowToken, (which));
        if (_call("allowToken", _actor(Roles.APPROVER), Roles.APPROVER, address(treasury), data, expected)) {
            mAllowed[which] = true;
        }
    }

    function _depositStep() internal {
        uint256 programme = _chance(90) ? _openOne() : _anyProgramme();
        uint256 lines = mProgrammes[programme].lines;
        uint256 line = programme << 16 | (lines == 0 || _chance(3) ? _draw(5) : 1 + _draw(lines));
        MLine storage l = mLines[line];
        uint256 left = l.budget - l.deposited;
        uint256 amount = _chance(80) ? left / (1 + _draw(3)) : _draw(left + 2);
        if (_chance(5)) amount = left + 1 + _draw(1_000);
        bytes32 slip = _chance(3) ? bytes32(0) : keccak256(abi.encode("slip", steps));
        if (mSlipList.length != 0 && _chance(5)) slip = mSlipList[_draw(mSlipList.length)];
        address actor = _actor(Roles.TREASURER);
        bytes4 expected = _expectDeposit(line, amount, slip, actor);
        bytes memory data = abi.encodeCall(treasury.deposit, (line, amount, slip));
        if (!_call("deposit", actor, Roles.TREASURER, address(treasury), data, expected)) return;
        l.deposited += amount;
        l.available += amount;
        mSlips[slip] = line;
        mSlipList.push(slip);
    }

    function _expectDeposit(uint256 line, uint256 amount, bytes32 slip, address actor) private view returns (bytes4) {
        MLine storage l = mLines[line];
        if (l.budget == 0) return ITreasury.Treasury_LineUnknown.selector;
        if (mProgrammes[line >> 16].state == 6) return ITreasury.Treasury_ProgrammeClosed.selector;
        if (amount == 0 || slip == 0) return ITreasury.Treasury_DepositInvalid.selector;
        if (mSlips[slip] != 0) return ITreasury.Treasury_SlipUsed.selector;
        if (l.deposited + amount > l.budget) return ITreasury.Treasury_DepositOverBudget.selector;
        if (actor == many) return IERC20Errors.ERC20InsufficientAllowance.selector;
        return mProgrammes[line >> 16].token == address(token) ? FINE : ITreasury.Treasury_DepositNotWhole.selector;
    }

    /// @dev Money sent to the treasury past its ledger stays outside the ledger.
    function _donateStep() internal {
        uint256 amount = 1 + _draw(100);
        address from = _chance(80) ? issuer : mActors[_draw(mActors.length)];
        bytes4 expected = from == issuer ? FINE : bytes4(keccak256("SettlementToken_CallerNotIssuer(address,address)"));
        bytes memory data = abi.encodeCall(token.mint, (address(treasury), amount));
        if (_call("mint", from, ANYBODY, address(token), data, expected)) mDonated[address(token)] += amount;
    }

    // --- settlement ---

    function _prepareStep() internal {
        MerchantDay[] memory entries = _chance(90) ? _dueDays(1 + _draw(6)) : _anyDays(_draw(4));
        if (_chance(2)) entries = new MerchantDay[](501);
        bool sound = entries.length > 0 && entries.length <= 500;
        address actor = _actor(Roles.TREASURER);
        bytes memory data = abi.encodeCall(treasury.prepareSettlement, (entries));
        bytes4 expected = sound ? FINE : ITreasury.Treasury_RunSizeInvalid.selector;
        if (!_call("prepareSettlement", actor, Roles.TREASURER, address(treasury), data, expected)) return;
        MRun storage run = mRuns[++mLastRun];
        (run.proposer, run.open) = (actor, true);
        for (uint256 i; i < entries.length; ++i) {
            run.entries.push(entries[i]);
        }
    }

    /// @dev Days that could be paid now, or in a second; the oldest first, from somewhere.
    function _dueDays(uint256 most) private returns (MerchantDay[] memory entries) {
        entries = new MerchantDay[](most);
        uint256 found;
        uint256 from = mDays.length == 0 ? 0 : _draw(mDays.length);
        for (uint256 i; i < mDays.length && found < most; ++i) {
            MDay storage d = mDays[(from + i) % mDays.length];
            if (d.redeemed == d.settled + d.disputed || block.timestamp + 1 < _settleableFrom(d.line, d.day)) continue;
            entries[found++] = MerchantDay(uint40(d.line), uint32(d.merchant), uint24(d.day), _amountOf(d));
        }
        assembly ("memory-safe") {
            mstore(entries, found)
        }
    }

    function _anyDays(uint256 count) private returns (MerchantDay[] memory entries) {
        entries = new MerchantDay[](count);
        for (uint256 i; i < count; ++i) {
            if (mDays.length == 0 || _chance(10)) {
                entries[i] = MerchantDay(uint40(_draw(2 ** 18)), uint32(_draw(4)), uint24(block.timestamp / 1 days - _draw(9)), 0);
            } else {
                MDay storage d = mDays[mDays.length - 1 - _draw(mDays.length) % 12 % mDays.length];
                entries[i] = MerchantDay(uint40(d.line), uint32(d.merchant), uint24(d.day), _amountOf(d));
            }
        }
    }

    /// @dev What is payable for the day, now and then one more.
    function _amountOf(MDay storage d) private returns (uint64) {
        return uint64(d.redeemed - d.settled - d.disputed) + (_chance(3) ? 1 : 0);
    }

    function _releaseStep() internal {
        uint256 id = mLastRun == 0 || _chance(3) ? mLastRun + 1 : mLastRun - _draw(mLastRun < 4 ? mLastRun : 4);
        MerchantDay[] memory entries = mRuns[id].entries;
        bool changed = _chance(5);
        if (changed) entries = _anyDays(1 + entries.length);
        address actor = _actor(Roles.APPROVER);
        bytes4 expected;
        if (!mRuns[id].open) expected = ITreasury.Treasury_RunNotOpen.selector;
        else if (mRuns[id].proposer == actor) expected = ITreasury.Treasury_OwnProposal.selector;
        else if (changed) expected = ITreasury.Treasury_RunMismatch.selector;
        bytes memory data = abi.encodeCall(treasury.releaseSettlement, (id, entries));
        vm.recordLogs();
        if (!_call("releaseSettlement", actor, Roles.APPROVER, address(treasury), data, expected)) return;
        mRuns[id].open = false;
        bytes4[] memory skips = new bytes4[](entries.length);
        uint256 skipped;
        for (uint256 i; i < entries.length; ++i) {
            bytes4 reason = _mPay(entries[i]);
            if (reason == FINE) continue;
            skips[skipped++] = reason;
            _countRefused(reason);
        }
        _matchSkips(skips, skipped);
    }

    /// @return reason Why the entry is passed over; FINE if it is paid.
    function _mPay(MerchantDay memory e) private returns (bytes4 reason) {
        if (_mIsFrozen(5, e.merchant)) return ITreasury.Treasury_MerchantFrozen.selector;
        if (block.timestamp < _settleableFrom(e.line, e.day)) return ITreasury.Treasury_TooEarly.selector;
        uint256 at = mDayAt[keccak256(abi.encode(uint256(e.line), uint256(e.merchant), uint256(e.day)))];
        if (at == 0) return ITreasury.Treasury_NothingPayable.selector;
        MDay storage d = mDays[at - 1];
        MLine storage l = mLines[d.line];
        (uint256 amount, uint256 count) = (d.redeemed - d.settled - d.disputed, d.count - d.settledCount - d.disputedCount);
        if (amount == 0) return ITreasury.Treasury_NothingPayable.selector;
        if (amount != e.amount) return ITreasury.Treasury_AmountDiffers.selector;
        (d.settled, d.settledCount) = (d.settled + amount, d.settledCount + count);
        l.payable_ -= amount;
        l.payableCount -= count;
        l.settled += amount;
    }

    /// @dev The reasons logged are the model's, in their order.
    function _matchSkips(bytes4[] memory skips, uint256 count) private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 found;
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].topics[0] != ITreasury.MerchantPayoutSkipped.selector) continue;
            (, bytes4 reason) = abi.decode(logs[i].data, (uint256, bytes4));
            if (found >= count || reason != skips[found]) {
                revert Steps_Surprise("skip", found < count ? skips[found] : FINE, reason);
            }
            ++found;
        }
        if (found != count) revert Steps_Surprise("skip", skips[found], FINE);
    }

    // --- what comes back ---

    function _returnStep() internal {
        uint256 programme = _anyProgramme();
        for (uint256 i; i < 8 && mProgrammes[programme].state != 6; ++i) {
            programme = _anyProgramme();
        }
        uint256 line = programme << 16 | _draw(4);
        if (_chance(25)) line = _keptLine(line);
        MLine storage l = mLines[line];
        bytes4 expected;
        if (mProgrammes[line >> 16].state != 6) expected = ITreasury.Treasury_ProgrammeNotClosed.selector;
        else if (l.available == 0) expected = ITreasury.Treasury_NothingLeft.selector;
        else if (l.reserved != 0) expected = ITreasury.Treasury_StillReserved.selector;
        bytes memory data = abi.encodeCall(treasury.returnRest, (line));
        if (!_call("returnRest", _actor(Roles.TREASURER), Roles.TREASURER, address(treasury), data, expected)) return;
        l.returned += l.available;
        mFunds[l.funder] += l.available;
        l.available = 0;
    }

    /// @dev A line of a closed programme whose rest is kept for a round in part, if there is one; else the one given.
    function _keptLine(uint256 otherwise) private view returns (uint256) {
        for (uint256 id = mLastProgramme; id != 0; --id) {
            for (uint256 line = id << 16 | 1; mProgrammes[id].state == 6 && line <= (id << 16 | 3); ++line) {
                if (mLines[line].reserved != 0 && mLines[line].available != 0) return line;
            }
        }
        return otherwise;
    }

    function _sweepStep() internal {
        (uint256 batch, uint256 roll) = _sweepable();
        uint256 at = mPairAt[batch][roll];
        bytes4 expected;
        if (block.timestamp < _mUntil(batch, roll)) expected = ICaseDeskSweep.CaseDesk_NotOver.selector;
        else if (at == 0) expected = IVouchersErrors.Vouchers_NotIssued.selector;
        else if (mPairs[at - 1].swept) expected = IVouchersErrors.Vouchers_AlreadySwept.selector;
        bytes memory data = abi.encodeCall(desk.sweep, (batch, roll));
        if (!_call("sweep", _actor(Roles.TREASURER), Roles.TREASURER, address(desk), data, expected)) return;
        MBatch storage b = mBatches[batch];
        uint256 value = _restsOf(batch, roll);
        MPair storage pair = mPairs[at - 1];
        pair.returned += value;
        uint256 count = mRolls[roll].holders.length - pair.redeemed - pair.revoked - pair.booked;
        b.sweptOnce = true;
        MLine storage l = mLines[b.programme << 16 | b.line];
        pair.swept = true;
        b.swept += count;
        l.committed -= value;
        l.committedCount -= count;
        l.available += value;
    }

    /// @dev Mostly a pair that is over and not swept yet.
    function _sweepable() private returns (uint256 batch, uint256 roll) {
        if (mPairs.length == 0 || _chance(6)) return (_draw(mLastBatch + 2), _draw(mLastRoll + 2));
        uint256 from = _draw(mPairs.length);
        for (uint256 i; i < 40; ++i) {
            MPair storage p = mPairs[(from + i) % mPairs.length];
            (batch, roll) = (p.batch, p.roll);
            if (!p.swept && block.timestamp >= _mUntil(batch, roll)) break;
        }
    }
}
