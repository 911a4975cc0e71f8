// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IVouchersErrors} from "../../contracts/interfaces/IVouchersErrors.sol";
import {IVouchersRedemption} from "../../contracts/interfaces/IVouchersRedemption.sol";
import {Roles} from "../../contracts/libraries/Roles.sol";
import {Leaf, Opening} from "../../contracts/types/Case.sol";
import {RulesTerms, Widening} from "../../contracts/types/Programme.sol";
import {Consent, Group, Item} from "../../contracts/types/Redemption.sol";
import {BatchTerms, VoucherState} from "../../contracts/types/Supply.sol";
import {GoodWallet} from "./doubles/Wallets.sol";
import {OpenTypes} from "./OpenTypes.sol";
import {RedeemWorld} from "./RedeemWorld.sol";
import {Vm} from "./Vm.sol";

/// a code that names no merchant
/// ├── when the merchant's terminal signed or sent it: it should be redeemed there, under the digest its holder signed
/// ├── when no terminal answers: it should be refused, whoever relays it
/// ├── when the terminal signed another bill or receipt: it should be passed over
/// ├── when it is used a second time: it should be refused, at any merchant
/// ├── when its redemption was reversed: it should be dead, and the voucher live
/// ├── when one of its vouchers stands under a version without such codes: it should be refused
/// ├── when its vouchers stand under versions of different bounds: it should be held to the strictest
/// ├── when an attestor consented to what its holder signed: it should pass the threshold
/// ├── when its holder is a contract: it should ask that contract for the open digest alone
/// ├── when stored value is spent by it: it should use up the sequence
/// ├── when its signature is too short to be one: it should be passed over
/// └── when it stands beside bound ones: it should leave them alone, refused or not
contract OpenCodesTest is RedeemWorld {
    uint40 private constant LIMIT = 50_000;

    address private till;
    uint256 private another;

    function setUp() public override {
        super.setUp();
        till = _account("till");
        another = _merchant("dumplings");
        vm.startPrank(registrar);
        merchants.addTerminal(merchant, till);
        merchants.addTerminal(another, _account("another till"));
        vm.stopPrank();
    }

    function _rulesTerms() internal view override returns (RulesTerms memory r) {
        r = super._rulesTerms();
        (r.openSeconds, r.openMaxBill) = (120, LIMIT);
    }

    function test_openCode__whenTheTerminalSigned__isRedeemedUnderItsDigest() external {
        Item memory item = _open(_voucher(0), 0);
        vm.recordLogs();
        vm.assertEq(_redeem(_one(_answered(_one(item)))), 1);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 3);
        bytes32 digest = _openDigest(item);
        bytes32[] memory topics = topicsOf(IVouchersRedemption.VoucherRedeemed.selector, _voucher(0), merchant);
        assertLog(logs[0], address(vouchers), topics, abi.encode(item.receipt, digest, FACE, uint256(1), uint256(1)));
        topics = topicsOf(IVouchersRedemption.TerminalBatchAccepted.selector, merchant, uint256(uint160(till)));
        assertLog(logs[1], address(vouchers), topics, abi.encode(uint256(1), uint256(1)));
        _assertCommitted(logs[2], 1, 1, _chain(0, digest, _voucher(0), FACE, merchant, till));
    }

    function test_openCode__whenTheTerminalSends__isRedeemed() external {
        Group memory group = _group(merchant, _one(_open(_voucher(0), 0)));
        group.terminal = till;
        vm.prank(till);
        vm.assertEq(vouchers.redeem(_one(group)), 1);
    }

    function test_openCode__whenNoTerminalAnswers__isRefused() external {
        Item memory item = _open(_voucher(0), 0);
        _assertRefuses(_group(merchant, _one(item)), _voucher(0), IVouchersErrors.Vouchers_OpenCodeUnanswered.selector);
        _assertRefuses(_group(another, _one(item)), _voucher(0), IVouchersErrors.Vouchers_OpenCodeUnanswered.selector);
        vm.assertEq(_redeem(_one(_answered(_one(item)))), 1, "not used up");
    }

    function test_openCode__whenTheTerminalSignedSomethingElse__isPassedOver() external {
        Group memory group = _answered(_one(_open(_voucher(0), 0)));
        ++group.items[0].bill;
        _assertPassesOver(group, IVouchersErrors.Vouchers_TerminalSignatureInvalid.selector);
        --group.items[0].bill;
        group.items[0].receipt = keccak256("another receipt");
        _assertPassesOver(group, IVouchersErrors.Vouchers_TerminalSignatureInvalid.selector);
        group.items[0].receipt = keccak256("receipt");
        group.merchant = another;
        _assertPassesOver(group, IVouchersErrors.Vouchers_TerminalUnknown.selector);
    }

    function test_openCode__whenUsedASecondTime__isRefused() external {
        Item memory item = _open(_voucher(0), 0);
        vm.assertEq(_redeem(_one(_answered(_one(item)))), 1);
        Group memory group = _group(another, _one(item));
        group.terminal = _account("another till");
        group.terminalSignature = _signature(_key("another till"), _terminalDigest(group));
        _assertRefuses(group, _voucher(0), IVouchersErrors.Vouchers_AlreadyRedeemed.selector);
    }

    function test_openCode__whenReversed__isDead() external {
        Item memory item = _open(_voucher(0), 0);
        vm.assertEq(_redeem(_one(_answered(_one(item)))), 1);
        Opening memory opening;
        opening.firstNumber = 1;
        opening.leaf = Leaf(_openDigest(item), _voucher(0), FACE, merchant, till, block.timestamp, 1);
        vm.prank(till);
        vm.assertTrue(desk.reverse(opening, "wrong item", block.timestamp + 60, ""), "live");
        _assertState(_voucher(0), VoucherState.LIVE);
        _assertRefuses(_answered(_one(item)), _voucher(0), IVouchersErrors.Vouchers_SignatureUsed.selector);
        ++item.deadline;
        vm.assertEq(_redeem(_one(_answered(_one(_signedOpen(item, 20_000, _holderKey(0)))))), 1);
    }

    function test_openCode__whenAVersionAllowsNone__isRefused() external {
        uint256 later = _batchUnder(0, 0);
        Item memory item = _item(_spend(_voucher(0), _id(later, roll, 0)));
        item = _signedOpen(item, 20_000, _holderKey(0));
        _assertRefuses(_answered(_one(item)), _voucher(0), IVouchersErrors.Vouchers_OpenCodeNotAllowed.selector);
        item = _signedOpen(_item(_spend(_id(later, roll, 0))), 20_000, _holderKey(0));
        _assertRefuses(_answered(_one(item)), _id(later, roll, 0), IVouchersErrors.Vouchers_OpenCodeNotAllowed.selector);
        vm.assertEq(_redeem(_one(_answered(_one(_open(_voucher(0), 0))))), 1);
    }

    function test_openCode__whenVersionsDiffer__isHeldToTheStrictest() external {
        uint256 later = _batchUnder(60, 20_001);
        Item memory item = _item(_spend(_voucher(0), _id(later, roll, 0)));
        item.deadline = block.timestamp + 61;
        item = _signedOpen(item, 30_000, _holderKey(0));
        _assertRefuses(_answered(_one(item)), _voucher(0), IVouchersErrors.Vouchers_OpenDeadlineTooFar.selector);
        --item.deadline;
        item.bill = 20_002;
        item = _signedOpen(item, 30_000, _holderKey(0));
        _assertRefuses(_answered(_one(item)), _voucher(0), IVouchersErrors.Vouchers_OpenBillLimitPassed.selector);
        --item.bill;
        vm.assertEq(_redeem(_one(_answered(_one(item)))), 2);
    }

    function test_openCode__whenConsentedTo__passesTheThreshold() external {
        uint256 later = _batchAbove(FACE - 1);
        Item memory item = _signedOpen(_item(_spend(_id(later, roll, 0))), 20_000, _holderKey(0));
        Group memory group = _answered(_one(item));
        _assertRefuses(group, _id(later, roll, 0), IVouchersErrors.Vouchers_ConsentMissing.selector);
        address attestor = _account("attestor");
        vm.prank(admin);
        manager.grantRole(Roles.ATTESTOR, attestor, 0);
        vouchers.syncAttestor(attestor);
        bytes32 digest = _openDigest(item);
        bytes32 consent = _typed(keccak256(abi.encode(keccak256("Consent(bytes32 redemption)"), digest)));
        Consent[] memory consents = new Consent[](1);
        consents[0] = Consent(digest, _signature(_key("attestor"), consent));
        vm.prank(operator);
        vm.assertEq(vouchers.redeemWithConsents(_one(group), consents), 1);
    }

    function test_openCode__whenTheHolderIsAContract__asksForTheOpenDigestAlone() external {
        GoodWallet wallet = new GoodWallet();
        uint256 own = _writeRoll(programme, "a contract's", abi.encodePacked(address(wallet)));
        _issue(batch, own);
        Item memory item = _item(_spend(_id(batch, own, 0)));
        item.signature = OpenTypes.signature(20_000, new bytes(40));
        wallet.allow(_digest(item, merchant));
        _assertPassesOver(_answered(_one(item)), IVouchersErrors.Vouchers_SignatureInvalid.selector);
        wallet.allow(_openDigest(item));
        vm.assertEq(_redeem(_one(_answered(_one(item)))), 1);
    }

    function test_openCode__whenStoredValueIsSpent__usesUpTheSequence() external {
        BatchTerms memory terms = _batchTerms(programme);
        terms.kind = 2;
        uint256 purse = _openBatch("purse", terms);
        _issue(purse, roll);
        Item memory item = _item(_spend(_id(purse, roll, 0)));
        item.spends[0].amount = 400;
        item = _signedOpen(item, 20_000, _holderKey(0));
        vm.assertEq(_redeem(_one(_answered(_one(item)))), 1);
        _assertRefuses(_answered(_one(item)), _id(purse, roll, 0), IVouchersErrors.Vouchers_SequenceMismatch.selector);
        item.spends[0].sequence = 1;
        vm.assertEq(_redeem(_one(_answered(_one(_signedOpen(item, 20_000, _holderKey(0)))))), 1);
    }

    function test_openCode__whenItsSignatureIsTooShort__isPassedOver() external {
        Item memory item = _item(_spend(_voucher(0)));
        for (uint256 length; length < 64; length += 9) {
            item.signature = OpenTypes.signature(20_000, new bytes(length));
            _assertPassesOver(_answered(_one(item)), IVouchersErrors.Vouchers_SignatureInvalid.selector);
        }
    }

    function test_openCode__whenBesideBoundOnes__leavesThemAlone() external {
        Item memory high = _open(_voucher(0), 0);
        high.bill = 20_001;
        Item memory bound = _item(_spend(_voucher(1)));
        bound.bill = 2 * uint256(LIMIT);
        bound = _signed(bound, _holderKey(1), merchant);
        vm.recordLogs();
        vm.assertEq(_redeem(_groups(_answered(_items(high, bound, _open(_voucher(2), 2))), _bare(_voucher(3), 3))), 3);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        bytes32[] memory topics = topicsOf(IVouchersRedemption.RedemptionRefused.selector, _voucher(0), merchant);
        bytes4 reason = IVouchersErrors.Vouchers_OpenBillTooHigh.selector;
        assertLog(logs[0], address(vouchers), topics, abi.encode(_openDigest(high), reason));
        _assertRedeemed(logs[1], bound, 0, merchant, 1);
        _assertState(_voucher(0), VoucherState.LIVE);
    }

    // --- helpers ---

    function _openDigest(Item memory item) private view returns (bytes32) {
        (, uint256 maxBill) = OpenTypes.read(item);
        return _typed(OpenTypes.redemption(item, maxBill));
    }

    function _signedOpen(Item memory item, uint256 maxBill, uint256 key) private view returns (Item memory) {
        item.signature = OpenTypes.signature(maxBill, _signature(key, _typed(OpenTypes.redemption(item, maxBill))));
        return item;
    }

    /// @dev An open code for one voucher and bills up to 20,000, which is what the bill is.
    function _open(uint256 voucher, uint256 place) private view returns (Item memory) {
        return _signedOpen(_item(_spend(voucher)), 20_000, _holderKey(place));
    }

    function _answered(Item[] memory items) private view returns (Group memory group) {
        group = _group(merchant, items);
        group.terminal = till;
        group.terminalSignature = _signature(_key("till"), _terminalDigest(group));
    }

    function _bare(uint256 voucher, uint256 place) private view returns (Group memory) {
        return _group(merchant, _one(_signedItem(voucher, place, merchant)));
    }

    /// @dev A batch issued to the roll, of a second version with other bounds of open codes.
    function _batchUnder(uint16 openSeconds, uint40 openMaxBill) private returns (uint256) {
        RulesTerms memory r = _rulesTerms();
        (r.openSeconds, r.openMaxBill) = (openSeconds, openMaxBill);
        return _batchOf(r);
    }

    function _batchAbove(uint64 threshold) private returns (uint256) {
        RulesTerms memory r = _rulesTerms();
        r.stepUpThreshold = threshold;
        return _batchOf(r);
    }

    function _batchOf(RulesTerms memory r) private returns (uint256 later) {
        vm.prank(treasurer);
        programmes.proposeRules(programme, r, Widening(0, new uint40[](0), 0), "why");
        vm.warp(block.timestamp + 7 days);
        vm.prank(approver);
        programmes.activateRules(programme, 2);
        later = _openBatch("later", programme);
        _issue(later, roll);
    }

    function _assertRefuses(Group memory group, uint256 voucher, bytes4 reason) private {
        vm.recordLogs();
        vm.assertEq(_redeem(_one(group)), 0, "redeemed");
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1, "logs");
        bytes32[] memory topics = topicsOf(IVouchersRedemption.RedemptionRefused.selector, voucher, group.merchant);
        assertLog(logs[0], address(vouchers), topics, abi.encode(_openDigest(group.items[0]), reason));
    }

    function _assertPassesOver(Group memory group, bytes4 reason) private {
        vm.recordLogs();
        vm.assertEq(_redeem(_one(group)), 0, "redeemed");
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1, "logs");
        _assertItemRefused(logs[0], group.merchant, 0, 0, reason);
    }
}
