// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IVouchersErrors} from "../../contracts/interfaces/IVouchersErrors.sol";
import {Group, Item} from "../../contracts/types/Redemption.sol";
import {VoucherState} from "../../contracts/types/Supply.sol";
import {AnsweringWallet, BurningWallet, GoodWallet, HugeWallet, ReentrantWallet, RevertingWallet} from "./doubles/Wallets.sol";
import {RedeemWorld} from "./RedeemWorld.sol";

/// signature of a key
/// ├── when it has 65 bytes, or 64 (ERC-2098): it should be good
/// ├── when it has any other length: it should be no signature
/// ├── when s is in the upper half, v is neither 27 nor 28, or r is zero: it should be no signature
/// ├── when it is another key's: it should not be good
/// └── when it is for another merchant, bill, receipt, channel, deadline, spend, chain or contract: it should not be good
/// signature of a contract (ERC-1271)
/// ├── when it answers with the magic value: it should be good, for that digest alone
/// ├── when it answers with anything else, shorter, or padded with dirt: it should not be good
/// ├── when it reverts or burns its gas: it should not be good, and the call goes on
/// ├── when its answer is huge: it should be read no further than its first word
/// ├── when the signature is longer than 2,048 bytes: it should not be asked
/// ├── when the call says that the signature has no end: it should not be asked, and the call goes on
/// └── when it redeems from within: the inner call should fail
contract SignaturesTest is RedeemWorld {
    uint256 private constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
    bytes4 private immutable INVALID = IVouchersErrors.Vouchers_SignatureInvalid.selector;

    // --- keys ---

    function test_signature__when65Bytes__isGood() external {
        vm.assertEq(_redeem(merchant, _signedItem(_voucher(0), 0, merchant)), 1);
    }

    function test_signature__when64Bytes__isGood() external {
        for (uint256 i; i < 5; ++i) {
            Item memory item = _item(_spend(_voucher(i))); // both parities among five
            item.signature = _compactSignature(_holderKey(i), _digest(item, merchant));
            vm.assertEq(item.signature.length, 64);
            vm.assertEq(_redeem(merchant, item), 1);
        }
    }

    function test_signature__whenAnotherLength__isNone() external {
        Item memory item = _signedItem(_voucher(0), 0, merchant);
        bytes memory good = item.signature;
        uint256[7] memory lengths = [uint256(0), 1, 32, 63, 66, 96, 130];
        for (uint256 i; i < lengths.length; ++i) {
            bytes memory cut = new bytes(lengths[i]);
            for (uint256 j; j < cut.length && j < good.length; ++j) {
                cut[j] = good[j];
            }
            item.signature = cut;
            _assertPassedOver(item, INVALID);
        }
    }

    function test_signature__whenSIsInTheUpperHalf__isNone() external {
        Item memory item = _item(_spend(_voucher(0)));
        bytes32 digest = _digest(item, merchant);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_holderKey(0), digest);
        bytes32 upper = bytes32(ORDER - uint256(s));
        uint8 flipped = v == 27 ? 28 : 27;
        vm.assertEq(ecrecover(digest, flipped, r, upper), _holder(0)); // it is the same key's, in its other form
        item.signature = abi.encodePacked(r, upper, flipped);
        _assertPassedOver(item, INVALID);
    }

    function test_signature__whenVIsWrong__isNone() external {
        Item memory item = _item(_spend(_voucher(0)));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_holderKey(0), _digest(item, merchant));
        uint8[6] memory wrong = [0, 1, 26, 29, 255, v == 27 ? 28 : 27];
        for (uint256 i; i < wrong.length; ++i) {
            item.signature = abi.encodePacked(r, s, wrong[i]);
            _assertPassedOver(item, INVALID);
        }
    }

    function test_signature__whenROrSIsZero__isNone() external {
        Item memory item = _item(_spend(_voucher(0)));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_holderKey(0), _digest(item, merchant));
        item.signature = abi.encodePacked(bytes32(0), s, v);
        _assertPassedOver(item, INVALID);
        item.signature = abi.encodePacked(r, bytes32(0), v);
        _assertPassedOver(item, INVALID);
        item.signature = new bytes(65);
        _assertPassedOver(item, INVALID);
        item.signature = new bytes(64);
        _assertPassedOver(item, INVALID);
    }

    function test_signature__whenAnotherKeys__isNotGood() external {
        Item memory item = _item(_spend(_voucher(0)));
        _assertPassedOver(_signed(item, _holderKey(1), merchant), INVALID);
        _assertPassedOver(_signed(item, _key("operator"), merchant), INVALID);
    }

    function test_signature__whenForAnotherMerchant__isNotGood() external {
        uint256 other = _merchant("museum");
        _assertPassedOver(_signedItem(_voucher(0), 0, other), INVALID);
    }

    function test_signature__whenAnythingSignedDiffers__isNotGood() external {
        Item memory item = _signedItem(_voucher(0), 0, merchant);
        item.bill += 1;
        _assertPassedOver(item, INVALID);
        item = _signedItem(_voucher(0), 0, merchant);
        item.receipt = keccak256("another receipt");
        _assertPassedOver(item, INVALID);
        item = _signedItem(_voucher(0), 0, merchant);
        item.channel = 1;
        _assertPassedOver(item, INVALID);
        item = _signedItem(_voucher(0), 0, merchant);
        item.deadline += 1;
        _assertPassedOver(item, INVALID);
        item = _signedItem(_voucher(0), 0, merchant);
        item.spends[0].amount += 1;
        _assertPassedOver(item, INVALID);
        item = _signedItem(_voucher(0), 0, merchant);
        item.spends[0].sequence = 1;
        _assertPassedOver(item, INVALID);
        item = _signedItem(_voucher(0), 0, merchant);
        item.spends = _spend(_voucher(0), _voucher(1));
        _assertPassedOver(item, INVALID);
    }

    function test_signature__whenForAnotherChain__isNotGood() external {
        Item memory item = _signedItem(_voucher(0), 0, merchant);
        vm.chainId(block.chainid + 1);
        _assertPassedOver(item, INVALID);
        vm.assertEq(vouchers.domainSeparator(), _domain(block.chainid, address(vouchers)));
        vm.assertEq(_redeem(merchant, _signedItem(_voucher(0), 0, merchant)), 1);
    }

    function test_signature__whenForAnotherContract__isNotGood() external {
        Item memory item = _item(_spend(_voucher(0)));
        bytes32 domain = _domain(block.chainid, address(treasury));
        bytes32 structHash = keccak256("whatever was signed");
        item.signature = _signature(_holderKey(0), keccak256(abi.encodePacked(hex"1901", domain, structHash)));
        _assertPassedOver(item, INVALID);
    }

    // --- contracts ---

    function test_contract__whenItAnswersYes__isGoodForThatDigestAlone() external {
        GoodWallet wallet = new GoodWallet();
        Item memory item = _item(_spend(_heldBy(address(wallet))));
        item.signature = "any bytes at all";
        _assertPassedOver(item, INVALID);
        wallet.allow(_digest(item, merchant));
        item.bill += 1;
        _assertPassedOver(item, INVALID);
        item.bill -= 1;
        vm.assertEq(_redeem(merchant, item), 1);
        _assertState(item.spends[0].voucher, VoucherState.REDEEMED);
    }

    function test_contract__whenItAnswersOtherwise__isNotGood() external {
        _assertNo(address(new AnsweringWallet(abi.encode(bytes4(0xffffffff)))));
        _assertNo(address(new AnsweringWallet(abi.encode(true))));
        _assertNo(address(new AnsweringWallet("")));
        _assertNo(address(new AnsweringWallet(hex"1626ba7e")));
        _assertNo(address(new AnsweringWallet(bytes.concat(hex"1626ba7e", new bytes(27)))));
        _assertNo(address(new AnsweringWallet(bytes.concat(hex"1626ba7e", new bytes(27), hex"01"))));
        _assertNo(address(token)); // a contract that knows no such function
    }

    function test_contract__whenItReverts__isNotGood() external {
        _assertNo(address(new RevertingWallet()));
    }

    function test_contract__whenItBurnsItsGas__leavesTheOthersTheirs() external {
        Item memory bad = _item(_spend(_heldBy(address(new BurningWallet()))));
        Item memory good = _signedItem(_voucher(0), 0, merchant);
        uint256 before = gasleft();
        vm.assertEq(_redeem(_one(_group(merchant, _items(bad, good)))), 1);
        vm.assertLe(before - gasleft(), 600_000, "gas of both");
    }

    function test_contract__whenItsAnswerIsHuge__readsItsFirstWord() external {
        Item memory item = _item(_spend(_heldBy(address(new HugeWallet()))));
        uint256 before = gasleft();
        vm.assertEq(_redeem(merchant, item), 1);
        vm.assertLe(before - gasleft(), 400_000, "gas");
    }

    function test_contract__whenTheSignatureIsTooLong__isNotAsked() external {
        GoodWallet wallet = new GoodWallet();
        Item memory item = _item(_spend(_heldBy(address(wallet))));
        wallet.allow(_digest(item, merchant));
        item.signature = new bytes(2_049);
        _assertPassedOver(item, INVALID);
        item.signature = new bytes(2_048);
        vm.assertEq(_redeem(merchant, item), 1);
    }

    function test_contract__whenTheCallSaysThatTheSignatureHasNoEnd__leavesTheOthersTheirs() external {
        Item memory bad = _item(_spend(_heldBy(address(new GoodWallet()))));
        bad.signature = new bytes(777);
        Item memory good = _signedItem(_voucher(0), 0, merchant);
        bytes memory data = abi.encodeCall(vouchers.redeem, (_one(_group(merchant, _items(bad, good)))));
        for (uint256 at = 4; at < data.length; at += 32) {
            assembly ("memory-safe") {
                let word := add(add(data, 32), at)
                if eq(mload(word), 777) { mstore(word, shl(40, 1)) }
            }
        }
        vm.prank(operator);
        (bool success, bytes memory answer) = address(vouchers).call(data);
        vm.assertTrue(success, "the whole call failed");
        vm.assertEq(abi.decode(answer, (uint256)), 1);
        _assertState(_voucher(0), VoucherState.REDEEMED);
    }

    function test_contract__whenItRedeemsFromWithin__failsInside() external {
        ReentrantWallet wallet = new ReentrantWallet();
        Item memory inner = _signedItem(_voucher(0), 0, merchant);
        Group memory group = _group(merchant, _one(inner));
        group.terminal = address(wallet);
        vm.prank(registrar);
        merchants.addTerminal(merchant, address(wallet)); // even one that may send
        wallet.reenter(vouchers, _one(group));
        Item memory item = _item(_spend(_heldBy(address(wallet))));
        vm.assertEq(_redeem(merchant, item), 1); // it says yes only where the inner call failed
        _assertState(_voucher(0), VoucherState.LIVE);
    }

    // --- helpers ---

    /// @dev A voucher whose holder is this contract.
    function _heldBy(address wallet) private returns (uint256) {
        bytes memory holders = _holders(0, 1);
        _put(holders, 0, wallet);
        uint256 written = _writeRoll(programme, vm.toString(wallet), holders);
        _issue(batch, written);
        return _id(batch, written, 0);
    }

    function _assertNo(address wallet) private {
        _assertPassedOver(_item(_spend(_heldBy(wallet))), INVALID);
    }
}
