// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Tokens that misbehave at a deposit.
abstract contract OddToken {
    mapping(address account => uint256) public balanceOf;

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function approve(address, uint256) external pure returns (bool) {
        return true;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        balanceOf[msg.sender] -= amount;
        balanceOf[to] += amount;
        return true;
    }

    function transferFrom(address from, address to, uint256 amount) external virtual returns (bool);
}

/// @title Keeps one unit of each transfer.
contract FeeToken is OddToken {
    function transferFrom(address from, address to, uint256 amount) external override returns (bool) {
        balanceOf[from] -= amount;
        balanceOf[to] += amount - 1;
        return true;
    }
}

/// @title Says yes and moves nothing.
contract LyingToken is OddToken {
    function transferFrom(address, address, uint256) external pure override returns (bool) {
        return true;
    }
}

/// @title Moves one unit more than it was asked to.
contract GenerousToken is OddToken {
    function transferFrom(address from, address to, uint256 amount) external override returns (bool) {
        balanceOf[from] -= amount;
        balanceOf[to] += amount + 1;
        return true;
    }
}

/// @title Says no without reverting.
contract RefusingToken is OddToken {
    function transferFrom(address, address, uint256) external pure override returns (bool) {
        return false;
    }
}

/// @title Deposits once more while it is being deposited.
contract ReentrantToken is OddToken {
    address private _target;
    bytes private _call;
    bool public succeeded;
    bytes public answer;

    function reenter(address target, bytes calldata call_) external {
        (_target, _call) = (target, call_);
    }

    function transferFrom(address from, address to, uint256 amount) external override returns (bool) {
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
        (succeeded, answer) = _target.call(_call);
        return true;
    }
}
