// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {AssurancePool} from "../../../contracts/AssurancePool.sol";
import {IJobMarket, Job, Status} from "../../../contracts/interfaces/IJobMarket.sol";
import {SaleTest} from "../base/SaleTest.sol";

/// @notice As much of a JobMarket as the pool asks for. It tells what it is set to, and notes who is disputed for.
contract ScriptedJobs {
    uint256 public jobCount;
    uint256 public disputedJob;
    address public disputedBy;
    mapping(uint256 jobId => Job) private _jobs;

    function set(address requester, bytes32 specHash, uint96 fee) external returns (uint256 jobId) {
        jobId = ++jobCount;
        Job storage stored = _jobs[jobId];
        (stored.status, stored.requester, stored.specHash, stored.fee) = (Status.Open, requester, specHash, fee);
    }

    function end(uint256 jobId, Status status, bytes32 outcomeHash) external {
        (_jobs[jobId].status, _jobs[jobId].outcomeHash) = (status, outcomeHash);
    }

    function dispute(uint256 jobId, address challenger) external {
        (disputedJob, disputedBy) = (jobId, challenger);
    }

    function job(uint256 jobId) external view returns (Job memory) {
        return _jobs[jobId];
    }
}

/// @notice A pool at the address that the ledger knows, and jobs whose ends a test decides.
abstract contract AssuranceTest is SaleTest {
    uint256 internal constant INTERVAL = 3;
    uint96 internal constant FEE = 1e6;
    bytes32 internal constant SPEC = keccak256("spec");
    bytes32 internal constant TRUTH = keccak256("truth");
    bytes32 internal constant LIE = keccak256("lie");
    bytes32 internal constant SALT = "salt";

    ScriptedJobs internal jobs;
    AssurancePool internal pool;

    function setUp() public virtual override {
        super.setUp();
        // The addresses before the pool's are those of staking and panel, which nothing is asked of here.
        jobs = new ScriptedJobs();
        new ScriptedJobs();
        pool = new AssurancePool(IJobMarket(address(jobs)), ledger, IERC20(usd), INTERVAL);
        vm.assertEq(address(pool), poolAt);
        _fund(ben, 1e12);
    }

    /// @dev What the JobMarket does when an assured job is final: the money is held already.
    function _deposit(uint256 amount) internal {
        usd.mint(address(ledger), amount);
        vm.prank(jobsAt);
        ledger.hold(address(usd), amount);
        vm.prank(address(jobs));
        pool.deposit(amount);
    }

    function _give(uint256 amount) internal {
        vm.prank(ben);
        pool.fund(amount);
    }

    function _pay(address account, uint256 jobId, uint256 amount) internal returns (uint256) {
        vm.prank(address(jobs));
        return pool.pay(account, jobId, amount);
    }

    /// @dev A canary of rita's, committed to by eve, and its job.
    function _canary() internal returns (bytes32 commitment, uint256 jobId) {
        commitment = pool.canaryOf(rita, SPEC, TRUTH, SALT);
        vm.prank(eve);
        pool.commitCanary(commitment);
        jobId = jobs.set(rita, SPEC, FEE);
    }

    function _open(uint256 jobId) internal {
        vm.prank(rita);
        pool.openCanary(jobId, TRUTH, SALT);
    }
}
