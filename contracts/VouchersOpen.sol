// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Digests} from "./libraries/Digests.sol";
import {Items} from "./libraries/Items.sol";
import {Signatures} from "./libraries/Signatures.sol";
import {RedemptionLimits} from "./RedemptionLimits.sol";
import {Item, Spend} from "./types/Redemption.sol";
import {VouchersJudging} from "./VouchersJudging.sol";
import {BatchWord} from "./words/BatchWord.sol";
import {RulesWord} from "./words/RulesWord.sol";

/// @title Open codes: the holder named vouchers and the highest bill, but no merchant.
/// @dev Which merchant, bill and receipt it was is the word of the terminal that sent or signed the group; without one nobody would answer
/// for them. A call's items are judged by these rules only where no key signed them as bound ones.
abstract contract VouchersOpen is VouchersJudging {
    /// @inheritdoc VouchersJudging
    function _digestApproved(Call memory c, Item calldata item, address holder, bytes32 digest)
        internal
        view
        override
        returns (bytes32)
    {
        if (!Items.isOpen(item)) return super._digestApproved(c, item, holder, digest);
        (uint256 maxBill, bytes calldata signature) = Items.openCode(item);
        digest = Digests.openRedemption(c.desk, item, maxBill);
        if (!Signatures.isSignedBy(holder, digest, signature)) return 0;
        c.unusual |= OPEN;
        return digest;
    }

    /// @inheritdoc RedemptionLimits
    function _judgeAll(Call memory c, Item calldata item, uint256 rules, uint256 amounts) internal override returns (bytes32) {
        if (c.unusual & OPEN != 0) {
            bytes32 reason = _judgeOpen(c, item);
            if (reason != GOOD) return reason;
            c.unusual &= ~OPEN;
        }
        return super._judgeAll(c, item, rules, amounts);
    }

    /// @dev By the strictest of the vouchers' versions.
    function _judgeOpen(Call memory c, Item calldata item) private view returns (bytes32) {
        Spend[] calldata spends = Items.spends(item);
        (uint256 longest, uint256 limit) = (type(uint256).max, type(uint256).max);
        for (uint256 i; i < spends.length; ++i) {
            Rules storage rules = _rules[BatchWord.rulesKey(_termsOf(c, Items.at(spends, i).voucher))];
            (uint256 time, uint256 bill) = (RulesWord.openSeconds(rules.terms), RulesWord.openMaxBill(rules.limits));
            if (time < longest) longest = time;
            if (bill < limit) limit = bill;
        }
        (uint256 maxBill,) = Items.openCode(item);
        if (longest == 0) return bytes32(Vouchers_OpenCodeNotAllowed.selector);
        if (c.terminal == 0) return bytes32(Vouchers_OpenCodeUnanswered.selector);
        if (item.deadline - block.timestamp > longest) return bytes32(Vouchers_OpenDeadlineTooFar.selector); // it is ahead
        if (item.bill > maxBill) return bytes32(Vouchers_OpenBillTooHigh.selector);
        if (item.bill > limit) return bytes32(Vouchers_OpenBillLimitPassed.selector);
        return GOOD;
    }
}
