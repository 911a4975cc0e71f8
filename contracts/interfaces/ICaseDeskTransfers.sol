// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Passing a voucher on to another person, where its rules version allows it.
interface ICaseDeskTransfers {
    /// @notice The voucher is another person's.
    event VoucherTransferred(uint256 indexed voucher, address indexed from, address indexed to);

    /// @notice The signature, or the caller where nothing was signed, is not the holder's.
    error CaseDesk_NotTheHolder(uint256 voucher, address holder);
    /// @notice The voucher was passed on by this very signature before.
    error CaseDesk_TransferUsed(uint256 voucher, bytes32 digest);
    /// @notice Nobody is named to receive it.
    error CaseDesk_ReceiverMissing();
    /// @notice The receiver holds it already.
    error CaseDesk_ReceiverIsHolder(address to);
    /// @notice The receiver is a key or a terminal of a merchant.
    error CaseDesk_ReceiverIsMerchant(address to, uint256 merchant);
    /// @notice What is frozen moves nowhere.
    error CaseDesk_SubjectFrozen(uint256 subject, uint256 id, uint256 until);
    /// @notice The programme, or the whole network, is paused.
    error CaseDesk_ProgrammePaused(uint256 programme, uint256 until);
    /// @notice The rules version the voucher's batch was opened under allows no transfer.
    error CaseDesk_NotTransferable(uint256 voucher, uint256 version);
    /// @notice The voucher's face value is above what may be passed on at once.
    error CaseDesk_TransferTooLarge(uint256 voucher, uint256 face, uint256 most);
    /// @notice The holder would pass on more in one local month than may be.
    error CaseDesk_TransferMonthPassed(address holder, uint256 face, uint256 left);

    /// @notice Passes a voucher on.
    ///
    /// @dev Emits {VoucherTransferred}.
    ///
    /// Requirements:
    /// - `signature` over Transfer (docs/storage.md, section 5) must be the holder's, or else the caller the holder; `deadline` is
    ///   exclusive and binds both. The same voucher, receiver and deadline pass it on once.
    /// - `to` must be neither zero nor the holder, nor a key or terminal of a merchant.
    /// - The voucher must be LIVE; neither it nor its roll, batch or holder frozen, neither its programme nor the network paused.
    /// - Its rules version must be transferable, its face value within that version's caps.
    ///
    /// Notes:
    /// - The old holder's signatures over the voucher are no longer the holder's, unless it comes back before their deadline.
    /// - A voucher passed on counts at its face value, whatever of a stored value is spent.
    ///
    /// @param deadline Unix seconds, exclusive.
    function transfer(uint256 voucher, address to, uint256 deadline, bytes calldata signature) external;

    /// @notice What a holder passed on in a programme last, by face value, and in which month (`year * 12 + month - 1`).
    function passedOn(uint256 programme, address holder) external view returns (uint256 month, uint256 amount);
}
