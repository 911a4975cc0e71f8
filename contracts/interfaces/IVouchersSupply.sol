// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {BatchTerms} from "../types/Supply.sol";

/// @title Opening batches, writing rolls, issuing vouchers.
interface IVouchersSupply {
    /// @notice A batch was opened under the programme's rules version of that moment.
    event BatchOpened(
        uint256 indexed batch, uint256 indexed programme, uint256 indexed line, uint256 rulesVersion, string ref, BatchTerms terms
    );
    /// @notice A roll of `places` holders was written; its holders are the code at `pointer`. `flags` as in {RollWord}.
    event RollWritten(
        uint256 indexed programme, uint256 indexed roll, string ref, uint256 places, uint256 flags, address pointer
    );
    /// @notice The batch was given to the roll: `count` vouchers, `amount` in all.
    event VouchersIssued(uint256 indexed batch, uint256 indexed roll, uint256 count, uint256 amount);

    /// @notice Opens batches under what their programmes were approved for.
    ///
    /// @dev Emits {BatchOpened} for each.
    ///
    /// Requirements:
    /// - The caller must have the role TREASURER.
    /// - Each programme must be published or active, each text reference new, each batch within its programme's dates, categories,
    ///   region and channels, with a face value and a quota above zero. Kind 1 needs a percentage of 1 to 10,000 basis points, of which
    ///   the face value is the cap; the others have none. Each must be valid as long as the policy in force asks, or by an exception
    ///   granted for it, see {IProgrammePolicies}.
    ///
    /// @param refs One text reference a batch, 1 to 64 bytes.
    /// @param terms One a batch.
    /// @return first The id of the first batch; the others follow it.
    function openBatches(string[] calldata refs, BatchTerms[] calldata terms) external returns (uint256 first);

    /// @notice Writes a roll of holders of one programme. Its writing time is the claim time.
    ///
    /// @dev Emits {RollWritten}.
    ///
    /// Requirements:
    /// - The caller must have the role TREASURER.
    /// - One to 1,228 holders, 20 bytes each, none of them zero; the text reference new.
    ///
    /// @param programme The holders' programme.
    /// @param ref Text reference, 1 to 64 bytes.
    /// @param flags 1: places were claimed; 2: the node's wallet keeps the holders' keys.
    /// @param holders The addresses, 20 bytes each, in the order of their places.
    /// @return roll The roll's id.
    function writeRoll(uint256 programme, string calldata ref, uint256 flags, bytes calldata holders)
        external
        returns (uint256 roll);

    /// @notice Issues every batch to every roll: one voucher for every place.
    ///
    /// @dev Emits {VouchersIssued} for each pair.
    ///
    /// Requirements:
    /// - The caller must have the role TREASURER.
    /// - Batches and rolls must be one programme's, which is published or active.
    /// - No pair may have been issued before; no batch may exceed its quota or its budget line, or be over.
    /// - Vouchers that end some days after their roll was written may not have ended: the roll must be younger.
    ///
    /// @param batches The batches of the pack.
    /// @param rolls The rolls they are given to.
    /// @return count Vouchers issued.
    function issue(uint256[] calldata batches, uint256[] calldata rolls) external returns (uint256 count);
}
