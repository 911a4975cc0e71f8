// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {CaseDeskReversals} from "./CaseDeskReversals.sol";
import {ICaseDeskDisputes} from "./interfaces/ICaseDeskDisputes.sol";
import {Commitments} from "./libraries/Commitments.sol";
import {Signatures} from "./libraries/Signatures.sol";
import {VoucherId} from "./libraries/VoucherId.sol";
import {Dispute, DisputeState, Opening} from "./types/Case.sol";
import {BatchWord} from "./words/BatchWord.sol";
import {RulesWord} from "./words/RulesWord.sol";

/// @title Disputes.
abstract contract CaseDeskDisputes is ICaseDeskDisputes, CaseDeskReversals {
    /// @inheritdoc ICaseDeskDisputes
    uint256 public constant DECISION_TIME = 14 days;

    /// @inheritdoc ICaseDeskDisputes
    function dispute(Opening calldata opening, bytes32 reason, uint256 deadline, bytes calldata signature)
        external
        returns (uint256 id)
    {
        Redeemed memory r = _open(opening);
        bytes32 digest = _digest(Commitments.DISPUTE, opening.leaf, reason, deadline);
        address by = _party(r, digest, deadline, signature);

        // Check: within the window, for the first time, before the money is paid.
        uint256 until = opening.leaf.time + RulesWord.disputeWindow(_rulesOf(r, opening.leaf));
        if (block.timestamp >= until) revert CaseDesk_DisputeWindowOver(r.voucher, block.timestamp, until);
        bytes32 key = _key(r.digest, r.voucher);
        if (_disputeOf[key] != 0) revert CaseDesk_DisputedBefore(_disputeOf[key]);
        _checkUnsettled(r, r.day);

        // Effect:
        id = ++_lastDispute;
        _disputeOf[key] = id;
        uint256 decideBy = block.timestamp + DECISION_TIME;
        _disputes[id] = Dispute({
            digest: r.digest,
            voucher: r.voucher,
            number: uint64(r.number), // the running number has 64 bits
            amount: uint56(r.amount), // a sum of a line is below 2^56
            merchant: uint32(r.merchant), // committed to by Vouchers, as the day is
            day: uint24(r.day),
            decideBy: uint40(decideBy),
            state: DisputeState.OPEN,
            by: by
        });

        // Interaction:
        _vouchers.lockDisputed(r.line, r.merchant, r.day, r.amount);

        // Log:
        emit DisputeOpened(id, r.voucher, by, r.digest, reason, decideBy);
    }

    /// @inheritdoc ICaseDeskDisputes
    function decide(uint256 id, bool stands, bytes32 reason) external restricted {
        Dispute storage d = _openDispute(id);
        if (block.timestamp >= d.decideBy) revert CaseDesk_DecisionOver(id, block.timestamp, d.decideBy);
        if (stands) _decide(id, d, _redeemed(d), DisputeState.STANDS, msg.sender, reason);
        else _reverse(_redeemed(d), 0, msg.sender, reason);
    }

    /// @inheritdoc ICaseDeskDisputes
    function decideByDefault(uint256 id) external {
        Dispute storage d = _openDispute(id);
        if (block.timestamp < d.decideBy) revert CaseDesk_DecisionOpen(id, block.timestamp, d.decideBy);
        _decide(id, d, _redeemed(d), DisputeState.STANDS, msg.sender, 0);
    }

    /// @inheritdoc ICaseDeskDisputes
    function disputeAt(uint256 id) external view returns (Dispute memory) {
        return _disputes[id];
    }

    /// @inheritdoc ICaseDeskDisputes
    function disputeOf(bytes32 digest, uint256 voucher) external view returns (uint256) {
        return _disputeOf[_key(digest, voucher)];
    }

    /// @inheritdoc ICaseDeskDisputes
    function lastDispute() external view returns (uint256) {
        return _lastDispute;
    }

    // --- helpers ---

    /// @inheritdoc CaseDeskReversals
    function _endDispute(Redeemed memory r, address by, bytes32 reason) internal override {
        uint256 id = _disputeOf[_key(r.digest, r.voucher)];
        Dispute storage d = _disputes[id];
        if (d.state == DisputeState.OPEN) _decide(id, d, r, DisputeState.REVERSED, by, reason);
    }

    /// @dev Ends a dispute and unlocks its money; what becomes of the money is the caller's.
    function _decide(uint256 id, Dispute storage d, Redeemed memory r, DisputeState outcome, address by, bytes32 reason) private {
        d.state = outcome;
        _vouchers.unlockDisputed(r.line, r.merchant, r.day, r.amount);
        emit DisputeDecided(id, by, outcome == DisputeState.STANDS, reason);
    }

    /// @dev The holder, by a key or as a contract, or a key of the merchant.
    function _party(Redeemed memory r, bytes32 digest, uint256 deadline, bytes calldata signature)
        private
        view
        returns (address signer)
    {
        signer = _signer(digest, deadline, signature);
        address holder = _vouchers.holderOf(r.voucher);
        if (signer == holder || _merchants.merchantOfKey(signer) == r.merchant) return signer;
        if (signature.length != 0 && Signatures.isSignedBy(holder, digest, signature)) return holder;
        revert CaseDesk_NotAParty(signer, holder, r.merchant);
    }

    function _openDispute(uint256 id) private view returns (Dispute storage d) {
        d = _disputes[id];
        if (d.state != DisputeState.OPEN) revert CaseDesk_DisputeNotOpen(id);
    }

    /// @dev The redemption in dispute, as it was proved when the dispute was opened.
    function _redeemed(Dispute storage d) private view returns (Redeemed memory) {
        (uint256 terms,,) = _vouchers.batchWords(VoucherId.batch(d.voucher));
        return Redeemed(d.digest, d.voucher, d.number, d.amount, d.merchant, BatchWord.line(terms), d.day);
    }

    function _key(bytes32 digest, uint256 voucher) private pure returns (bytes32) {
        return keccak256(abi.encode(digest, voucher));
    }
}
