// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICaseDeskClaims} from "../../contracts/interfaces/ICaseDeskClaims.sol";
import {IVouchersSupply} from "../../contracts/interfaces/IVouchersSupply.sol";
import {Claimant, Round, RoundTerms} from "../../contracts/types/Claim.sol";
import {ClaimWorld} from "./ClaimWorld.sol";
import {GoodWallet} from "./doubles/Wallets.sol";
import {Vm} from "./Vm.sol";

/// claim
/// ├── when the sender is no relayer: it should refuse the call
/// ├── when nobody, or more than a roll holds, is given: it should refuse the call
/// ├── when the round is unknown: it should refuse the call
/// ├── when everybody may have a place: it should write a claimed roll, issue every batch to it, and log both lists
/// ├── when the wallet keeps the keys: it should mark the roll custodial
/// ├── when the first and last second of the round: it should give places; outside of it none
/// ├── a claimant
/// │   ├── when another key signed, anything signed is another, or the holder is zero: it should be passed over
/// │   ├── when the holder is a contract that says yes: it should get a place
/// │   ├── when the deadline is reached: it should be passed over
/// │   ├── when the round has a root and the proof is another's, missing or of another programme: it should be passed over
/// │   ├── when the person has a place under another address: it should be passed over
/// │   ├── when the address has a place for another person: it should be passed over
/// │   ├── when the same claim stands twice in a call: the second should be passed over
/// │   └── when all places are taken: it should be passed over
/// ├── when all are passed over: it should write no roll
/// ├── when the person has a place in an earlier round: it should give one in this
/// └── when more come than places: exactly the places should be given, in their order
contract ClaimsTest is ClaimWorld {
    function test_claim__whenSenderIsNoRelayer__refusesTheCall() external {
        Claimant[] memory all = _claimants(0, 1);
        address[3] memory senders = [treasurer, outsider, _holder(0)];
        for (uint256 i; i < senders.length; ++i) {
            vm.prank(senders[i]);
            vm.expectRevert(abi.encodeWithSelector(ICaseDeskClaims.CaseDesk_NotARelayer.selector, senders[i]));
            desk.claim(programme, round, false, all);
        }
    }

    function test_claim__whenListIsEmptyOrTooLong__refusesTheCall() external {
        vm.startPrank(operator);
        vm.expectRevert(abi.encodeWithSelector(ICaseDeskClaims.CaseDesk_ClaimantsInvalid.selector, 0, 1228));
        desk.claim(programme, round, false, new Claimant[](0));
        vm.expectRevert(abi.encodeWithSelector(ICaseDeskClaims.CaseDesk_ClaimantsInvalid.selector, 1229, 1228));
        desk.claim(programme, round, false, new Claimant[](1229));
        vm.assertEq(desk.claim(programme, round, false, new Claimant[](1228)), 0);
        vm.stopPrank();
    }

    function test_claim__whenRoundIsUnknown__refusesTheCall() external {
        uint256[2][3] memory unknown = [[programme, round + 1], [programme, uint256(0)], [programme + 1, uint256(1)]];
        for (uint256 i; i < unknown.length; ++i) {
            (uint256 its, uint256 number) = (unknown[i][0], unknown[i][1]);
            vm.prank(operator);
            vm.expectRevert(abi.encodeWithSelector(ICaseDeskClaims.CaseDesk_RoundUnknown.selector, its, number));
            desk.claim(its, number, false, _claimants(0, 1));
        }
    }

    function test_claim__whenEverybodyMay__writesIssuesAndLogs() external {
        vm.recordLogs();
        uint256 roll_ = _claim(_claimants(0, 2));
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(roll_, roll + 1);
        vm.assertEq(vouchers.rollWord(roll_) >> 80 & 0xff, 1, "claimed, not custodial");
        vm.assertEq(vouchers.rollOf(string.concat("claims/", vm.toString(programme), "/1/", vm.toString(roll_))), roll_);
        for (uint256 i; i < 2; ++i) {
            vm.assertEq(vouchers.holderOf(_id(pack[0], roll_, i)), _holder(i));
            vm.assertEq(vouchers.holderOf(_id(pack[1], roll_, i)), _holder(i));
            vm.assertTrue(desk.isNullifierUsed(programme, round, _nullifier(i)), "nullifier");
            vm.assertTrue(desk.hasClaimed(programme, round, _holder(i)), "address");
        }
        vm.assertFalse(desk.isNullifierUsed(programme, round, _nullifier(2)), "another's nullifier");
        vm.assertFalse(desk.hasClaimed(programme, round, _holder(2)), "another's address");
        vm.assertEq(desk.roundAt(programme, round).given, 2);
        vm.assertEq(logs.length, 5);
        vm.assertEq(logs[0].topics[0], IVouchersSupply.RollWritten.selector);
        _assertIssued(logs[1], pack[0], roll_, 2 * FACE);
        _assertIssued(logs[2], pack[1], roll_, 2 * SECOND_FACE);
        bytes32[] memory topics = topicsOf(ICaseDeskClaims.ClaimRolled.selector, programme, round, roll_);
        assertLog(logs[3], address(desk), topics, abi.encode(2));
        bytes32[] memory used = new bytes32[](2);
        (used[0], used[1]) = (_nullifier(0), _nullifier(1));
        topics = topicsOf(ICaseDeskClaims.NullifiersUsed.selector, roll_);
        assertLog(logs[4], address(desk), topics, abi.encode(used));
    }

    function test_claim__whenWalletKeepsTheKeys__marksTheRollCustodial() external {
        vm.prank(operator);
        uint256 roll_ = desk.claim(programme, round, true, _claimants(0, 1));
        vm.assertEq(vouchers.rollWord(roll_) >> 80 & 0xff, 3);
    }

    function test_claim__whenRoundHasNotBegunOrIsOver__passesOver() external {
        RoundTerms memory t = _roundTerms();
        t.opensAt = uint40(NOW + 100);
        round = _openRound(t);
        vm.warp(NOW + 99);
        _assertRefused(_claimant(0, round), ICaseDeskClaims.CaseDesk_RoundNotBegun.selector);
        vm.warp(NOW + 100);
        vm.assertGt(_claim(_claimants(0, 1)), 0, "the first second");
        vm.warp(CLOSES - 1);
        vm.assertGt(_claim(_claimants(1, 1)), 0, "the last second");
        vm.warp(CLOSES);
        _assertRefused(_claimant(2, round), ICaseDeskClaims.CaseDesk_RoundOver.selector);
    }

    // --- a claimant ---

    function test_claimant__whenSignatureIsNotTheHolders__isPassedOver() external {
        Claimant[7] memory wrong;
        for (uint256 i; i < wrong.length; ++i) {
            wrong[i] = _claimant(0, round);
        }
        wrong[0].holder = _holder(1);
        wrong[1].nullifier = _nullifier(1);
        wrong[2].deadline += 1;
        wrong[3] = _claimant(0, round + 1);
        wrong[4].signature = _signature(_holderKey(1), _claimDigest(wrong[4], round));
        wrong[5].signature = hex"00";
        (wrong[6].holder, wrong[6].signature) = (address(0), "");
        for (uint256 i; i < wrong.length; ++i) {
            _assertRefused(wrong[i], ICaseDeskClaims.CaseDesk_ClaimSignatureInvalid.selector);
        }
    }

    function test_claimant__whenHolderIsAContractThatSaysYes__getsAPlace() external {
        Claimant memory c = _claimant(0, round);
        GoodWallet wallet = new GoodWallet();
        c.holder = address(wallet);
        wallet.allow(_claimDigest(c, round));
        vm.assertEq(vouchers.holderOf(_id(pack[0], _claim(_one(c)), 0)), c.holder);
    }

    function test_claimant__whenDeadlineIsReached__isPassedOver() external {
        Claimant memory c = _claimant(0, round);
        vm.warp(c.deadline);
        _assertRefused(c, ICaseDeskClaims.CaseDesk_ClaimDeadlinePassed.selector);
        vm.warp(c.deadline - 1);
        vm.assertGt(_claim(_one(c)), 0, "one second before");
    }

    function test_claimant__whenNotOnTheList__isPassedOver() external {
        bytes32 root = _pair(_leaf(0), _leaf(1));
        _approveRoot(root);
        RoundTerms memory t = _roundTerms();
        t.root = root;
        round = _openRound(t);
        Claimant[4] memory wrong = [_listed(0), _listed(0), _listed(0), _listed(2)];
        wrong[0].salt = _salt(1);
        wrong[1].proof = new bytes32[](0);
        wrong[2].proof[0] = _leaf(2);
        for (uint256 i; i < wrong.length; ++i) {
            _assertRefused(wrong[i], ICaseDeskClaims.CaseDesk_NotEligible.selector);
        }
        Claimant[] memory both = new Claimant[](2);
        (both[0], both[1]) = (_listed(0), _listed(1));
        vm.assertEq(vouchers.holderOf(_id(pack[0], _claim(both), 1)), _holder(1), "both are on it");
    }

    /// @dev The root itself is no leaf of a list of one: a leaf is hashed twice.
    function test_claimant__whenLeafIsAnInnerNode__isPassedOver() external {
        bytes32 root = keccak256(abi.encode(programme, _nullifier(0), _salt(0))); // hashed once
        _approveRoot(root);
        RoundTerms memory t = _roundTerms();
        t.root = root;
        round = _openRound(t);
        _assertRefused(_claimant(0, round), ICaseDeskClaims.CaseDesk_NotEligible.selector);
    }

    function test_claimant__whenPersonHasAPlace__isPassedOver() external {
        _claim(_claimants(0, 1));
        Claimant memory c = _claimant(1, round);
        c.nullifier = _nullifier(0);
        _assertRefused(_signedClaim(c, 1, round), ICaseDeskClaims.CaseDesk_NullifierUsed.selector);
    }

    function test_claimant__whenAddressHasAPlace__isPassedOver() external {
        _claim(_claimants(0, 1));
        Claimant memory c = _claimant(0, round);
        c.nullifier = _nullifier(1);
        _assertRefused(_signedClaim(c, 0, round), ICaseDeskClaims.CaseDesk_HolderClaimed.selector);
    }

    function test_claimant__whenTwiceInACall__getsOnePlace() external {
        Claimant[] memory twice = new Claimant[](2);
        (twice[0], twice[1]) = (_claimant(0, round), _claimant(0, round));
        vm.recordLogs();
        uint256 roll_ = _claim(twice);
        vm.assertEq(uint16(vouchers.rollWord(roll_) >> 24), 1, "places");
        _assertLogged(vm.getRecordedLogs()[0], 1, twice[1], ICaseDeskClaims.CaseDesk_NullifierUsed.selector);
    }

    function test_claim__whenMoreComeThanPlaces__givesExactlyThePlaces() external {
        Claimant[] memory all = _claimants(0, 5);
        all[1].signature = "";
        vm.recordLogs();
        uint256 roll_ = _claim(all);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        _assertLogged(logs[0], 1, all[1], ICaseDeskClaims.CaseDesk_ClaimSignatureInvalid.selector);
        _assertLogged(logs[1], 4, all[4], ICaseDeskClaims.CaseDesk_ClaimsUsedUp.selector);
        address[3] memory given = [_holder(0), _holder(2), _holder(3)];
        for (uint256 i; i < 3; ++i) {
            vm.assertEq(vouchers.holderOf(_id(pack[1], roll_, i)), given[i]);
        }
        vm.assertEq(uint16(vouchers.rollWord(roll_) >> 24), 3, "places");
        vm.assertFalse(desk.isNullifierUsed(programme, round, _nullifier(4)), "marked without a place");
        _assertRefused(_claimant(4, round), ICaseDeskClaims.CaseDesk_ClaimsUsedUp.selector);
    }

    function test_claim__whenAllArePassedOver__writesNoRoll() external {
        (,, uint256 before) = vouchers.counts();
        Claimant[] memory all = _claimants(0, 2);
        (all[0].signature, all[1].signature) = (bytes(""), bytes(""));
        vm.assertEq(_claim(all), 0);
        (,, uint256 rolls) = vouchers.counts();
        vm.assertEq(rolls, before);
    }

    function test_claim__whenPersonHasAPlaceInAnEarlierRound__givesOneInThis() external {
        _claim(_claimants(0, 1));
        round = _openRound(_roundTerms());
        vm.assertEq(round, 2);
        vm.assertGt(_claim(_claimants(0, 1)), 0, "no place");
        Round memory r = desk.roundAt(programme, round);
        vm.assertEq(r.given, 1);
    }

    // --- helpers ---

    /// @dev The person's claim with the proof for a list of the persons 0 and 1.
    function _listed(uint256 person) private view returns (Claimant memory c) {
        c = _claimant(person, round);
        c.proof = new bytes32[](1);
        c.proof[0] = _leaf(person == 0 ? 1 : 0);
    }

    function _approveRoot(bytes32 root) private {
        vm.prank(registrar);
        desk.proposeRoot(programme, root, "residents of the district");
        vm.prank(approver);
        desk.approveRoot(programme, root);
    }

    function _assertRefused(Claimant memory c, bytes4 reason) private {
        vm.recordLogs();
        vm.assertEq(_claim(_one(c)), 0, "a place was given");
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1);
        _assertLogged(logs[0], 0, c, reason);
    }

    function _assertLogged(Vm.Log memory entry, uint256 index, Claimant memory c, bytes4 reason) private view {
        bytes32[] memory topics = topicsOf(ICaseDeskClaims.ClaimRefused.selector, programme, round);
        assertLog(entry, address(desk), topics, abi.encode(index, _claimDigest(c, round), reason));
    }

    function _assertIssued(Vm.Log memory entry, uint256 batch_, uint256 roll_, uint256 amount) private view {
        bytes32[] memory topics = topicsOf(IVouchersSupply.VouchersIssued.selector, batch_, roll_);
        assertLog(entry, address(vouchers), topics, abi.encode(2, amount));
    }
}
