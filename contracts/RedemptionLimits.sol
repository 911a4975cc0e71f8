// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IVouchersRedemption} from "./interfaces/IVouchersRedemption.sol";
import {Calendar} from "./libraries/Calendar.sol";
import {Digests} from "./libraries/Digests.sol";
import {Items} from "./libraries/Items.sol";
import {Signatures} from "./libraries/Signatures.sol";
import {VoucherId} from "./libraries/VoucherId.sol";
import {RedemptionKinds} from "./RedemptionKinds.sol";
import {Consent, Item, Spend} from "./types/Redemption.sol";
import {BatchWord} from "./words/BatchWord.sol";
import {CounterWord} from "./words/CounterWord.sol";
import {LedgerWord} from "./words/LedgerWord.sol";
import {MerchantWord} from "./words/MerchantWord.sol";
import {ProgrammeWord} from "./words/ProgrammeWord.sol";
import {RollWord} from "./words/RollWord.sol";
import {RulesWord} from "./words/RulesWord.sol";

/// @title Rules for a whole item that a programme may switch on: consents and limits.
/// @dev Each voucher's own batch brings its rules version; counters are shared. What no version asks for is not looked at.
abstract contract RedemptionLimits is RedemptionKinds {
    uint256 internal constant MAX_ITEMS = 1_000;

    /// @dev The digests that attestors consented to; zero, which is no digest, where the signature is no attestor's.
    function _readConsents(Consent[] calldata consents) internal returns (bytes32[] memory digests) {
        if (consents.length > MAX_ITEMS) revert Vouchers_TooManyItems(consents.length, MAX_ITEMS);
        digests = new bytes32[](consents.length);
        for (uint256 i; i < consents.length; ++i) {
            bytes32 redemption = consents[i].redemption;
            address attestor = Signatures.recover(Digests.consent(_domainSeparatorV4(), redemption), consents[i].signature);
            if (!_attestors[attestor]) continue;
            digests[i] = redemption;

            // Log:
            emit IVouchersRedemption.ConsentGiven(redemption, attestor);
        }
    }

    /// @dev `terms` and `rules` are the first voucher's, `amounts` the sum that was signed. What most items meet, a threshold not passed and a
    /// merchant's daily limit, is looked at here; the rest, and items whose vouchers differ in rules or line or are no fixed values, by
    /// {_judgeAll}.
    function _judgeLimits(Call memory c, Item calldata item, uint256 terms, uint256 rules, uint256 amounts)
        internal
        returns (bytes32)
    {
        unchecked {
            if (
                amounts - 1 > RulesWord.stepUpThreshold(rules) - 1 // amounts > 0; a threshold of 0 is none and wraps
                    || rules & COUNTED | c.unusual != 0
            ) return _judgeAll(c, item, rules, amounts);
            uint256 limit = RulesWord.merchantDailyLimit(rules);
            if (limit == 0) return GOOD;
            uint256 account = BatchWord.account(terms);
            if (account != c.account) _turnTo(c, account);
            uint256 sum = LedgerWord.redeemed(c.dayWord) + c.amount + amounts; // part of one line's deposits, below 2^56
            return sum > limit ? bytes32(Vouchers_MerchantLimitPassed.selector) : GOOD;
        }
    }

    function _judgeAll(Call memory c, Item calldata item, uint256 rules, uint256 amounts)
        internal
        virtual
        returns (bytes32 reason)
    {
        Spend[] calldata spends = Items.spends(item);
        if (c.unusual & KINDS != 0) amounts = _sumOf(c, item);
        (uint256 threshold, uint256 flags) = (RulesWord.stepUpThreshold(rules), RulesWord.flags(rules));
        bool mixed = c.unusual & MIXED != 0;
        if (mixed) (threshold, flags) = _strictest(c, spends);
        if (threshold != 0 && amounts > threshold && !_isConsented(c)) return bytes32(Vouchers_ConsentMissing.selector);
        if (rules & COUNTED != 0) reason = _judgeHolder(c, spends, amounts);
        if (reason == GOOD && flags & RulesWord.MERCHANT_LIMIT != 0) reason = _judgeMerchantDay(c, item, spends);
        if (reason == GOOD && c.unusual & TERMINAL_LIMITED != 0) reason = _judgeTerminalDay(c, spends, amounts);
        c.unusual &= ~MIXED;
    }

    /// @dev Notes an accepted item in the words of its holder and terminal.
    function _writeCounters(Call memory c) internal {
        if (c.counterKey != 0) {
            _counters[c.counterKey] = c.counter;
            c.counterKey = 0;
        }
        if (c.unusual & TERMINAL_LIMITED != 0) c.terminalWord = c.terminalNext;
        c.pending = false;
    }

    /// @dev The smallest threshold and all flags of the vouchers' versions.
    function _strictest(Call memory c, Spend[] calldata spends) private view returns (uint256 threshold, uint256 flags) {
        for (uint256 i; i < spends.length; ++i) {
            uint256 rules = _rulesOf(_termsOf(c, Items.at(spends, i).voucher));
            uint256 own = RulesWord.stepUpThreshold(rules);
            if (own != 0 && (threshold == 0 || own < threshold)) threshold = own;
            flags |= RulesWord.flags(rules);
        }
    }

    function _isConsented(Call memory c) private pure returns (bool) {
        for (uint256 i; i < c.consented.length; ++i) {
            if (c.consented[i] == c.digest) return true;
        }
        return false;
    }

    function _judgeHolder(Call memory c, Spend[] calldata spends, uint256 amounts) private view returns (bytes32) {
        (uint256 programme, uint256 day) = _dayOf(spends);
        uint256 key = programme << 160 | uint160(c.holder);
        uint256 word = CounterWord.turn(_counters[key], day, Calendar.monthOf(day));
        uint256 next = CounterWord.add(word, amounts, spends.length);
        uint256 rulesKey;
        for (uint256 i; i < spends.length; ++i) {
            uint256 own = BatchWord.rulesKey(_termsOf(c, Items.at(spends, i).voucher));
            if (own == rulesKey) continue;
            rulesKey = own;
            bytes32 reason = _judgeCounters(_rules[own], next, amounts, spends.length);
            if (reason != GOOD) return reason;
        }
        (c.counterKey, c.counter, c.pending) = (key, next, true);
        return GOOD;
    }

    /// @dev `next` is the holder's word with this redemption of `count` vouchers counted in. A limit of 0 is none.
    function _judgeCounters(Rules storage rules, uint256 next, uint256 amounts, uint256 count) private view returns (bytes32) {
        uint256 flags = RulesWord.flags(rules.terms);
        if (flags & RulesWord.HOLDER_LIMITS != 0) {
            uint256 limits = rules.limits;
            if (_passes(amounts, RulesWord.redemptionAmount(limits)) || _passes(count, RulesWord.redemptionCount(limits))) {
                return bytes32(Vouchers_RedemptionLimitPassed.selector);
            }
            if (
                _passes(CounterWord.dayAmount(next), RulesWord.dayAmount(limits))
                    || _passes(CounterWord.dayCount(next), RulesWord.dayCount(limits))
            ) return bytes32(Vouchers_DayLimitPassed.selector);
            if (
                _passes(CounterWord.monthAmount(next), RulesWord.monthAmount(limits))
                    || _passes(CounterWord.monthCount(next), RulesWord.monthCount(limits))
            ) return bytes32(Vouchers_MonthLimitPassed.selector);
        }
        if (flags & RulesWord.FIRST_ONLY != 0 && CounterWord.total(next) != count) {
            return bytes32(Vouchers_NotFirstRedemption.selector);
        }
        return GOOD;
    }

    function _passes(uint256 sum, uint256 limit) private pure returns (bool) {
        return limit != 0 && sum > limit;
    }

    /// @dev For each voucher: what the merchant's day has under its line, with all of this item's vouchers of that line.
    function _judgeMerchantDay(Call memory c, Item calldata item, Spend[] calldata spends) private returns (bytes32) {
        for (uint256 i; i < spends.length; ++i) {
            uint256 terms = _termsOf(c, Items.at(spends, i).voucher);
            uint256 limit = RulesWord.merchantDailyLimit(_rulesOf(terms));
            if (limit == 0) continue;
            uint256 account = BatchWord.account(terms);
            if (account != c.account) _turnTo(c, account);
            uint256 sum = LedgerWord.redeemed(c.dayWord) + c.amount + _sumUnder(c, item, spends, account);
            if (sum > limit) return bytes32(Vouchers_MerchantLimitPassed.selector);
        }
        return GOOD;
    }

    /// @dev The amounts of the item's vouchers under one budget line.
    function _sumUnder(Call memory c, Item calldata item, Spend[] calldata spends, uint256 account)
        private
        view
        returns (uint256 sum)
    {
        for (uint256 i; i < spends.length; ++i) {
            Spend calldata spend = Items.at(spends, i);
            uint256 terms = _termsOf(c, spend.voucher);
            if (BatchWord.account(terms) == account) sum += _amountOf(terms, spend, _billOf(item));
        }
    }

    function _judgeTerminalDay(Call memory c, Spend[] calldata spends, uint256 amounts) private view returns (bytes32) {
        (, uint256 day) = _dayOf(spends);
        c.terminalNext = MerchantWord.spend(c.terminalWord, day, amounts);
        c.pending = true;
        uint256 limit = MerchantWord.dailyLimit(c.terminalWord);
        return MerchantWord.spent(c.terminalNext) > limit ? bytes32(Vouchers_TerminalLimitPassed.selector) : GOOD;
    }

    /// @dev The programme of the item's vouchers, and its local day.
    function _dayOf(Spend[] calldata spends) private view returns (uint256 programme, uint256 day) {
        programme = RollWord.programme(_rolls[VoucherId.roll(Items.at(spends, 0).voucher)]);
        day = ProgrammeWord.day(_programmes[programme], block.timestamp);
    }

    function _rulesOf(uint256 terms) private view returns (uint256) {
        return _rules[BatchWord.rulesKey(terms)].terms;
    }
}
