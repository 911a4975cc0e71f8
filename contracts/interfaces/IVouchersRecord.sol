// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {VoucherState} from "../types/Supply.sol";

/// @title The record of Vouchers: reading it, and the words that other contracts write.
interface IVouchersRecord {
    /// @notice The list of relayers was brought in line with the AccessManager.
    event RelayerSynced(address indexed account, bool allowed);
    /// @notice The list of attestors was brought in line with the AccessManager.
    event AttestorSynced(address indexed account, bool allowed);
    /// @notice The contracts that may write the words a redemption reads.
    event ContractsLinked(address registry, address merchantRegistry, address treasury, address desk);

    // --- reading ---

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

    // --- linking and words of others ---

    /// @notice Links the contracts of this release, once. Emits {ContractsLinked}. ADMIN only.
    function link(address registry, address merchantRegistry, address treasury, address desk) external;

    /// @notice Copies whether `account` has the role OPERATOR. Emits {RelayerSynced}. Anybody may call.
    function syncRelayer(address account) external;

    /// @notice Copies whether `account` has the role ATTESTOR. Emits {AttestorSynced}. Anybody may call.
    function syncAttestor(address account) external;

    /// @notice Writes a programme's word. ProgrammeRegistry only.
    function setProgramme(uint256 programme, uint256 word) external;

    /// @notice Writes a rules version's words. ProgrammeRegistry only.
    function setRules(uint256 programme, uint256 version, uint256 terms, uint256 limits) external;

    /// @notice Adds spend regions to those widened for a programme. ProgrammeRegistry only.
    function addWidenedRegions(uint256 programme, uint256[] calldata regions) external;

    /// @notice Writes a merchant's word. MerchantRegistry only.
    function setMerchant(uint256 merchant, uint256 word) external;

    /// @notice Writes a terminal's word. MerchantRegistry only.
    function setTerminal(address terminal, uint256 word) external;

    /// @notice Takes what is payable for a merchant's day out of the line and marks it settled. Treasury only.
    /// @return amount What to pay; 0 if nothing is left.
    function takePayable(uint256 line, uint256 merchant, uint256 day) external returns (uint256 amount);

    /// @notice Marks the pair swept and takes its unspent vouchers out of `committed`. CaseDesk only.
    /// @return line The budget line they belonged to.
    /// @return count How many expired unspent.
    /// @return amount Their value.
    function bookSwept(uint256 batch, uint256 roll) external returns (uint256 line, uint256 count, uint256 amount);
}
