// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Front} from "./Front.sol";
import {ProgrammeBase} from "./ProgrammeBase.sol";
import {ProgrammeEmergency} from "./ProgrammeEmergency.sol";
import {ProgrammeRules} from "./ProgrammeRules.sol";
import {ProgrammeTransfers} from "./ProgrammeTransfers.sol";

/// @title The code behind ProgrammeRegistry for what happens while a programme runs.
/// @dev Run by delegatecall on the slots of ProgrammeRegistry; of no use by itself.
contract ProgrammeBack is ProgrammeRules, ProgrammeEmergency, ProgrammeTransfers, Front {
    /// @param manager The AccessManager that knows the roles.
    /// @param policies The {ProgrammePolicies} of the same release.
    constructor(address manager, address policies) ProgrammeBase(manager) Front(policies) {}
}
