// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

import {CaseDeskBase} from "./CaseDeskBase.sol";
import {ICaseDeskClaims} from "./interfaces/ICaseDeskClaims.sol";
import {Claims} from "./libraries/Claims.sol";
import {RollCode} from "./libraries/RollCode.sol";
import {Signatures} from "./libraries/Signatures.sol";
import {Claimant, EligibilityRoot, Round, RoundTerms} from "./types/Claim.sol";

/// @title The code behind CaseDeskBack for claims: lists of who may claim, rounds, places.
/// @dev Its code runs by delegatecall from {CaseDeskBack}, itself run from {CaseDesk}, on the slots of that contract.
contract CaseDeskClaims is ICaseDeskClaims, CaseDeskBase {
    using Strings for uint256;

    /// @dev Those of a call who get a place, in memory of the size all of them would take.
    struct Taking {
        uint256 count;
        bytes holders; // 20 bytes each
        bytes32[] nullifiers;
    }

    /// @inheritdoc ICaseDeskClaims
    uint256 public constant MOST_PACK = 20;

    /// @param manager The AccessManager that knows the roles.
    constructor(address manager) CaseDeskBase(manager) {}

    // --- lists ---

    /// @inheritdoc ICaseDeskClaims
    function proposeRoot(uint256 programme, bytes32 root, string calldata reason) external restricted {
        if (root == 0) revert CaseDesk_RootMissing(programme);
        if (_roots[programme][root].proposer != address(0)) revert CaseDesk_RootKnown(programme, root);
        _roots[programme][root].proposer = msg.sender;
        emit EligibilityRootProposed(programme, root, msg.sender, reason);
    }

    /// @inheritdoc ICaseDeskClaims
    function approveRoot(uint256 programme, bytes32 root) external restricted {
        EligibilityRoot storage r = _waitingRoot(programme, root);
        if (r.proposer == msg.sender) revert CaseDesk_OwnRoot(programme, root, msg.sender);
        r.approver = msg.sender;
        emit EligibilityRootApproved(programme, root, msg.sender, r.proposer);
    }

    /// @inheritdoc ICaseDeskClaims
    function withdrawRoot(uint256 programme, bytes32 root, string calldata reason) external restricted {
        _waitingRoot(programme, root).proposer = address(0);
        emit EligibilityRootWithdrawn(programme, root, msg.sender, reason);
    }

    // --- rounds ---

    /// @inheritdoc ICaseDeskClaims
    function openRound(uint256 programme, RoundTerms calldata t) external restricted returns (uint256 round) {
        _checkTerms(programme, t);
        if (t.root != 0 && _roots[programme][t.root].approver == address(0)) {
            revert CaseDesk_RootNotApproved(programme, t.root);
        }

        // Effect:
        round = ++_lastRound[programme];
        if (round > type(uint16).max) revert CaseDesk_RoundInvalid(programme, "number");
        Round storage r = _rounds[Claims.roundKey(programme, round)];
        (r.places, r.opensAt, r.closesAt) = (t.places, t.opensAt, t.closesAt);
        (r.root, r.batches) = (t.root, t.batches);

        // Interaction: quota and money of all places.
        _vouchers.reserve(programme, t.batches, t.places, t.closesAt);

        // Log:
        emit RoundOpened(programme, round, msg.sender, t);
    }

    /// @inheritdoc ICaseDeskClaims
    function closeRound(uint256 programme, uint256 round) external {
        Round storage r = _round(programme, round);
        if (r.closed) revert CaseDesk_RoundClosedBefore(programme, round);
        if (block.timestamp < r.closesAt) revert CaseDesk_RoundRunning(programme, round, block.timestamp, r.closesAt);

        // Effect, Interaction:
        r.closed = true;
        _vouchers.unreserve(r.batches, r.places - r.given);

        // Log:
        emit RoundClosed(programme, round, msg.sender, r.given);
    }

    // --- claims ---

    /// @inheritdoc ICaseDeskClaims
    function claim(uint256 programme, uint256 round, bool custodial, Claimant[] calldata claimants)
        external
        returns (uint256 roll)
    {
        // Check: a relayer, as many as a roll holds, a known round.
        if (!_vouchers.isRelayer(msg.sender)) revert CaseDesk_NotARelayer(msg.sender);
        uint256 count = claimants.length;
        if (count == 0 || count > RollCode.MAX_PLACES) revert CaseDesk_ClaimantsInvalid(count, RollCode.MAX_PLACES);
        Round storage r = _round(programme, round);

        // Effect: the people and addresses are marked one by one, the places counted together.
        Taking memory taking = _take(programme, round, r, claimants);
        if (taking.count == 0) return 0;
        r.given += uint40(taking.count); // ≤ places

        // Interaction: the roll, and the pack out of what is kept for the round.
        roll = _vouchers.writeClaimedRoll(programme, _rollRef(programme, round), custodial, taking.holders);
        uint256[] memory rolls = new uint256[](1);
        rolls[0] = roll;
        _vouchers.issueReserved(r.batches, rolls);

        // Log:
        emit ClaimRolled(programme, round, roll, taking.count);
        emit NullifiersUsed(roll, taking.nullifiers);
    }

    // --- reading ---

    /// @inheritdoc ICaseDeskClaims
    function roundAt(uint256 programme, uint256 round) external view returns (Round memory) {
        return _rounds[Claims.roundKey(programme, round)];
    }

    /// @inheritdoc ICaseDeskClaims
    function lastRound(uint256 programme) external view returns (uint256) {
        return _lastRound[programme];
    }

    /// @inheritdoc ICaseDeskClaims
    function rootOf(uint256 programme, bytes32 root) external view returns (EligibilityRoot memory) {
        return _roots[programme][root];
    }

    /// @inheritdoc ICaseDeskClaims
    function isNullifierUsed(uint256 programme, uint256 round, bytes32 nullifier) external view returns (bool) {
        return _taken[Claims.takenKey(Claims.roundKey(programme, round), nullifier)];
    }

    /// @inheritdoc ICaseDeskClaims
    function hasClaimed(uint256 programme, uint256 round, address holder) external view returns (bool) {
        return _claimants[Claims.takenKey(Claims.roundKey(programme, round), _word(holder))];
    }

    // --- helpers ---

    /// @dev Marks who gets a place, logs who does not.
    function _take(uint256 programme, uint256 round, Round storage r, Claimant[] calldata claimants)
        private
        returns (Taking memory taking)
    {
        bytes32 domain = _vouchers.domainSeparator();
        uint256 left = r.places - r.given;
        taking.holders = new bytes(claimants.length * 20 + 12); // the last address is stored as a whole word
        taking.nullifiers = new bytes32[](claimants.length);
        for (uint256 i; i < claimants.length; ++i) {
            bytes32 digest = Claims.digest(domain, programme, round, claimants[i]);
            bytes4 reason = _reason(programme, round, r, claimants[i], digest, left - taking.count);
            if (reason != 0) emit ClaimRefused(programme, round, i, digest, reason);
            else _mark(Claims.roundKey(programme, round), claimants[i], taking);
        }
        _cut(taking);
    }

    /// @dev Why the claimant gets no place; zero if nothing speaks against it.
    function _reason(uint256 programme, uint256 round, Round storage r, Claimant calldata c, bytes32 digest, uint256 left)
        private
        view
        returns (bytes4)
    {
        if (c.holder == address(0) || !Signatures.isSignedBy(c.holder, digest, c.signature)) {
            return CaseDesk_ClaimSignatureInvalid.selector;
        }
        if (block.timestamp >= c.deadline) return CaseDesk_ClaimDeadlinePassed.selector;
        if (block.timestamp < r.opensAt) return CaseDesk_RoundNotBegun.selector;
        if (block.timestamp >= r.closesAt) return CaseDesk_RoundOver.selector;
        if (r.root != 0 && !Claims.isListed(r.root, programme, c)) return CaseDesk_NotEligible.selector;
        uint256 key = Claims.roundKey(programme, round);
        if (_taken[Claims.takenKey(key, c.nullifier)]) return CaseDesk_NullifierUsed.selector;
        if (_claimants[Claims.takenKey(key, _word(c.holder))]) return CaseDesk_HolderClaimed.selector;
        return left == 0 ? CaseDesk_ClaimsUsedUp.selector : bytes4(0);
    }

    function _mark(uint256 roundKey, Claimant calldata c, Taking memory taking) private {
        _taken[Claims.takenKey(roundKey, c.nullifier)] = true;
        _claimants[Claims.takenKey(roundKey, _word(c.holder))] = true;
        (uint256 place, bytes memory holders, bytes20 holder) = (taking.count++, taking.holders, bytes20(c.holder));
        taking.nullifiers[place] = c.nullifier;
        assembly ("memory-safe") {
            mstore(add(add(holders, 32), mul(place, 20)), holder) // place < claimants, and 12 bytes stand behind the last
        }
    }

    /// @dev Cuts both lists to those who got a place.
    function _cut(Taking memory taking) private pure {
        (uint256 count, bytes memory holders, bytes32[] memory nullifiers) = (taking.count, taking.holders, taking.nullifiers);
        assembly ("memory-safe") {
            mstore(holders, mul(count, 20))
            mstore(nullifiers, count)
        }
    }

    /// @dev The text reference of the next roll; its number keeps it new.
    function _rollRef(uint256 programme, uint256 round) private view returns (string memory) {
        (,, uint256 rolls) = _vouchers.counts();
        return string.concat("claims/", programme.toString(), "/", round.toString(), "/", (rolls + 1).toString());
    }

    function _waitingRoot(uint256 programme, bytes32 root) private view returns (EligibilityRoot storage r) {
        r = _roots[programme][root];
        if (r.proposer == address(0) || r.approver != address(0)) revert CaseDesk_RootNotWaiting(programme, root);
    }

    function _round(uint256 programme, uint256 round) private view returns (Round storage r) {
        if (round == 0 || round > _lastRound[programme]) revert CaseDesk_RoundUnknown(programme, round);
        return _rounds[Claims.roundKey(programme, round)];
    }

    function _checkTerms(uint256 programme, RoundTerms calldata t) private view {
        if (t.places == 0) revert CaseDesk_RoundInvalid(programme, "places");
        if (t.opensAt >= t.closesAt) revert CaseDesk_RoundInvalid(programme, "opensAt");
        if (t.closesAt <= block.timestamp) revert CaseDesk_RoundInvalid(programme, "closesAt");
        if (t.batches.length == 0 || t.batches.length > MOST_PACK) revert CaseDesk_RoundInvalid(programme, "batches");
        for (uint256 i = 1; i < t.batches.length; ++i) {
            if (t.batches[i] <= t.batches[i - 1]) revert CaseDesk_RoundInvalid(programme, "batches");
        }
    }

    function _word(address holder) private pure returns (bytes32) {
        return bytes32(uint256(uint160(holder)));
    }
}
