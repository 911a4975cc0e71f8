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

    function transfer(address to, uint256 amount) external virtual returns (bool) {
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

/// @title Pays out badly: refuses, says nothing, or calls back, as it is told for an account.
contract OddPayoutToken is OddToken {
    error OddPayoutToken_Barred(address account);

    enum Way {
        FINE,
        BARRED,
        SILENT,
        FALSE,
        FEE,
        LIES,
        REENTERS
    }

    mapping(address account => Way) private _ways;
    address private _target;
    bytes[] private _calls;
    bool[] public succeeded;
    bytes[] public answers;

    function treat(address account, Way way) external {
        _ways[account] = way;
    }

    function reenter(address target, bytes[] calldata calls) external {
        _target = target;
        for (uint256 i; i < calls.length; ++i) {
            _calls.push(calls[i]);
        }
    }

    function transferFrom(address from, address to, uint256 amount) external override returns (bool) {
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
        return true;
    }

    function transfer(address to, uint256 amount) external override returns (bool) {
        Way way = _ways[to];
        if (way == Way.BARRED) revert OddPayoutToken_Barred(to);
        if (way == Way.FALSE) return false;
        if (way == Way.LIES) return true;
        if (way == Way.SILENT) {
            assembly ("memory-safe") {
                revert(0, 0)
            }
        }
        balanceOf[msg.sender] -= way == Way.FEE ? amount + 1 : amount;
        balanceOf[to] += amount;
        if (way == Way.REENTERS) {
            for (uint256 i; i < _calls.length; ++i) {
                (bool ok, bytes memory answer) = _target.call(_calls[i]);
                succeeded.push(ok);
                answers.push(answer);
            }
        }
        return true;
    }
}
