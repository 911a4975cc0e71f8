// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IProgrammePolicies} from "../../contracts/interfaces/IProgrammePolicies.sol";
import {ValidityPolicy, ValidityRow} from "../../contracts/types/Policy.sol";
import {BatchTerms} from "../../contracts/types/Supply.sol";
import {Base} from "./Base.t.sol";

/// tests/cases/validity.json, which tests/domain/test_validity.py passes, too
/// └── for every case: checkValidity should say what is expected
contract ValidityCasesTest is Base {
    string private _table;

    function test_checkValidity__everyCase__saysWhatIsExpected() external {
        _table = vm.readFile("tests/cases/validity.json");
        vm.prank(treasurer);
        programmes.proposePolicy(_policy(), "the table");
        vm.prank(approver);
        programmes.approvePolicy(1);
        uint256 count;
        for (; vm.keyExistsJson(_table, _path(count, "name")); ++count) {
            _judge(count);
        }
        vm.assertFalse(count < 20, "the table is shorter than it was");
    }

    function _judge(uint256 index) private view {
        BatchTerms memory t = _batchTerms(1);
        t.categories = 0;
        uint256[] memory categories = vm.parseJsonUintArray(_table, _path(index, "categories"));
        for (uint256 i; i < categories.length; ++i) {
            t.categories |= uint64(1 << categories[i]);
        }
        t.face = uint48(_number(index, "face"));
        t.minimumSpend = uint48(_number(index, "minimum"));
        t.validUntil = t.validFrom + uint40(_number(index, "lasts"));
        t.claimDays = uint16(_number(index, "claimDays"));
        string memory name = vm.parseJsonString(_table, _path(index, "name"));
        string memory said = "accepted";
        try programmes.checkValidity("batch", t) {}
        catch (bytes memory error) {
            said = bytes4(error) == IProgrammePolicies.ProgrammeRegistry_ValidityTooShort.selector ? "TooShort" : "TooLong";
            bool known = bytes4(error) == IProgrammePolicies.ProgrammeRegistry_ValidityTooLong.selector;
            vm.assertFalse(!known && keccak256(bytes(said)) == keccak256("TooLong"), name);
        }
        vm.assertEq(said, vm.parseJsonString(_table, _path(index, "expect")), name);
    }

    function _policy() private view returns (ValidityPolicy memory p) {
        uint256[] memory faces = vm.parseJsonUintArray(_table, "$.policy.faces");
        p.faces = new uint48[](faces.length);
        for (uint256 i; i < faces.length; ++i) {
            p.faces[i] = uint48(faces[i]);
        }
        uint256[] memory difficulties = vm.parseJsonUintArray(_table, "$.policy.difficulties");
        p.difficulties = new uint32[](difficulties.length);
        for (uint256 i; i < difficulties.length; ++i) {
            p.difficulties[i] = uint32(difficulties[i]);
        }
        uint256 count;
        while (vm.keyExistsJson(_table, _row(count))) ++count;
        p.rows = new ValidityRow[](count);
        for (uint256 i; i < count; ++i) {
            uint256[] memory row = vm.parseJsonUintArray(_table, _row(i));
            p.rows[i] = ValidityRow(uint8(row[0]), uint8(row[1]), uint8(row[2]), uint32(row[3]), uint32(row[4]));
        }
    }

    function _row(uint256 index) private pure returns (string memory) {
        return string.concat("$.policy.rows[", vm.toString(index), "]");
    }

    function _path(uint256 index, string memory key) private pure returns (string memory) {
        return string.concat("$.cases[", vm.toString(index), "].", key);
    }

    function _number(uint256 index, string memory key) private view returns (uint256) {
        return vm.parseJsonUint(_table, _path(index, key));
    }
}
