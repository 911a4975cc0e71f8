// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {GasWorld} from "./GasWorld.sol";

// Gas of supply, as receipts say it (DESIGN sections 5 and 10)
// ├── roll, for each holder: 1,228 and 500 holders
// ├── a place given to another holder, for each batch that is looked at
// └── issue
//     ├── one batch to one full roll: first use of the line, later
//     ├── ten batches to one full roll, for each batch and voucher
//     └── ten batches to five more full rolls, for each pair and voucher
/// forge-config: default.isolate = true
contract GasSupplyTest is GasWorld {
    uint256 private programme;

    function setUp() public override {
        super.setUp();
        programme = _openActive("campaign-18");
        _openRoll(programme, _anyHolders(20));
    }

    function test_gas__roll() public {
        bytes memory full = _anyHolders(FULL_ROLL);
        bytes memory half = _anyHolders(500);
        _openRoll(programme, full);
        _recordRoll("roll, each of 1228 holders", FULL_ROLL);
        _openRoll(programme, half);
        _recordRoll("roll, each of 500 holders", 500);
    }

    function test_gas__reassignment() public {
        uint256 roll = _openRoll(programme, _anyHolders(20));
        uint256[] memory batches = _openBatches(programme, 100);
        _issue(batches, _one(_openRoll(programme, _anyHolders(20))));
        vm.prank(registrar);
        desk.proposeReassignment(roll, 0, outsider, "moved away");
        vm.warp(block.timestamp + 7 days);
        vm.prank(approver);
        desk.approveReassignment(roll, 0, outsider);
        _record("supply", "place reassigned, each of 100 batches issued to another roll", vm.lastCallGas().gasTotalUsed, 100);
    }

    function test_gas__issueOne() public {
        uint256[] memory roll = _one(_openRoll(programme, _anyHolders(FULL_ROLL)));
        uint256[] memory first = _openBatches(programme, 1);
        uint256[] memory second = _openBatches(programme, 1);
        _recordIssue("issue, one batch to a full roll, the line's first", _issue(first, roll), 1);
        _recordIssue("issue, one batch to a full roll", _issue(second, roll), 1);
    }

    function test_gas__issuePack() public {
        uint256[] memory roll = _one(_openRoll(programme, _anyHolders(FULL_ROLL)));
        uint256[] memory batches = _openBatches(programme, 10);
        uint256[] memory more = new uint256[](5);
        for (uint256 i; i < 5; ++i) {
            more[i] = _openRoll(programme, _anyHolders(FULL_ROLL));
        }
        uint256 used = _issue(batches, roll);
        _recordIssue("pack, ten batches to a full roll, each batch", used, 10);
        _recordIssue("pack, ten batches to a full roll, each voucher", used, 10 * FULL_ROLL);
        used = _issue(batches, more);
        _recordIssue("pack, ten batches to five more rolls, each pair", used, 50);
        _recordIssue("pack, ten batches to five more rolls, each voucher", used, 50 * FULL_ROLL);
    }

    function _recordRoll(string memory name, uint256 holders) private {
        _record("supply", name, vm.lastCallGas().gasTotalUsed, holders);
    }

    function _recordIssue(string memory name, uint256 used, uint256 units) private {
        _record("supply", name, used, units);
    }
}
