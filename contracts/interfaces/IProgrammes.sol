// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IProgrammeRegistry} from "./IProgrammeRegistry.sol";
import {IProgrammeRules} from "./IProgrammeRules.sol";

/// @title Everything at the address of ProgrammeRegistry.
interface IProgrammes is IProgrammeRegistry, IProgrammeRules {}
