// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IProgrammeRules} from "../../contracts/interfaces/IProgrammeRules.sol";
import {IProgrammeTransfers} from "../../contracts/interfaces/IProgrammeTransfers.sol";
import {ProgrammeState, Widening} from "../../contracts/types/Programme.sol";
import {TransferCaps} from "../../contracts/types/Transfer.sol";
import {OpenWorld} from "./OpenWorld.sol";
import {Vm} from "./Vm.sol";

/// setTransferCaps
/// ├── when the programme is a draft: it should take version 1's, again and again, and no other's
/// ├── when it is proposed or approved, or there is none: it should refuse it
/// ├── when it is published: it should take those of the version after the newest, and no other's
/// └── when a cap is 0, or the month's below one transfer's: it should refuse it
contract TransferCapsTest is OpenWorld {
    function test_setCaps__whenDraft__takesThoseOfVersion1() external {
        uint256 id = _draft("resale", _programmeTerms(), 1);
        _refuse(id, 0);
        _refuse(id, 2);
        _set(id, 1, 9, 9);
        vm.recordLogs();
        _set(id, 1, 10, 20);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1, "logs");
        bytes32[] memory topics = topicsOf(IProgrammeTransfers.TransferCapsSet.selector, id, 1, topic(treasurer));
        assertLog(logs[0], address(programmes), topics, abi.encode(uint256(10), uint256(20)));
        _assertCaps(id, 1, 10, 20);
        _assertCaps(id, 2, 0, 0);
    }

    function test_setCaps__whenBeforeTheApprovers__refusesIt() external {
        uint256 id = _draft("resale", _programmeTerms(), 1);
        vm.prank(treasurer);
        programmes.propose(id);
        bytes memory error =
            abi.encodeWithSelector(IProgrammeRules.ProgrammeRegistry_NotOpen.selector, id, ProgrammeState.PROPOSED);
        vm.expectRevert(error);
        _set(id, 1, 1, 1);
        vm.expectRevert(abi.encodeWithSelector(IProgrammeRules.ProgrammeRegistry_NotOpen.selector, 9, ProgrammeState.NONE));
        _set(9, 1, 1, 1);
    }

    function test_setCaps__whenPublished__takesThoseOfTheNextVersion() external {
        _refuse(programme, 1);
        _refuse(programme, 3);
        _set(programme, 2, 1, 1);
        _assertCaps(programme, 2, 1, 1);
        vm.prank(treasurer);
        programmes.proposeRules(programme, _rulesTerms(), Widening(0, new uint40[](0), 0), "resale");
        _refuse(programme, 2); // it waits
        _set(programme, 3, 5, 6);
        vm.prank(treasurer);
        programmes.withdrawRules(programme, 2, "not now");
        _refuse(programme, 2); // its number is never used again
    }

    function test_setCaps__whenNotInOrder__refusesIt() external {
        _refuseCaps(0, 5);
        _refuseCaps(5, 4);
        _set(programme, 2, 5, 5);
    }

    // --- helpers ---

    function _set(uint256 id, uint256 version, uint64 perTransfer, uint64 perMonth) private {
        vm.prank(treasurer);
        programmes.setTransferCaps(id, version, TransferCaps(perTransfer, perMonth));
    }

    function _refuse(uint256 id, uint256 version) private {
        vm.expectRevert(abi.encodeWithSelector(IProgrammeTransfers.ProgrammeRegistry_CapsNotOpen.selector, id, version));
        _set(id, version, 1, 1);
    }

    function _refuseCaps(uint64 perTransfer, uint64 perMonth) private {
        vm.expectRevert(abi.encodeWithSelector(IProgrammeTransfers.ProgrammeRegistry_CapsInvalid.selector, perTransfer, perMonth));
        _set(programme, 2, perTransfer, perMonth);
    }

    function _assertCaps(uint256 id, uint256 version, uint256 perTransfer, uint256 perMonth) private view {
        TransferCaps memory caps = programmes.transferCaps(id, version);
        vm.assertEq(caps.perTransfer, perTransfer, "per transfer");
        vm.assertEq(caps.perMonth, perMonth, "per month");
    }
}
