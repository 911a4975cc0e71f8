// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICaseDeskClaims} from "../../contracts/interfaces/ICaseDeskClaims.sol";
import {Roles} from "../../contracts/libraries/Roles.sol";
import {EligibilityRoot} from "../../contracts/types/Claim.sol";
import {ClaimWorld} from "./ClaimWorld.sol";
import {Vm} from "./Vm.sol";

/// proposeRoot
/// ├── when the root is zero, waits or is approved: it should refuse it
/// └── when it is new, or was withdrawn: it should keep and log it
/// approveRoot, withdrawRoot
/// ├── when the root does not wait: it should refuse it
/// ├── when the proposer approves: it should refuse it
/// └── when it waits: it should keep and log who approved, or forget and log who withdrew
contract ClaimRootsTest is ClaimWorld {
    bytes32 private constant ROOT = keccak256("root");

    function test_proposeRoot__whenZeroOrKnown__refusesIt() external {
        vm.startPrank(registrar);
        vm.expectRevert(abi.encodeWithSelector(ICaseDeskClaims.CaseDesk_RootMissing.selector, programme));
        desk.proposeRoot(programme, 0, "residents");
        desk.proposeRoot(programme, ROOT, "residents");
        bytes memory error = abi.encodeWithSelector(ICaseDeskClaims.CaseDesk_RootKnown.selector, programme, ROOT);
        vm.expectRevert(error);
        desk.proposeRoot(programme, ROOT, "residents");
        vm.stopPrank();
        vm.prank(approver);
        desk.approveRoot(programme, ROOT);
        vm.prank(registrar);
        vm.expectRevert(error);
        desk.proposeRoot(programme, ROOT, "residents");
    }

    function test_root__whenProposedWithdrawnAndProposedAgain__keepsAndLogs() external {
        vm.recordLogs();
        vm.startPrank(registrar);
        desk.proposeRoot(programme, ROOT, "residents");
        _assertRoot(registrar, address(0));
        desk.withdrawRoot(programme, ROOT, "a wrong list");
        _assertRoot(address(0), address(0));
        desk.proposeRoot(programme, ROOT, "residents");
        vm.stopPrank();
        vm.prank(approver);
        desk.approveRoot(programme, ROOT);
        _assertRoot(registrar, approver);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 4);
        _assertRootLog(logs[0], ICaseDeskClaims.EligibilityRootProposed.selector, registrar, abi.encode("residents"));
        _assertRootLog(logs[1], ICaseDeskClaims.EligibilityRootWithdrawn.selector, registrar, abi.encode("a wrong list"));
        _assertRootLog(logs[3], ICaseDeskClaims.EligibilityRootApproved.selector, approver, abi.encode(registrar));
    }

    function test_root__whenItDoesNotWait__isNeitherApprovedNorWithdrawn() external {
        bytes memory error = abi.encodeWithSelector(ICaseDeskClaims.CaseDesk_RootNotWaiting.selector, programme, ROOT);
        _refuseRoot(error);
        vm.prank(registrar);
        desk.proposeRoot(programme, ROOT, "residents");
        vm.prank(approver);
        desk.approveRoot(programme, ROOT);
        _refuseRoot(error);
    }

    function test_approveRoot__whenProposed__refusesTheProposer() external {
        vm.prank(admin);
        manager.grantRole(Roles.APPROVER, registrar, 0);
        vm.startPrank(registrar);
        desk.proposeRoot(programme, ROOT, "residents");
        vm.expectRevert(abi.encodeWithSelector(ICaseDeskClaims.CaseDesk_OwnRoot.selector, programme, ROOT, registrar));
        desk.approveRoot(programme, ROOT);
        vm.stopPrank();
    }

    // --- helpers ---

    function _refuseRoot(bytes memory error) private {
        vm.prank(approver);
        vm.expectRevert(error);
        desk.approveRoot(programme, ROOT);
        vm.prank(registrar);
        vm.expectRevert(error);
        desk.withdrawRoot(programme, ROOT, "a wrong list");
    }

    function _assertRoot(address proposer, address approver_) private view {
        EligibilityRoot memory r = desk.rootOf(programme, ROOT);
        vm.assertEq(r.proposer, proposer);
        vm.assertEq(r.approver, approver_);
    }

    function _assertRootLog(Vm.Log memory entry, bytes32 selector, address by, bytes memory data) private view {
        assertLog(entry, address(desk), topicsOf(selector, programme, uint256(ROOT), topic(by)), data);
    }
}
