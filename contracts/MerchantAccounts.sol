// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMerchantRegistry} from "./interfaces/IMerchantRegistry.sol";
import {MerchantStorage} from "./MerchantStorage.sol";
import {PayoutProposal} from "./types/Merchant.sol";
import {MerchantWord} from "./words/MerchantWord.sol";

/// @title The accounts of merchants: keys, terminals and their limits, and where a merchant is paid.
abstract contract MerchantAccounts is MerchantStorage {
    /// @inheritdoc IMerchantRegistry
    uint256 public constant PAYOUT_DELAY = 3 days;

    // --- keys ---

    /// @inheritdoc IMerchantRegistry
    function addKey(uint256 id, address key) external restricted {
        _addKey(id, key);
    }

    /// @inheritdoc IMerchantRegistry
    function removeKey(uint256 id, address key) external restricted {
        _removeKey(id, key);
    }

    /// @inheritdoc IMerchantRegistry
    function replaceKey(uint256 id, address old, address key) external restricted {
        _removeKey(id, old);
        _addKey(id, key);
    }

    // --- terminals ---

    /// @inheritdoc IMerchantRegistry
    function addTerminal(uint256 id, address terminal) external restricted {
        _addTerminal(id, terminal, MerchantWord.packTerminal(id, MerchantWord.TERMINAL_ACTIVE));
    }

    /// @inheritdoc IMerchantRegistry
    function removeTerminal(uint256 id, address terminal) external restricted {
        _removeTerminal(id, terminal);
    }

    /// @inheritdoc IMerchantRegistry
    function replaceTerminal(uint256 id, address old, address terminal) external restricted {
        uint256 word = _vouchers.terminalWord(old);
        _removeTerminal(id, old);
        _addTerminal(id, terminal, word); // with its limit, and what was spent of it today
        uint256 dailyLimit = MerchantWord.dailyLimit(word);
        if (dailyLimit != 0) emit TerminalLimited(id, terminal, dailyLimit, msg.sender);
    }

    /// @inheritdoc IMerchantRegistry
    function limitTerminal(uint256 id, address terminal, uint64 dailyLimit) external restricted {
        _standing(id);
        if (_terminals[terminal] != id) revert MerchantRegistry_AccountUnknown(terminal, id);
        _vouchers.setTerminal(terminal, MerchantWord.withDailyLimit(_vouchers.terminalWord(terminal), dailyLimit));
        emit TerminalLimited(id, terminal, dailyLimit, msg.sender);
    }

    // --- payout account ---

    /// @inheritdoc IMerchantRegistry
    function proposePayout(uint256 id, address account) external restricted {
        PayoutProposal storage p = _payouts[id];
        address current = _merchants[id].terms.payout;

        // Check: a merchant that was entered, another account than it has, no other change on its way.
        if (current == address(0)) revert MerchantRegistry_MerchantUnknown(id);
        if (account == address(0) || account == current) revert MerchantRegistry_PayoutInvalid(id, account);
        if (p.account != address(0)) revert MerchantRegistry_PayoutOpen(id, p.account);

        // Effect:
        uint256 ripeAt = block.timestamp + PAYOUT_DELAY;
        _payouts[id] = PayoutProposal(account, msg.sender, uint40(ripeAt));

        // Log:
        emit PayoutProposed(id, account, msg.sender, ripeAt);
    }

    /// @inheritdoc IMerchantRegistry
    function approvePayout(uint256 id, address account) external restricted {
        PayoutProposal memory p = _payouts[id];

        // Check: the very account that was proposed, by another person, long enough ago.
        if (p.account == address(0)) revert MerchantRegistry_NothingProposed(id);
        if (p.account != account) revert MerchantRegistry_PayoutDiffers(id, account, p.account);
        if (p.proposer == msg.sender) revert MerchantRegistry_OwnProposal(id, msg.sender);
        if (block.timestamp < p.ripeAt) revert MerchantRegistry_TooEarly(id, block.timestamp, p.ripeAt);

        // Effect:
        delete _payouts[id];
        _merchants[id].terms.payout = account;

        // Log:
        emit PayoutChanged(id, account, msg.sender);
    }

    /// @inheritdoc IMerchantRegistry
    function withdrawPayout(uint256 id, string calldata reason) external restricted {
        address account = _payouts[id].account;
        if (account == address(0)) revert MerchantRegistry_NothingProposed(id);
        delete _payouts[id];
        emit PayoutWithdrawn(id, account, msg.sender, reason);
    }

    // --- helpers ---

    function _addKey(uint256 id, address key) private {
        _takeAccount(_keys, id, key);
        emit MerchantKeyAdded(id, key, msg.sender);
    }

    function _removeKey(uint256 id, address key) private {
        _dropAccount(_keys, id, key);
        emit MerchantKeyRemoved(id, key, msg.sender);
    }

    function _addTerminal(uint256 id, address terminal, uint256 word) private {
        _takeAccount(_terminals, id, terminal);
        _vouchers.setTerminal(terminal, word);
        emit TerminalAdded(id, terminal, msg.sender);
    }

    function _removeTerminal(uint256 id, address terminal) private {
        _dropAccount(_terminals, id, terminal);
        _vouchers.setTerminal(terminal, 0);
        emit TerminalRemoved(id, terminal, msg.sender);
    }

    function _takeAccount(mapping(address => uint256) storage accounts, uint256 id, address account) private {
        _standing(id);
        if (account == address(0) || accounts[account] != 0) revert MerchantRegistry_AccountTaken(account, accounts[account]);
        accounts[account] = id;
    }

    function _dropAccount(mapping(address => uint256) storage accounts, uint256 id, address account) private {
        if (id == 0 || accounts[account] != id) revert MerchantRegistry_AccountUnknown(account, id);
        delete accounts[account];
    }
}
