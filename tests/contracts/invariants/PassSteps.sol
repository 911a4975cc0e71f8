// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICaseDeskFreezes} from "../../../contracts/interfaces/ICaseDeskFreezes.sol";
import {ICaseDeskReversals} from "../../../contracts/interfaces/ICaseDeskReversals.sol";
import {ICaseDeskTransfers} from "../../../contracts/interfaces/ICaseDeskTransfers.sol";
import {IVouchersErrors} from "../../../contracts/interfaces/IVouchersErrors.sol";
import {StandingSteps} from "./StandingSteps.sol";

/// @title Vouchers passed on, and back.
abstract contract PassSteps is StandingSteps {
    struct Pass {
        uint256 voucher;
        address to;
        uint256 deadline;
        uint256 by; // index of the holder who signs or sends; HOLDERS: nobody who holds anything
        bool signed;
    }

    /// @dev Now and then it comes straight back, and the same signature is tried again.
    function _passStep() internal {
        Pass memory p = _drawPass();
        uint256 to = _holderIndex(p.to);
        if (!_tryPass(p) || to == HOLDERS || _chance(60)) return;
        uint256 deadline = block.timestamp + 1 + _draw(1 hours);
        if (_tryPass(Pass(p.voucher, mHolders[p.by], deadline, to, true)) && block.timestamp < p.deadline) _tryPass(p);
    }

    function _tryPass(Pass memory p) private returns (bool passed) {
        bytes32 digest = _passDigest(p);
        bytes memory signature = p.signed ? _signature(_holderKey(p.by), digest) : bytes("");
        address sender = p.signed ? mActors[_draw(mActors.length)] : p.by == HOLDERS ? outsider : mHolders[p.by];
        bytes4 expected = _expectPass(p, digest);
        bytes memory data = abi.encodeCall(desk.transfer, (p.voucher, p.to, p.deadline, signature));
        passed = _call("transfer", sender, ANYBODY, address(desk), data, expected);
        if (!passed) return false;
        uint256 programme = mBatches[p.voucher >> 35].programme;
        MPassed storage sum = mPassed[programme][mHolders[p.by]];
        (sum.month, sum.amount) = (_mMonthOf(programme), _passedSoFar(programme, mHolders[p.by]));
        sum.amount += mBatches[p.voucher >> 35].face;
        mMovedTo[p.voucher] = _holderIndex(p.to) + 1;
        mTakenUp[p.voucher & 0x7ffffffff] = true;
        mDead[keccak256(abi.encode(digest, p.voucher))] = true;
    }

    function _expectPass(Pass memory p, bytes32 digest) private view returns (bytes4) {
        if (!_placeExists(p.voucher) || !_wasIssued(p.voucher)) return IVouchersErrors.Vouchers_VoucherUnknown.selector;
        if (block.timestamp >= p.deadline) return ICaseDeskReversals.CaseDesk_DeadlinePassed.selector;
        address holder = _mHolderOf(p.voucher);
        if (p.by == HOLDERS || mHolders[p.by] != holder) return ICaseDeskTransfers.CaseDesk_NotTheHolder.selector;
        if (mDead[keccak256(abi.encode(digest, p.voucher))]) return ICaseDeskTransfers.CaseDesk_TransferUsed.selector;
        bytes4 expected = _expectReceiver(holder, p.to);
        if (expected != FINE) return expected;
        if (!_isLive(p.voucher)) return ICaseDeskFreezes.CaseDesk_NotLive.selector;
        if (_isHeld(p.voucher)) return ICaseDeskTransfers.CaseDesk_SubjectFrozen.selector;
        MBatch storage b = mBatches[p.voucher >> 35];
        if (_mIsPaused(b.programme) || _mIsPaused(0)) return ICaseDeskTransfers.CaseDesk_ProgrammePaused.selector;
        MVersion storage v = mVersions[b.programme][b.version];
        if (v.rules.flags / 8 % 2 == 0) return ICaseDeskTransfers.CaseDesk_NotTransferable.selector;
        if (b.face > v.perTransfer) return ICaseDeskTransfers.CaseDesk_TransferTooLarge.selector;
        bool within = _passedSoFar(b.programme, holder) + b.face <= v.perMonth;
        return within ? FINE : ICaseDeskTransfers.CaseDesk_TransferMonthPassed.selector;
    }

    function _expectReceiver(address holder, address to) internal view returns (bytes4) {
        if (to == address(0)) return ICaseDeskTransfers.CaseDesk_ReceiverMissing.selector;
        if (to == holder) return ICaseDeskTransfers.CaseDesk_ReceiverIsHolder.selector;
        bool speaks = _speaks(mKeys[to]) || _speaks(mTerminals[to]);
        return speaks ? ICaseDeskTransfers.CaseDesk_ReceiverIsMerchant.selector : FINE;
    }

    /// @dev Whether it is a merchant that was not removed.
    function _speaks(uint256 merchant) private view returns (bool) {
        return merchant != 0 && mMerchants[merchant].status != 4;
    }

    // --- drawing ---

    function _drawPass() private returns (Pass memory p) {
        p.voucher = _chance(90) ? _passable() : _somewhere();
        if (_chance(3)) p.voucher |= 0x7ff;
        p.to = _drawReceiver();
        p.deadline = block.timestamp + (_chance(96) ? 1 + _draw(1 hours) : 0);
        p.by = _placeExists(p.voucher) ? _mHolderAt(p.voucher) : _draw(HOLDERS);
        if (_chance(6)) p.by = _draw(HOLDERS + 1);
        p.signed = p.by != HOLDERS && _chance(70);
    }

    /// @dev Mostly a holder, of whom one is a terminal's, too; now and then nobody, or a merchant's key.
    function _drawReceiver() internal returns (address) {
        if (_chance(3)) return address(0);
        address shop = vm.addr(_shopKey(_draw(KEYS)));
        return _chance(3) && _speaks(mKeys[shop]) ? shop : mHolders[_draw(HOLDERS)];
    }

    /// @dev A voucher that may be passed on, if a few draws find one.
    function _passable() private returns (uint256 voucher) {
        for (uint256 i; i < 30; ++i) {
            voucher = _somewhere();
            MBatch storage b = mBatches[voucher >> 35];
            if (_isLive(voucher) && mVersions[b.programme][b.version].rules.flags / 8 % 2 == 1) return voucher;
        }
    }

    // --- small questions ---

    /// @dev {HOLDERS} for who is none.
    function _holderIndex(address account) internal view returns (uint256 index) {
        while (index < HOLDERS && mHolders[index] != account) {
            ++index;
        }
    }

    function _passedSoFar(uint256 programme, address holder) private view returns (uint256) {
        MPassed storage sum = mPassed[programme][holder];
        return sum.month == _mMonthOf(programme) ? sum.amount : 0;
    }

    function _passDigest(Pass memory p) private view returns (bytes32) {
        bytes32 typed = keccak256("Transfer(uint256 voucher,address to,uint256 deadline)");
        return _typed(keccak256(abi.encode(typed, p.voucher, p.to, p.deadline)));
    }
}
