// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {ITreasury} from "./interfaces/ITreasury.sol";
import {IVouchers} from "./interfaces/IVouchers.sol";

/// @title What the parts of CaseDesk have in common.
abstract contract CaseDeskBase is AccessManaged {
    IVouchers internal _vouchers;
    ITreasury internal _treasury;

    /// @param manager The AccessManager that knows the roles.
    constructor(address manager) AccessManaged(manager) {}
}
