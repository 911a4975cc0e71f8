// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title The roles of the AccessManager.
library Roles {
    uint64 internal constant ADMIN = 0;
    uint64 internal constant TREASURER = 1;
    uint64 internal constant APPROVER = 2;
    uint64 internal constant REGISTRAR = 3;
    uint64 internal constant OPERATOR = 4;
    uint64 internal constant ARBITER = 5;
    uint64 internal constant AUDITOR = 6;
    uint64 internal constant EMERGENCY = 7;
    uint64 internal constant ATTESTOR = 8;
}
