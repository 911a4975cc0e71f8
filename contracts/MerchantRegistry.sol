// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {IMerchantRegistry} from "./interfaces/IMerchantRegistry.sol";
import {IVouchers} from "./interfaces/IVouchers.sol";
import {MerchantAccounts} from "./MerchantAccounts.sol";
import {MerchantStatus, MerchantTerms, PayoutProposal} from "./types/Merchant.sol";

/// @title MerchantRegistry
contract MerchantRegistry is MerchantAccounts {
    uint256 private constant CATEGORIES = 64;

    /// @param manager The AccessManager that knows the roles.
    constructor(address manager) AccessManaged(manager) {}

    /// @inheritdoc IMerchantRegistry
    function enter(string[] calldata refs, MerchantTerms[] calldata terms) external restricted returns (uint256 first) {
        if (refs.length == 0 || refs.length != terms.length) revert MerchantRegistry_NothingGiven();
        first = _lastMerchant + 1;
        for (uint256 i; i < refs.length; ++i) {
            _enter(refs[i], terms[i]);
        }
    }

    /// @inheritdoc IMerchantRegistry
    function activate(uint256[] calldata merchants) external restricted {
        if (merchants.length == 0) revert MerchantRegistry_NothingGiven();
        for (uint256 i; i < merchants.length; ++i) {
            Merchant storage m = _step(merchants[i], MerchantStatus.APPLIED, MerchantStatus.ACTIVE);
            if (m.registrar == msg.sender) revert MerchantRegistry_OwnProposal(merchants[i], msg.sender);
            emit MerchantActivated(merchants[i], msg.sender);
        }
    }

    /// @inheritdoc IMerchantRegistry
    function reject(uint256 id, string calldata reason) external restricted {
        Merchant storage m = _step(id, MerchantStatus.APPLIED, MerchantStatus.REMOVED);
        if (m.registrar == msg.sender) revert MerchantRegistry_OwnProposal(id, msg.sender);
        emit MerchantRejected(id, msg.sender, reason);
    }

    /// @inheritdoc IMerchantRegistry
    function suspend(uint256 id, string calldata reason) external restricted {
        Merchant storage m = _step(id, MerchantStatus.ACTIVE, MerchantStatus.SUSPENDED);
        m.suspender = msg.sender;
        emit MerchantSuspended(id, msg.sender, reason);
    }

    /// @inheritdoc IMerchantRegistry
    function reinstate(uint256 id, string calldata reason) external restricted {
        Merchant storage m = _step(id, MerchantStatus.SUSPENDED, MerchantStatus.ACTIVE);
        if (m.suspender == msg.sender) revert MerchantRegistry_OwnProposal(id, msg.sender);
        emit MerchantReinstated(id, msg.sender, reason);
    }

    /// @inheritdoc IMerchantRegistry
    function proposeRemoval(uint256 id, string calldata reason) external restricted {
        _removable(id);
        _removals[id] = msg.sender;
        emit MerchantRemovalProposed(id, msg.sender, reason);
    }

    /// @inheritdoc IMerchantRegistry
    function remove(uint256 id, string calldata reason) external restricted {
        Merchant storage m = _removable(id);

        // Check: proposed, by another person.
        address proposer = _removals[id];
        if (proposer == address(0)) revert MerchantRegistry_NothingProposed(id);
        if (proposer == msg.sender) revert MerchantRegistry_OwnProposal(id, msg.sender);

        // Effect:
        delete _removals[id];
        m.status = MerchantStatus.REMOVED;
        _writeWord(id, m);

        // Log:
        emit MerchantRemoved(id, msg.sender, reason);
    }

    /// @inheritdoc IMerchantRegistry
    function proposeChange(uint256 id, MerchantTerms calldata terms) external restricted {
        Merchant storage m = _standing(id);
        _checkTerms("", terms);
        if (terms.payout != m.terms.payout) revert MerchantRegistry_PayoutInvalid(id, terms.payout);
        _changes[id] = Change(msg.sender, keccak256(abi.encode(terms)));
        emit MerchantChangeProposed(id, msg.sender, terms);
    }

    /// @inheritdoc IMerchantRegistry
    function change(uint256 id, MerchantTerms calldata terms) external restricted {
        Merchant storage m = _standing(id);
        Change memory c = _changes[id];
        bytes32 hash = keccak256(abi.encode(terms));

        // Check: the very terms that were proposed, by another person, and the payout account as it is now.
        if (c.proposer == address(0)) revert MerchantRegistry_NothingProposed(id);
        if (c.hash != hash) revert MerchantRegistry_ChangeDiffers(id, hash, c.hash);
        if (c.proposer == msg.sender) revert MerchantRegistry_OwnProposal(id, msg.sender);
        if (terms.payout != m.terms.payout) revert MerchantRegistry_PayoutInvalid(id, terms.payout);

        // Effect:
        delete _changes[id];
        m.terms = terms;
        _writeWord(id, m);

        // Log:
        emit MerchantChanged(id, msg.sender, terms);
    }

    /// @inheritdoc IMerchantRegistry
    function nameCategories(uint256[] calldata categories, string[] calldata names) external restricted {
        if (categories.length == 0 || categories.length != names.length) revert MerchantRegistry_NothingGiven();
        for (uint256 i; i < categories.length; ++i) {
            if (categories[i] >= CATEGORIES) revert MerchantRegistry_CategoryInvalid(categories[i]);
            _categories[categories[i]] = names[i];
            emit CategoryNamed(categories[i], names[i], msg.sender);
        }
    }

    /// @inheritdoc IMerchantRegistry
    function link(address vouchers) external restricted {
        if (address(_vouchers) != address(0)) revert MerchantRegistry_AlreadyLinked();
        _vouchers = IVouchers(vouchers);
        emit ContractsLinked(vouchers);
    }

    // --- reading ---

    /// @inheritdoc IMerchantRegistry
    function merchant(uint256 id) external view returns (MerchantTerms memory, MerchantStatus) {
        return (_merchants[id].terms, _merchants[id].status);
    }

    /// @inheritdoc IMerchantRegistry
    function actorsOf(uint256 id) external view returns (address, address) {
        return (_merchants[id].registrar, _merchants[id].suspender);
    }

    /// @inheritdoc IMerchantRegistry
    function payoutOf(uint256 id) external view returns (address) {
        return _merchants[id].terms.payout;
    }

    /// @inheritdoc IMerchantRegistry
    function payoutProposal(uint256 id) external view returns (PayoutProposal memory) {
        return _payouts[id];
    }

    /// @inheritdoc IMerchantRegistry
    function changeProposal(uint256 id) external view returns (address proposer, bytes32 hash) {
        return (_changes[id].proposer, _changes[id].hash);
    }

    /// @inheritdoc IMerchantRegistry
    function removalProposer(uint256 id) external view returns (address) {
        return _removals[id];
    }

    /// @inheritdoc IMerchantRegistry
    function merchantOfKey(address key) external view returns (uint256) {
        return _unlessRemoved(_keys[key]);
    }

    /// @inheritdoc IMerchantRegistry
    function merchantOfTerminal(address terminal) external view returns (uint256) {
        return _unlessRemoved(_terminals[terminal]);
    }

    /// @inheritdoc IMerchantRegistry
    function merchantOf(string calldata ref) external view returns (uint256) {
        return _references[keccak256(bytes(ref))];
    }

    /// @inheritdoc IMerchantRegistry
    function categoryName(uint256 category) external view returns (string memory) {
        return _categories[category];
    }

    /// @inheritdoc IMerchantRegistry
    function lastMerchant() external view returns (uint256) {
        return _lastMerchant;
    }

    // --- helpers ---

    function _enter(string calldata ref, MerchantTerms calldata terms) private {
        // Check: whole terms, a new reference.
        if (bytes(ref).length == 0 || bytes(ref).length > 64) revert MerchantRegistry_ReferenceInvalid(ref);
        bytes32 key = keccak256(bytes(ref));
        if (_references[key] != 0) revert MerchantRegistry_ReferenceTaken(ref, _references[key]);
        _checkTerms(ref, terms);

        // Effect:
        uint256 id = ++_lastMerchant;
        _references[key] = id;
        Merchant storage m = _merchants[id];
        (m.registrar, m.status, m.terms) = (msg.sender, MerchantStatus.APPLIED, terms);
        _writeWord(id, m);

        // Log:
        emit MerchantApplied(id, msg.sender, ref, terms);
    }

    /// @dev An application is rejected, not removed.
    function _removable(uint256 id) private view returns (Merchant storage m) {
        m = _standing(id);
        if (m.status == MerchantStatus.APPLIED) revert MerchantRegistry_StatusWrong(id, m.status, MerchantStatus.ACTIVE);
    }

    /// @dev Keys and terminals of a removed merchant speak for nobody.
    function _unlessRemoved(uint256 id) private view returns (uint256) {
        return _merchants[id].status == MerchantStatus.REMOVED ? 0 : id;
    }
}
