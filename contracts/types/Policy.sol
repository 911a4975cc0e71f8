// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @dev How long vouchers of one category, face-value class and difficulty class must and may be valid, both inclusive, in seconds;
/// 0 bounds nothing. Classes are numbered from 0.
struct ValidityRow {
    uint8 category;
    uint8 faceClass;
    uint8 difficultyClass;
    uint32 shortest;
    uint32 longest;
}

/// @dev A whole validity policy. `faces`: where face-value classes 1, 2 … begin, in the token's smallest unit. `difficulties`: where
/// difficulty classes 1, 2 … begin, in percent of the face value that the minimum spend is. Both ascend strictly; class 0 begins at 0.
/// What has no row is bounded by nothing.
struct ValidityPolicy {
    uint48[] faces;
    uint32[] difficulties;
    ValidityRow[] rows;
}

/// @dev How a validity policy came to be. Zero in a time: it has not happened.
struct PolicyRecord {
    address proposer;
    uint40 proposedAt;
    address approver;
    uint40 approvedAt;
    uint40 withdrawnAt;
    string reason;
}

/// @dev Who asked for a validity exception and who granted it. Zero in a time: it has not happened.
struct ExceptionRecord {
    address proposer;
    uint40 proposedAt;
    address approver;
    uint40 grantedAt;
}
