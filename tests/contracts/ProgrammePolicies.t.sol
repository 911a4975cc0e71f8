// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IProgrammePolicies} from "../../contracts/interfaces/IProgrammePolicies.sol";
import {IProgrammeRegistry} from "../../contracts/interfaces/IProgrammeRegistry.sol";
import {ExceptionRecord, PolicyRecord, ValidityPolicy, ValidityRow} from "../../contracts/types/Policy.sol";
import {BatchTerms} from "../../contracts/types/Supply.sol";
import {Base} from "./Base.t.sol";
import {Vm} from "./Vm.sol";

/// proposePolicy
/// ├── when another policy waits: it should name it
/// ├── when there is no reason: it should refuse it
/// ├── when a class or a row is outside its bound: it should name the field and its place
/// └── when all is within its bounds: it should keep and log it, and bind nothing yet
/// approvePolicy
/// ├── when the policy does not wait: it should refuse it
/// ├── when the caller proposed it: it should refuse it
/// └── when another approves: it should bind batches in place of the one before
/// withdrawPolicy, rejectPolicy
/// ├── when the policy does not wait, or there is no reason: it should refuse it
/// └── when it does: it should log it, and never use its number again
/// openBatches
/// ├── when no policy is in force, or it has no row for the batch: it should open it
/// ├── when the vouchers would be valid one second less than the shortest time, or one more than the longest: it should refuse it
/// ├── when they end some days after their roll was written: it should count those days, where they are fewer
/// ├── when face value or minimum spend reach the next class: it should take that class's row
/// ├── when the batch has several categories: it should keep to the rows of each
/// └── when an exception was granted for its reference and terms: it should open it, and no other
/// proposeException, grantException, rejectException
/// ├── when it was asked for before, or does not wait: it should refuse it
/// ├── when there is no reason: it should refuse it
/// ├── when the caller asked for it: it should refuse it
/// └── when another grants or rejects: it should keep and log it
contract ProgrammePoliciesTest is Base {
    uint32 private constant WEEK = 7 days;
    uint32 private constant MONTH = 30 days;

    uint256 private programme;

    function setUp() public override {
        super.setUp();
        programme = _openProgramme("spring", 1);
    }

    // --- proposePolicy ---

    function test_proposePolicy__whenAnotherWaits__namesIt() external {
        _propose(_policy());
        _refuse(abi.encodeWithSelector(IProgrammePolicies.ProgrammeRegistry_PolicyWaiting.selector, 1), _policy(), "why");
    }

    function test_proposePolicy__whenThereIsNoReason__refusesIt() external {
        _refuse(abi.encodeWithSelector(IProgrammeRegistry.ProgrammeRegistry_ReasonMissing.selector), _policy(), "");
    }

    function test_proposePolicy__whenClassesDoNotAscend__namesThePlace() external {
        ValidityPolicy memory p = _policy();
        p.faces = _faces(0, 2_000);
        _refuseField("faces", 0, p);
        p.faces = _faces(2_000, 2_000);
        _refuseField("faces", 1, p);
        p.faces = _faces(1, 2);
        p.difficulties[0] = 0;
        _refuseField("difficulties", 0, p);
    }

    function test_proposePolicy__whenClassesAreTooMany__namesTheBound() external {
        ValidityPolicy memory p = _policy();
        p.faces = new uint48[](16);
        _refuseField("faces", 15, p);
        p.faces = new uint48[](15);
        for (uint48 i; i < 15; ++i) {
            p.faces[i] = i + 1;
        }
        p.difficulties = new uint32[](4);
        _refuseField("difficulties", 3, p);
        p.difficulties = new uint32[](3);
        (p.difficulties[0], p.difficulties[1], p.difficulties[2]) = (1, 2, 3);
        p.rows[0] = ValidityRow(63, 15, 3, 1, 1);
        _propose(p);
    }

    function test_proposePolicy__whenRowIsOutsideItsBound__namesIt() external {
        _refuseRow("category", ValidityRow(64, 0, 0, 1, 0));
        _refuseRow("faceClass", ValidityRow(0, 3, 0, 1, 0));
        _refuseRow("difficultyClass", ValidityRow(0, 0, 2, 1, 0));
        _refuseRow("shortest", ValidityRow(0, 0, 0, 0, 0));
        _refuseRow("longest", ValidityRow(0, 0, 0, 2, 1));
        _refuseRow("rows", _policy().rows[0]);
    }

    function test_proposePolicy__whenWithinBounds__keepsLogsAndBindsNothing() external {
        ValidityPolicy memory p = _policy();
        vm.recordLogs();
        _propose(p);
        bytes32[] memory topics = topicsOf(IProgrammePolicies.PolicyProposed.selector, 1, topic(treasurer));
        _assertOnlyLog(topics, abi.encode(p, "why"));
        _assertPolicies(0, 1);
        PolicyRecord memory expected;
        (expected.proposer, expected.proposedAt, expected.reason) = (treasurer, uint40(block.timestamp), "why");
        vm.assertEq(abi.encode(programmes.policyRecord(1)), abi.encode(expected));
        _assertBounds(0, 999, 0, WEEK, 0);
        _assertBounds(0, 1_000, 0, 0, 0); // no row
        _assertBounds(0, 1_000, 1_999, 0, 0);
        _assertBounds(0, 1_000, 2_000, 2 * WEEK, MONTH);
        _assertBounds(1, 2_000, 0, 0, MONTH);
        _openBatch("batch", _lasting(1));
    }

    // --- approvePolicy ---

    function test_approvePolicy__whenItDoesNotWait__refusesIt() external {
        _refuseNotWaiting(1);
        vm.prank(approver);
        programmes.approvePolicy(1);
        _inForce(_policy());
        _refuseNotWaiting(1);
        vm.prank(secondApprover);
        programmes.approvePolicy(1);
    }

    function test_approvePolicy__whenCallerProposedIt__refusesIt() external {
        _grantBoth(outsider);
        vm.startPrank(outsider);
        programmes.proposePolicy(_policy(), "why");
        vm.expectRevert(abi.encodeWithSelector(IProgrammePolicies.ProgrammeRegistry_OwnPolicy.selector, 1, outsider));
        programmes.approvePolicy(1);
        vm.stopPrank();
    }

    function test_approvePolicy__whenAnotherApproves__bindsInPlaceOfTheOneBefore() external {
        _propose(_policy());
        vm.recordLogs();
        vm.prank(approver);
        programmes.approvePolicy(1);
        _assertOnlyLog(topicsOf(IProgrammePolicies.PolicyApproved.selector, 1, topic(approver)), "");
        _assertPolicies(1, 1);
        PolicyRecord memory record = programmes.policyRecord(1);
        vm.assertEq(record.approver, approver);
        vm.assertEq(record.approvedAt, block.timestamp);
        _refuseShort(_lasting(WEEK - 1), WEEK - 1, WEEK);

        ValidityPolicy memory none;
        _inForce(none);
        _assertPolicies(2, 2);
        _openBatch("batch", _lasting(1));
    }

    // --- withdrawPolicy, rejectPolicy ---

    function test_endPolicy__whenItDoesNotWaitOrHasNoReason__refusesIt() external {
        _refuseNotWaiting(1);
        vm.prank(treasurer);
        programmes.withdrawPolicy(1, "no");
        _refuseNotWaiting(0);
        vm.prank(approver);
        programmes.rejectPolicy(0, "no");
        _propose(_policy());
        vm.expectRevert(abi.encodeWithSelector(IProgrammeRegistry.ProgrammeRegistry_ReasonMissing.selector));
        vm.prank(approver);
        programmes.rejectPolicy(1, "");
    }

    function test_endPolicy__whenItWaits__logsItAndNeverUsesItsNumberAgain() external {
        _propose(_policy());
        vm.recordLogs();
        vm.prank(treasurer);
        programmes.withdrawPolicy(1, "too strict");
        bytes32[] memory topics = topicsOf(IProgrammePolicies.PolicyWithdrawn.selector, 1, topic(treasurer));
        _assertOnlyLog(topics, abi.encode("too strict"));
        vm.assertEq(programmes.policyRecord(1).withdrawnAt, block.timestamp);

        _propose(_policy());
        vm.recordLogs();
        vm.prank(approver);
        programmes.rejectPolicy(2, "too lax");
        topics = topicsOf(IProgrammePolicies.PolicyWithdrawn.selector, 2, topic(approver));
        _assertOnlyLog(topics, abi.encode("too lax"));
        _refuseNotWaiting(2);
        vm.prank(approver);
        programmes.approvePolicy(2);
        _assertPolicies(0, 2);
    }

    // --- openBatches ---

    function test_openBatches__whenValidityIsAtTheShortest__opensIt() external {
        _inForce(_policy());
        _refuseShort(_lasting(WEEK - 1), WEEK - 1, WEEK);
        _openBatch("batch", _lasting(WEEK));
    }

    function test_openBatches__whenValidityIsAtTheLongest__opensIt() external {
        _inForce(_policy());
        BatchTerms memory t = _lasting(MONTH + 1);
        (t.face, t.minimumSpend) = (1_000, 2_000);
        _refuseLong(t, 0, MONTH + 1, MONTH);
        t.validUntil -= 1;
        _openBatch("batch", t);
    }

    function test_openBatches__whenNoRowIsForIt__opensIt() external {
        _inForce(_policy());
        BatchTerms memory t = _lasting(1);
        t.categories = 0x04;
        _openBatch("another category", t);
        t = _lasting(1);
        t.face = 1_000;
        _openBatch("another class", t);
    }

    function test_openBatches__whenDaysAfterTheRollAreFewer__countsThose() external {
        _inForce(_policy());
        BatchTerms memory t = _lasting(MONTH);
        t.claimDays = 6;
        _refuseShort(t, 6 days, WEEK);
        t.claimDays = 7;
        _openBatch("seven days", t);
        t = _lasting(WEEK - 1);
        t.claimDays = 300; // the dates end first
        _refuseShort(t, WEEK - 1, WEEK);
    }

    function test_openBatches__whenMinimumSpendReachesTheClass__takesItsRow() external {
        _inForce(_policy());
        BatchTerms memory t = _lasting(2 * WEEK - 1);
        (t.face, t.minimumSpend) = (1_001, 2_001); // a hair below twice the face value
        _openBatch("easy", t);
        t.minimumSpend = 2_002;
        _refuseShort(t, 2 * WEEK - 1, 2 * WEEK);
    }

    function test_openBatches__whenItHasSeveralCategories__keepsToEach() external {
        _inForce(_policy());
        BatchTerms memory t = _lasting(MONTH + 1);
        (t.face, t.categories) = (2_000, 0x0f);
        _refuseLong(t, 1, MONTH + 1, MONTH);
        t.categories = 0x0d;
        _openBatch("without it", t);
    }

    function test_openBatches__whenAnExceptionWasGranted__opensThatBatchAlone() external {
        _inForce(_policy());
        BatchTerms memory t = _lasting(1);
        bytes32 exception = _except("batch", t);
        _refuseShort(t, 1, WEEK); // asked for is not granted
        vm.prank(approver);
        programmes.grantException(exception);
        BatchTerms memory other = _lasting(2);
        _refuseShort(other, 2, WEEK);
        _expectShort("other", 1, WEEK);
        _openBatch("other", t);
        uint256 batch = _openBatch("batch", t);
        vm.assertEq(vouchers.batchOf("batch"), batch);
    }

    // --- exceptions ---

    function test_proposeException__whenKnownOrWithoutReason__refusesIt() external {
        BatchTerms memory t = _lasting(1);
        vm.expectRevert(abi.encodeWithSelector(IProgrammeRegistry.ProgrammeRegistry_ReasonMissing.selector));
        vm.prank(treasurer);
        programmes.proposeException("batch", t, "");
        bytes32 exception = _except("batch", t);
        _refuseKnown(exception);
        vm.prank(treasurer);
        programmes.proposeException("batch", t, "again");
        vm.prank(approver);
        programmes.grantException(exception);
        _refuseKnown(exception);
        vm.prank(treasurer);
        programmes.proposeException("batch", t, "again");
    }

    function test_proposeException__whenNew__keepsAndLogsIt() external {
        BatchTerms memory t = _lasting(1);
        vm.recordLogs();
        bytes32 exception = _except("batch", t);
        vm.assertEq(exception, keccak256(abi.encode("batch", t)));
        bytes32[] memory topics =
            topicsOf(IProgrammePolicies.ValidityExceptionProposed.selector, uint256(exception), topic(treasurer));
        _assertOnlyLog(topics, abi.encode("batch", t, "a fair of one day"));
        ExceptionRecord memory expected = ExceptionRecord(treasurer, uint40(block.timestamp), address(0), 0);
        vm.assertEq(abi.encode(programmes.exceptionRecord(exception)), abi.encode(expected));
    }

    function test_grantException__whenItDoesNotWait__refusesIt() external {
        _refuseExceptionNotWaiting(bytes32("none"));
        vm.prank(approver);
        programmes.grantException("none");
        bytes32 exception = _except("batch", _lasting(1));
        vm.startPrank(approver);
        programmes.grantException(exception);
        _refuseExceptionNotWaiting(exception);
        programmes.grantException(exception);
        _refuseExceptionNotWaiting(exception);
        programmes.rejectException(exception, "no");
        vm.stopPrank();
    }

    function test_grantException__whenCallerAskedForIt__refusesIt() external {
        _grantBoth(outsider);
        vm.startPrank(outsider);
        bytes32 exception = programmes.proposeException("batch", _lasting(1), "why");
        vm.expectRevert(abi.encodeWithSelector(IProgrammePolicies.ProgrammeRegistry_OwnException.selector, exception, outsider));
        programmes.grantException(exception);
        vm.stopPrank();
    }

    function test_grantException__whenAnotherGrants__keepsAndLogsIt() external {
        bytes32 exception = _except("batch", _lasting(1));
        vm.recordLogs();
        vm.prank(approver);
        programmes.grantException(exception);
        bytes32[] memory topics =
            topicsOf(IProgrammePolicies.ValidityExceptionGranted.selector, uint256(exception), topic(treasurer), topic(approver));
        _assertOnlyLog(topics, "");
        ExceptionRecord memory record = programmes.exceptionRecord(exception);
        vm.assertEq(record.approver, approver);
        vm.assertEq(record.grantedAt, block.timestamp);
    }

    function test_rejectException__whenItWaits__forgetsItSoThatItCanBeAskedForAgain() external {
        bytes32 exception = _except("batch", _lasting(1));
        vm.startPrank(approver);
        vm.expectRevert(abi.encodeWithSelector(IProgrammeRegistry.ProgrammeRegistry_ReasonMissing.selector));
        programmes.rejectException(exception, "");
        vm.recordLogs();
        programmes.rejectException(exception, "no need");
        vm.stopPrank();
        bytes32[] memory topics =
            topicsOf(IProgrammePolicies.ValidityExceptionRejected.selector, uint256(exception), topic(approver));
        _assertOnlyLog(topics, abi.encode("no need"));
        vm.assertEq(programmes.exceptionRecord(exception).proposer, address(0));
        vm.assertEq(_except("batch", _lasting(1)), exception);
    }

    // --- helpers ---

    /// @dev Faces below 1,000, from 1,000 and from 2,000; minimum spends below twice the face value, and from it.
    function _policy() private pure returns (ValidityPolicy memory p) {
        p.faces = _faces(1_000, 2_000);
        p.difficulties = new uint32[](1);
        p.difficulties[0] = 200;
        p.rows = new ValidityRow[](3);
        p.rows[0] = ValidityRow(0, 0, 0, WEEK, 0);
        p.rows[1] = ValidityRow(0, 1, 1, 2 * WEEK, MONTH);
        p.rows[2] = ValidityRow(1, 2, 0, 0, MONTH);
    }

    function _faces(uint48 first, uint48 second) private pure returns (uint48[] memory faces) {
        faces = new uint48[](2);
        (faces[0], faces[1]) = (first, second);
    }

    /// @dev A catering batch of the lowest classes.
    function _lasting(uint40 validity) private view returns (BatchTerms memory t) {
        t = _batchTerms(programme);
        (t.face, t.categories) = (999, CATERING);
        t.validUntil = t.validFrom + validity;
    }

    function _propose(ValidityPolicy memory p) private {
        vm.prank(treasurer);
        programmes.proposePolicy(p, "why");
    }

    function _inForce(ValidityPolicy memory p) private {
        _propose(p);
        (, uint256 last) = programmes.policies();
        vm.prank(approver);
        programmes.approvePolicy(last);
    }

    function _except(string memory ref, BatchTerms memory t) private returns (bytes32) {
        vm.prank(treasurer);
        return programmes.proposeException(ref, t, "a fair of one day");
    }

    function _grantBoth(address account) private {
        vm.startPrank(admin);
        manager.grantRole(1, account, 0); // TREASURER
        manager.grantRole(2, account, 0); // APPROVER
        vm.stopPrank();
    }

    function _refuse(bytes memory error, ValidityPolicy memory p, string memory reason) private {
        vm.expectRevert(error);
        vm.prank(treasurer);
        programmes.proposePolicy(p, reason);
    }

    function _refuseField(string memory field, uint256 at, ValidityPolicy memory p) private {
        _refuse(abi.encodeWithSelector(IProgrammePolicies.ProgrammeRegistry_PolicyInvalid.selector, field, at), p, "why");
    }

    /// @dev As the last of three rows.
    function _refuseRow(string memory field, ValidityRow memory row) private {
        ValidityPolicy memory p = _policy();
        p.rows[2] = row;
        _refuseField(field, 2, p);
    }

    function _refuseNotWaiting(uint256 policy) private {
        vm.expectRevert(abi.encodeWithSelector(IProgrammePolicies.ProgrammeRegistry_PolicyNotWaiting.selector, policy));
    }

    function _refuseKnown(bytes32 exception) private {
        vm.expectRevert(abi.encodeWithSelector(IProgrammePolicies.ProgrammeRegistry_ExceptionKnown.selector, exception));
    }

    function _refuseExceptionNotWaiting(bytes32 exception) private {
        vm.expectRevert(abi.encodeWithSelector(IProgrammePolicies.ProgrammeRegistry_ExceptionNotWaiting.selector, exception));
    }

    function _expectShort(string memory ref, uint256 validity, uint256 shortest) private {
        vm.expectRevert(
            abi.encodeWithSelector(IProgrammePolicies.ProgrammeRegistry_ValidityTooShort.selector, ref, 0, validity, shortest)
        );
    }

    function _refuseShort(BatchTerms memory t, uint256 validity, uint256 shortest) private {
        _expectShort("batch", validity, shortest);
        _openBatch("batch", t);
    }

    function _refuseLong(BatchTerms memory t, uint256 category, uint256 validity, uint256 longest) private {
        vm.expectRevert(
            abi.encodeWithSelector(
                IProgrammePolicies.ProgrammeRegistry_ValidityTooLong.selector, "batch", category, validity, longest
            )
        );
        _openBatch("batch", t);
    }

    function _assertPolicies(uint256 inForce, uint256 last) private view {
        (uint256 foundInForce, uint256 foundLast) = programmes.policies();
        vm.assertEq(foundInForce, inForce);
        vm.assertEq(foundLast, last);
    }

    function _assertBounds(uint256 category, uint256 face, uint256 minimum, uint256 shortest, uint256 longest) private view {
        (uint256 foundShortest, uint256 foundLongest) = programmes.validityBounds(1, category, face, minimum);
        vm.assertEq(foundShortest, shortest);
        vm.assertEq(foundLongest, longest);
    }

    function _assertOnlyLog(bytes32[] memory topics, bytes memory data) private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1);
        assertLog(logs[0], address(programmes), topics, data);
    }
}
