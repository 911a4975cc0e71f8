// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {IMerchantRegistry} from "./interfaces/IMerchantRegistry.sol";
import {ITreasury} from "./interfaces/ITreasury.sol";
import {IVouchers} from "./interfaces/IVouchers.sol";
import {Dispute} from "./types/Case.sol";
import {EligibilityRoot, Round} from "./types/Claim.sol";
import {Passed, Reassignment} from "./types/Transfer.sol";

/// @title The slots of CaseDesk, as drawn in docs/storage.md.
abstract contract CaseDeskBase is AccessManaged {
    /// @dev The last freeze of a subject. A confirmed one ends at the last second there is.
    struct Freeze {
        address by;
        uint40 until;
        uint8 renewals;
        bool confirmed;
    }

    IVouchers internal _vouchers;
    ITreasury internal _treasury;
    mapping(uint256 subjectKey => Freeze) internal _freezes;
    mapping(uint256 subjectKey => mapping(address auditor => uint256 until)) internal _ownFreezes;
    IMerchantRegistry internal _merchants;
    mapping(uint256 terminalDay => uint256 amount) internal _reversedBy; // terminal << 24 | day
    uint256 internal _lastDispute;
    mapping(uint256 dispute => Dispute) internal _disputes;
    mapping(bytes32 redemption => uint256 dispute) internal _disputeOf; // keccak256(digest, voucher)
    mapping(uint256 programme => mapping(bytes32 root => EligibilityRoot)) internal _roots;
    mapping(uint256 programme => uint256 round) internal _lastRound;
    mapping(uint256 roundKey => Round) internal _rounds; // programme << 16 | round
    mapping(bytes32 takenKey => bool) internal _taken; // keccak256(roundKey, nullifier)
    mapping(bytes32 takenKey => bool) internal _claimants; // keccak256(roundKey, holder)
    mapping(uint256 holderKey => Passed) internal _passed; // programme << 160 | address
    mapping(uint256 roll => mapping(uint256 place => Reassignment)) internal _reassignments;

    /// @param manager The AccessManager that knows the roles.
    constructor(address manager) AccessManaged(manager) {}
}
