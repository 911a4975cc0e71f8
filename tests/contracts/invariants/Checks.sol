// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IProgrammeRegistry} from "../../../contracts/interfaces/IProgrammeRegistry.sol";
import {ITreasury} from "../../../contracts/interfaces/ITreasury.sol";
import {ProgrammeState} from "../../../contracts/types/Programme.sol";
import {MerchantStatus, MerchantTerms} from "../../../contracts/types/Merchant.sol";
import {VoucherState} from "../../../contracts/types/Supply.sol";
import {HolderChecks} from "./HolderChecks.sol";

/// @title The numbered invariants of docs/invariants.md, read from the contracts' own words wherever they can be.
abstract contract Checks is HolderChecks {
    mapping(uint256 programme => uint256 state) private _stateSeen;
    mapping(uint256 voucher => VoucherState) private _voucherSeen;
    mapping(uint256 line => uint256) private _unspentValue;
    mapping(uint256 line => uint256) private _unspentCount;
    mapping(uint256 line => uint256) private _dueValue;
    mapping(uint256 line => uint256) private _dueCount;
    mapping(uint256 line => uint256) private _issuedValue;
    mapping(uint256 line => uint256) private _settledValue;
    mapping(uint256 merchant => uint256) private _paid;
    mapping(address token_ => uint256) private _held;
    uint256 private _bitsSet;

    /// @dev All of them; reverts with the number of the first that does not hold.
    function check() public {
        _checkPairs();
        _checkDays();
        _checkLines();
        _checkProgrammes();
        _checkVersions();
        _checkStanding();
        _checkClaims();
        _checkLimits();
        _checkPolicies();
        _checkBookings();
        _checkHolders();
        _checkMerchants();
        _checkNumbers();
        _checkEscrow();
        _clear();
    }

    // --- I2, I5, I6, I7, I9, I14: vouchers ---

    function _checkPairs() private {
        for (uint256 i; i < mPairs.length; ++i) {
            MPair storage p = mPairs[i];
            uint256 unspent = _countPair(p) - _countRevoked(p);
            uint256 booked = _countBooked(p);
            MBatch storage b = mBatches[p.batch];
            uint256 line = b.programme << 16 | b.line;
            uint256 places = mRolls[p.roll].holders.length;
            _issuedValue[line] += places * b.face;
            (bool issued, bool swept) = vouchers.marksOf(p.batch, p.roll);
            _must(5, "issued mark", p.batch, issued ? 1 : 0, 1);
            _must(9, "swept mark", p.batch, swept ? 1 : 0, p.swept ? 1 : 0);
            if (b.kind != 0) _issuedValue[line] -= p.returned;
            else _issuedValue[line] -= (p.revoked + (swept ? unspent - booked : 0)) * b.face;
            if (swept) {
                unspent = booked;
            }
            _unspentValue[line] += unspent * b.face;
            _unspentCount[line] += unspent;
            _checkVoucher(p.batch << 35 | p.roll << 11 | uint256(keccak256(abi.encode(i, block.timestamp))) % places);
        }
        _checkTaken();
        for (uint256 batch = 1; batch <= mLastBatch; ++batch) {
            (,, uint256 supply) = vouchers.batchWords(batch);
            (uint256 quota, uint256 issued, uint256 swept) = (uint40(supply), uint40(supply >> 40), uint40(supply >> 120));
            _must(5, "issued", batch, issued, mBatches[batch].issued);
            _must(9, "swept", batch, swept, mBatches[batch].swept);
            if (issued > quota || swept > issued) revert Invariant_Broken(5, "quota", batch, issued, quota);
        }
    }

    /// @dev What was taken from percentages and stored value, by their words. A rest of a redeemed percentage is committed still, what was
    /// spent of stored value no more.
    function _checkTaken() private {
        for (uint256 i; i < mTakenList.length; ++i) {
            uint256 voucher = mTakenList[i];
            uint256 word = vouchers.storedWord(voucher);
            (MBatch storage b, MTaken storage t) = (mBatches[voucher >> 35], mTaken[voucher]);
            _must(7, "taken", voucher, word, t.sequence << 128 | t.booked << 64 | t.spent);
            uint256 gone = t.spent + t.booked;
            if (gone > b.face) revert Invariant_Broken(7, "more than its value", voucher, gone, b.face);
            if (mRevoked[voucher]) continue;
            if (mPairs[mPairAt[voucher >> 35][voucher >> 11 & 0xffffff] - 1].swept) {
                // Counted above as booked with its whole value, of which the sweep left what is booked.
                if (t.booked != 0) _unspentValue[b.programme << 16 | b.line] -= b.face - uint64(word >> 64);
                continue;
            }
            bool used = vouchers.redeemedBits(voucher >> 8) >> (voucher & 255) & 1 != 0;
            uint256 line = b.programme << 16 | b.line;
            if (b.kind == STORED && !used) _unspentValue[line] -= uint64(word);
            if (b.kind == PERCENTAGE && used) _unspentValue[line] += b.face - uint64(word);
        }
    }

    /// @dev Counts the pair's bits and returns the places whose bit is unset.
    function _countPair(MPair storage p) private returns (uint256) {
        uint256 places = mRolls[p.roll].holders.length;
        uint256 spent;
        for (uint256 word; word <= (places - 1) / 256; ++word) {
            uint256 bits = vouchers.redeemedBits((p.batch << 35 | p.roll << 11) / 256 + word);
            if (places < (word + 1) * 256) _must(7, "bits beyond the roll", p.roll, bits >> (places - word * 256), 0);
            for (; bits != 0; bits &= bits - 1) {
                ++spent;
            }
        }
        _must(7, "bits of a pair", p.batch, spent, p.redeemed);
        _bitsSet += spent;
        return places - spent;
    }

    /// @dev The states a voucher may go through: none, live, then redeemed or expired for good.
    function _checkVoucher(uint256 voucher) private {
        (uint256 batch, uint256 roll) = (voucher >> 35, voucher >> 11 & 0xffffff);
        VoucherState state = vouchers.stateOf(voucher);
        VoucherState expected = block.timestamp < _mUntil(batch, roll) ? VoucherState.LIVE : VoucherState.EXPIRED;
        if (mPairs[mPairAt[batch][roll] - 1].swept) expected = VoucherState.EXPIRED;
        if (mRevoked[voucher]) expected = VoucherState.REVOKED;
        if (mBooked[voucher]) expected = VoucherState.BOOKED;
        if (mRedeemed[voucher]) expected = VoucherState.REDEEMED;
        _must(6, "state", voucher, uint256(state), uint256(expected));
        if (!mTaken[voucher].listed) _must(7, "untouched", voucher, vouchers.storedWord(voucher), 0);
        VoucherState seen = _voucherSeen[voucher];
        bool arrow = seen == VoucherState.NONE || seen == VoucherState.LIVE || seen == state || seen == VoucherState.BOOKED
            || (seen == VoucherState.REDEEMED && mReversed[voucher])
            || (seen == VoucherState.EXPIRED && mBatches[batch].extended != 0); // live again, and whatever followed
        if (!arrow) revert Invariant_Broken(6, "arrow", voucher, uint256(state), uint256(seen));
        _voucherSeen[voucher] = state;
        _must(14, "holder", voucher, uint160(vouchers.holderOf(voucher)), uint160(mHolders[_mHolderAt(voucher)]));
    }

    // --- I3, I8: a merchant's days ---

    function _checkDays() private {
        for (uint256 i; i < mDays.length; ++i) {
            MDay storage d = mDays[i];
            uint256 word = vouchers.dayWord(d.line, d.merchant, d.day);
            (uint256 redeemed, uint256 settled) = (uint56(word), uint56(word >> 56));
            (uint256 count, uint256 settledCount) = (word >> 168 & 0xfffffff, word >> 196 & 0xfffffff);
            _checkDisputed(i, word);
            _must(8, "redeemed on a day", i, redeemed, d.redeemed);
            _must(8, "settled of a day", i, settled, d.settled);
            if (settled > redeemed || settledCount > count) revert Invariant_Broken(8, "paid twice", i, settled, redeemed);
            _dueValue[d.line] += redeemed - settled;
            _dueCount[d.line] += count - settledCount;
            _settledValue[d.line] += settled;
            _paid[d.merchant] += settled;
        }
        for (uint256 merchant = 1; merchant <= mLastMerchant; ++merchant) {
            uint256 held;
            for (uint256 i; i < mPayouts[merchant].length; ++i) {
                if (_firstOf(mPayouts[merchant], i)) held += token.balanceOf(mPayouts[merchant][i]);
            }
            _must(8, "paid out", merchant, held, _paid[merchant]);
        }
    }

    /// @dev What is disputed stays within what was redeemed and not paid.
    function _checkDisputed(uint256 i, uint256 word) private view {
        uint256 disputed = uint56(word >> 112);
        _must(22, "disputed of a day", i, disputed, mDays[i].disputed);
        _must(22, "disputed count of a day", i, word >> 224, mDays[i].disputedCount);
        uint256 unpaid = uint56(word) - uint56(word >> 56);
        if (disputed > unpaid) revert Invariant_Broken(22, "paid or taken in dispute", i, disputed, unpaid);
    }

    /// @dev Whether the account stands nowhere before in the list.
    function _firstOf(address[] storage accounts, uint256 at) private view returns (bool) {
        for (uint256 i; i < at; ++i) {
            if (accounts[i] == accounts[at]) return false;
        }
        return true;
    }

    // --- I1, I2, I3, I12, I18: the ledger by line ---

    function _checkLines() private {
        for (uint256 programme = 1; programme <= mLastProgramme; ++programme) {
            for (uint256 number = 1; number <= mProgrammes[programme].lines; ++number) {
                _checkLine(programme << 16 | number, mProgrammes[programme].token);
            }
            for (uint256 number = 1; number <= mProgrammes[programme].lines; ++number) {
                _checkFunder(programme << 16 | number);
            }
        }
    }

    function _checkLine(uint256 line, address itsToken) private {
        ITreasury.Account memory a = treasury.account(line);
        uint256 word = vouchers.lineWord(line);
        (uint256 committed, uint256 due) = (uint64(word), uint64(word >> 64));
        _must(1, "identity", line, a.available + committed + due + a.settled + a.returned, a.deposited);
        _must(2, "committed", line, committed, _unspentValue[line]);
        _must(2, "committed count", line, uint48(word >> 128), _unspentCount[line]);
        _must(3, "payable", line, due, _dueValue[line]);
        _must(3, "payable count", line, word >> 176, _dueCount[line]);
        _must(8, "settled", line, a.settled, _settledValue[line]);
        _must(1, "deposited", line, a.deposited, mLines[line].deposited);
        _must(1, "available", line, a.available, mLines[line].available);
        _must(1, "returned", line, a.returned, mLines[line].returned);
        _must(12, "budget", line, a.budget, mLines[line].budget);
        if (a.deposited > a.budget || _issuedValue[line] > a.budget) {
            revert Invariant_Broken(12, "over budget", line, _issuedValue[line], a.budget);
        }
        _must(4, "the funder's", line, token.balanceOf(mLines[line].funder), mFunds[mLines[line].funder]);
        _held[itsToken] += a.available + committed + due;
    }

    /// @dev What the lines of one funder may spend together is what was approved for them together.
    function _checkFunder(uint256 line) private view {
        if (mLines[line].budget == 0 && mProgrammes[line >> 16].state < 4) return;
        (uint256 budgets, uint256 approved) = (0, 0);
        for (uint256 number = 1; number <= mProgrammes[line >> 16].lines; ++number) {
            uint256 other = line >> 16 << 16 | number;
            if (mLines[other].funder != mLines[line].funder) continue;
            budgets += treasury.account(other).budget;
            approved += mLines[other].amount;
        }
        _must(18, "budgets of a funder", line, budgets, approved);
    }

    // --- I4: escrow ---

    function _checkEscrow() private view {
        uint256 escrow = treasury.escrowOf(address(token));
        _must(4, "escrow", 0, escrow, _held[address(token)]);
        _must(4, "balance", 0, token.balanceOf(address(treasury)), escrow + mDonated[address(token)]);
        _must(4, "escrow of the fee token", 0, treasury.escrowOf(address(feeToken)), 0);
    }

    // --- I11: programmes ---

    function _checkProgrammes() private {
        for (uint256 id = 1; id <= mLastProgramme; ++id) {
            (, ProgrammeState state, uint256 lines) = programmes.programme(id);
            MProgramme storage p = mProgrammes[id];
            _must(11, "state", id, uint256(state), p.rejected ? 7 : p.state);
            _must(11, "lines", id, lines, p.lines);
            if (uint256(state) < _stateSeen[id]) revert Invariant_Broken(11, "backwards", id, uint256(state), _stateSeen[id]);
            _stateSeen[id] = uint256(state);
            _must(11, "state in Vouchers", id, uint8(vouchers.programmeWord(id)), p.state < 4 ? 0 : p.state);
            (address drafter, address proposer, uint256 approvals) = programmes.actorsOf(id);
            _must(11, "approvals", id, approvals, p.approvals);
            if (p.state >= 3 && approvals < p.needed) revert Invariant_Broken(11, "approvals", id, approvals, p.needed);
            if (mApproved[id][drafter] || mApproved[id][proposer]) revert Invariant_Broken(11, "own proposal", id, 1, 0);
        }
    }

    // --- I13, I15, I19: merchants, their accounts, relayers ---

    function _checkMerchants() private view {
        _must(13, "merchants", 0, merchants.lastMerchant(), mLastMerchant);
        for (uint256 id = 1; id <= mLastMerchant; ++id) {
            MMerchant storage m = mMerchants[id];
            (MerchantTerms memory terms, MerchantStatus status) = merchants.merchant(id);
            _must(13, "status", id, uint256(status), m.status);
            uint256 word = uint256(status) | uint256(terms.channels) << 8 | uint256(terms.categories) << 16;
            _must(13, "word", id, uint120(vouchers.merchantWord(id)), word | uint256(terms.region) << 80);
            _must(13, "categories", id, terms.categories, m.categories);
            _must(13, "region", id, terms.region, _regionCode(m.region));
            _must(13, "channels", id, terms.channels, m.channels);
            _must(19, "payout", id, uint160(merchants.payoutOf(id)), uint160(m.payout));
            _must(19, "next payout", id, uint160(merchants.payoutProposal(id).account), uint160(mPayoutNext[id].account));
        }
        for (uint256 i; i < mTills.length; ++i) {
            uint256 owner = mTerminals[mTills[i]];
            _must(13, "terminal", i, merchants.merchantOfTerminal(mTills[i]), mMerchants[owner].status == 4 ? 0 : owner);
            uint256 word = owner == 0 ? 0 : owner | 1 << 32 | mTillLimits[mTills[i]] << 40;
            word |= mTillDay[mTills[i]] << 104 | mTillSpent[mTills[i]] << 128;
            _must(13, "terminal's word", i, vouchers.terminalWord(mTills[i]), word);
        }
        for (uint256 i; i < 6; ++i) {
            uint256 owner = mKeys[address(uint160(0xbb0000 + i))];
            uint256 found = merchants.merchantOfKey(address(uint160(0xbb0000 + i)));
            _must(13, "key", i, found, mMerchants[owner].status == 4 ? 0 : owner);
        }
        for (uint256 i; i < mActors.length; ++i) {
            _must(15, "relayer", i, vouchers.isRelayer(mActors[i]) ? 1 : 0, mRelayers[mActors[i]] ? 1 : 0);
        }
    }

    // --- I7, I10: numbers and commitments ---

    function _checkNumbers() private view {
        (uint256 redemptions, uint256 batches, uint256 rolls) = vouchers.counts();
        _must(10, "numbers", 0, redemptions, mNumber);
        _must(10, "batches", 0, batches, mLastBatch);
        _must(10, "rolls", 0, rolls, mLastRoll);
        _must(7, "bits set", 0, _bitsSet, redemptions - mReversals - mParts);
        _checkDead();
        uint256 next = mFirsts.length < 20 ? 0 : mFirsts.length - 20; // older ones were seen before
        for (uint256 i = next; i < mFirsts.length; ++i) {
            uint256 first = mFirsts[i];
            _must(10, "commitment", first, uint256(vouchers.commitmentOf(first)), uint256(mCommitments[first]));
        }
        _must(10, "commitment ahead", 0, uint256(vouchers.commitmentOf(redemptions + 1)), 0);
    }

    // --- I21: signatures ---

    /// @dev A reversed signature is dead for ever, and no other; some leaves each time, those of late always.
    function _checkDead() private view {
        for (uint256 i; i < mLeaves.length && i < 60; ++i) {
            MLeaf storage l =
                mLeaves[i < 30 ? mLeaves.length - 1 - i : uint256(keccak256(abi.encode(i, mNumber))) % mLeaves.length];
            _must(21, "dead", l.voucher, vouchers.isDead(l.digest, l.voucher) ? 1 : 0, l.reversed ? 1 : 0);
            uint256 ever = vouchers.overlayBits(5, l.voucher >> 8) >> (l.voucher & 255) & 1;
            _must(21, "ever reversed", l.voucher, ever, mReversed[l.voucher] || mReleased[l.voucher] ? 1 : 0);
        }
    }

    // --- sums are of one check only ---

    function _clear() private {
        for (uint256 programme = 1; programme <= mLastProgramme; ++programme) {
            for (uint256 number = 1; number <= mProgrammes[programme].lines; ++number) {
                uint256 line = programme << 16 | number;
                (_unspentValue[line], _unspentCount[line], _dueValue[line], _dueCount[line]) = (0, 0, 0, 0);
                (_issuedValue[line], _settledValue[line]) = (0, 0);
            }
        }
        for (uint256 merchant = 1; merchant <= mLastMerchant; ++merchant) {
            _paid[merchant] = 0;
        }
        (_held[address(token)], _held[address(feeToken)], _bitsSet) = (0, 0, 0);
    }
}
