// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Split} from "../../../contracts/interfaces/IModuleRegistry.sol";
import {OutcomeKind} from "../../../contracts/interfaces/IJobMarket.sol";
import {JobTest} from "../base/JobTest.sol";

/// @notice What the verbs cost as transactions of their own, in the steady state: the sender has done the same before.
/// The figures are kept in `tests/contracts/snapshots`; a rise is explained in the commit.
/// forge-config: default.isolate = true
contract GasTest is JobTest {
    string private constant GROUP = "verbs";
    /// @dev Accounts of twenty bytes, as real ones are.
    uint160 private constant BASE = uint160(0x1111111111111111111111111111111111111111);

    function test_Purchase() public {
        _buy(rita, offerId, version);
        _buy(rita, offerId, version);
        _keep("purchase");
    }

    function test_SettleSixAndClaim() public {
        Split[] memory splits = new Split[](6);
        for (uint160 i; i < 6; ++i) {
            splits[i] = Split({account: address(BASE + i), version: 0, ppm: i == 0 ? 500_000 : 100_000});
        }
        uint64 six = _publish(ada, "six", splits);
        uint64 sale = _offer(ada, six, PRICE, 0);
        for (uint256 i; i < 2; ++i) {
            _buy(rita, sale, six);
            ledger.settle(six, address(usd), splits);
        }
        _keep("settle6");

        address account = address(BASE);
        _claim(account);
        _buy(rita, sale, six);
        ledger.settle(six, address(usd), splits);
        _claim(account);
        _keep("claim");
    }

    function test_StakeAgainAndUnbond() public {
        _fund(operators[4], 100);
        vm.prank(operators[4]);
        staking.stake(50);
        vm.prank(operators[4]);
        staking.stake(50);
        _keep("stake");
        vm.prank(operators[4]);
        staking.requestUnbond(10);
        _keep("requestUnbond");
    }

    function test_AWholeJob() public {
        uint256 jobId;
        // In the third round what accounts and the ledger hold is not zero any more.
        for (uint256 round; round < 3; ++round) {
            jobId = _post(_licensed(3, 2));
            if (round == 2) _keep("post");
            _mine(3);
            jobs.assign(jobId);
            if (round == 2) _keep("assign3");
            _mine(2);
            for (uint256 i; i < 3; ++i) {
                _commit(jobId, i, OutcomeKind.Result, new bytes(200));
                if (round == 2) _keep(i == 2 ? "commit (last of 3 seats)" : "commit");
            }
            _mine(2);
            for (uint256 i; i < 3; ++i) {
                _reveal(jobId, i, OutcomeKind.Result, new bytes(200));
                if (round == 2) _keep(i == 2 ? "reveal (last of 3 seats)" : "reveal");
            }
            jobs.tally(jobId);
            if (round == 2) _keep("tally3");
            _mine(3);
            jobs.finalize(jobId);
            if (round == 2) _keep("finalize3");
        }
    }

    function test_Publish() public {
        uint256 moduleId = _register(ben, "other");
        _keep("registerModule");
        vm.prank(ben);
        registry.publish(moduleId, _terms("1.0.0"), _mostly(ben, version));
        _keep("publish");
        vm.prank(ada);
        market.setOffer(0, _offerOf(version, PRICE, 0));
        _keep("setOffer");
    }

    function _keep(string memory name) private {
        vm.snapshotGasLastCall(GROUP, name);
    }
}
