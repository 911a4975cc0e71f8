// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICaseDeskDisputes} from "../../../contracts/interfaces/ICaseDeskDisputes.sol";
import {ICaseDeskReversals} from "../../../contracts/interfaces/ICaseDeskReversals.sol";
import {IMerchantRegistry} from "../../../contracts/interfaces/IMerchantRegistry.sol";
import {Roles} from "../../../contracts/libraries/Roles.sol";
import {Leaf, Opening} from "../../../contracts/types/Case.sol";
import {KindModel} from "./KindModel.sol";

/// @title Reversals and disputes: good openings and bad ones, by keys, tills, holders and strangers, sent or signed.
abstract contract CaseSteps is KindModel {
    /// @dev One attempt: which leaf, opened how, by whom, said how.
    struct Attempt {
        uint256 number; // of the redemption; 0: an opening that is nothing
        Opening opening;
        bytes32 reason;
        uint256 deadline;
        bytes signature;
        address by; // who signed, or sends
        bool spoilt;
    }

    // --- reversals ---

    function _reverseStep() internal {
        if (mLeaves.length == 0) return;
        Attempt memory a = _attempt("Reversal");
        bytes4 expected = _expectReverse(a);
        bytes memory data = abi.encodeCall(desk.reverse, (a.opening, a.reason, a.deadline, a.signature));
        address sender = a.signature.length == 0 ? a.by : mActors[_draw(mActors.length)];
        if (!_call("reverse", sender, ANYBODY, address(desk), data, expected)) return;
        if (!_mActsFor(mKeys, a.by, mLeaves[a.number - 1].merchant)) _countReversing(a);
        _applyReversal(a.number, mLeaves[a.number - 1].day);
    }

    function _arbiterStep() internal {
        if (mLeaves.length == 0) return;
        Attempt memory a = _attempt("Reversal");
        if (block.timestamp < mLeaves[a.number - 1].time + 3 days && _chance(80)) return;
        MLeaf storage l = mLeaves[a.number - 1];
        uint256 later = _laterDay(l);
        bytes4 expected = _expectOpening(a);
        uint256 until = l.time + _mRules(l).reversalWindow;
        if (expected == FINE && block.timestamp < until) expected = ICaseDeskReversals.CaseDesk_ReversalWindowOpen.selector;
        uint256 day = l.day;
        if (expected == FINE) (expected, day) = _expectDay(l, later);
        bytes memory data = abi.encodeCall(desk.reverseByArbiter, (a.opening, later, a.reason));
        if (!_call("reverseByArbiter", _actor(Roles.ARBITER), Roles.ARBITER, address(desk), data, expected)) return;
        _applyReversal(a.number, day);
    }

    /// @dev None, one not later, or mostly a day of the same line and merchant.
    function _laterDay(MLeaf storage l) private returns (uint256) {
        if (_chance(15)) return 0;
        if (_chance(25)) return l.day - _draw(2);
        for (uint256 i; i < 30 && i < mDays.length; ++i) {
            MDay storage d = mDays[mDays.length - 1 - i];
            if (d.line == l.line && d.merchant == l.merchant && d.day > l.day && _chance(70)) return d.day;
        }
        return l.day + 1 + _draw(3);
    }

    function _expectReverse(Attempt memory a) private view returns (bytes4 expected) {
        expected = _expectOpening(a);
        if (expected != FINE) return expected;
        MLeaf storage l = mLeaves[a.number - 1];
        if (block.timestamp >= a.deadline) return ICaseDeskReversals.CaseDesk_DeadlinePassed.selector;
        if (!_mActsFor(mKeys, a.by, l.merchant)) {
            if (!_mActsFor(mTerminals, a.by, l.merchant)) return ICaseDeskReversals.CaseDesk_NotTheMerchant.selector;
            if (l.terminal != a.by) return ICaseDeskReversals.CaseDesk_TerminalNotNamed.selector;
        }
        if (block.timestamp >= l.time + _mRules(l).reversalWindow) {
            return ICaseDeskReversals.CaseDesk_ReversalWindowOver.selector;
        }
        uint256 sum = mTillReversed[a.by][_mDayOf(l.line >> 16)] + l.amount;
        if (!_mActsFor(mKeys, a.by, l.merchant) && mTillLimits[a.by] != 0 && sum > mTillLimits[a.by]) {
            return ICaseDeskReversals.CaseDesk_TerminalLimitPassed.selector;
        }
        (expected,) = _expectDay(l, 0);
    }

    function _expectOpening(Attempt memory a) private view returns (bytes4) {
        if (a.spoilt) return ICaseDeskReversals.CaseDesk_OpeningWrong.selector;
        return mLeaves[a.number - 1].reversed ? ICaseDeskReversals.CaseDesk_ReversedBefore.selector : FINE;
    }

    /// @dev Where the money of a reversal comes from. What the redemption's own open dispute locks is its own.
    function _expectDay(MLeaf storage l, uint256 later) private view returns (bytes4, uint256) {
        if (_isOpen(l) || _hasMoney(l, l.day)) return (FINE, l.day);
        if (later == 0) return (ICaseDeskReversals.CaseDesk_DayShort.selector, 0);
        if (later <= l.day) return (ICaseDeskReversals.CaseDesk_DayNotLater.selector, 0);
        return (_hasMoney(l, later) ? FINE : ICaseDeskReversals.CaseDesk_DayShort.selector, later);
    }

    function _hasMoney(MLeaf storage l, uint256 day) private view returns (bool) {
        uint256 at = mDayAt[keccak256(abi.encode(l.line, l.merchant, day))];
        if (at == 0) return false;
        MDay storage d = mDays[at - 1];
        return d.redeemed - d.settled - d.disputed >= l.amount && d.count - d.settledCount - d.disputedCount > 0;
    }

    function _isOpen(MLeaf storage l) private view returns (bool) {
        return l.dispute != 0 && mDisputes[l.dispute - 1].open;
    }

    /// @dev The rules the redemption was judged by.
    function _mRules(MLeaf storage l) private view returns (MVersion storage) {
        return mVersions[l.line >> 16][mBatches[l.voucher >> 35].version];
    }

    /// @dev Whether the account is the merchant's, and the merchant not removed.
    function _mActsFor(mapping(address => uint256) storage owners, address account, uint256 merchant)
        private
        view
        returns (bool)
    {
        return owners[account] == merchant && mMerchants[merchant].status != 4;
    }

    function _countReversing(Attempt memory a) private {
        MLeaf storage l = mLeaves[a.number - 1];
        mTillReversed[a.by][_mDayOf(l.line >> 16)] += l.amount;
    }

    function _applyReversal(uint256 number, uint256 day) private {
        MLeaf storage l = mLeaves[number - 1];
        if (_isOpen(l)) _closeDispute(l);
        l.reversed = true;
        mDead[keccak256(abi.encode(l.digest, l.voucher))] = true;
        ++mReversals;
        bool usedUp = mRedeemed[l.voucher];
        _giveBack(l.voucher, l.amount, usedUp);
        mRedeemed[l.voucher] = false;
        mReversed[l.voucher] = true;
        MDay storage d = _mDay(l.line, l.merchant, day);
        d.redeemed -= l.amount;
        d.count -= 1;
        MLine storage line = mLines[l.line];
        line.payable_ -= l.amount;
        line.payableCount -= 1;
        MPair storage p = mPairs[mPairAt[l.voucher >> 35][l.voucher >> 11 & 0xffffff] - 1];
        if (usedUp) --p.redeemed;
        if (p.swept && usedUp) mBatches[p.batch].swept += 1;
        if (p.swept || mRevoked[l.voucher]) {
            p.returned += l.amount;
            line.available += l.amount;
        } else {
            line.committed += l.amount;
            if (usedUp) line.committedCount += 1;
        }
        if (mKept[l.digest].length != 0) mReplay = l.digest;
    }

    // --- disputes ---

    function _disputeStep() internal {
        if (mLeaves.length == 0) return;
        Attempt memory a = _attempt("Dispute");
        bytes4 expected = _expectDispute(a);
        bytes memory data = abi.encodeCall(desk.dispute, (a.opening, a.reason, a.deadline, a.signature));
        address sender = a.signature.length == 0 ? a.by : mActors[_draw(mActors.length)];
        if (!_call("dispute", sender, ANYBODY, address(desk), data, expected)) return;
        MLeaf storage l = mLeaves[a.number - 1];
        mDisputes.push(MDispute(a.number, block.timestamp + 14 days, true));
        l.dispute = mDisputes.length;
        MDay storage d = _mDay(l.line, l.merchant, l.day);
        d.disputed += l.amount;
        d.disputedCount += 1;
    }

    function _expectDispute(Attempt memory a) private view returns (bytes4 expected) {
        expected = _expectOpening(a);
        if (expected != FINE) return expected;
        MLeaf storage l = mLeaves[a.number - 1];
        if (block.timestamp >= a.deadline) return ICaseDeskReversals.CaseDesk_DeadlinePassed.selector;
        if (a.by != mHolders[_mHolderAt(l.voucher)] && !_mActsFor(mKeys, a.by, l.merchant)) {
            return ICaseDeskDisputes.CaseDesk_NotAParty.selector;
        }
        if (block.timestamp >= l.time + _mRules(l).disputeWindow) {
            return ICaseDeskDisputes.CaseDesk_DisputeWindowOver.selector;
        }
        if (l.dispute != 0) return ICaseDeskDisputes.CaseDesk_DisputedBefore.selector;
        return _hasMoney(l, l.day) ? FINE : ICaseDeskReversals.CaseDesk_DayShort.selector;
    }

    function _decideStep() internal {
        uint256 id = _aDispute();
        bool open = id != 0 && id <= mDisputes.length && mDisputes[id - 1].open;
        if (open && block.timestamp < mDisputes[id - 1].decideBy && _chance(60)) return; // some must outlast their time
        uint256 decideBy = open ? mDisputes[id - 1].decideBy : 0;
        bool byDefault = _chance(open && block.timestamp >= decideBy ? 80 : 35);
        bool stands = byDefault || _chance(50);
        bytes4 expected = open ? FINE : ICaseDeskDisputes.CaseDesk_DisputeNotOpen.selector;
        if (open && byDefault && block.timestamp < decideBy) expected = ICaseDeskDisputes.CaseDesk_DecisionOpen.selector;
        if (open && !byDefault && block.timestamp >= decideBy) expected = ICaseDeskDisputes.CaseDesk_DecisionOver.selector;
        bytes memory data = byDefault
            ? abi.encodeCall(desk.decideByDefault, (id))
            : abi.encodeCall(desk.decide, (id, stands, keccak256("decided")));
        address actor = byDefault ? mActors[_draw(mActors.length)] : _actor(Roles.ARBITER);
        string memory what = byDefault ? "decideByDefault" : "decide";
        if (!_call(what, actor, byDefault ? ANYBODY : Roles.ARBITER, address(desk), data, expected)) return;
        MLeaf storage l = mLeaves[mDisputes[id - 1].number - 1];
        if (stands) _closeDispute(l);
        else _applyReversal(mDisputes[id - 1].number, l.day);
    }

    /// @dev One of late, the oldest that is open, or none.
    function _aDispute() private returns (uint256 id) {
        if (mDisputes.length == 0 || _chance(3)) return mDisputes.length + 1;
        id = mDisputes.length - _draw(mDisputes.length) % 8;
        if (_chance(50)) return id;
        for (uint256 i; i < mDisputes.length; ++i) {
            if (mDisputes[i].open) return i + 1;
        }
    }

    function _closeDispute(MLeaf storage l) private {
        mDisputes[l.dispute - 1].open = false;
        MDay storage d = _mDay(l.line, l.merchant, l.day);
        d.disputed -= l.amount;
        d.disputedCount -= 1;
    }

    // --- attempts ---

    function _attempt(string memory kind) private returns (Attempt memory a) {
        a.number = _aRedemption();
        a.opening = _openingOf(a.number);
        a.reason = keccak256(abi.encode("reason", steps));
        a.deadline = block.timestamp + (_chance(95) ? 1 + _draw(1 hours) : 0);
        uint256 key;
        bool wanted = _chance(70); // who may
        if (wanted) (a.by, key) = _rightful(mLeaves[a.number - 1], bytes(kind).length == 7);
        if (key == 0) (a.by, key) = _speaker(mLeaves[a.number - 1]);
        if (key != 0 && _chance(60)) a.signature = _sayIt(kind, a, key);
        if (_chance(6)) {
            a.spoilt = true;
            _spoil(a.opening);
        }
    }

    /// @dev Mostly a young one; now and then one whose voucher is in dispute, or any.
    function _aRedemption() private returns (uint256) {
        if (_chance(10)) return 1 + _draw(mLeaves.length);
        if (mDisputes.length != 0 && _chance(20)) return mDisputes[mDisputes.length - 1 - _draw(mDisputes.length) % 4].number;
        uint256 back = [uint256(10), 10, 120, 600][_draw(4)];
        return mLeaves.length - _draw(mLeaves.length) % back;
    }

    function _openingOf(uint256 number) private view returns (Opening memory o) {
        MLeaf storage l = mLeaves[number - 1];
        o.firstNumber = l.first;
        o.leaf = _leafOf(l);
        o.before = new bytes32[](number - l.first);
        o.behind = new bytes32[](mCallEnd[l.first] - number);
        for (uint256 i; i < o.before.length; ++i) {
            o.before[i] = keccak256(abi.encode(_leafOf(mLeaves[l.first + i - 1])));
        }
        for (uint256 i; i < o.behind.length; ++i) {
            o.behind[i] = keccak256(abi.encode(_leafOf(mLeaves[number + i])));
        }
    }

    function _leafOf(MLeaf storage l) private view returns (Leaf memory) {
        return Leaf(l.digest, l.voucher, l.amount, l.merchant, l.terminal, l.time, mBatches[l.voucher >> 35].version);
    }

    function _spoil(Opening memory o) private {
        uint256 fault = _draw(6);
        if (fault == 0) o.leaf.amount += 1;
        if (fault == 1) o.leaf.voucher ^= 1;
        if (fault == 2) o.before = new bytes32[](o.before.length + 1);
        if (fault == 3) o.behind = new bytes32[](o.behind.length + 1);
        if (fault == 4) o.firstNumber = mNumber + 1 + _draw(3);
        if (fault == 5) o.leaf.digest = ~o.leaf.digest;
    }

    /// @dev The holder for a dispute; else a key of the merchant, or the till that answered; zero where there is none.
    function _rightful(MLeaf storage l, bool isDispute) private returns (address by, uint256 key) {
        if (isDispute && _chance(70)) {
            uint256 holder = _mHolderAt(l.voucher);
            return (mHolders[holder], _holderKey(holder));
        }
        bool tillFirst = l.terminal != address(0) && _chance(35);
        if (!tillFirst) (by, key) = _merchantKey(l.merchant);
        if (mKeys[by] == l.merchant && !tillFirst) return (by, key);
        for (uint256 i; i < TERMINALS; ++i) {
            if (mTills[i] != l.terminal || mTerminals[mTills[i]] != l.merchant) continue;
            if (_chance(20)) _narrow(l);
            return (mTills[i], _tillKey(i));
        }
        return (address(0), 0);
    }

    /// @dev Gives the till a limit that no reversal of it keeps.
    function _narrow(MLeaf storage l) private {
        bytes4 expected = mMerchants[l.merchant].status == 4 ? IMerchantRegistry.MerchantRegistry_StatusWrong.selector : FINE;
        bytes memory data = abi.encodeCall(merchants.limitTerminal, (l.merchant, l.terminal, 1));
        if (_call("limitTerminal", registrar, Roles.REGISTRAR, address(merchants), data, expected)) mTillLimits[l.terminal] = 1;
    }

    /// @dev A key or till of the merchant, the holder, or somebody else, with their private key; zero where it is not known.
    function _speaker(MLeaf storage l) private returns (address by, uint256 key) {
        uint256 kind = _draw(100);
        if (kind < 45) return _merchantKey(l.merchant);
        if (kind < 65 && l.terminal != address(0)) {
            for (uint256 i; i < TERMINALS; ++i) {
                if (mTills[i] == l.terminal) return (mTills[i], _tillKey(i));
            }
        }
        if (kind < 75) {
            uint256 at = _draw(TERMINALS);
            for (uint256 i; i < TERMINALS && (mTerminals[mTills[at]] != l.merchant || mTills[at] == l.terminal); ++i) {
                at = (at + 1) % TERMINALS;
            }
            return (mTills[at], _tillKey(at));
        }
        if (kind < 95) {
            uint256 holder = _mHolderAt(l.voucher);
            return (mHolders[holder], _holderKey(holder));
        }
        return (mActors[_draw(mActors.length)], 0);
    }

    /// @dev A key that is the merchant's, if it has one.
    function _merchantKey(uint256 merchant) private returns (address by, uint256 key) {
        uint256 from = _draw(KEYS);
        for (uint256 i; i < KEYS; ++i) {
            key = _shopKey((from + i) % KEYS);
            by = vm.addr(key);
            if (mKeys[by] == merchant) return (by, key);
        }
    }

    function _sayIt(string memory kind, Attempt memory a, uint256 key) private view returns (bytes memory) {
        string memory fields = "(bytes32 redemption,uint256 voucher,bytes32 reason,uint256 deadline)";
        Leaf memory leaf = a.opening.leaf;
        bytes32 typed = keccak256(bytes(string.concat(kind, fields)));
        bytes32 inner = keccak256(abi.encode(typed, leaf.digest, leaf.voucher, a.reason, a.deadline));
        return _signature(key, _typed(inner));
    }
}
