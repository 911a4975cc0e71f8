// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {GasWorld} from "./GasWorld.sol";

// Gas of supply, as receipts say it (DESIGN sections 5 and 10)
// ├── roll, for each holder: 1,228 and 500 holders
// └── issue
//     ├── one batch to one full roll: first use of the line, later
//     ├── ten batches to one full roll, for each batch and voucher
//     └── ten batches to five more full rolls, for each pair and voucher
/// forge-config: default.isolate = true
contract GasSupplyTest is GasWorld {
    uint256 private programme;

    function setUp() public {
        _deploy();
        programme = _openProgramme("campaign-18");
        _writeRoll(programme, _strangers(0, 20));
    }

    function test_gas__roll() public {
        bytes memory full = _strangers(1, FULL_ROLL);
        bytes memory half = _strangers(2, 500);
        vm.prank(treasurer);
        vouchers.writeRoll(programme, "campaign-18-roll-1", 2, full);
        vm.snapshotValue("supply", "roll, each of 1228 holders", _each(vm.lastCallGas().gasTotalUsed, FULL_ROLL));
        vm.prank(treasurer);
        vouchers.writeRoll(programme, "campaign-18-roll-2", 2, half);
        vm.snapshotValue("supply", "roll, each of 500 holders", _each(vm.lastCallGas().gasTotalUsed, 500));
    }

    function test_gas__issueOne() public {
        uint256 roll = _writeRoll(programme, _strangers(1, FULL_ROLL));
        uint256[] memory first = _openBatches(programme, 1);
        uint256[] memory second = _openBatches(programme, 1);
        _issue(first, _list(roll));
        vm.snapshotValue("supply", "issue, one batch to a full roll, the line's first", vm.lastCallGas().gasTotalUsed);
        _issue(second, _list(roll));
        vm.snapshotValue("supply", "issue, one batch to a full roll", vm.lastCallGas().gasTotalUsed);
    }

    function test_gas__issuePack() public {
        uint256 roll = _writeRoll(programme, _strangers(1, FULL_ROLL));
        uint256[] memory batches = _openBatches(programme, 10);
        uint256[] memory more = new uint256[](5);
        for (uint256 i; i < 5; ++i) {
            more[i] = _writeRoll(programme, _strangers(2 + i, FULL_ROLL));
        }
        _issue(batches, _list(roll));
        uint256 gasUsed = vm.lastCallGas().gasTotalUsed;
        vm.snapshotValue("supply", "pack, ten batches to a full roll, each batch", _each(gasUsed, 10));
        vm.snapshotValue("supply", "pack, ten batches to a full roll, each voucher", _each(gasUsed, 10 * FULL_ROLL));
        _issue(batches, more);
        gasUsed = vm.lastCallGas().gasTotalUsed;
        vm.snapshotValue("supply", "pack, ten batches to five more rolls, each pair", _each(gasUsed, 50));
        vm.snapshotValue("supply", "pack, ten batches to five more rolls, each voucher", _each(gasUsed, 50 * FULL_ROLL));
    }
}
