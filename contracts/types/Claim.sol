// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @dev What a round of claims gives: every batch of the pack for each of `places`, which count people. `[opensAt, closesAt)` in Unix
/// seconds. `root` is zero where everybody may claim, else the approved root of the list of those who may. `batches` ascend.
struct RoundTerms {
    uint40 places;
    uint40 opensAt;
    uint40 closesAt;
    bytes32 root;
    uint256[] batches;
}

/// @dev A round as it stands: `given` of its places were claimed; `closed` once what was not is no longer kept for it.
struct Round {
    uint40 places;
    uint40 given;
    uint40 opensAt;
    uint40 closesAt;
    bool closed;
    bytes32 root;
    uint256[] batches;
}

/// @dev One person's claim: what the holder signed as `Claim(programme, round, holder, nullifier, deadline)`, and, where the round has a
/// root, the salt and the proof that the person is on its list. `deadline` is exclusive.
struct Claimant {
    address holder;
    bytes32 nullifier;
    uint256 deadline;
    bytes signature;
    bytes32 salt;
    bytes32[] proof;
}

/// @dev A root of a list of those who may claim. No proposer means there is none.
struct EligibilityRoot {
    address proposer;
    address approver;
}
