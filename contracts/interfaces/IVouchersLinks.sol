// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title How Vouchers is linked to the other contracts, and the words that they write.
interface IVouchersLinks {
    /// @notice The list of relayers was brought in line with the AccessManager.
    event RelayerSynced(address indexed account, bool allowed);
    /// @notice The list of attestors was brought in line with the AccessManager.
    event AttestorSynced(address indexed account, bool allowed);
    /// @notice The contracts that may write the words a redemption reads.
    event ContractsLinked(address registry, address merchantRegistry, address treasury, address desk);

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

    /// @notice Marks the pair swept and takes what is left of its vouchers out of `committed`. CaseDesk only.
    /// @return line The budget line they belonged to.
    /// @return count How many expired that were not used up.
    /// @return amount Their value, and what was not used of redeemed percentages.
    function bookSwept(uint256 batch, uint256 roll) external returns (uint256 line, uint256 count, uint256 amount);
}
