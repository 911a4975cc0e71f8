// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICaseDeskSweep} from "../../contracts/interfaces/ICaseDeskSweep.sol";
import {ICaseDeskClaims} from "../../contracts/interfaces/ICaseDeskClaims.sol";
import {ICaseDeskEmergency} from "../../contracts/interfaces/ICaseDeskEmergency.sol";
import {ICaseDeskFreezes} from "../../contracts/interfaces/ICaseDeskFreezes.sol";
import {ICaseDeskReassignments} from "../../contracts/interfaces/ICaseDeskReassignments.sol";
import {ICaseDeskReversals} from "../../contracts/interfaces/ICaseDeskReversals.sol";
import {IMerchantRegistry} from "../../contracts/interfaces/IMerchantRegistry.sol";
import {IProgrammeEmergency} from "../../contracts/interfaces/IProgrammeEmergency.sol";
import {IProgrammePolicies} from "../../contracts/interfaces/IProgrammePolicies.sol";
import {IProgrammeRegistry} from "../../contracts/interfaces/IProgrammeRegistry.sol";
import {IProgrammeRules} from "../../contracts/interfaces/IProgrammeRules.sol";
import {ITreasury} from "../../contracts/interfaces/ITreasury.sol";
import {IVouchers} from "../../contracts/interfaces/IVouchers.sol";
import {IVouchersCases} from "../../contracts/interfaces/IVouchersCases.sol";
import {IVouchersClaims} from "../../contracts/interfaces/IVouchersClaims.sol";
import {IVouchersHolders} from "../../contracts/interfaces/IVouchersHolders.sol";
import {IVouchersLinks} from "../../contracts/interfaces/IVouchersLinks.sol";
import {IVouchersErrors} from "../../contracts/interfaces/IVouchersErrors.sol";
import {IVouchersStanding} from "../../contracts/interfaces/IVouchersStanding.sol";
import {IVouchersSupply} from "../../contracts/interfaces/IVouchersSupply.sol";
import {Roles} from "../../contracts/libraries/Roles.sol";
import {Opening} from "../../contracts/types/Case.sol";
import {RoundTerms} from "../../contracts/types/Claim.sol";
import {MerchantTerms} from "../../contracts/types/Merchant.sol";
import {ValidityPolicy} from "../../contracts/types/Policy.sol";
import {PublicationTerms, Widening} from "../../contracts/types/Programme.sol";
import {MerchantDay} from "../../contracts/types/Settlement.sol";
import {BatchTerms} from "../../contracts/types/Supply.sol";
import {Base} from "./Base.t.sol";
import {RoleTable} from "./RoleTable.sol";
import {Vm} from "./Vm.sol";

