// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Split} from "../../../contracts/interfaces/IModuleRegistry.sol";
import {Operator} from "../../../contracts/interfaces/IOperatorStaking.sol";
import {JobTest} from "../base/JobTest.sol";

/// @notice What authors, buyers and operators do beside jobs: three versions that pay one another, and eleven operators.
abstract contract Trade is JobTest {
    uint64[] public versions;
    uint64[] public offers;
    address[] public accounts;
    mapping(uint64 version => Split[]) private _tables;
    /// @dev Given to the ledger and to the staking contract each.
    uint256 public donated;
    uint256 public staked;
    uint256 public withdrawn;

    function setUp() public virtual override {
        super.setUp();
        _addOperators(CROWD - 5, MINIMUM_STAKE);
        staked = CROWD * MINIMUM_STAKE;
        accounts = [ada, ben, cyd, rita, eve, treasury, BURN];
        for (uint256 i; i < operators.length; ++i) {
            accounts.push(operators[i]);
            _fund(operators[i], 1e15);
        }
        _fund(eve, 1e15);
        _add(ada, version, _all(ada));
        uint64 left = _publish(ben, "left", _mostly(ben, version));
        _add(ben, left, _mostly(ben, version));
        Split[] memory splits = new Split[](4);
        splits[0] = Split({account: ada, version: 0, ppm: 555_555});
        splits[1] = Split({account: cyd, version: 0, ppm: 111_111});
        if (cyd < ada) (splits[0], splits[1]) = (splits[1], splits[0]);
        splits[2] = Split({account: address(0), version: version, ppm: 333_331});
        splits[3] = Split({account: address(0), version: left, ppm: 3});
        _add(cyd, _publish(cyd, "top", splits), splits);
        _mine(1);
    }

    function buy(uint256 which, uint96 price) external {
        uint256 i = which % versions.length;
        vm.prank(accounts[i]);
        market.setOffer(offers[i], _offerOf(versions[i], price % 1e9, RUN_PRICE));
        _buy(rita, offers[i], versions[i]);
    }

    function settle(uint256 which) external {
        uint64 settled = versions[which % versions.length];
        _settle(settled, _tables[settled]);
    }

    function claim(uint256 who) external {
        _claim(accounts[who % accounts.length]);
    }

    function donate(uint64 amount) external {
        donated += amount;
        usd.mint(address(ledger), amount);
        usd.mint(address(staking), amount);
    }

    function stake(uint256 who, uint80 amount) external {
        address operator = operators[who % operators.length];
        uint256 free = staking.operator(operator).free;
        uint256 added = amount % 1e10;
        if (free + added < MINIMUM_STAKE) added = MINIMUM_STAKE - free;
        staked += added;
        vm.prank(operator);
        staking.stake(added);
    }

    function unbond(uint256 who, uint96 amount) external {
        address operator = operators[who % operators.length];
        Operator memory stored = staking.operator(operator);
        if (stored.unbonding != 0 && vm.getBlockTimestamp() >= stored.unbondAt) {
            withdrawn += stored.unbonding;
            vm.prank(operator);
            staking.withdraw();
        } else if (stored.free != 0) {
            vm.prank(operator);
            staking.requestUnbond(1 + amount % stored.free);
        }
        if (amount % 7 == 0) _pass(UNBOND_PERIOD);
    }

    /// @dev All that accounts may claim and versions have not settled.
    function owed() external view returns (uint256 sum) {
        for (uint256 i; i < accounts.length; ++i) {
            sum += _owed(accounts[i]);
        }
        for (uint256 i; i < versions.length; ++i) {
            sum += ledger.received(versions[i], address(usd)) - ledger.settled(versions[i], address(usd));
        }
    }

    function _add(address author, uint64 published, Split[] memory splits) private {
        versions.push(published);
        offers.push(_offer(author, published, PRICE, RUN_PRICE));
        for (uint256 i; i < splits.length; ++i) {
            _tables[published].push(splits[i]);
        }
    }
}
