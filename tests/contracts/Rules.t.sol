// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IVouchersErrors as No} from "../../contracts/interfaces/IVouchersErrors.sol";
import {IVouchersBooking} from "../../contracts/interfaces/IVouchersBooking.sol";
import {IVouchersRedemption} from "../../contracts/interfaces/IVouchersRedemption.sol";
import {Consent, Group, Item, Spend} from "../../contracts/types/Redemption.sol";
import {Roles} from "../../contracts/libraries/Roles.sol";
import {VoucherState} from "../../contracts/types/Supply.sol";
import {BatchWord} from "../../contracts/words/BatchWord.sol";
import {StoredWord} from "../../contracts/words/StoredWord.sol";
import {CaseBookings} from "./CaseBookings.sol";
import {OpenTypes} from "./OpenTypes.sol";
import {Vm} from "./Vm.sol";

/// rules
/// └── for each case of tests/cases/rules.json and tests/cases/calendar.json
///     ├── when it expects acceptance: it should redeem every voucher
///     └── when it expects a refusal: it should log that reason alone and redeem nothing
contract RulesTest is CaseBookings {
    uint256 private constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    function setUp() public override {
        super.setUp();
        _openWorld();
    }

    function test_rules__forEachCase__agreeWithTheTable() external {
        vm.assertGe(_judgeAll("tests/cases/rules.json"), 80, "cases");
    }

    function test_rules__forEachCaseAtAnEdgeOfTheCalendar__agreeWithTheTable() external {
        vm.assertGe(_judgeAll("tests/cases/calendar.json"), 100, "cases");
    }

    function _judgeAll(string memory file) private returns (uint256 cases) {
        vm.pauseGasMetering(); // reading the table takes more than a block's gas
        bytes memory table = bytes(vm.readFile(file));
        uint256 world = vm.snapshotState();
        for (uint256 at = _takeCase(table, 0); at != 0; at = _takeCase(table, at)) {
            this.judge();
            vm.revertToState(world);
            ++cases;
        }
    }

    /// @dev The case in hand. A call of its own, so that each case begins with fresh memory.
    function judge() external {
        _build();
        Item memory item = _itemOf();
        uint256 merchant = _number("merchant");
        item.signature = _sign(item, merchant);
        (uint256 before,,) = vouchers.counts();
        uint256 redeemed = _send(_group(merchant, _one(item)));
        Vm.Log[] memory logs = _withoutConsents(vm.getRecordedLogs());
        (uint256 afterwards,,) = vouchers.counts();
        string memory name = _case("name");
        string memory expected = _case("expect");
        vm.assertEq(_outcome(logs), expected, name);
        if (!_same(expected, "accepted")) {
            vm.assertEq(redeemed, 0, name);
            vm.assertEq(logs.length, 1, name);
            vm.assertEq(afterwards, before, name);
            return;
        }
        vm.assertEq(redeemed, item.spends.length, name);
        vm.assertEq(afterwards, _asksToBook() ? before : before + redeemed, name);
        for (uint256 i; i < item.spends.length; ++i) {
            VoucherState state = _stateAfter(item.spends[i].voucher);
            vm.assertEq(uint256(vouchers.stateOf(item.spends[i].voucher)), uint256(state), name);
        }
    }

    /// @dev Stored value is used up when nothing is left of it.
    function _stateAfter(uint256 voucher) private view returns (VoucherState) {
        if (_asksToBook()) return VoucherState.BOOKED;
        (uint256 terms,,) = vouchers.batchWords(voucher >> 35);
        uint256 word = vouchers.storedWord(voucher);
        if (StoredWord.booked(word) != 0) return VoucherState.BOOKED;
        bool left = StoredWord.spent(word) != BatchWord.face(terms);
        return BatchWord.kind(terms) == BatchWord.STORED && left ? VoucherState.LIVE : VoucherState.REDEEMED;
    }

    // --- sending ---

    /// @dev By the relayer or the terminal, as the case says.
    function _send(Group memory group) private returns (uint256) {
        string memory terminal = _text("terminal");
        address sender = operator;
        if (_ends(terminal, " sends") || _same(terminal, "sends")) {
            group.terminal = vm.addr(_key(_terminal(terminal)));
            sender = group.terminal;
        } else if (!_same(terminal, "none")) {
            group.terminal = vm.addr(_key(_terminal(terminal)));
            group.terminalSignature = _seal(terminal, group);
        }
        Consent[] memory consents = _consents(_typed(_asked(group.items[0], group.merchant)));
        vm.recordLogs();
        vm.prank(sender);
        if (_asksToBook()) return vouchers.book(_reserve(group.items[0], group.merchant, _number("lapseAt")), consents);
        if (consents.length != 0) return vouchers.redeemWithConsents(_one(group), consents);
        return vouchers.redeem(_one(group));
    }

    /// @dev Of the attestor or somebody else, to this redemption or another one.
    function _consents(bytes32 digest) private returns (Consent[] memory consents) {
        string memory consent = _text("consent");
        if (_same(consent, "none")) return consents;
        address attestor = _account("attestor");
        vm.prank(admin);
        manager.grantRole(Roles.ATTESTOR, attestor, 0);
        vouchers.syncAttestor(attestor);
        if (_same(consent, "another redemption")) digest = keccak256("another redemption");
        bytes32 typed = _typed(keccak256(abi.encode(keccak256("Consent(bytes32 redemption)"), digest)));
        consents = new Consent[](1);
        consents[0] = Consent(digest, _signature(_key(_same(consent, "stranger") ? "stranger" : "attestor"), typed));
    }

    /// @dev Whose key the terminal has.
    function _terminal(string memory terminal) private pure returns (string memory) {
        if (_same(terminal, "stranger signs")) return "stranger";
        if (_same(terminal, "another's signs")) return "another's till";
        if (_same(terminal, "removed signs")) return "removed till";
        if (_same(terminal, "holder sends") || _same(terminal, "holder signs")) return "alice";
        return "till";
    }

    function _seal(string memory terminal, Group memory group) private view returns (bytes memory) {
        if (_same(terminal, "signs nothing")) return "";
        uint256 merchant = group.merchant;
        if (_same(terminal, "signs for another merchant")) group.merchant = ANOTHER;
        bytes32 digest = _terminalDigest(group);
        group.merchant = merchant;
        return _signature(_key(_terminal(terminal)), digest);
    }

    // --- signing ---

    function _sign(Item memory item, uint256 merchant) private view returns (bytes memory) {
        bytes memory signed = _signedInForm(item, merchant);
        return _isOpen() ? OpenTypes.signature(_number("maxBill"), signed) : signed;
    }

    function _signedInForm(Item memory item, uint256 merchant) private view returns (bytes memory) {
        bytes32 digest = _signedDigest(_copy(item), merchant);
        uint256 key = _key(_text("signer"));
        string memory form = _text("signature");
        if (_same(form, "64 bytes")) return _compactSignature(key, digest);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        uint8 other = v == 27 ? 28 : 27;
        if (_same(form, "empty")) return "";
        if (_same(form, "63 bytes")) return abi.encodePacked(r, bytes31(s));
        if (_same(form, "66 bytes")) return abi.encodePacked(r, s, v, uint8(0));
        if (_same(form, "upper s")) return abi.encodePacked(r, ORDER - uint256(s), other);
        if (_same(form, "other v")) return abi.encodePacked(r, s, other);
        if (_same(form, "low v")) return abi.encodePacked(r, s, v - 27);
        if (_same(form, "zeros")) return new bytes(65);
        return abi.encodePacked(r, s, v);
    }

    /// @dev The digest of what was signed, which may differ from what is sent.
    function _signedDigest(Item memory item, uint256 merchant) private view returns (bytes32) {
        string memory what = _text("signed");
        uint256 chain = block.chainid;
        address verifier = address(vouchers);
        if (_same(what, "another merchant")) merchant = ANOTHER;
        if (_same(what, "another bill")) ++item.bill;
        if (_same(what, "another receipt")) item.receipt = keccak256("another receipt");
        if (_same(what, "another channel")) item.channel = 1;
        if (_same(what, "another deadline")) ++item.deadline;
        if (_same(what, "another amount")) ++item.spends[0].amount;
        if (_same(what, "fewer vouchers")) item.spends = _first(item.spends);
        if (_same(what, "another chain")) ++chain;
        if (_same(what, "another contract")) verifier = address(treasury);
        return _typed(_domain(chain, verifier), _asked(item, merchant));
    }

    function _copy(Item memory item) private pure returns (Item memory) {
        return abi.decode(abi.encode(item), (Item));
    }

    function _first(Spend[] memory spends) private pure returns (Spend[] memory one) {
        one = new Spend[](1);
        one[0] = spends[0];
    }

    // --- the outcome ---

    function _withoutConsents(Vm.Log[] memory logs) private pure returns (Vm.Log[] memory rest) {
        uint256 consents = logs[0].topics[0] == IVouchersRedemption.ConsentGiven.selector ? 1 : 0;
        rest = new Vm.Log[](logs.length - consents);
        for (uint256 i; i < rest.length; ++i) {
            rest[i] = logs[i + consents];
        }
    }

    /// @dev "accepted" or the name of the reason that the only log gives.
    function _outcome(Vm.Log[] memory logs) private pure returns (string memory) {
        bytes32 signature = logs[0].topics[0];
        if (signature == IVouchersRedemption.VoucherRedeemed.selector) return "accepted";
        if (signature == IVouchersBooking.VoucherBooked.selector) return "accepted";
        bytes memory data = logs[0].data;
        bytes32 reason;
        assembly ("memory-safe") {
            reason := mload(add(data, mload(data))) // the last word of either event
        }
        string memory name = _name(bytes4(reason));
        bool unsigned = signature == IVouchersRedemption.RedemptionItemRefused.selector;
        if (unsigned && !_namesNoVoucher(name)) return string.concat(name, ", as if not signed");
        if (!unsigned && _namesNoVoucher(name) && !_same(name, "VoucherUnknown")) return string.concat(name, ", as if signed");
        return name;
    }

    /// @dev Reasons that stand in {IVouchersRedemption-RedemptionItemRefused}: before the holder's signature was good.
    function _namesNoVoucher(string memory name) private pure returns (bool) {
        return _same(name, "TerminalUnknown") || _same(name, "TerminalSignatureInvalid") || _same(name, "VouchersMissing")
            || _same(name, "VoucherUnknown") || _same(name, "SignatureInvalid");
    }

    function _name(bytes4 reason) private pure returns (string memory) {
        if (reason == No.Vouchers_TerminalUnknown.selector) return "TerminalUnknown";
        if (reason == No.Vouchers_TerminalSignatureInvalid.selector) return "TerminalSignatureInvalid";
        if (reason == No.Vouchers_VouchersMissing.selector) return "VouchersMissing";
        if (reason == No.Vouchers_VoucherUnknown.selector) return "VoucherUnknown";
        if (reason == No.Vouchers_SignatureInvalid.selector) return "SignatureInvalid";
        if (reason == No.Vouchers_DeadlinePassed.selector) return "DeadlinePassed";
        if (reason == No.Vouchers_DeadlineTooFar.selector) return "DeadlineTooFar";
        if (reason == No.Vouchers_VouchersNotAscending.selector) return "VouchersNotAscending";
        if (reason == No.Vouchers_HolderMismatch.selector) return "HolderMismatch";
        if (reason == No.Vouchers_ProgrammeMixed.selector) return "ProgrammeMixed";
        if (reason == No.Vouchers_VoucherFrozen.selector) return "VoucherFrozen";
        if (reason == No.Vouchers_VoucherRevoked.selector) return "VoucherRevoked";
        if (reason == No.Vouchers_VoucherBooked.selector) return "VoucherBooked";
        if (reason == No.Vouchers_AlreadyRedeemed.selector) return "AlreadyRedeemed";
        if (reason == No.Vouchers_SignatureUsed.selector) return "SignatureUsed";
        return _nameOfRule(reason);
    }

    function _nameOfRule(bytes4 reason) private pure returns (string memory) {
        if (reason == No.Vouchers_ProgrammeNotActive.selector) return "ProgrammeNotActive";
        if (reason == No.Vouchers_ProgrammePaused.selector) return "ProgrammePaused";
        if (reason == No.Vouchers_MerchantFrozen.selector) return "MerchantFrozen";
        if (reason == No.Vouchers_NotYetValid.selector) return "NotYetValid";
        if (reason == No.Vouchers_Expired.selector) return "Expired";
        if (reason == No.Vouchers_MerchantNotActive.selector) return "MerchantNotActive";
        if (reason == No.Vouchers_CategoryNotShared.selector) return "CategoryNotShared";
        if (reason == No.Vouchers_RegionOutside.selector) return "RegionOutside";
        if (reason == No.Vouchers_ChannelClosed.selector) return "ChannelClosed";
        if (reason == No.Vouchers_AmountMismatch.selector) return "AmountMismatch";
        if (reason == No.Vouchers_SequenceMismatch.selector) return "SequenceMismatch";
        if (reason == No.Vouchers_AmountOutside.selector) return "AmountOutside";
        if (reason == No.Vouchers_NothingOff.selector) return "NothingOff";
        if (reason == No.Vouchers_AmountsOverBill.selector) return "AmountsOverBill";
        if (reason == No.Vouchers_MinimumSpendUnmet.selector) return "MinimumSpendUnmet";
        if (reason == No.Vouchers_OpenCodeNotAllowed.selector) return "OpenCodeNotAllowed";
        if (reason == No.Vouchers_OpenCodeUnanswered.selector) return "OpenCodeUnanswered";
        if (reason == No.Vouchers_OpenDeadlineTooFar.selector) return "OpenDeadlineTooFar";
        if (reason == No.Vouchers_OpenBillTooHigh.selector) return "OpenBillTooHigh";
        if (reason == No.Vouchers_OpenBillLimitPassed.selector) return "OpenBillLimitPassed";
        if (reason == No.Vouchers_ConsentMissing.selector) return "ConsentMissing";
        if (reason == No.Vouchers_RedemptionLimitPassed.selector) return "RedemptionLimitPassed";
        if (reason == No.Vouchers_DayLimitPassed.selector) return "DayLimitPassed";
        if (reason == No.Vouchers_MonthLimitPassed.selector) return "MonthLimitPassed";
        if (reason == No.Vouchers_NotFirstRedemption.selector) return "NotFirstRedemption";
        if (reason == No.Vouchers_MerchantLimitPassed.selector) return "MerchantLimitPassed";
        if (reason == No.Vouchers_TerminalLimitPassed.selector) return "TerminalLimitPassed";
        if (reason == No.Vouchers_SelfRedemption.selector) return "SelfRedemption";
        if (reason == No.Vouchers_LapsePassed.selector) return "LapsePassed";
        if (reason == No.Vouchers_LapseBeyondValidity.selector) return "LapseBeyondValidity";
        return "a reason without a name";
    }

    function _ends(string memory text, string memory end) private pure returns (bool) {
        (bytes memory all, bytes memory last) = (bytes(text), bytes(end));
        if (all.length < last.length) return false;
        for (uint256 i; i < last.length; ++i) {
            if (all[all.length - last.length + i] != last[i]) return false;
        }
        return true;
    }
}
