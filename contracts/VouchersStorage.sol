// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {BatchWord} from "./words/BatchWord.sol";
import {NetworkWord} from "./words/NetworkWord.sol";
import {ProgrammeWord} from "./words/ProgrammeWord.sol";
import {RollWord} from "./words/RollWord.sol";

/// @title The slots of Vouchers, as drawn in docs/storage.md, section 1.
/// @dev Slots of later rules are declared where they belong, so that no later release moves one.
abstract contract VouchersStorage {
    struct Batch {
        uint256 terms;
        uint256 reach;
        uint256 supply;
    }

    struct Rules {
        uint256 terms;
        uint256 limits;
    }

    bytes1 internal constant BATCH_REFERENCE = 0x01;
    bytes1 internal constant ROLL_REFERENCE = 0x02;

    uint256 internal _network = 1; // the first redemption has number 1
    mapping(address account => bool) internal _relayers;
    mapping(uint256 programme => uint256 word) internal _programmes;
    mapping(uint256 rulesKey => Rules) internal _rules;
    mapping(uint256 batch => Batch) internal _batches;
    mapping(uint256 roll => uint256 word) internal _rolls;
    mapping(uint256 key => uint256 word) internal _marks;
    mapping(uint256 bitsKey => uint256 bits) internal _redeemed;
    mapping(uint256 merchant => uint256 word) internal _merchants;
    mapping(address terminal => uint256 word) internal _terminals;
    mapping(uint256 line => uint256 word) internal _lines;
    mapping(uint256 dayKey => uint256 word) internal _days;
    mapping(uint256 firstNumber => bytes32 commitment) internal _commitments;
    mapping(bytes32 refHash => uint256 id) internal _references;
    mapping(uint256 key => uint256 bits) internal _overlays;
    mapping(uint256 voucher => uint256 word) internal _stored;
    mapping(uint256 voucher => address holder) internal _transferred;
    mapping(uint256 key => uint256 word) internal _counters;
    mapping(bytes32 pair => bool) internal _dead;
    mapping(uint256 programme => uint256[] regions) internal _widenedRegions;
    address internal _registry;
    address internal _merchantRegistry;
    address internal _treasury;
    address internal _desk;

    /// @dev Seconds that pauses give to a programme's vouchers, those of a pause that runs counted to its declared end.
    function _pausedSeconds(uint256 programmeWord) internal view returns (uint256) {
        return ProgrammeWord.pausedSeconds(programmeWord) + NetworkWord.pausedSeconds(_network);
    }

    /// @dev The programme clock: block time less the seconds its programme was paused so far. It stands still inside a pause. A pause of
    /// the programme and one of the network never run at once, see {ProgrammeEmergency}.
    function _clock(uint256 programmeWord) internal view returns (uint256) {
        uint256 ahead = _rest(ProgrammeWord.pausedUntil(programmeWord)) + _rest(NetworkWord.pausedUntil(_network));
        return block.timestamp - (_pausedSeconds(programmeWord) - ahead);
    }

    /// @dev What is left of a pause.
    function _rest(uint256 until) private view returns (uint256) {
        return block.timestamp < until ? until - block.timestamp : 0;
    }

    /// @dev Whether the pair was issued; `reach` is the batch's.
    function _isIssued(uint256 batch, uint256 reach, uint256 roll) internal view returns (bool) {
        if (BatchWord.inWindow(reach, roll)) return BatchWord.isIssued(reach, roll);
        return _marks[_marksKey(batch, roll)] >> (roll & 127) & 1 != 0;
    }

    /// @dev Whether the pair was swept; `reach` is the batch's.
    function _isSwept(uint256 batch, uint256 reach, uint256 roll) internal view returns (bool) {
        if (BatchWord.inWindow(reach, roll)) return BatchWord.isSwept(reach, roll);
        return _marks[_marksKey(batch, roll)] >> (128 + (roll & 127)) & 1 != 0;
    }

    /// @dev Where the marks of rolls outside the batch's window stand: issued in the low half, swept in the high half.
    function _marksKey(uint256 batch, uint256 roll) internal pure returns (uint256) {
        return batch << 17 | roll >> 7;
    }

    /// @dev Until when a voucher of this batch and roll may be spent, exclusive, in block time.
    function _validUntil(uint256 batch, uint256 terms, uint256 reach, uint256 rollWord_, uint256 paused)
        internal
        view
        returns (uint256 until)
    {
        unchecked {
            until = BatchWord.validUntil(terms);
            uint256 claimDays = BatchWord.claimDays(reach);
            if (claimDays != 0) {
                uint256 claimUntil = RollWord.writtenAt(rollWord_) + claimDays * 1 days; // 2^40 + 2^16 days: far below 2^256
                if (BatchWord.flags(reach) & BatchWord.EXTENDED != 0) {
                    claimUntil += BatchWord.extendedSeconds(_batches[batch].supply);
                }
                if (claimUntil < until) until = claimUntil;
            }
            until += paused;
        }
    }

    /// @dev Where the id of a batch or roll stands under its text reference.
    function _referenceKey(bytes1 kind, string calldata ref) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(kind, ref));
    }
}
