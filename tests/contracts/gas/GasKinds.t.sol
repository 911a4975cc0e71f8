// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {VoucherId} from "../../../contracts/libraries/VoucherId.sol";
import {Group, Item, Spend} from "../../../contracts/types/Redemption.sol";
import {BatchTerms} from "../../../contracts/types/Supply.sol";
import {GasWorld} from "./GasWorld.sol";

// What other kinds than a fixed value cost: 100 neighbours of one batch, for each voucher
// ├── percentages in bits used before: each has a word of its own
// └── stored value: each one's first part, which takes its word into use; a later one; the last one
/// forge-config: default.isolate = true
contract GasKindsTest is GasWorld {
    uint256 private roll;
    uint256 private merchant;

    function setUp() public override {
        super.setUp();
        merchant = _openMerchants(1);
    }

    function test_gas__percentage() public {
        uint256 batch = _openKind(1, 1_000);
        _redeem(_row(batch, 0, 1, MEASURED_FACE, 0));
        _record("kinds, percentage", _row(batch, 1, 100, MEASURED_FACE, 0), 100);
    }

    function test_gas__storedValue() public {
        uint256 batch = _openKind(2, 0);
        _redeem(_row(batch, 0, 1, MEASURED_FACE, 0));
        _record("kinds, stored value, first part", _row(batch, 1, 100, 1_00, 0), 100);
        _record("kinds, stored value, later part", _row(batch, 1, 100, 3_00, 1), 100);
        _record("kinds, stored value, last part", _row(batch, 1, 100, 1_00, 2), 100);
    }

    // --- helpers ---

    function _openKind(uint8 kind, uint16 percentage) private returns (uint256 batch) {
        uint256 programme = _openActive("campaign-18");
        BatchTerms memory t = _batchTerms(programme);
        (t.kind, t.percentage, t.face, t.quota, t.minimumSpend) = (kind, percentage, MEASURED_FACE, 100_000, 20_00);
        batch = _openBatch("batch", t);
        roll = _openRoll(programme, _holders(0, FULL_ROLL));
        _issue(_one(batch), _one(roll));
    }

    /// @dev One voucher an item, spent by this amount and sequence.
    function _row(uint256 batch, uint256 from, uint256 count, uint256 amount, uint256 sequence)
        private
        view
        returns (Group[] memory)
    {
        Item[] memory items = new Item[](count);
        for (uint256 i; i < count; ++i) {
            items[i] = _measuredItem(from + i, merchant, _one(VoucherId.pack(batch, roll, from + i)));
            items[i].spends[0] = Spend(items[i].spends[0].voucher, amount, sequence);
            items[i].signature = _compactSignature(_holderKey(from + i), _digest(items[i], merchant));
        }
        return _one(_group(merchant, items));
    }
}
