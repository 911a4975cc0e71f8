// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {IMerchantRegistry} from "./interfaces/IMerchantRegistry.sol";
import {IVouchers} from "./interfaces/IVouchers.sol";
import {RegionCode} from "./libraries/RegionCode.sol";
import {MerchantStatus, MerchantTerms} from "./types/Merchant.sol";
import {MerchantWord} from "./words/MerchantWord.sol";

/// @title MerchantRegistry
contract MerchantRegistry is IMerchantRegistry, AccessManaged {
    struct Merchant {
        address registrar;
        MerchantStatus status;
        address suspender;
        MerchantTerms terms;
    }

    uint256 private constant CATEGORIES = 64;

    uint256 private _lastMerchant;
    mapping(uint256 merchant => Merchant) private _merchants;
    mapping(address key => uint256 merchant) private _keys;
    mapping(address terminal => uint256 merchant) private _terminals;
    mapping(bytes32 refHash => uint256 merchant) private _references;
    mapping(uint256 category => string name) private _categories;
    IVouchers private _vouchers;

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
    function addKey(uint256 id, address key) external restricted {
        _takeAccount(_keys, id, key);
        emit MerchantKeyAdded(id, key, msg.sender);
    }

    /// @inheritdoc IMerchantRegistry
    function removeKey(uint256 id, address key) external restricted {
        _dropAccount(_keys, id, key);
        emit MerchantKeyRemoved(id, key, msg.sender);
    }

    /// @inheritdoc IMerchantRegistry
    function addTerminal(uint256 id, address terminal) external restricted {
        _takeAccount(_terminals, id, terminal);
        _vouchers.setTerminal(terminal, MerchantWord.packTerminal(id, MerchantWord.TERMINAL_ACTIVE));
        emit TerminalAdded(id, terminal, msg.sender);
    }

    /// @inheritdoc IMerchantRegistry
    function removeTerminal(uint256 id, address terminal) external restricted {
        _dropAccount(_terminals, id, terminal);
        _vouchers.setTerminal(terminal, 0);
        emit TerminalRemoved(id, terminal, msg.sender);
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
    function merchantOfKey(address key) external view returns (uint256) {
        return _keys[key];
    }

    /// @inheritdoc IMerchantRegistry
    function merchantOfTerminal(address terminal) external view returns (uint256) {
        return _terminals[terminal];
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
        if (terms.categories == 0) revert MerchantRegistry_TermsInvalid(ref, "categories");
        if (terms.channels == 0) revert MerchantRegistry_TermsInvalid(ref, "channels");
        if (terms.region == 0 || !RegionCode.isValid(terms.region)) revert MerchantRegistry_TermsInvalid(ref, "region");
        if (terms.payout == address(0)) revert MerchantRegistry_TermsInvalid(ref, "payout");

        // Effect:
        uint256 id = ++_lastMerchant;
        _references[key] = id;
        Merchant storage m = _merchants[id];
        (m.registrar, m.status, m.terms) = (msg.sender, MerchantStatus.APPLIED, terms);
        _writeWord(id, m);

        // Log:
        emit MerchantApplied(id, msg.sender, ref, terms);
    }

    function _step(uint256 id, MerchantStatus from, MerchantStatus to) private returns (Merchant storage m) {
        m = _merchants[id];
        if (m.status != from) revert MerchantRegistry_StatusWrong(id, m.status, from);
        m.status = to;
        _writeWord(id, m);
    }

    /// @dev The word a redemption reads follows every change.
    function _writeWord(uint256 id, Merchant storage m) private {
        MerchantTerms storage t = m.terms;
        _vouchers.setMerchant(id, MerchantWord.pack(uint256(m.status), t.channels, t.categories, t.region));
    }

    function _takeAccount(mapping(address => uint256) storage accounts, uint256 id, address account) private {
        MerchantStatus status = _merchants[id].status;
        if (status == MerchantStatus.NONE || status == MerchantStatus.REMOVED) {
            revert MerchantRegistry_StatusWrong(id, status, MerchantStatus.ACTIVE);
        }
        if (account == address(0) || accounts[account] != 0) revert MerchantRegistry_AccountTaken(account, accounts[account]);
        accounts[account] = id;
    }

    function _dropAccount(mapping(address => uint256) storage accounts, uint256 id, address account) private {
        if (id == 0 || accounts[account] != id) revert MerchantRegistry_AccountUnknown(account, id);
        delete accounts[account];
    }
}
