// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IProgrammeEmergency} from "./IProgrammeEmergency.sol";
import {IProgrammePolicies} from "./IProgrammePolicies.sol";
import {IProgrammeRegistry} from "./IProgrammeRegistry.sol";
import {IProgrammeRules} from "./IProgrammeRules.sol";
import {IProgrammeTransfers} from "./IProgrammeTransfers.sol";

/// @title Everything at the address of ProgrammeRegistry.
interface IProgrammes is IProgrammeRegistry, IProgrammeRules, IProgrammeEmergency, IProgrammePolicies, IProgrammeTransfers {}
