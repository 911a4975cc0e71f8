// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {VoucherId} from "../../../contracts/libraries/VoucherId.sol";
import {Group, Item} from "../../../contracts/types/Redemption.sol";
import {GasWorld} from "./GasWorld.sol";

// Gas of a redemption, for each voucher, as receipts say it (DESIGN section 10)
// ├── a call of 100, one merchant
// │   ├── neighbouring places of one batch: first use of the words, later, 65-byte signatures, terminal's signature
// │   ├── 100 random holders of one full roll: first use, later
// │   └── one signature over three vouchers of three batches: first use, later
// ├── a call of 100 drawn from the replay (tests/cases/draw.json): first use, later
// └── one alone: first use, its merchant's day in use, later
/// forge-config: default.isolate = true
contract GasRedemptionTest is GasWorld {
    uint256 private roll;
    uint256 private merchant;
    uint256[] private batches;

    function setUp() public override {
        super.setUp();
        uint256 programme = _openActive("campaign-18");
        batches = _openBatches(programme, 3);
        roll = _openRoll(programme, _holders(0, FULL_ROLL));
        _issue(batches, _one(roll));
        merchant = _openMerchants(2);
        vm.prank(registrar);
        merchants.addTerminal(merchant, terminal);
    }

    function test_gas__neighbours() public {
        _record("neighbours, first use", _row(0, 100), 100);
        _record("neighbours, later", _row(100, 100), 100);
        _redeem(_row(256, 44));
        Group[] memory groups = _row(300, 100);
        _lengthen(groups[0].items);
        _record("neighbours, later, 65-byte signatures", groups, 100);
    }

    function test_gas__neighboursWithTerminal() public {
        _redeem(_row(0, 100));
        Group[] memory groups = _row(100, 100);
        groups[0].terminal = terminal;
        groups[0].terminalSignature = _signature(_key("terminal"), _terminalDigest(groups[0]));
        _record("neighbours, later, terminal's signature", groups, 100);
    }

    function test_gas__randomHolders() public {
        uint256[] memory places = _shuffled(FULL_ROLL);
        _record("random holders of a full roll, first use", _places(places, 0, 100), 100);
        _record("random holders of a full roll, later", _places(places, 100, 100), 100);
    }

    function test_gas__threeInOne() public {
        _record("three in one signature, first use", _three(0, 34), 102);
        _record("three in one signature, later", _three(34, 34), 102);
        _record("three in one signature, later, 100 signatures", _three(100, 100), 300);
    }

    function test_gas__alone() public {
        _record("one alone, first use of its words and of the merchant's day", _row(0, 1), 1);
        _record("one alone, first use of its word", _row(256, 1), 1);
        _record("one alone, later", _row(1, 1), 1);
        Group[] memory groups = _row(2, 1);
        groups[0].terminal = terminal;
        groups[0].terminalSignature = _signature(_key("terminal"), _terminalDigest(groups[0]));
        _record("one alone, later, terminal's signature", groups, 1);
    }

    // --- items ---

    function _row(uint256 from, uint256 count) private view returns (Group[] memory) {
        return _neighbours(merchant, _one(batches[0]), roll, from, count);
    }

    function _three(uint256 from, uint256 count) private view returns (Group[] memory) {
        return _neighbours(merchant, batches, roll, from, count);
    }

    function _places(uint256[] memory places, uint256 from, uint256 count) private view returns (Group[] memory groups) {
        groups = _one(_group(merchant, new Item[](count)));
        for (uint256 i; i < count; ++i) {
            uint256 place = places[from + i];
            groups[0].items[i] = _measuredItem(place, merchant, _one(VoucherId.pack(batches[0], roll, place)));
        }
    }

    function _shuffled(uint256 count) private pure returns (uint256[] memory list) {
        list = new uint256[](count);
        for (uint256 i; i < count; ++i) {
            uint256 other = uint256(keccak256(abi.encode("shuffle", i))) % (i + 1);
            (list[i], list[other]) = (list[other], i);
        }
    }

    /// @dev Turns ERC-2098 signatures into 65-byte ones.
    function _lengthen(Item[] memory items) private pure {
        for (uint256 i; i < items.length; ++i) {
            (bytes32 r, bytes32 vs) = abi.decode(items[i].signature, (bytes32, bytes32));
            items[i].signature = abi.encodePacked(r, vs << 1 >> 1, uint8(uint256(vs) >> 255) + 27);
        }
    }
}
