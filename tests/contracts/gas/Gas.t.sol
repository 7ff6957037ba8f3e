// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Offer} from "../../../contracts/interfaces/ILicenseMarket.sol";
import {Split} from "../../../contracts/interfaces/IModuleRegistry.sol";
import {OutcomeKind} from "../../../contracts/interfaces/IRounds.sol";
import {JobTest} from "../base/JobTest.sol";

/// @notice What the verbs cost as transactions of their own, in the steady state: the sender has done the same before.
/// The figures are kept in `contracts/snapshots`: those with a target in gas.json, others in verbs.json. A rise is
/// explained in the commit.
/// forge-config: default.isolate = true
contract GasTest is JobTest {
    /// @dev Accounts of twenty bytes, as real ones are.
    uint160 private constant BASE = uint160(0x1111111111111111111111111111111111111111);

    function test_Purchase() public {
        _buy(rita, offerId, version);
        _buy(rita, offerId, version);
        _keep("purchase", 135_000);
        vm.prank(rita);
        market.renew(licenseId, PRICE);
        _keep("renew");
    }

    function test_Trial() public {
        Offer memory terms = _offerOf(version, PRICE, RUN_PRICE);
        (terms.trial, terms.referralBps) = (3 days, 1000);
        vm.prank(ada);
        market.setOffer(offerId, terms);
        uint256 last;
        for (uint256 i; i < 4; ++i) {
            vm.prank(rita);
            last = market.purchase(offerId, rita, PRICE, version, ben);
        }
        _keep("purchase (on trial, referred)");
        vm.prank(rita);
        market.refund(last);
        _keep("refund");
        _pass(3 days);
        market.release(last - 1);
        market.release(last - 2);
        _keep("release");
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
            _settle(six, splits);
        }
        _keep("settle6", 90_000);

        address account = address(BASE);
        _claim(account);
        _buy(rita, sale, six);
        _settle(six, splits);
        _claim(account);
        _keep("claim", 60_000);
    }

    function test_StakeAgainAndUnbond() public {
        _fund(operators[4], 100);
        vm.prank(operators[4]);
        staking.stake(50);
        vm.prank(operators[4]);
        staking.stake(50);
        _keep("stake", 75_000);
        vm.prank(operators[4]);
        staking.requestUnbond(10);
        _keep("requestUnbond");
    }

    /// @dev The last seat's commit and reveal are the dearest: they close the phase.
    function test_AWholeJob() public {
        uint256 jobId;
        // In the third round what accounts and the ledger hold is not zero any more.
        for (uint256 round; round < 3; ++round) {
            bool steady = round == 2;
            jobId = _post(_licensed(3, 2));
            if (steady) _keep("post");
            _mine(3);
            jobs.assign(jobId);
            if (steady) _keep("assign3");
            _mine(2);
            for (uint256 i; i < 3; ++i) {
                _commit(jobId, i, OutcomeKind.Result, new bytes(200));
                if (steady && i == 2) _keep("commit", 75_000);
                else if (steady) _keep("commit (not the last of 3 seats)");
            }
            _mine(2);
            for (uint256 i; i < 3; ++i) {
                _reveal(jobId, i, OutcomeKind.Result, new bytes(200));
                if (steady && i == 2) _keep("reveal", 70_000);
                else if (steady) _keep("reveal (not the last of 3 seats)");
            }
            jobs.tally(jobId);
            if (steady) _keep("tally3");
            _mine(3);
            jobs.finalize(jobId);
            if (steady) _keep("finalize3", 180_000);
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

    function _keep(string memory name, uint256 target) private {
        vm.assertLe(vm.snapshotGasLastCall("gas", name), target);
    }

    function _keep(string memory name) private {
        vm.snapshotGasLastCall("verbs", name);
    }
}
