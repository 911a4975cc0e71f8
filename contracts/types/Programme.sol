// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @dev Where a programme stands. Each state up to CLOSED follows the one before it; REJECTED follows PROPOSED. CLOSED and REJECTED are
/// cold.
enum ProgrammeState {
    NONE,
    DRAFT,
    PROPOSED,
    APPROVED,
    PUBLISHED,
    ACTIVE,
    CLOSED,
    REJECTED
}

/// @dev The outer bounds of a programme. `utcOffset` in minutes; `[startsAt, endsAt)` in Unix seconds; `document` is the hash of the
/// published text of the rules.
struct ProgrammeTerms {
    string name;
    address token;
    int16 utcOffset;
    uint40 startsAt;
    uint40 endsAt;
    uint64 categories;
    uint40 region;
    uint8 channels;
    uint8 approvalsNeeded;
    bytes32 document;
}

/// @dev What a programme is published with beside its terms. `noticeSeconds` must pass between publication and activation, 0: none. How to
/// use its vouchers and on what conditions stand in two published texts, each given by its hash and where it is found; both may be empty.
struct PublicationTerms {
    uint32 noticeSeconds;
    bytes32 howToUseHash;
    string howToUseUri;
    bytes32 conditionsHash;
    string conditionsUri;
}

/// @dev One numbered version of a programme's rules. Zero switches a rule off. Amounts in the token's smallest unit, windows in seconds.
/// `redemption…`, `day…` and `month…` limit what a holder spends, in amount and in vouchers, in one redemption, local day and local month.
/// `flags`: 4 first redemption only, 8 transferable; no other one may be given. `openSeconds`, at most 300, allows codes that
/// name no merchant, their deadline so far ahead at most, for bills up to `openMaxBill`: both or neither.
struct RulesTerms {
    uint32 maxDeadline;
    uint32 reversalWindow;
    uint32 disputeWindow;
    uint64 stepUpThreshold;
    uint64 merchantDailyLimit;
    uint56 redemptionAmount;
    uint16 redemptionCount;
    uint56 dayAmount;
    uint16 dayCount;
    uint56 monthAmount;
    uint16 monthCount;
    uint16 openSeconds;
    uint40 openMaxBill;
    uint8 flags;
}

/// @dev What a rules version opens to every voucher of its programme, those already issued included; for good. Zero or an empty list opens
/// nothing. `regions` are spend regions, see {RegionCode}.
struct Widening {
    uint64 categories;
    uint40[] regions;
    uint8 channels;
}

/// @dev How a rules version came to be. Zero in a time: it has not happened. `ripeAt` is the first second in which it can be activated.
struct RulesRecord {
    address proposer;
    uint40 proposedAt;
    uint40 ripeAt;
    address activator;
    uint40 activatedAt;
    uint40 withdrawnAt;
    Widening widening;
    string reason;
}

/// @dev One budget line: whose money, from where, for whom and what, and how much of it may ever be issued.
struct LineTerms {
    address funder;
    uint40 fundingRegion;
    string beneficiaryGroup;
    string purpose;
    uint64 amount;
}
