// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IVouchersErrors} from "../../contracts/interfaces/IVouchersErrors.sol";
import {IVouchersSupply} from "../../contracts/interfaces/IVouchersSupply.sol";
import {BatchTerms} from "../../contracts/types/Supply.sol";
import {Base} from "./Base.t.sol";
import {Vm} from "./Vm.sol";

/// openBatches
/// ├── when nothing is given, or not one reference a batch: it should refuse it
/// ├── when the programme is neither published nor active: it should refuse it
/// ├── when a reference is empty, 65 bytes long or taken: it should refuse it
/// ├── when a term is outside its bound: it should name the field
/// ├── when a term reaches beyond the programme: it should name where
/// ├── when the last number of 24 bits is given: it should refuse the next batch and the next roll
/// └── when all is within bounds: it should keep the words and log the terms
/// writeRoll
/// ├── when the programme is neither published nor active: it should refuse it
/// ├── when the size is 0, 19, 21 or 1,229 × 20 bytes: it should refuse it
/// ├── when a holder is zero, wherever it stands: it should name the place
/// ├── when a flag is not one of this release: it should refuse it
/// ├── when a reference is empty, 65 bytes long or taken: it should refuse it
/// └── when all is within bounds, 1,228 places included: it should keep the holders as code
contract SupplyTest is Base {
    string private constant LONGEST = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    uint256 private programme;

    function setUp() public override {
        super.setUp();
        programme = _openProgramme("spring", 2);
    }

    // --- openBatches ---

    function test_openBatches__whenNothingIsGiven__refusesIt() external {
        vm.startPrank(treasurer);
        vm.expectRevert(abi.encodeWithSelector(IVouchersErrors.Vouchers_NothingGiven.selector));
        vouchers.openBatches(new string[](0), new BatchTerms[](0));
        vm.expectRevert(abi.encodeWithSelector(IVouchersErrors.Vouchers_NothingGiven.selector));
        vouchers.openBatches(new string[](1), new BatchTerms[](2));
        vm.stopPrank();
    }

    function test_openBatches__whenProgrammeIsNotOpen__refusesIt() external {
        uint256 draft = _draft("summer", _programmeTerms(), 1);
        _refuse(abi.encodeWithSelector(IVouchersErrors.Vouchers_ProgrammeNotOpen.selector, draft, 0), "b", _batchTerms(draft));
        _close(programme);
        _refuse(
            abi.encodeWithSelector(IVouchersErrors.Vouchers_ProgrammeNotOpen.selector, programme, 6), "b", _batchTerms(programme)
        );
    }

    function test_openBatches__whenReferenceIsEmptyTooLongOrTaken__refusesIt() external {
        BatchTerms memory t = _batchTerms(programme);
        _refuse(abi.encodeWithSelector(IVouchersErrors.Vouchers_ReferenceInvalid.selector, ""), "", t);
        string memory ref = string.concat(LONGEST, "0");
        _refuse(abi.encodeWithSelector(IVouchersErrors.Vouchers_ReferenceInvalid.selector, ref), ref, t);
        uint256 batch = _openBatch(LONGEST, t);
        _refuse(abi.encodeWithSelector(IVouchersErrors.Vouchers_ReferenceTaken.selector, LONGEST, batch), LONGEST, t);
    }

    function test_openBatches__whenTwoShareAReferenceInOneCall__refusesBoth() external {
        string[] memory refs = new string[](2);
        (refs[0], refs[1]) = ("b", "b");
        BatchTerms[] memory terms = new BatchTerms[](2);
        (terms[0], terms[1]) = (_batchTerms(programme), _batchTerms(programme));
        vm.expectRevert(abi.encodeWithSelector(IVouchersErrors.Vouchers_ReferenceTaken.selector, "b", 1));
        vm.prank(treasurer);
        vouchers.openBatches(refs, terms);
        vm.assertEq(vouchers.batchOf("b"), 0);
    }

    function test_openBatchesAndWriteRoll__whenNumbersAreUsedUp__refusesTheNext() external {
        uint256 last = type(uint24).max;
        vm.store(address(vouchers), 0, bytes32(1 | (last - 1) << 64 | (last - 1) << 88)); // docs/storage.md: lastBatch, lastRoll
        bytes memory error = abi.encodeWithSelector(IVouchersErrors.Vouchers_NumbersUsedUp.selector, last);
        vm.assertEq(_openBatch("the last", _batchTerms(programme)), last);
        _refuse(error, "one more", _batchTerms(programme));
        vm.assertEq(_writeRoll(programme, "the last", _holders(0, 1)), last);
        _refuseRoll(error, "one more", 0, _holders(0, 1));
    }

    function test_openBatches__whenKindOrPercentageIsWrong__namesTheField() external {
        BatchTerms memory t = _batchTerms(programme);
        t.kind = 3;
        _refuseTerm("kind", t);
        t.kind = 1;
        _refuseTerm("percentage", t);
        t.percentage = 10_001;
        _refuseTerm("percentage", t);
        (t.kind, t.percentage) = (2, 1);
        _refuseTerm("percentage", t);
        t.kind = 0;
        _refuseTerm("percentage", t);
    }

    function test_openBatches__whenTermIsOutsideItsBound__namesTheField() external {
        BatchTerms memory t = _batchTerms(programme);
        t.face = 0;
        _refuseTerm("face", t);
        t = _batchTerms(programme);
        t.quota = 0;
        _refuseTerm("quota", t);
        t = _batchTerms(programme);
        t.categories = 0;
        _refuseTerm("categories", t);
        t = _batchTerms(programme);
        t.channels = 0;
        _refuseTerm("channels", t);
        t = _batchTerms(programme);
        t.region = 0x61f1000004; // "61f1"
        _refuseTerm("region", t);
        t = _batchTerms(programme);
        t.validFrom = t.validUntil;
        _refuseTerm("validUntil", t);
        t.validFrom = t.validUntil - 1;
        _openBatch("one second", t);
    }

    function test_openBatches__whenLineIsUnknown__namesIt() external {
        BatchTerms memory t = _batchTerms(programme);
        t.line = 0;
        _refuseOutside("line", t);
        t.line = 3;
        _refuseOutside("line", t);
        t.line = 2;
        _openBatch("last line", t);
    }

    function test_openBatches__whenDatesReachBeyondTheProgramme__namesThem() external {
        BatchTerms memory t = _batchTerms(programme);
        t.validFrom = START - 1;
        _refuseOutside("validFrom", t);
        t = _batchTerms(programme);
        t.validUntil = END + 1;
        _refuseOutside("validUntil", t);
    }

    function test_openBatches__whenScopeReachesBeyondTheProgramme__namesIt() external {
        BatchTerms memory t = _batchTerms(programme);
        t.categories = CATEGORIES | 0x10;
        _refuseOutside("categories", t);
        t = _batchTerms(programme);
        t.channels = CHANNELS | 0x04;
        _refuseOutside("channels", t);
        t = _batchTerms(programme);
        t.region = 0; // everywhere
        _refuseOutside("region", t);
        t.region = 0x6200000002; // the province next to it
        _refuseOutside("region", t);
        t.region = PROVINCE;
        t.categories = CATEGORIES;
        _openBatch("all of it", t);
    }

    function test_openBatches__whenWithinBounds__keepsAndLogsThem() external {
        string[] memory refs = new string[](2);
        (refs[0], refs[1]) = ("first", "second");
        BatchTerms[] memory terms = new BatchTerms[](2);
        terms[0] = _batchTerms(programme);
        terms[1] = _batchTerms(programme);
        (terms[1].line, terms[1].minimumSpend, terms[1].claimDays) = (2, 5_000, 30);
        vm.recordLogs();
        vm.prank(treasurer);
        uint256 first = vouchers.openBatches(refs, terms);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(first, 1);
        vm.assertEq(logs.length, 2);
        for (uint256 i; i < 2; ++i) {
            bytes32[] memory topics =
                topicsOf(IVouchersSupply.BatchOpened.selector, first + i, programme, programme << 16 | (i + 1));
            assertLog(logs[i], address(vouchers), topics, abi.encode(1, refs[i], terms[i]));
            vm.assertEq(vouchers.batchOf(refs[i]), first + i);
            _assertBatchWords(first + i, terms[i]);
        }
        (, uint256 batches,) = vouchers.counts();
        vm.assertEq(batches, 2);
    }

    function test_openBatches__whenProgrammeIsActive__opensThemToo() external {
        vm.warp(START);
        _activate(programme);
        vm.assertEq(_openBatch("b", programme), 1);
    }

    // --- writeRoll ---

    function test_writeRoll__whenProgrammeIsNotOpen__refusesIt() external {
        uint256 draft = _draft("summer", _programmeTerms(), 1);
        bytes memory error = abi.encodeWithSelector(IVouchersErrors.Vouchers_ProgrammeNotOpen.selector, draft, 0);
        vm.expectRevert(error);
        vm.prank(treasurer);
        vouchers.writeRoll(draft, "r", 0, _holders(0, 1));
        _close(programme);
        _refuseRoll(
            abi.encodeWithSelector(IVouchersErrors.Vouchers_ProgrammeNotOpen.selector, programme, 6), "r", 0, _holders(0, 1)
        );
    }

    function test_writeRoll__whenSizeIsNoWholeNumberOfHolders__refusesIt() external {
        _refuseSize(0);
        _refuseSize(1);
        _refuseSize(19);
        _refuseSize(21);
        _refuseSize(1_229 * 20);
        _refuseSize(1_228 * 20 + 1);
    }

    function test_writeRoll__whenAHolderIsZero__namesThePlace() external {
        uint256[3] memory places = [uint256(0), 3, 6];
        for (uint256 i; i < places.length; ++i) {
            bytes memory holders = _holders(0, 7);
            _put(holders, places[i], address(0));
            _refuseRoll(abi.encodeWithSelector(IVouchersErrors.Vouchers_HolderZero.selector, places[i]), "r", 0, holders);
        }
        bytes memory longest = _anyHolders(1_228);
        _put(longest, 1_227, address(0));
        _refuseRoll(abi.encodeWithSelector(IVouchersErrors.Vouchers_HolderZero.selector, 1_227), "r", 0, longest);
    }

    function test_writeRoll__whenHolderIsAlmostZero__keepsIt() external {
        bytes memory holders = _holders(0, 2);
        _put(holders, 0, address(1));
        _put(holders, 1, address(uint160(1) << 152));
        uint256 roll = _writeRoll(programme, "r", holders);
        uint256 batch = _openBatch("b", programme);
        _issue(batch, roll);
        vm.assertEq(vouchers.holderOf(_id(batch, roll, 0)), address(1));
        vm.assertEq(vouchers.holderOf(_id(batch, roll, 1)), address(uint160(1) << 152));
    }

    function test_writeRoll__whenFlagIsOfLaterRelease__refusesIt() external {
        _refuseRoll(abi.encodeWithSelector(IVouchersErrors.Vouchers_RollFlagsInvalid.selector, 4), "r", 4, _holders(0, 1));
        _refuseRoll(abi.encodeWithSelector(IVouchersErrors.Vouchers_RollFlagsInvalid.selector, 11), "r", 11, _holders(0, 1));
        _refuseRoll(abi.encodeWithSelector(IVouchersErrors.Vouchers_RollFlagsInvalid.selector, 256), "r", 256, _holders(0, 1));
    }

    function test_writeRoll__whenReferenceIsEmptyTooLongOrTaken__refusesIt() external {
        _refuseRoll(abi.encodeWithSelector(IVouchersErrors.Vouchers_ReferenceInvalid.selector, ""), "", 0, _holders(0, 1));
        string memory ref = string.concat(LONGEST, "0");
        _refuseRoll(abi.encodeWithSelector(IVouchersErrors.Vouchers_ReferenceInvalid.selector, ref), ref, 0, _holders(0, 1));
        uint256 roll = _writeRoll(programme, LONGEST, _holders(0, 1));
        _refuseRoll(
            abi.encodeWithSelector(IVouchersErrors.Vouchers_ReferenceTaken.selector, LONGEST, roll), LONGEST, 0, _holders(0, 1)
        );
    }

    function test_writeRoll__whenABatchHasTheReference__keepsBoth() external {
        uint256 batch = _openBatch("same", programme);
        _openBatch("other", programme);
        uint256 roll = _writeRoll(programme, "same", _holders(0, 1));
        vm.assertEq(vouchers.batchOf("same"), batch);
        vm.assertEq(vouchers.rollOf("same"), roll);
        vm.assertEq(vouchers.rollOf("other"), 0);
    }

    function test_writeRoll__whenWithinBounds__keepsTheHoldersAsCode() external {
        bytes memory holders = _holders(0, 3);
        for (uint256 flags; flags < 4; ++flags) {
            string memory ref = vm.toString(flags);
            vm.recordLogs();
            vm.prank(treasurer);
            uint256 roll = vouchers.writeRoll(programme, ref, flags, holders);
            Vm.Log[] memory logs = vm.getRecordedLogs();
            vm.assertEq(roll, flags + 1);
            vm.assertEq(logs.length, 1);
            address pointer = address(uint160(vouchers.rollWord(roll) >> 88));
            assertLog(
                logs[0],
                address(vouchers),
                topicsOf(IVouchersSupply.RollWritten.selector, programme, roll),
                abi.encode(ref, 3, flags, pointer)
            );
            // docs/storage.md: programme 24, places 16, writtenAt 40, flags 8, pointer 160
            uint256 word = programme | 3 << 24 | block.timestamp << 40 | flags << 80 | uint256(uint160(pointer)) << 88;
            vm.assertEq(vouchers.rollWord(roll), word);
            vm.assertEq(pointer.code, bytes.concat(hex"00", holders));
            vm.assertEq(vouchers.rollOf(ref), roll);
        }
        (,, uint256 rolls) = vouchers.counts();
        vm.assertEq(rolls, 4);
    }

    function test_writeRoll__whenOneOr1228Holders__keepsThem() external {
        uint256 batch = _openBatch("b", programme);
        uint256 shortest = _writeRoll(programme, "shortest", _holders(0, 1));
        bytes memory holders = _anyHolders(1_228);
        uint256 longest = _writeRoll(programme, "longest", holders);
        vm.prank(treasurer);
        vouchers.issue(_one(batch), _two(shortest, longest));
        vm.assertEq(vouchers.holderOf(_id(batch, shortest, 0)), _holder(0));
        address pointer = address(uint160(vouchers.rollWord(longest) >> 88));
        vm.assertEq(pointer.code.length, 1_228 * 20 + 1);
        address last = address(uint160(uint256(keccak256(abi.encode("any holder", 1_227)))));
        vm.assertEq(vouchers.holderOf(_id(batch, longest, 1_227)), last);
    }

    // --- helpers ---

    function _close(uint256 id) private {
        vm.warp(END);
        vm.startPrank(treasurer);
        programmes.activate(id);
        programmes.close(id, "over");
        vm.stopPrank();
    }

    function _refuse(bytes memory error, string memory ref, BatchTerms memory terms) private {
        BatchTerms[] memory all = new BatchTerms[](1);
        all[0] = terms;
        vm.expectRevert(error);
        vm.prank(treasurer);
        vouchers.openBatches(_one(ref), all);
    }

    function _refuseTerm(string memory field, BatchTerms memory terms) private {
        _refuse(abi.encodeWithSelector(IVouchersErrors.Vouchers_TermsInvalid.selector, "b", field), "b", terms);
    }

    function _refuseOutside(string memory field, BatchTerms memory terms) private {
        _refuse(abi.encodeWithSelector(IVouchersErrors.Vouchers_OutsideProgramme.selector, "b", field), "b", terms);
    }

    function _refuseRoll(bytes memory error, string memory ref, uint256 flags, bytes memory holders) private {
        vm.expectRevert(error);
        vm.prank(treasurer);
        vouchers.writeRoll(programme, ref, flags, holders);
    }

    function _refuseSize(uint256 size) private {
        bytes memory holders = new bytes(size);
        for (uint256 i; i < size; ++i) {
            holders[i] = 0x01;
        }
        _refuseRoll(abi.encodeWithSelector(IVouchersErrors.Vouchers_RollSizeInvalid.selector, size), "r", 0, holders);
    }

    /// @dev docs/storage.md, section 1, slot 4.
    function _assertBatchWords(uint256 batch, BatchTerms memory t) private view {
        (uint256 terms, uint256 reach, uint256 supply) = vouchers.batchWords(batch);
        uint256 expected = uint256(t.programme) | uint256(t.line) << 24 | 1 << 40 | uint256(t.face) << 64
            | uint256(t.minimumSpend) << 112 | uint256(t.validFrom) << 176 | uint256(t.validUntil) << 216;
        vm.assertEq(terms, expected, "terms");
        expected = uint256(t.categories) | uint256(t.region) << 64 | uint256(t.channels) << 104 | uint256(t.claimDays) << 112;
        vm.assertEq(reach, expected, "reach");
        vm.assertEq(supply, uint256(t.quota) | block.timestamp << 80, "supply");
    }
}
