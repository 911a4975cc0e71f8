// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IVouchersErrors} from "../../../contracts/interfaces/IVouchersErrors.sol";
import {IVouchersRedemption} from "../../../contracts/interfaces/IVouchersRedemption.sol";
import {Consent, Group, Item, Spend} from "../../../contracts/types/Redemption.sol";
import {OpenTypes} from "../OpenTypes.sol";
import {Vm} from "../Vm.sol";
import {Judge} from "./Judge.sol";

/// @title Redeeming: calls of several merchants, good items and bad ones, and the whole list of what is logged.
abstract contract RedeemSteps is Judge {
    error RedeemSteps_LogsDiffer(uint256 logs, uint256 expected, uint256 firstDifference, bytes data);

    bytes32[] internal _expected; // hash of every log, in order
    bytes32 internal _chain; // commitment of the call
    uint256 internal _first;

    function _redeemStep() internal {
        Group[] memory groups = new Group[](_chance(3) ? 0 : 1 + _draw(3));
        address[][] memory signers = new address[][](groups.length);
        address[] memory tills = new address[](groups.length);
        for (uint256 g; g < groups.length; ++g) {
            (groups[g], signers[g], tills[g]) = _drawGroup();
        }
        if (groups.length != 0 && _draw(200) == 0) groups[0].items = new Item[](1001);
        address sender = _drawSender(groups);
        bytes4 expected = _expectSender(groups, sender);
        bytes memory data = abi.encodeCall(vouchers.redeem, (groups));
        Consent[] memory consents;
        if (_chance(35)) {
            consents = _drawConsents(groups);
            data = abi.encodeCall(vouchers.redeemWithConsents, (groups, consents));
            if (consents.length > 1_000) expected = IVouchersErrors.Vouchers_TooManyItems.selector;
        }
        vm.recordLogs();
        bool accepted = _call("redeem", sender, ANYBODY, address(vouchers), data, expected);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        if (!accepted) return;
        delete _expected;
        (_chain, _first) = (0, mNumber + 1);
        _applyConsents(consents, true);
        for (uint256 g; g < groups.length; ++g) {
            _applyGroup(groups[g], g, signers[g], tills[g], sender);
        }
        _applyCall();
        _applyConsents(consents, false);
        _compare(logs);
    }

    // --- consents ---

    /// @dev For most of the items, by one who may be an attestor.
    function _drawConsents(Group[] memory groups) private returns (Consent[] memory consents) {
        if (_draw(100) == 0) return new Consent[](1001);
        consents = new Consent[](12);
        uint256 found;
        for (uint256 g; g < groups.length; ++g) {
            for (uint256 i; i < groups[g].items.length && found < consents.length && groups[g].items.length < 1000; ++i) {
                if (_chance(30)) continue;
                bytes32 digest = _heldDigest(groups[g].items[i], groups[g].merchant);
                uint256 key = _key(_chance(90) ? "attestor" : "second attestor");
                consents[found++] = Consent(digest, _signature(key, _consentDigest(digest)));
            }
        }
        assembly ("memory-safe") {
            mstore(consents, found)
        }
    }

    function _consentDigest(bytes32 redemption) internal view returns (bytes32) {
        bytes32 inner = keccak256(abi.encode(keccak256("Consent(bytes32 redemption)"), redemption));
        return keccak256(abi.encodePacked(hex"1901", vouchers.domainSeparator(), inner));
    }

    /// @dev Has the model hear the attestors, and forget them once the call is over.
    function _applyConsents(Consent[] memory consents, bool heard) internal {
        for (uint256 i; i < consents.length; ++i) {
            address attestor = _recovers(consents[i].signature, _consentDigest(consents[i].redemption));
            if (!mAttestors[attestor]) continue;
            mConsented[consents[i].redemption] = heard;
            if (!heard) continue;
            bytes32 topic0 = IVouchersRedemption.ConsentGiven.selector;
            _expectLog(topicsOf(topic0, uint256(consents[i].redemption), uint256(uint160(attestor))), "");
        }
    }

    // --- who sends ---

    function _drawSender(Group[] memory groups) private returns (address) {
        if (groups.length != 0 && groups[0].terminal != address(0) && _chance(40)) return groups[0].terminal;
        return _chance(3) ? mActors[_draw(mActors.length)] : operator;
    }

    function _expectSender(Group[] memory groups, address sender) private view returns (bytes4) {
        uint256 items;
        for (uint256 g; g < groups.length; ++g) {
            bool own = groups[g].terminal == sender && mTerminals[sender] != 0 && mTerminals[sender] == groups[g].merchant;
            if (!mRelayers[sender] && !own) return IVouchersErrors.Vouchers_SenderNotAllowed.selector;
            items += groups[g].items.length;
        }
        if (!mRelayers[sender] && groups.length == 0) return IVouchersErrors.Vouchers_SenderNotAllowed.selector;
        return items > 1000 ? IVouchersErrors.Vouchers_TooManyItems.selector : FINE;
    }

    // --- what is sent ---

    /// @return group The group; signed by its terminal or not.
    /// @return signers Who signed each item well; zero for none.
    /// @return till Who signed the group well; zero for none.
    function _drawGroup() private returns (Group memory group, address[] memory signers, address till) {
        if (mReplay != 0) {
            (group, signers) = _replay();
            return (group, signers, till);
        }
        group.merchant = _merchantFor();
        uint256 at = _chance(55) ? TERMINALS : _tillOf(group.merchant);
        uint256 own = mTerminals[mTills[0]]; // whose till is a holder, too
        if (own != 0 && _chance(4)) (group.merchant, at) = (own, 0);
        group.items = new Item[](_chance(3) ? 0 : 1 + _draw(4));
        signers = new address[](group.items.length);
        for (uint256 i; i < signers.length; ++i) {
            uint256 holder = at == 0 && _chance(50) ? 0 : type(uint256).max;
            (group.items[i], signers[i]) = _drawItem(group.merchant, holder);
        }
        if (at == TERMINALS) return (group, signers, till);
        group.terminal = mTills[at];
        if (_chance(20)) return (group, signers, till); // it may still be the sender
        group.terminalSignature = _signature(_tillKey(_chance(90) ? at : 1), _terminalDigest(group));
        till = _recovers(group.terminalSignature, _terminalDigest(group));
    }

    /// @dev An item once more whose redemption was just reversed.
    function _replay() private returns (Group memory group, address[] memory signers) {
        group.items = new Item[](1);
        signers = new address[](1);
        (group.items[0], group.merchant, signers[0]) = abi.decode(mKept[mReplay], (Item, uint256, address));
        mReplay = 0;
    }

    /// @dev Mostly a terminal of the merchant; none if it has none.
    function _tillOf(uint256 merchant) internal returns (uint256 at) {
        at = _draw(TERMINALS);
        for (uint256 i; i < TERMINALS && mTerminals[mTills[at]] != merchant; ++i) {
            at = (at + 1) % TERMINALS;
        }
        if (mTerminals[mTills[at]] != merchant && _chance(85)) return TERMINALS;
    }

    function _recovers(bytes memory signature, bytes32 digest) internal pure returns (address) {
        (bytes32 r, bytes32 s) = abi.decode(signature, (bytes32, bytes32));
        return ecrecover(digest, uint8(signature[64]), r, s);
    }

    function _merchantFor() internal returns (uint256 merchant) {
        for (uint256 i; i < 5; ++i) {
            merchant = _anyMerchant();
            if (mMerchants[merchant].status == 2) break;
        }
    }

    function _drawItem(uint256 merchant, uint256 wanted) internal returns (Item memory item, address signer) {
        uint256 first = _chance(4) ? _somewhere() : _drawVoucher(0, wanted);
        uint256 holder = _placeExists(first) ? _mHolderAt(first) : _draw(HOLDERS);
        item.spends = _drawSpends(first, holder);
        item.receipt = keccak256(abi.encode(steps, first));
        uint256 maxDeadline = _mRulesOf(first).maxDeadline;
        item.deadline = block.timestamp + 1 + (maxDeadline == 0 ? 0 : _draw(maxDeadline));
        item.channel = _drawChannel(first, merchant);
        item.bill = _drawBill(item.spends);
        if (_chance(30)) _spoil(item, maxDeadline);
        if (_chance(4)) holder = _draw(HOLDERS);
        if (_chance(20)) _openItem(item, _holderKey(holder), _mRulesOf(first).rules.openSeconds);
        else item.signature = _inEitherForm(_holderKey(holder), _digest(item, merchant));
        signer = mHolders[holder];
        if (_chance(96)) return (item, signer);
        item.signature = new bytes(_draw(70));
        return (item, address(0));
    }

    /// @dev Signs it without naming the merchant, for a bill about as high as this one, and mostly no further ahead than the rules allow.
    function _openItem(Item memory item, uint256 key, uint256 longest) private {
        if (item.deadline > block.timestamp && _chance(85)) item.deadline = block.timestamp + 1 + _draw(longest + 1);
        uint256 maxBill = _chance(70) ? item.bill + _draw(2_000) : item.bill - (item.bill == 0 ? 0 : 1);
        bytes32 digest = _typed(OpenTypes.redemption(item, maxBill));
        item.signature = OpenTypes.signature(maxBill, _inEitherForm(key, digest));
    }

    function _inEitherForm(uint256 key, bytes32 digest) private returns (bytes memory) {
        return _chance(50) ? _signature(key, digest) : _compactSignature(key, digest);
    }

    /// @dev What the item's holder signed.
    function _heldDigest(Item memory item, uint256 merchant) private view returns (bytes32) {
        (bool open, uint256 maxBill) = OpenTypes.read(item);
        return open ? _typed(OpenTypes.redemption(item, maxBill)) : _digest(item, merchant);
    }

    /// @dev A voucher that can mostly be redeemed; of `programme` and `holder`, if they are given.
    function _drawVoucher(uint256 programme, uint256 holder) private returns (uint256 voucher) {
        bool revoked = programme == 0 && holder == type(uint256).max && mRevokedList.length != 0 && _chance(3);
        if (revoked) return mRevokedList[_draw(mRevokedList.length)];
        for (uint256 i; i < 24 && mPairs.length != 0; ++i) {
            MPair storage p = mPairs[mPairs.length - 1 - _draw(mPairs.length) % 50];
            MRoll storage r = mRolls[p.roll];
            uint256 place = _draw(r.holders.length);
            voucher = p.batch << 35 | p.roll << 11 | place;
            if (programme != 0 && r.programme != programme) continue;
            if (holder != type(uint256).max && _mHolderAt(voucher) != holder) continue;
            if (mRedeemed[voucher] || mProgrammes[r.programme].state != 5) continue;
            // At the very edges, too, and now and then too early:
            bool begun = block.timestamp + 1 >= mBatches[p.batch].from || _chance(20);
            if (begun && block.timestamp <= _mUntil(p.batch, p.roll)) return voucher;
        }
        if (programme != 0 && _chance(97)) return 0;
    }

    /// @dev One to three vouchers of the holder, ascending.
    function _drawSpends(uint256 first, uint256 holder) private returns (Spend[] memory spends) {
        uint256 count = _chance(8) ? 4 + _draw(9) : 1 + _draw(3); // more than a call keeps in hand
        spends = new Spend[](count);
        spends[0] = _soundSpend(first);
        uint256 found = 1;
        for (uint256 i = 1; i < count; ++i) {
            uint256 programme = _chance(97) ? mBatches[first >> 35].programme : 0;
            uint256 other = _drawVoucher(programme, _chance(96) ? holder : _draw(HOLDERS));
            if (other == 0 || (other == first && _chance(90))) continue;
            spends[found++] = _soundSpend(other);
        }
        assembly ("memory-safe") {
            mstore(spends, found)
        }
        if (_chance(5)) return spends;
        for (uint256 i = 1; i < found; ++i) {
            for (uint256 j = i; j > 0 && spends[j - 1].voucher > spends[j].voucher; --j) {
                (spends[j - 1], spends[j]) = (spends[j], spends[j - 1]);
            }
        }
    }

    function _drawChannel(uint256 voucher, uint256 merchant) private returns (uint256 channel) {
        uint256 shared = (mBatches[voucher >> 35].channels | mProgrammes[mBatches[voucher >> 35].programme].wideChannels)
            & mMerchants[merchant].channels;
        for (uint256 i; i < 6; ++i) {
            channel = _draw(3);
            if (shared >> channel & 1 != 0) break;
        }
    }

    function _drawBill(Spend[] memory spends) private returns (uint256) {
        uint256 amounts;
        uint256 minimums;
        for (uint256 i; i < spends.length; ++i) {
            amounts += spends[i].amount;
            minimums += mBatches[spends[i].voucher >> 35].minimum;
        }
        return (amounts > minimums ? amounts : minimums) + (_chance(50) ? 0 : _draw(5_000));
    }

    /// @dev One fault, or a thing close to one.
    function _spoil(Item memory item, uint256 maxDeadline) private {
        uint256 fault = _draw(16);
        Spend memory last = item.spends[item.spends.length - 1];
        if (fault == 0) item.spends = new Spend[](0);
        if (fault == 1) item.deadline = block.timestamp - _draw(2);
        if (fault == 2) item.deadline = block.timestamp + maxDeadline + _draw(2);
        if (fault == 3) last.amount += 1;
        if (fault == 4) last.sequence += 1;
        if (fault == 5 && item.bill > 0) item.bill -= 1;
        if (fault == 6) item.bill = _draw(200);
        if (fault == 7) item.channel = [uint256(3), 7, 8, 255, 256, type(uint256).max][_draw(6)];
        if (fault == 8) last.voucher |= 0x7ff;
        if (fault == 9) last.voucher |= 1 << (59 + _draw(_chance(50) ? 24 : 190));
        if (fault == 10) last.voucher = uint256(1 + _draw(mLastBatch + 2)) << 35 | (last.voucher & 0x7ffffffff);
        if (fault == 11 && mNumber != 0) last.voucher = _somewhere();
        if (fault == 12) item.spends = _append(item.spends, _somewhere());
        if (fault == 13) item.spends = _append(item.spends, _another(last.voucher));
        if (fault >= 14 && item.spends.length > 1) last.voucher = _somewhere();
    }

    function _append(Spend[] memory spends, uint256 voucher) private returns (Spend[] memory more) {
        more = new Spend[](spends.length + 1);
        for (uint256 i; i < spends.length; ++i) {
            more[i] = spends[i];
        }
        more[spends.length] = _soundSpend(voucher);
    }

    // --- what must have happened ---

    function _applyGroup(Group memory group, uint256 index, address[] memory signers, address till, address sender) private {
        Case memory c;
        (c.merchant, c.terminal) = (group.merchant, group.terminal);
        if (c.terminal != address(0)) {
            if (mTerminals[c.terminal] != c.merchant) {
                c.terminalRefusal = IVouchersErrors.Vouchers_TerminalUnknown.selector;
            } else if (sender != c.terminal && till != c.terminal) {
                c.terminalRefusal = IVouchersErrors.Vouchers_TerminalSignatureInvalid.selector;
            }
        }
        uint256 first = mNumber + 1;
        for (uint256 i; i < group.items.length; ++i) {
            c.signer = signers[i];
            _applyItem(group.items[i], c, index, i);
        }
        if (c.terminal == address(0) || mNumber + 1 == first) return;
        bytes memory data = abi.encode(first, mNumber + 1 - first);
        bytes32 topic0 = IVouchersRedemption.TerminalBatchAccepted.selector;
        _expectLog(topicsOf(topic0, c.merchant, uint256(uint160(c.terminal))), data);
    }

    function _applyItem(Item memory item, Case memory c, uint256 group, uint256 index) private {
        bytes32 digest = _heldDigest(item, c.merchant);
        c.digest = digest;
        (bytes4 reason, uint256 failed) = _judge(item, c);
        if (reason != FINE) {
            _countRefused(reason);
            if (failed == 0) {
                bytes32 topic0 = IVouchersRedemption.RedemptionItemRefused.selector;
                _expectLog(topicsOf(topic0, c.merchant), abi.encode(group, index, reason));
            } else {
                bytes32 topic0 = IVouchersRedemption.RedemptionRefused.selector;
                _expectLog(topicsOf(topic0, failed, c.merchant), abi.encode(digest, reason));
            }
            return;
        }
        Item memory taken = _asTaken(item);
        _countLimits(taken, c.signer, c.terminal, _amountsOf(taken));
        if (item.spends.length == 1 && _chance(60)) mKept[digest] = abi.encode(item, c.merchant, c.signer);
        for (uint256 i; i < item.spends.length; ++i) {
            _applyVoucher(taken.spends[i], item.receipt, digest, c);
        }
    }

    function _applyVoucher(Spend memory s, bytes32 receipt, bytes32 digest, Case memory c) private {
        uint256 voucher = s.voucher;
        MBatch storage b = mBatches[voucher >> 35];
        if (b.kind == STORED) ++mTaken[voucher].sequence;
        _spend(s, digest, c);
        bytes32 topic0 = IVouchersRedemption.VoucherRedeemed.selector;
        _expectLog(topicsOf(topic0, voucher, c.merchant), abi.encode(receipt, digest, s.amount, b.version, ++mNumber));
    }

    /// @dev From committed to payable, with a leaf; the log and the number are the caller's.
    function _spend(Spend memory s, bytes32 digest, Case memory c) internal {
        uint256 voucher = s.voucher;
        MBatch storage b = mBatches[voucher >> 35];
        uint256 line = b.programme << 16 | b.line;
        mTakenUp[voucher & 0x7ffffffff] = true;
        if (_take(voucher, s.amount)) {
            mRedeemed[voucher] = true;
            ++mPairs[mPairAt[voucher >> 35][_rollOf(voucher)] - 1].redeemed;
            mLines[line].committedCount -= 1;
        }
        mLines[line].committed -= s.amount;
        mLines[line].payable_ += s.amount;
        mLines[line].payableCount += 1;
        mLeaves.push(_leaf(s, digest, c, line));
        MDay storage day = _mDay(line, c.merchant, _mDayOf(b.programme));
        day.redeemed += s.amount;
        day.count += 1;
        bytes memory leaf = abi.encode(digest, voucher, s.amount, c.merchant, c.terminal, block.timestamp, b.version);
        _chain = keccak256(abi.encodePacked(_chain, keccak256(leaf)));
    }

    function _leaf(Spend memory s, bytes32 digest, Case memory c, uint256 line) private view returns (MLeaf memory l) {
        (l.digest, l.voucher, l.amount) = (digest, s.voucher, s.amount);
        (l.merchant, l.terminal, l.time) = (c.merchant, c.terminal, block.timestamp);
        (l.line, l.day, l.first) = (line, _mDayOf(line >> 16), _first);
    }

    function _applyCall() internal {
        if (mNumber + 1 == _first) return;
        mFirsts.push(_first);
        mCallEnd[_first] = mNumber;
        mCommitments[_first] = _chain;
        bytes32 topic0 = IVouchersRedemption.RedemptionsCommitted.selector;
        _expectLog(topicsOf(topic0, _first), abi.encode(mNumber + 1 - _first, _chain));
    }

    function _expectLog(bytes32[] memory topics, bytes memory data) internal {
        _expected.push(keccak256(abi.encode(topics, data)));
    }

    function _compare(Vm.Log[] memory logs) internal view {
        for (uint256 i; i < logs.length && i < _expected.length; ++i) {
            if (_expected[i] != keccak256(abi.encode(logs[i].topics, logs[i].data))) {
                revert RedeemSteps_LogsDiffer(logs.length, _expected.length, i, logs[i].data);
            }
        }
        if (logs.length != _expected.length) revert RedeemSteps_LogsDiffer(logs.length, _expected.length, logs.length, "");
    }
}
