// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {AssurancePool} from "../../../contracts/AssurancePool.sol";
import {JobLimits, JobMarket, JobParts} from "../../../contracts/JobMarket.sol";
import {OperatorStaking} from "../../../contracts/OperatorStaking.sol";
import {Panel} from "../../../contracts/Panel.sol";
import {SearchMarket} from "../../../contracts/SearchMarket.sol";
import {WindowRegistry} from "../../../contracts/WindowRegistry.sol";
import {Windows} from "../../../contracts/interfaces/IRounds.sol";
import {RecordingRules} from "../../../contracts/interfaces/IWindowRegistry.sol";
import {SaleTest} from "./SaleTest.sol";

/// @notice A whole deployment with the parameters of the local network.
abstract contract BaseTest is SaleTest {
    uint256 internal constant MINIMUM_STAKE = 1000e6;
    uint256 internal constant UNBOND_PERIOD = 6300;
    uint256 internal constant MINIMUM_FEE = 0.03e6;
    uint256 internal constant LOCK_MULTIPLE = 10;
    uint256 internal constant CANARY_INTERVAL = 20;
    uint64 internal constant MAX_FUEL = 2e11;
    uint96 internal constant RECORDER_LOCK = 100e6;
    uint256 internal constant SEARCH_REVEAL = 60;
    uint256 internal constant SEARCH_POST = 60;

    OperatorStaking internal staking;
    Panel internal panel;
    AssurancePool internal pool;
    JobMarket internal jobs;
    WindowRegistry internal recorded;
    SearchMarket internal searches;
    address[] internal operators;

    function _deploy() internal override {
        super._deploy();
        staking = new OperatorStaking(IERC20(usd), jobsAt, panelAt, ledger, MINIMUM_STAKE, UNBOND_PERIOD);
        panel = new Panel(JobMarket(jobsAt), staking, _windows());
        pool = new AssurancePool(JobMarket(jobsAt), ledger, IERC20(usd), CANARY_INTERVAL);
        jobs = new JobMarket(
            JobParts({
                authority: manager,
                registry: registry,
                market: market,
                ledger: ledger,
                staking: staking,
                panel: panel,
                pool: pool
            }),
            JobLimits({minimumFee: MINIMUM_FEE, lockMultiple: LOCK_MULTIPLE, maxFuel: MAX_FUEL}),
            _windows()
        );
        recorded = new WindowRegistry(manager, ledger, IERC20(usd), _rules());
        searches = new SearchMarket(manager, jobs, recorded, ledger, IERC20(usd), SEARCH_REVEAL, SEARCH_POST);
        vm.assertEq(address(staking), stakingAt);
        vm.assertEq(address(panel), panelAt);
        vm.assertEq(address(pool), poolAt);
        vm.assertEq(address(jobs), jobsAt);
        vm.assertEq(address(recorded), windowsAt);
        vm.assertEq(address(searches), searchesAt);
    }

    function _rules() internal pure returns (RecordingRules memory) {
        return RecordingRules({n: 3, k: 2, commit: 60, reveal: 60, lock: RECORDER_LOCK});
    }

    function _windows() internal pure returns (Windows memory) {
        return Windows({open: 120, commit: 60, reveal: 60, challenge: 2, fuelPerSecond: 500_000_000, confirmations: 2});
    }

    /// @dev Registers and stakes `count` operators named operator0, operator1 and so on.
    function _addOperators(uint256 count, uint256 amount) internal {
        for (uint256 i; i < count; ++i) {
            address account = _actor(string.concat("operator", vm.toString(operators.length)));
            _fund(account, amount);
            vm.startPrank(account);
            staking.register("http://127.0.0.1:9000/ipfs");
            staking.stake(amount);
            vm.stopPrank();
            operators.push(account);
        }
    }
}