/// a function of a role
/// ├── when the caller has no role: it should refuse the caller
/// ├── when the caller has every other role, ADMIN included: it should refuse the caller
/// └── when the caller has the role: it should not be refused for its role
/// link
/// ├── when the caller is not ADMIN: it should refuse the caller
/// ├── when linked already: it should refuse it
/// └── when not linked: it should keep and log the contracts
/// a function of another contract
/// └── when anybody else calls, ADMIN included: it should refuse the caller
/// syncRelayer
/// ├── when the account has the role OPERATOR: it should list it
/// └── when it has lost it: it should strike it off
contract AccessTest is Base {
    // --- roles ---

    function test_function__whenCallerHasNoRole__refusesTheCaller() external {
        RoleTable.Row[] memory rows = RoleTable.rows();
        for (uint256 i; i < rows.length; ++i) {
            _assertUnauthorized(rows[i], outsider);
        }
    }

    function test_function__whenCallerHasEveryOtherRole__refusesTheCaller() external {
        RoleTable.Row[] memory rows = RoleTable.rows();
        for (uint64 missing = 1; missing <= Roles.ATTESTOR; ++missing) {
            address caller = _account(string.concat("all but ", vm.toString(missing)));
            vm.startPrank(admin);
            for (uint64 role = 0; role <= Roles.ATTESTOR; ++role) {
                if (role != missing) manager.grantRole(role, caller, 0);
            }
            vm.stopPrank();
            for (uint256 i; i < rows.length; ++i) {
                if (rows[i].role == missing) _assertUnauthorized(rows[i], caller);
            }
        }
    }

    /// @dev Whatever else they say to arguments of zeros, they do not refuse the role.
    function test_function__whenCallerHasTheRole__doesNotRefuseTheRole() external {
        RoleTable.Row[] memory rows = RoleTable.rows();
        for (uint256 i; i < rows.length; ++i) {
            address caller = _caller(rows[i].role);
            (bool success, bytes memory answer) = _call(rows[i], caller);
            bytes4 reason = answer.length < 4 ? bytes4(0) : bytes4(answer);
            vm.assertFalse(!success && reason == bytes4(_unauthorized(caller)), "refused its own role");
        }
    }

    // --- link ---

    function test_link__whenCallerIsNotAdmin__refusesTheCaller() external {
        address[5] memory targets = _targets();
        bytes[5] memory calls = _links();
        for (uint256 i; i < targets.length; ++i) {
            vm.prank(treasurer);
            (bool success, bytes memory answer) = targets[i].call(calls[i]);
            vm.assertFalse(success, "linked by the treasurer");
            vm.assertEq(answer, _unauthorized(treasurer));
        }
    }

    function test_link__whenLinkedAlready__refusesIt() external {
        address[5] memory targets = _targets();
        bytes[5] memory calls = _links();
        bytes4[5] memory errors = [
            IVouchersErrors.Vouchers_AlreadyLinked.selector,
            IProgrammeRegistry.ProgrammeRegistry_AlreadyLinked.selector,
            IMerchantRegistry.MerchantRegistry_AlreadyLinked.selector,
            ITreasury.Treasury_AlreadyLinked.selector,
            ICaseDeskSweep.CaseDesk_AlreadyLinked.selector
        ];
        for (uint256 i; i < targets.length; ++i) {
            vm.prank(admin);
            (bool success, bytes memory answer) = targets[i].call(calls[i]);
            vm.assertFalse(success, "linked twice");
            vm.assertEq(answer, abi.encodeWithSelector(errors[i]));
        }
    }

    function test_link__whenNotLinked__keepsAndLogsTheContracts() external {
        _deploy();
        vm.recordLogs();
        deployment.link();
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 5);
        address[4] memory all = [address(programmes), address(merchants), address(treasury), address(desk)];
        assertLog(logs[0], address(vouchers), topicsOf(IVouchersLinks.ContractsLinked.selector), abi.encode(all));
        assertLog(
            logs[1],
            address(programmes),
            topicsOf(IProgrammeRegistry.ContractsLinked.selector),
            abi.encode(address(vouchers), address(treasury))
        );
        assertLog(
            logs[2], address(merchants), topicsOf(IMerchantRegistry.ContractsLinked.selector), abi.encode(address(vouchers))
        );
        all = [address(vouchers), address(programmes), address(merchants), address(desk)];
        assertLog(logs[3], address(treasury), topicsOf(ITreasury.ContractsLinked.selector), abi.encode(all));
        assertLog(
            logs[4],
            address(desk),
            topicsOf(ICaseDeskSweep.ContractsLinked.selector),
            abi.encode(address(vouchers), address(treasury), address(merchants))
        );
    }

    // --- functions of other contracts ---

    function test_linkedFunctionOfVouchers__whenAnybodyElseCalls__refusesTheCaller() external {
        bytes[20] memory calls = [
            abi.encodeCall(IVouchersStanding.setFrozen, (1, 1, 1)),
            abi.encodeCall(IVouchersStanding.bookRevoked, (1)),
            abi.encodeCall(IVouchersStanding.lengthen, (1, 1)),
            abi.encodeCall(IVouchersStanding.setNetworkPause, (1, 1)),
            abi.encodeCall(IVouchersLinks.addWidenedRegions, (1, new uint256[](1))),
            abi.encodeCall(IVouchersLinks.setProgramme, (1, 5)),
            abi.encodeCall(IVouchersLinks.setRules, (1, 1, 1, 1)),
            abi.encodeCall(IVouchersLinks.setMerchant, (1, 2)),
            abi.encodeCall(IVouchersLinks.setTerminal, (outsider, 1)),
            abi.encodeCall(IVouchersLinks.takePayable, (1, 1, 1)),
            abi.encodeCall(IVouchersLinks.bookSwept, (1, 1)),
            abi.encodeCall(IVouchersCases.bookReversed, (1, 0, 1, 1, 1)),
            abi.encodeCall(IVouchersCases.lockDisputed, (1, 1, 1, 1)),
            abi.encodeCall(IVouchersCases.unlockDisputed, (1, 1, 1, 1)),
            abi.encodeCall(IVouchersClaims.reserve, (1, _one(1), 1, 1)),
            abi.encodeCall(IVouchersClaims.unreserve, (_one(1), 1)),
            abi.encodeCall(IVouchersClaims.writeClaimedRoll, (1, "roll", false, _holders(0, 1))),
            abi.encodeCall(IVouchersClaims.issueReserved, (_one(1), _one(1))),
            abi.encodeCall(IVouchersHolders.bookTransferred, (1, outsider, 0)),
            abi.encodeCall(IVouchersHolders.bookReassigned, (1, 0, outsider))
        ];
        (address registry, address shops) = (address(programmes), address(merchants));
        address its = address(desk);
        address[20] memory linked = [
            its,
            its,
            its,
            registry,
            registry,
            registry,
            registry,
            shops,
            shops,
            address(treasury),
            its,
            its,
            its,
            its,
            its,
            its,
            its,
            its,
            its,
            its
        ];
        address[7] memory callers =
            [admin, treasurer, outsider, address(programmes), address(merchants), address(treasury), address(desk)];
        for (uint256 i; i < calls.length; ++i) {
            for (uint256 j; j < callers.length; ++j) {
                if (callers[j] == linked[i]) continue;
                _assertNotLinked(address(vouchers), IVouchersErrors.Vouchers_CallerNotLinked.selector, calls[i], callers[j]);
            }
        }
    }

    function test_linkedFunctionOfTreasury__whenAnybodyElseCalls__refusesTheCaller() external {
        bytes[5] memory calls = [
            abi.encodeCall(ITreasury.commit, (1, 1)),
            abi.encodeCall(ITreasury.releaseExpired, (1, 1)),
            abi.encodeCall(ITreasury.setBudget, (1, 1)),
            abi.encodeCall(ITreasury.reserve, (1, 1)),
            abi.encodeCall(ITreasury.unreserve, (1, 1))
        ];
        address[5] memory linked = [address(vouchers), address(desk), address(programmes), address(vouchers), address(vouchers)];
        address[7] memory callers =
            [admin, treasurer, outsider, address(vouchers), address(programmes), address(merchants), address(desk)];
        for (uint256 i; i < calls.length; ++i) {
            for (uint256 j; j < callers.length; ++j) {
                bool forBookings = i == 1 && callers[j] == address(vouchers);
                if (callers[j] == linked[i] || forBookings) continue;
                _assertNotLinked(address(treasury), ITreasury.Treasury_CallerNotLinked.selector, calls[i], callers[j]);
            }
        }
    }

    // --- relayers ---

    function test_syncRelayer__whenOperator__listsIt() external {
        vm.prank(admin);
        manager.grantRole(Roles.OPERATOR, outsider, 0);
        vm.assertFalse(vouchers.isRelayer(outsider), "listed without a sync");
        vm.recordLogs();
        vouchers.syncRelayer(outsider);
        _assertSynced(outsider, true);
    }

    function test_syncRelayer__whenNoLongerOperator__strikesItOff() external {
        vm.assertTrue(vouchers.isRelayer(operator), "not listed");
        vm.prank(admin);
        manager.revokeRole(Roles.OPERATOR, operator);
        vm.recordLogs();
        vm.prank(outsider);
        vouchers.syncRelayer(operator);
        _assertSynced(operator, false);
    }

    // --- helpers ---

    function _assertSynced(address account, bool allowed) private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1);
        assertLog(
            logs[0], address(vouchers), topicsOf(IVouchersLinks.RelayerSynced.selector, topic(account)), abi.encode(allowed)
        );
        vm.assertEq(vouchers.isRelayer(account), allowed);
    }

    function _assertUnauthorized(RoleTable.Row memory row, address caller) private {
        (bool success, bytes memory answer) = _call(row, caller);
        vm.assertFalse(success, "called without the role");
        vm.assertEq(answer, _unauthorized(caller));
    }

    function _assertNotLinked(address target, bytes4 error, bytes memory call, address caller) private {
        vm.prank(caller);
        (bool success, bytes memory answer) = target.call(call);
        vm.assertFalse(success, "called by another contract");
        vm.assertEq(answer, abi.encodeWithSelector(error, caller));
    }

    /// @dev Calls the row's function with arguments that decode.
    function _call(RoleTable.Row memory row, address caller) private returns (bool success, bytes memory answer) {
        address target = deployment.target(row.target);
        bytes memory call = bytes.concat(row.selector, _arguments(row.selector));
        vm.prank(caller);
        (success, answer) = target.call(call);
    }

    function _arguments(bytes4 selector) private view returns (bytes memory) {
        uint256[] memory ids = new uint256[](0);
        string[] memory texts = new string[](0);
        if (selector == IVouchersSupply.openBatches.selector) return abi.encode(texts, new BatchTerms[](0));
        if (selector == IVouchersSupply.writeRoll.selector) return abi.encode(uint256(0), "", uint256(0), "");
        if (selector == IVouchersSupply.issue.selector) return abi.encode(ids, ids);
        if (selector == IProgrammeRegistry.draft.selector) {
            return abi.encode("", _programmeTerms(), _rulesTerms(), _lineTerms(0));
        }
        if (selector == IProgrammeRules.proposeRules.selector) {
            return abi.encode(uint256(0), _rulesTerms(), Widening(0, new uint40[](0), 0), "");
        }
        if (selector == IProgrammePolicies.proposePolicy.selector) {
            ValidityPolicy memory policy;
            return abi.encode(policy, "");
        }
        if (selector == IProgrammePolicies.proposeException.selector) return abi.encode("", _batchTerms(0), "");
        if (selector == IProgrammeRegistry.setPublication.selector) {
            return abi.encode(uint256(0), PublicationTerms(0, 0, "", 0, ""));
        }
        if (selector == IProgrammeRules.withdrawRules.selector || selector == IProgrammeRules.rejectRules.selector) {
            return abi.encode(uint256(0), uint256(0), "");
        }
        if (selector == ICaseDeskFreezes.revoke.selector) return abi.encode(ids, "");
        if (
            selector == ICaseDeskFreezes.freeze.selector || selector == IProgrammeEmergency.widenChannels.selector
                || selector == ICaseDeskReassignments.proposeReassignment.selector
        ) {
            return abi.encode(uint256(0), uint256(0), uint256(0), "");
        }
        if (_isLaneOrFreeze(selector)) return abi.encode(uint256(0), uint256(0), "");
        if (selector == IProgrammeEmergency.pauseAll.selector) return abi.encode(uint256(0), "");
        if (selector == IMerchantRegistry.enter.selector) return abi.encode(texts, new MerchantTerms[](0));
        if (selector == IMerchantRegistry.nameCategories.selector) return abi.encode(ids, texts);
        if (selector == IMerchantRegistry.activate.selector) return abi.encode(ids);
        if (selector == IProgrammeRegistry.close.selector || _isReasoned(selector)) return abi.encode(uint256(0), "");
        if (selector == ITreasury.proposeMove.selector) return abi.encode(uint256(0), uint256(0), uint64(0), "");
        if (selector == IMerchantRegistry.proposeChange.selector || selector == IMerchantRegistry.change.selector) {
            return abi.encode(uint256(0), _merchantTerms());
        }
        if (selector == ICaseDeskClaims.proposeRoot.selector || selector == ICaseDeskClaims.withdrawRoot.selector) {
            return abi.encode(uint256(0), bytes32(0), "");
        }
        if (selector == ICaseDeskClaims.openRound.selector) {
            RoundTerms memory round;
            return abi.encode(uint256(0), round);
        }
        if (selector == ICaseDeskReversals.reverseByArbiter.selector) {
            Opening memory opening;
            return abi.encode(opening, uint256(0), bytes32(0));
        }
        if (selector == ITreasury.prepareSettlement.selector) return abi.encode(new MerchantDay[](0));
        if (selector == ITreasury.releaseSettlement.selector) return abi.encode(uint256(0), new MerchantDay[](0));
        return abi.encode(uint256(0), uint256(0), uint256(0), uint256(0)); // numbers and addresses only
    }

    function _isLaneOrFreeze(bytes4 selector) private pure returns (bool) {
        return selector == ICaseDeskFreezes.lift.selector || selector == ICaseDeskFreezes.confirm.selector
            || selector == ICaseDeskEmergency.extendBatch.selector || selector == IProgrammeEmergency.pause.selector
            || selector == ICaseDeskReassignments.withdrawReassignment.selector;
    }

    function _isReasoned(bytes4 selector) private pure returns (bool) {
        return selector == IMerchantRegistry.suspend.selector || selector == IMerchantRegistry.reinstate.selector
            || selector == IMerchantRegistry.reject.selector || selector == IMerchantRegistry.proposeRemoval.selector
            || selector == IMerchantRegistry.remove.selector || selector == IMerchantRegistry.withdrawPayout.selector
            || selector == ITreasury.withdrawMove.selector || selector == IProgrammePolicies.withdrawPolicy.selector
            || selector == IProgrammePolicies.rejectPolicy.selector || selector == IProgrammePolicies.rejectException.selector;
    }

    function _targets() private view returns (address[5] memory) {
        return [address(vouchers), address(programmes), address(merchants), address(treasury), address(desk)];
    }

    function _caller(uint64 role) private view returns (address) {
        if (role == Roles.TREASURER) return treasurer;
        if (role == Roles.APPROVER) return approver;
        if (role == Roles.REGISTRAR) return registrar;
        if (role == Roles.ARBITER) return arbiter;
        return role == Roles.AUDITOR ? auditor : rescuer;
    }

    function _links() private view returns (bytes[5] memory) {
        return [
            abi.encodeCall(IVouchersLinks.link, (outsider, outsider, outsider, outsider)),
            abi.encodeCall(IProgrammeRegistry.link, (outsider, outsider)),
            abi.encodeCall(IMerchantRegistry.link, (outsider)),
            abi.encodeCall(ITreasury.link, (outsider, outsider, outsider, outsider)),
            abi.encodeCall(ICaseDeskSweep.link, (outsider, outsider, outsider))
        ];
    }
}
