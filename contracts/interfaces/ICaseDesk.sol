// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICaseDeskClaims} from "./ICaseDeskClaims.sol";
import {ICaseDeskDisputes} from "./ICaseDeskDisputes.sol";
import {ICaseDeskEmergency} from "./ICaseDeskEmergency.sol";
import {ICaseDeskFreezes} from "./ICaseDeskFreezes.sol";
import {ICaseDeskReassignments} from "./ICaseDeskReassignments.sol";
import {ICaseDeskReversals} from "./ICaseDeskReversals.sol";
import {ICaseDeskSweep} from "./ICaseDeskSweep.sol";
import {ICaseDeskTransfers} from "./ICaseDeskTransfers.sol";

/// @title The slow paths of a voucher's life: freezes, revocations, extensions, reversals, disputes, the sweep, transfers; and claims.
interface ICaseDesk is
    ICaseDeskFreezes,
    ICaseDeskEmergency,
    ICaseDeskDisputes,
    ICaseDeskReversals,
    ICaseDeskSweep,
    ICaseDeskTransfers,
    ICaseDeskReassignments,
    ICaseDeskClaims
{}
