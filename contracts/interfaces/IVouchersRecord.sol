// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {VoucherState} from "../types/Supply.sol";

/// @title The record of Vouchers: reading it.
interface IVouchersRecord {
    /// @notice The voucher's holder; reverts with {IVouchersErrors-Vouchers_VoucherUnknown} for one never issued.
    function holderOf(uint256 voucher) external view returns (address holder);

    /// @notice ERC-721's name for {holderOf}.
    function ownerOf(uint256 voucher) external view returns (address holder);

    /// @notice ERC-721 metadata: the base address of the release followed by the voucher's number.
    function tokenURI(uint256 voucher) external view returns (string memory);

    /// @notice The voucher's state at this block's time; NONE for one never issued.
    function stateOf(uint256 voucher) external view returns (VoucherState);

    /// @notice The three words of a batch, see {BatchWord}.
    function batchWords(uint256 batch) external view returns (uint256 terms, uint256 reach, uint256 supply);

    /// @notice The word of a roll, see {RollWord}.
    function rollWord(uint256 roll) external view returns (uint256);

    /// @notice Whether the batch was issued to the roll, and whether that pair was swept.
    function marksOf(uint256 batch, uint256 roll) external view returns (bool issued, bool swept);

    /// @notice Until when vouchers of this pair may be spent, exclusive, in Unix seconds.
    function validUntil(uint256 batch, uint256 roll) external view returns (uint256);

    /// @notice The redeemed bits of the 256 places that share `voucher >> 8`.
    function redeemedBits(uint256 key) external view returns (uint256);

    /// @notice What was taken from a voucher that is no fixed value, see {StoredWord}.
    function storedWord(uint256 voucher) external view returns (uint256);

    /// @notice The words of a programme, see {ProgrammeWord}.
    function programmeWord(uint256 programme) external view returns (uint256);

    /// @notice The words of a rules version, see {RulesWord}.
    function rulesWords(uint256 programme, uint256 version) external view returns (uint256 terms, uint256 limits);

    /// @notice The spend regions widened for a programme.
    function widenedRegions(uint256 programme) external view returns (uint256[] memory);

    /// @notice Seconds after a merchant's day in which its money may still be taken back: the longest window of a rules version that
    /// was ever active.
    function settlementWindow(uint256 programme) external view returns (uint256);

    /// @notice The word of a merchant, see {MerchantWord}.
    function merchantWord(uint256 merchant) external view returns (uint256);

    /// @notice The word of a terminal, see {MerchantWord}.
    function terminalWord(address terminal) external view returns (uint256);

    /// @notice The ledger word of a budget line, see {LedgerWord}.
    function lineWord(uint256 line) external view returns (uint256);

    /// @notice The ledger word of a merchant's day under a budget line, see {LedgerWord}.
    function dayWord(uint256 line, uint256 merchant, uint256 day) external view returns (uint256);

    /// @notice The commitment of the call whose first redemption has this number; zero if no call began there.
    function commitmentOf(uint256 firstNumber) external view returns (bytes32);

    /// @notice The batch opened under a text reference; 0 if none.
    function batchOf(string calldata ref) external view returns (uint256);

    /// @notice The roll written under a text reference; 0 if none.
    function rollOf(string calldata ref) external view returns (uint256);

    /// @notice Numbers given so far: redemptions, batches, rolls.
    function counts() external view returns (uint256 redemptions, uint256 batches, uint256 rolls);

    /// @notice Whether the account may relay.
    function isRelayer(address account) external view returns (bool);

    /// @notice The domain separator of everything that is signed (EIP-712).
    function domainSeparator() external view returns (bytes32);

    /// @notice Whether the account may consent to a redemption above the step-up threshold.
    function isAttestor(address account) external view returns (bool);

    /// @notice What a holder has redeemed in a programme, see {CounterWord}; kept only under rules that need it.
    function counterWord(uint256 programme, address holder) external view returns (uint256);
}
