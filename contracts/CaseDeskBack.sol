// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {CaseDeskBase} from "./CaseDeskBase.sol";
import {CaseDeskEmergency} from "./CaseDeskEmergency.sol";
import {CaseDeskFreezes} from "./CaseDeskFreezes.sol";
import {CaseDeskReassignments} from "./CaseDeskReassignments.sol";
import {Front} from "./Front.sol";

/// @title The code behind CaseDesk for what needs no opened commitment: freezes, the emergency lane, transfers and reassignments.
/// @dev Run by delegatecall on the slots of CaseDesk; of no use by itself. Claims are the code of {CaseDeskClaims} behind it.
contract CaseDeskBack is CaseDeskFreezes, CaseDeskEmergency, CaseDeskReassignments, Front {
    /// @param manager The AccessManager that knows the roles.
    /// @param claims The {CaseDeskClaims} of the same release.
    constructor(address manager, address claims) CaseDeskBase(manager) Front(claims) {}
}
