// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ProgrammeTerms, RulesTerms} from "../../../contracts/types/Programme.sol";
import {Consent, Group, Item} from "../../../contracts/types/Redemption.sol";
import {TransferCaps} from "../../../contracts/types/Transfer.sol";
import {Roles} from "../../../contracts/libraries/Roles.sol";
import {OpenTypes} from "../OpenTypes.sol";
import {GasWorld} from "./GasWorld.sol";

// What each optional rule costs: 100 neighbours in places used before, for each voucher
// ├── none on
// ├── a step-up threshold that is not passed; one that is, with a consent for each
// ├── a merchant's daily limit
// ├── a holder's limits of amount for redemption, day and month: the holder's first redemption, later
// ├── a holder's first redemption only
// ├── codes that name no merchant: allowed and not used; used, beside the terminal's signature
// ├── vouchers that may be passed on: none was, all were; what passing one on costs
// ├── a roll one of whose places was given to somebody else
// └── a terminal's daily limit, beside the terminal's signature
/// forge-config: default.isolate = true
contract GasRulesTest is GasWorld {
    RulesTerms private asked;
    uint256 private roll;
    uint256 private merchant;
    uint256[] private batches;

    function setUp() public override {
        super.setUp();
        asked.maxDeadline = MAX_DEADLINE;
        asked.reversalWindow = REVERSAL_WINDOW;
        asked.disputeWindow = DISPUTE_WINDOW;
        merchant = _openMerchants(1);
        vm.prank(registrar);
        merchants.addTerminal(merchant, terminal);
    }

    function _draft(string memory ref, ProgrammeTerms memory terms, uint256 lines) internal override returns (uint256 id) {
        id = super._draft(ref, terms, lines);
        vm.prank(treasurer);
        programmes.setTransferCaps(id, 1, TransferCaps(MEASURED_FACE, MEASURED_FACE));
    }

    function _rulesTerms() internal view override returns (RulesTerms memory) {
        return asked;
    }

    function test_gas__noneOn() public {
        _open();
        _record("rules, none on", _later(), 100);
    }

    function test_gas__stepUpNotPassed() public {
        asked.stepUpThreshold = 500_00;
        _open();
        _record("rules, step-up threshold not passed", _later(), 100);
    }

    function test_gas__stepUpWithConsent() public {
        asked.stepUpThreshold = 1;
        _open();
        address attestor = _account("attestor");
        vm.prank(admin);
        manager.grantRole(Roles.ATTESTOR, attestor, 0);
        vouchers.syncAttestor(attestor);
        _redeemConsented(_row(0, 1));
        Group[] memory groups = _row(1, 100);
        uint256 redeemed = _redeemConsented(groups);
        uint256 used = vm.lastCallGas().gasTotalUsed;
        vm.assertEq(redeemed, 100, "vouchers redeemed");
        _record("redemption", "rules, step-up with a consent each", used, 100);
    }

    function test_gas__merchantDailyLimit() public {
        asked.merchantDailyLimit = 10_000_000_00;
        _open();
        _record("rules, merchant's daily limit", _later(), 100);
    }

    function test_gas__holderLimits() public {
        (asked.redemptionAmount, asked.dayAmount, asked.monthAmount) = (500_00, 1_000_00, 5_000_00);
        _open();
        _record("rules, holder's limits, a holder's first", _later(), 100);
        // The same holders once more, by another batch.
        Group[] memory groups = _neighbours(merchant, _one(batches[1]), roll, 1, 100);
        _record("rules, holder's limits, later, first use of the words", groups, 100);
    }

    function test_gas__firstOnly() public {
        asked.flags = 4;
        _open();
        _record("rules, first redemption only", _later(), 100);
    }

    function test_gas__openCodes() public {
        (asked.openSeconds, asked.openMaxBill) = (300, 10_000_000_00);
        _open();
        _redeem(_signedByTerminal(_row(0, 1)));
        _record("rules, open codes allowed and not used", _row(1, 100), 100);
        Group[] memory groups = _row(101, 100);
        for (uint256 i; i < 100; ++i) {
            Item memory item = groups[0].items[i];
            bytes32 digest = _typed(OpenTypes.redemption(item, item.bill));
            item.signature = OpenTypes.signature(item.bill, _compactSignature(_holderKey(101 + i), digest));
        }
        _record("rules, open codes and terminal's signature", _signedByTerminal(groups), 100);
    }

    function test_gas__transferable() public {
        asked.flags = 8;
        _open();
        _record("rules, transferable, none passed on", _later(), 100);
    }

    function test_gas__passedOn() public {
        asked.flags = 8;
        _open();
        _redeem(_row(0, 1));
        for (uint256 i = 1; i <= 100; ++i) {
            vm.prank(_holder(i));
            desk.transfer(_id(batches[0], roll, i), _holder(2_000 + i), block.timestamp + 1, "");
        }
        _record("redemption", "transfer of one voucher, its roll's word used before", vm.lastCallGas().gasTotalUsed, 1);
        Item[] memory items = new Item[](100);
        for (uint256 i; i < 100; ++i) {
            items[i] = _measuredItem(2_001 + i, merchant, _one(_id(batches[0], roll, 1 + i)));
        }
        _record("rules, transferable, all passed on", _one(_group(merchant, items)), 100);
    }

    function test_gas__placeReassigned() public {
        _open();
        vm.prank(registrar);
        desk.proposeReassignment(roll, 0, outsider, "moved away");
        vm.warp(block.timestamp + 7 days);
        vm.prank(approver);
        desk.approveReassignment(roll, 0, outsider);
        _redeem(_row(1, 1));
        _record("rules, another place of the roll reassigned", _row(2, 100), 100);
    }

    function test_gas__terminalDailyLimit() public {
        _open();
        vm.prank(registrar);
        merchants.limitTerminal(merchant, terminal, 10_000_000_00);
        _redeem(_signedByTerminal(_row(0, 1)));
        _record("rules, terminal's daily limit and signature", _signedByTerminal(_row(1, 100)), 100);
    }

    // --- helpers ---

    function _open() private {
        uint256 programme = _openActive("campaign-18");
        batches = _openBatches(programme, 2);
        roll = _openRoll(programme, _holders(0, FULL_ROLL));
        _issue(batches, _one(roll));
    }

    function _row(uint256 from, uint256 count) private view returns (Group[] memory) {
        return _neighbours(merchant, _one(batches[0]), roll, from, count);
    }

    /// @dev 100 neighbours in words that one before them used.
    function _later() private returns (Group[] memory) {
        _redeem(_row(0, 1));
        return _row(1, 100);
    }

    function _signedByTerminal(Group[] memory groups) private view returns (Group[] memory) {
        groups[0].terminal = terminal;
        groups[0].terminalSignature = _signature(_key("terminal"), _terminalDigest(groups[0]));
        return groups;
    }

    function _redeemConsented(Group[] memory groups) private returns (uint256) {
        Consent[] memory consents = new Consent[](groups[0].items.length);
        for (uint256 i; i < consents.length; ++i) {
            bytes32 digest = _digest(groups[0].items[i], merchant);
            bytes32 inner = keccak256(abi.encode(keccak256("Consent(bytes32 redemption)"), digest));
            bytes32 asked_ = keccak256(abi.encodePacked(hex"1901", vouchers.domainSeparator(), inner));
            consents[i] = Consent(digest, _signature(_key("attestor"), asked_));
        }
        vm.prank(operator);
        return vouchers.redeemWithConsents(groups, consents);
    }
}
