// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

import {BudgetSteps} from "./BudgetSteps.sol";
import {CaseSteps} from "./CaseSteps.sol";
import {Checks} from "./Checks.sol";
import {ClaimSteps} from "./ClaimSteps.sol";
import {LifeSteps} from "./LifeSteps.sol";
import {MerchantSteps} from "./MerchantSteps.sol";
import {OtherSteps} from "./OtherSteps.sol";
import {ProgrammeSteps} from "./ProgrammeSteps.sol";
import {LaneSteps} from "./LaneSteps.sol";
import {SeatSteps} from "./SeatSteps.sol";
import {ServeSteps} from "./ServeSteps.sol";
import {TreasurySteps} from "./TreasurySteps.sol";

/// @title The state machine: each step is one call of one function by one actor, with its outcome foretold by the model.
contract Machine is
    ProgrammeSteps,
    MerchantSteps,
    ClaimSteps,
    ServeSteps,
    TreasurySteps,
    BudgetSteps,
    CaseSteps,
    LifeSteps,
    SeatSteps,
    LaneSteps,
    OtherSteps,
    Checks
{
    function setUp() public override {
        super.setUp();
    }

    /// @dev Everything a run does follows from its seed and the steps before.
    function sow(uint256 seed) external {
        _entropy = uint256(keccak256(abi.encode("machine", seed)));
    }

    function step() external {
        ++steps;
        uint256 at = _draw(1400);
        if (at < 25) _timeStep();
        else if (at < 345) _redeemStep();
        else if (at < 395) _caseStep(at - 345);
        else if (at < 585) _supplyStep(at - 395);
        else if (at < 765) _moneyStep(at - 585);
        else if (at < 900) _programmeStep(at - 765);
        else if (at < 970) _merchantStep(at - 900);
        else if (at < 985) _operatorSide(at);
        else if (at < 990) _linkStep();
        else if (at < 1000) _linkedOnlyStep();
        else if (at < 1030) _budgetStep(at - 1000);
        else if (at < 1070) _lifeStep(at - 1030);
        else if (at < 1110) _standingStep();
        else if (at < 1140) _laneStep();
        else if (at < 1200) _claimsStep();
        else if (at < 1220) _policyStep();
        else if (at < 1360) _bookingStep();
        else if (at < 1383) _passStep();
        else _seatStep();
        if (steps % 200 == 0) check();
    }

    function _supplyStep(uint256 at) private {
        if (at < 45) _openBatchStep();
        else if (at < 80) _writeRollStep();
        else _issueStep();
    }

    function _moneyStep(uint256 at) private {
        if (at < 50) _depositStep();
        else if (at < 80) _prepareStep();
        else if (at < 110) _releaseStep();
        else if (at < 120) _returnStep();
        else if (at < 170) _sweepStep();
        else if (at < 175) _allowTokenStep();
        else _donateStep();
    }

    function _caseStep(uint256 at) private {
        if (at < 17) _reverseStep();
        else if (at < 26) _arbiterStep();
        else if (at < 42) _disputeStep();
        else _decideStep();
    }

    function _programmeStep(uint256 at) private {
        if (at < 60) _pushStep();
        else if (at < 80) _rulesStep();
        else if (at < 115) _draftStep();
        else if (at < 119) _proposeStep(_anyProgramme());
        else if (at < 123) _approveStep(_anyProgramme());
        else if (at < 127) _publishStep(_anyProgramme());
        else if (at < 131) _activateStep(_anyProgramme());
        else _closeStep(_anyProgramme());
    }

    function _merchantStep(uint256 at) private {
        if (at < 12) _enterStep();
        else if (at < 26) _activateMerchantsStep();
        else if (at < 32) _suspendStep();
        else if (at < 42) _reinstateStep();
        else if (at < 52) _keyStep(at < 47);
        else if (at < 66) _terminalStep(at < 61);
        else _categoriesStep();
    }

    function _operatorSide(uint256 at) private {
        if (at < 972) _attestorStep();
        else if (at < 978) _operatorStep();
        else _syncStep();
    }

    /// @dev Pairs whose marks stand outside their batch's word.
    function _outside() private view returns (uint256 count) {
        for (uint256 i; i < mPairs.length; ++i) {
            (, uint256 reach,) = vouchers.batchWords(mPairs[i].batch);
            uint256 first = uint24(reach >> 136);
            if (mPairs[i].roll < first || mPairs[i].roll >= first + 48) ++count;
        }
    }

    /// @dev What the run did, one a line, for a file: `passed CONTRACT SELECTOR TIMES` and `refused SELECTOR TIMES`.
    function report() external view returns (string memory text) {
        text = string.concat("steps ", vm.toString(steps), "\ncalls ", vm.toString(calls), "\n");
        text = string.concat(text, "vouchers redeemed ", vm.toString(mNumber), "\npairs issued ", vm.toString(mPairs.length));
        text = string.concat(text, "\npairs outside their batch's window ", vm.toString(_outside()), "\nvouchers booked ");
        text = string.concat(text, vm.toString(mBookings.length), "\nserved in part ", vm.toString(servedInPart));
        text = string.concat(text, "\nset free after their sweep ", vm.toString(freedLate), "\n");
        for (uint256 i; i < _passedList.length; ++i) {
            Passed memory p = _passedList[i];
            string memory times = vm.toString(_passed[p.target][p.selector]);
            text = string.concat(text, "passed ", _nameOf(p.target), " ", _hex(p.selector), " ", times, "\n");
        }
        for (uint256 i; i < _refusedList.length; ++i) {
            string memory times = vm.toString(_refused[_refusedList[i]]);
            text = string.concat(text, "refused ", _hex(_refusedList[i]), " ", times, "\n");
        }
    }

    function _nameOf(address target) private view returns (string memory) {
        if (target == address(vouchers)) return "Vouchers";
        if (target == address(programmes)) return "ProgrammeRegistry";
        if (target == address(merchants)) return "MerchantRegistry";
        if (target == address(treasury)) return "Treasury";
        if (target == address(desk)) return "CaseDesk";
        return target == address(manager) ? "AccessManager" : "SettlementToken";
    }

    function _hex(bytes4 selector) private pure returns (string memory) {
        return Strings.toHexString(uint32(selector), 4);
    }
}
