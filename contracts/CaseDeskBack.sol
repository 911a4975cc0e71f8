// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {CaseDeskBase} from "./CaseDeskBase.sol";
import {CaseDeskEmergency} from "./CaseDeskEmergency.sol";
import {CaseDeskFreezes} from "./CaseDeskFreezes.sol";

/// @title The code behind CaseDesk for what needs no opened commitment: freezes and the emergency lane.
/// @dev Run by delegatecall on the slots of CaseDesk; of no use by itself.
contract CaseDeskBack is CaseDeskFreezes, CaseDeskEmergency {
    /// @param manager The AccessManager that knows the roles.
    constructor(address manager) CaseDeskBase(manager) {}
}
