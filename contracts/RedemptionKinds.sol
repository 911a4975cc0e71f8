// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IVouchersErrors} from "./interfaces/IVouchersErrors.sol";
import {Items} from "./libraries/Items.sol";
import {Kinds} from "./libraries/Kinds.sol";
import {RedemptionHand} from "./RedemptionHand.sol";
import {Item, Spend} from "./types/Redemption.sol";
import {BatchWord} from "./words/BatchWord.sol";
import {StoredWord} from "./words/StoredWord.sol";

/// @title What of a voucher is redeemed, by its kind.
/// @dev A fixed value is spent whole and needs no word of its own. A percentage is spent once; its word remembers how much that was, and
/// the rest stays committed until the sweep. Stored value is spent by exact amounts, in the order of its sequence, until nothing is left.
abstract contract RedemptionKinds is IVouchersErrors, RedemptionHand {
    /// @dev The bill that amounts, percentages and minimum spends are held against.
    function _billOf(Item calldata item) internal pure virtual returns (uint256) {
        return item.bill;
    }

    /// @dev For a spend that is not the whole of a fixed value. Marks the item as one that needs {_amountOf}.
    function _judgeKind(Call memory c, uint256 terms, Spend calldata spend, uint256 bill) internal view returns (bytes32) {
        uint256 kind = BatchWord.kind(terms);
        if (kind == BatchWord.FIXED) return bytes32(Vouchers_AmountMismatch.selector);
        uint256 most = BatchWord.face(terms);
        uint256 sequence;
        if (kind == BatchWord.STORED) {
            uint256 word = _stored[spend.voucher];
            sequence = StoredWord.sequence(word);
            most -= StoredWord.spent(word) + StoredWord.booked(word);
        }
        if (spend.sequence != sequence) return bytes32(Vouchers_SequenceMismatch.selector);
        if (spend.amount == 0 || spend.amount > most) return bytes32(Vouchers_AmountOutside.selector);
        if (_amountOf(terms, spend, bill) == 0) return bytes32(Vouchers_NothingOff.selector);
        (c.unusual, c.pending) = (c.unusual | KINDS, true);
        return GOOD;
    }

    /// @dev What is redeemed by a spend that was judged: exactly what was signed, of a percentage at most.
    function _amountOf(uint256 terms, Spend calldata spend, uint256 bill) internal pure returns (uint256) {
        return Kinds.taken(terms, spend.amount, bill);
    }

    /// @dev What an item redeems in all. Its vouchers' batches were in hand in this call.
    function _sumOf(Call memory c, Item calldata item) internal view returns (uint256 sum) {
        Spend[] calldata spends = Items.spends(item);
        for (uint256 i; i < spends.length; ++i) {
            Spend calldata spend = Items.at(spends, i);
            sum += _amountOf(_termsOf(c, spend.voucher), spend, _billOf(item));
        }
    }

    /// @dev Notes in its word what a redemption took from a voucher, after it was booked under the line in hand. Stored value with a rest
    /// is not used up: its bit is unset again, and the line keeps it in `committedCount`.
    function _takeFrom(Call memory c, uint256 terms, uint256 voucher, uint256 amount) internal {
        uint256 kind = BatchWord.kind(terms);
        if (kind == BatchWord.FIXED) return;
        uint256 word = StoredWord.spend(_stored[voucher], amount);
        if (kind == BatchWord.STORED) {
            word = StoredWord.next(word);
            if (StoredWord.spent(word) != BatchWord.face(terms)) {
                _clearBit(c, voucher);
                ++c.kept;
            }
        }
        _stored[voucher] = word;
    }
}
