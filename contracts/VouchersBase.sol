// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {VouchersStorage} from "./VouchersStorage.sol";

/// @title What both halves of Vouchers have in common: slots in one order, roles, and the domain of everything signed.
abstract contract VouchersBase is VouchersStorage, AccessManaged, EIP712 {
    /// @param manager The AccessManager that knows the roles.
    constructor(address manager) AccessManaged(manager) EIP712("VoucherTrail", "1") {}
}
