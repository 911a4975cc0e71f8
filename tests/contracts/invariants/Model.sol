// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Roles} from "../../../contracts/libraries/Roles.sol";
import {ValidityRow} from "../../../contracts/types/Policy.sol";
import {RulesTerms} from "../../../contracts/types/Programme.sol";
import {MerchantDay} from "../../../contracts/types/Settlement.sol";
import {Base} from "../Base.t.sol";
import {FeeToken} from "./FeeToken.sol";

/// @title The plain model beside the contracts: what should be so, in structs and lists, with nothing packed.
abstract contract Model is Base {
    struct MProgramme {
        uint256 state; // 0 none or rejected, 1 draft, 2 proposed, 3 approved, 4 published, 5 active, 6 closed
        bool rejected;
        uint256 notice; // in seconds
        uint256 noticeEnd; // from publication on
        address drafter;
        address proposer;
        uint256 needed;
        uint256 approvals;
        uint256 startsAt;
        uint256 endsAt;
        int256 utcOffset; // minutes
        uint256 categories;
        uint256 region; // index of the table below
        uint256 channels;
        uint256 version; // of the rules, active
        uint256 newest;
        uint256 wideCategories;
        uint256 laneChannels;
        uint256 laneUntil;
        uint256 wideChannels;
        uint256[] wideRegions;
        uint256 window; // the longest of any version that was ever active
        bool counted; // some version that was ever active looks at what a holder redeemed
        uint256 lines;
        address token;
        string ref;
        uint256[] batches;
        uint256[] rolls;
    }

    struct MVersion {
        uint256 status; // 0 none, then as below
        address proposer;
        uint256 ripeAt;
        uint256 categories; // what it widens
        uint256 channels;
        uint256[] regions;
        uint256 maxDeadline;
        uint256 reversalWindow;
        uint256 disputeWindow;
        RulesTerms rules;
        uint256 perTransfer;
        uint256 perMonth;
    }

    /// @dev `rows` by category, each category at most once.
    struct MPolicy {
        uint256 status;
        address proposer;
        uint48[] faces;
        uint32[] difficulties;
        ValidityRow[] rows;
    }

    struct MException {
        address proposer; // zero: nobody asked for it
        bool granted;
    }

    struct MLine {
        uint256 amount; // as approved
        uint256 budget; // 0 until published
        address funder;
        uint256 deposited;
        uint256 available;
        uint256 committed;
        uint256 committedCount;
        uint256 payable_;
        uint256 payableCount;
        uint256 settled;
        uint256 returned;
        uint256 reserved; // of available, for rounds of claims
    }

    struct MBatch {
        uint256 programme;
        uint256 line; // number within the programme
        uint256 version;
        uint256 kind;
        uint256 percentage;
        uint256 face;
        uint256 minimum;
        uint256 categories;
        uint256 region;
        uint256 channels;
        uint256 from;
        uint256 until;
        uint256 claimDays;
        uint256 quota;
        uint256 issued;
        uint256 reserved; // for rounds of claims
        uint256 swept;
        bool sweptOnce;
        uint256 extended;
        string ref;
    }

    struct MRoll {
        uint256 programme;
        uint256 writtenAt;
        string ref;
        uint8[] holders; // index into the pool
        bool claimed;
    }

    /// @dev `used` by nullifier: no person twice; `claimed`: no address twice.
    struct MRound {
        uint256 places;
        uint256 given;
        uint256 opensAt;
        uint256 closesAt;
        bytes32 root;
        bool closed;
        uint256[] batches;
        mapping(bytes32 nullifier => bool) used;
        mapping(address holder => bool) claimed;
    }

    /// @dev No proposer: there is none, or it was withdrawn.
    struct MRoot {
        address proposer;
        address approver;
    }

    /// @dev From a voucher that is no fixed value.
    struct MTaken {
        uint256 spent;
        uint256 booked; // of stored value
        uint256 sequence;
        bool listed;
    }

    struct MPair {
        uint256 batch;
        uint256 roll;
        uint256 redeemed;
        bool swept;
        uint256 revoked;
        uint256 booked;
        uint256 returned; // of its value, to the line's available money
    }

    /// @dev `lapse` on the programme clock.
    struct MBooking {
        bytes32 digest;
        uint256 voucher;
        uint256 amount;
        uint256 merchant;
        uint256 lapse;
        bool open;
    }

    /// @dev `until` as the desk keeps it; `kept` is what Vouchers was told, 0 after a lift.
    struct MFreeze {
        address by;
        uint256 until;
        uint256 kept;
        uint256 renewals;
        bool confirmed;
    }

    struct MSubject {
        uint256 subject;
        uint256 id;
    }

    struct MPause {
        uint256 from;
        uint256 until;
    }

    struct MMerchant {
        uint256 status; // 0 none, 1 applied, 2 active, 3 suspended, 4 removed
        address registrar;
        address suspender;
        uint256 categories;
        uint256 region;
        uint256 channels;
        address payout;
        string ref;
    }

    struct MDay {
        uint256 line;
        uint256 merchant;
        uint256 day;
        uint256 redeemed;
        uint256 count;
        uint256 settled;
        uint256 settledCount;
        uint256 disputed;
        uint256 disputedCount;
    }

    struct MLeaf {
        bytes32 digest;
        uint256 voucher;
        uint256 amount;
        uint256 merchant;
        address terminal;
        uint256 time;
        uint256 line;
        uint256 day;
        uint256 first; // number of its call's first redemption
        bool reversed;
        uint256 dispute; // index + 1
    }

    struct MDispute {
        uint256 number; // of the redemption
        uint256 decideBy;
        bool open;
    }

    struct MRun {
        address proposer;
        bool open;
        MerchantDay[] entries;
    }

    struct MMove {
        address proposer; // zero once decided
        uint256 from;
        uint256 to;
        uint256 amount;
    }

    struct MChange {
        address proposer; // zero once decided
        uint256 categories;
        uint256 region;
        uint256 channels;
        address payout;
    }

    struct MPayout {
        address account;
        address proposer;
        uint256 ripeAt;
    }

    struct MPassed {
        uint256 month;
        uint256 amount;
    }

    struct MSeat {
        address to; // zero once decided
        address proposer;
        uint256 ripeAt;
    }

    uint256 internal constant FIXED = 0;
    uint256 internal constant PERCENTAGE = 1;
    uint256 internal constant STORED = 2;
    uint256 internal constant WAITING = 1;
    uint256 internal constant ACTIVE = 2;
    uint256 internal constant WITHDRAWN = 3;
    uint256 internal constant HOLDERS = 10;
    uint256 internal constant TERMINALS = 6;
    uint256 internal constant KEYS = 8;
    uint256 internal constant REGIONS = 6;

    uint256 internal mLastProgramme;
    mapping(uint256 programme => MProgramme) internal mProgrammes;
    mapping(uint256 programme => mapping(address => bool)) internal mApproved;
    mapping(uint256 programme => mapping(uint256 version => MVersion)) internal mVersions;
    uint256 internal mPolicy; // in force
    uint256 internal mLastPolicy;
    mapping(uint256 policy => MPolicy) internal mPolicies;
    bytes32[] internal mAsked; // exceptions
    mapping(bytes32 exception => MException) internal mExceptions;
    mapping(uint256 line => MLine) internal mLines;
    mapping(bytes32 slip => uint256 line) internal mSlips;
    bytes32[] internal mSlipList;
    uint256 internal mLastBatch;
    mapping(uint256 batch => MBatch) internal mBatches;
    uint256 internal mLastRoll;
    mapping(uint256 roll => MRoll) internal mRolls;
    mapping(uint256 programme => MRound[]) internal mRounds;
    uint256[] internal mRoundList; // programme << 16 | number
    mapping(uint256 programme => mapping(bytes32 root => MRoot)) internal mRoots;
    MPair[] internal mPairs;
    mapping(uint256 batch => mapping(uint256 roll => uint256)) internal mPairAt; // index + 1
    mapping(uint256 voucher => bool) internal mRedeemed;
    mapping(uint256 voucher => MTaken) internal mTaken;
    uint256[] internal mTakenList; // each that was ever redeemed, or booked in part, once
    uint256 internal mParts; // redemptions that stand and set no bit
    mapping(uint256 voucher => bool) internal mRevoked;
    MBooking[] internal mBookings;
    mapping(bytes32 pair => uint256) internal mBookingAt; // index + 1
    mapping(uint256 voucher => bool) internal mBooked; // of stored value some part
    mapping(uint256 voucher => bool) internal mReleased; // ever
    uint256[] internal mRevokedList;
    MSubject[] internal mFrozen; // everything that was ever frozen
    mapping(uint256 subject => mapping(uint256 id => MFreeze)) internal mFreezes;
    mapping(uint256 subject => mapping(uint256 id => mapping(address => uint256))) internal mOwnFreezes;
    mapping(uint256 programme => MPause[]) internal mPauses; // 0: of the network
    uint256 internal mPausedLast;
    uint256 internal mLastMerchant;
    mapping(uint256 merchant => MMerchant) internal mMerchants;
    mapping(address => uint256 merchant) internal mKeys;
    mapping(address => uint256 merchant) internal mTerminals;
    MDay[] internal mDays;
    mapping(bytes32 dayKey => uint256) internal mDayAt; // index + 1
    uint256 internal mLastRun;
    mapping(uint256 run => MRun) internal mRuns;
    uint256 internal mNumber; // redemptions so far
    uint256[] internal mFirsts; // first numbers of the calls
    mapping(uint256 first => bytes32) internal mCommitments;
    MLeaf[] internal mLeaves; // by number, from 1
    mapping(uint256 first => uint256) internal mCallEnd; // number of the call's last redemption
    uint256 internal mReversals;
    mapping(uint256 voucher => bool) internal mReversed; // ever
    mapping(bytes32 pair => bool) internal mDead;
    mapping(uint256 voucher => uint256) internal mMovedTo; // index in the pool + 1
    mapping(uint256 programme => mapping(address holder => MPassed)) internal mPassed;
    mapping(uint256 seat => uint256) internal mGivenTo; // index in the pool + 1
    mapping(uint256 seat => bool) internal mTakenUp; // some voucher of the place was used
    mapping(uint256 seat => MSeat) internal mSeatNext;
    uint256[] internal mSeats; // every proposal's
    MDispute[] internal mDisputes;
    mapping(address till => mapping(uint256 day => uint256)) internal mTillReversed;
    mapping(bytes32 digest => bytes) internal mKept; // some items, to be shown again
    bytes32 internal mReplay; // one whose redemption was just reversed
    mapping(address => uint256) internal mDonated; // by token
    mapping(address funder => uint256) internal mFunds; // what it must have of the token
    uint256 internal mLastMove;
    mapping(uint256 move => MMove) internal mMoves;
    mapping(uint256 merchant => address) internal mRemovals; // who proposed it
    mapping(uint256 merchant => MChange) internal mChanges;
    mapping(uint256 merchant => MPayout) internal mPayoutNext;
    mapping(uint256 merchant => address[]) internal mPayouts; // the payout accounts it ever had
    mapping(address terminal => uint256) internal mTillLimits;
    mapping(address terminal => uint256) internal mTillDay; // the last one counted
    mapping(address terminal => uint256) internal mTillSpent; // on it
    mapping(address => bool) internal mAttestors;
    mapping(address => bool) internal mAllowed; // tokens
    mapping(address => mapping(uint64 => bool)) internal mRoles;
    mapping(address => bool) internal mRelayers;

    address[] internal mActors;
    address[] internal mHolders;
    address[] internal mTills; // terminals; the first is also a holder
    address internal many; // treasurer, approver and registrar at once, to try to approve one's own
    address internal secondOperator;
    address[] internal mAttesting; // accounts that sign consents, attestors or not
    FeeToken internal feeToken;

    function setUp() public virtual override {
        super.setUp();
        many = _account("many");
        secondOperator = _account("second operator");
        mAttesting = [_account("attestor"), _account("second attestor")];
        feeToken = new FeeToken();
        for (uint256 i; i < HOLDERS; ++i) {
            mHolders.push(_holder(i));
        }
        for (uint256 i; i < TERMINALS; ++i) {
            mTills.push(i == 0 ? mHolders[0] : vm.addr(_tillKey(i)));
        }
        _giveRoles();
        _giveMoney();
        mAllowed[address(token)] = true;
        mRelayers[operator] = true;
        vm.prank(admin);
        manager.grantRole(Roles.ATTESTOR, mAttesting[0], 0);
        vouchers.syncAttestor(mAttesting[0]);
        mRoles[mAttesting[0]][Roles.ATTESTOR] = mAttestors[mAttesting[0]] = true;
    }

    function _giveRoles() private {
        vm.startPrank(admin);
        manager.grantRole(Roles.TREASURER, many, 0);
        manager.grantRole(Roles.APPROVER, many, 0);
        manager.grantRole(Roles.REGISTRAR, many, 0);
        manager.grantRole(Roles.AUDITOR, many, 0);
        manager.grantRole(Roles.AUDITOR, outsider, 0);
        manager.grantRole(Roles.EMERGENCY, many, 0);
        vm.stopPrank();
        mActors = [
            admin,
            treasurer,
            secondTreasurer,
            approver,
            secondApprover,
            registrar,
            operator,
            secondOperator,
            many,
            outsider,
            arbiter
        ];
        mRoles[admin][Roles.ADMIN] = true;
        mRoles[treasurer][Roles.TREASURER] = true;
        mRoles[secondTreasurer][Roles.TREASURER] = true;
        mRoles[many][Roles.TREASURER] = true;
        mRoles[approver][Roles.APPROVER] = true;
        mRoles[secondApprover][Roles.APPROVER] = true;
        mRoles[many][Roles.APPROVER] = true;
        mRoles[registrar][Roles.REGISTRAR] = true;
        mRoles[many][Roles.REGISTRAR] = true;
        mRoles[operator][Roles.OPERATOR] = true;
        mRoles[arbiter][Roles.ARBITER] = true;
        address[4] memory auditors = [auditor, secondAuditor, many, outsider]; // so many that renewals can be used up
        for (uint256 i; i < auditors.length; ++i) {
            mRoles[auditors[i]][Roles.AUDITOR] = true;
        }
        mRoles[rescuer][Roles.EMERGENCY] = true;
        mRoles[many][Roles.EMERGENCY] = true;
        mActors.push(auditor);
        mActors.push(secondAuditor);
        mActors.push(rescuer);
    }

    /// @dev Everybody who may deposit has money, but `many` never allowed the treasury to take it.
    function _giveMoney() private {
        address[3] memory depositors = [treasurer, secondTreasurer, many];
        for (uint256 i; i < 3; ++i) {
            vm.prank(issuer);
            token.mint(depositors[i], 2 ** 50);
            feeToken.mint(depositors[i], 2 ** 50);
            if (depositors[i] == many) continue;
            vm.startPrank(depositors[i]);
            token.approve(address(treasury), type(uint256).max);
            feeToken.approve(address(treasury), type(uint256).max);
            vm.stopPrank();
        }
    }

    // --- regions: their digits in plain text ---

    function _regionText(uint256 index) internal pure returns (string memory) {
        return ["", "61", "6101", "610104", "6102", "33"][index];
    }

    function _regionCode(uint256 index) internal pure returns (uint40 code) {
        bytes memory digits = bytes(_regionText(index));
        for (uint256 i; i < 9; ++i) {
            code = code << 4 | (i < digits.length ? uint8(digits[i]) - 48 : 0);
        }
        return code << 4 | uint40(digits.length);
    }

    /// @dev Whether the text of `outer` is how the text of `inner` begins.
    function _regionCovers(uint256 outer, uint256 inner) internal pure returns (bool) {
        (bytes memory a, bytes memory b) = (bytes(_regionText(outer)), bytes(_regionText(inner)));
        if (a.length > b.length) return false;
        for (uint256 i; i < a.length; ++i) {
            if (a[i] != b[i]) return false;
        }
        return true;
    }

    // --- small questions ---

    function _tillKey(uint256 index) internal pure returns (uint256) {
        return index == 0 ? _holderKey(0) : uint256(keccak256(abi.encode("till", index)));
    }

    function _shopKey(uint256 index) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode("shop", index)));
    }

    /// @dev Until when vouchers of a pair may be spent: the batch's end, or the claim days after the roll's writing.
    function _mUntil(uint256 batch, uint256 roll) internal view returns (uint256 until) {
        MBatch storage b = mBatches[batch];
        until = b.until;
        uint256 claim = mRolls[roll].writtenAt + b.claimDays * 86_400 + b.extended;
        if (b.claimDays != 0 && claim < until) until = claim;
        until += block.timestamp - _mClock(b.programme); // from the programme's clock to block time
    }

    /// @dev Block time less every second of a pause of the programme or the network so far.
    function _mClock(uint256 programme) internal view returns (uint256) {
        return block.timestamp - _mPaused(mPauses[programme], block.timestamp) - _mPaused(mPauses[0], block.timestamp);
    }

    /// @dev The seconds of all pauses, one that runs counted to its declared end.
    function _mPausedFor(uint256 programme) internal view returns (uint256) {
        return _mPaused(mPauses[programme], type(uint256).max) + _mPaused(mPauses[0], type(uint256).max);
    }

    function _mPaused(MPause[] storage pauses, uint256 time) private view returns (uint256 sum) {
        for (uint256 i; i < pauses.length; ++i) {
            sum += (time < pauses[i].until ? time : pauses[i].until) - pauses[i].from;
        }
    }

    /// @dev Programme 0: the network itself.
    function _mIsPaused(uint256 programme) internal view returns (bool) {
        MPause[] storage pauses = mPauses[programme];
        return pauses.length != 0 && block.timestamp < pauses[pauses.length - 1].until;
    }

    function _mIsFrozen(uint256 subject, uint256 id) internal view returns (bool) {
        return block.timestamp < mFreezes[subject][id].until;
    }

    /// @dev Index of the voucher's holder: who it was passed on to, who its place was given to, who stood there. The place must exist.
    function _mHolderAt(uint256 voucher) internal view returns (uint256) {
        uint256 seat = voucher & 0x7ffffffff;
        if (mMovedTo[voucher] != 0) return mMovedTo[voucher] - 1;
        if (mGivenTo[seat] != 0) return mGivenTo[seat] - 1;
        return mRolls[seat >> 11].holders[seat & 0x7ff];
    }

    function _mDayOf(uint256 programme) internal view returns (uint256) {
        return uint256(int256(block.timestamp) + mProgrammes[programme].utcOffset * 60) / 86_400;
    }

    /// @dev The programme's local month, as `year * 12 + month - 1`; no run begins before 2025.
    function _mMonthOf(uint256 programme) internal view returns (uint256 month) {
        uint256 day = _mDayOf(programme);
        uint256 first = 20_089; // 2025-01-01
        for (month = 2025 * 12;; ++month) {
            uint256 length = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month % 12];
            if (month % 12 == 1 && month / 12 % 4 == 0) ++length; // until 2099
            if (day < first + length) return month;
            first += length;
        }
    }

    /// @dev The end of the local day, and the longer of the two windows after it. A programme not published has no zone or windows.
    function _settleableFrom(uint256 line, uint256 day) internal view returns (uint256) {
        MProgramme storage p = mProgrammes[line >> 16];
        if (p.state < 4) return (day + 1) * 86_400;
        return uint256(int256((day + 1) * 86_400) - p.utcOffset * 60) + p.window;
    }

    function _mDay(uint256 line, uint256 merchant, uint256 day) internal returns (MDay storage) {
        bytes32 key = keccak256(abi.encode(line, merchant, day));
        if (mDayAt[key] == 0) {
            mDays.push(MDay(line, merchant, day, 0, 0, 0, 0, 0, 0));
            mDayAt[key] = mDays.length;
        }
        return mDays[mDayAt[key] - 1];
    }
}
