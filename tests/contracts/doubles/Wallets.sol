// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IVouchersRedemption} from "../../../contracts/interfaces/IVouchersRedemption.sol";
import {Group} from "../../../contracts/types/Redemption.sol";

/// @title A holder that is a contract: says yes to the one digest it was told of.
contract GoodWallet {
    bytes32 private _digest;

    function allow(bytes32 digest) external {
        _digest = digest;
    }

    function isValidSignature(bytes32 digest, bytes calldata) external view returns (bytes4) {
        return digest == _digest ? bytes4(0x1626ba7e) : bytes4(0xffffffff);
    }
}

/// @title Answers whatever it was told to, whole.
contract AnsweringWallet {
    bytes private _answer;

    constructor(bytes memory answer) {
        _answer = answer;
    }

    fallback(bytes calldata) external returns (bytes memory) {
        return _answer;
    }
}

/// @title Answers with the magic value and a megabyte behind it, as far as its gas goes.
contract HugeWallet {
    fallback() external {
        assembly {
            mstore(0, shl(224, 0x1626ba7e))
            return(0, 20000)
        }
    }
}

/// @title Burns what it gets.
contract BurningWallet {
    fallback() external {
        while (true) {}
    }
}

/// @title Reverts with the magic value.
contract RevertingWallet {
    fallback() external {
        assembly {
            mstore(0, shl(224, 0x1626ba7e))
            revert(0, 32)
        }
    }
}

/// @title Says yes after trying to redeem once more from within.
contract ReentrantWallet {
    IVouchersRedemption private _vouchers;
    bytes private _call;

    function reenter(IVouchersRedemption vouchers, Group[] calldata groups) external {
        _vouchers = vouchers;
        _call = abi.encodeCall(IVouchersRedemption.redeem, (groups));
    }

    function isValidSignature(bytes32, bytes calldata) external returns (bytes4) {
        (bool success,) = address(_vouchers).call{gas: 60_000}(_call);
        return success ? bytes4(0xffffffff) : bytes4(0x1626ba7e);
    }
}

/// @title Says yes if the call it tries from within fails, though it has gas.
contract RestlessWallet {
    address private _target;
    bytes private _call;

    function attempt(address target, bytes calldata call) external {
        (_target, _call) = (target, call);
    }

    function isValidSignature(bytes32, bytes calldata) external returns (bytes4) {
        bytes memory call = _call;
        (bool success,) = _target.call{gas: gasleft() / 2}(call);
        return success ? bytes4(0xffffffff) : bytes4(0x1626ba7e);
    }
}
