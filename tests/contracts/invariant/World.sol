// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {MockUSD} from "../../../contracts/MockUSD.sol";
import {OperatorStaking} from "../../../contracts/OperatorStaking.sol";
import {RevenueLedger} from "../../../contracts/RevenueLedger.sol";
import {Job, JobTerms, OutcomeKind, Seat, Status} from "../../../contracts/interfaces/IJobMarket.sol";
import {Split} from "../../../contracts/interfaces/IModuleRegistry.sol";
import {Operator} from "../../../contracts/interfaces/IOperatorStaking.sol";
import {JobTest} from "../base/JobTest.sol";

/// @notice Everything that anyone may do, in any order, for the invariant tests to call at random.
contract World is JobTest {
    uint64[] public versions;
    uint64[] public offers;
    address[] public accounts;
    mapping(uint64 version => Split[]) private _tables;
    mapping(uint256 jobId => Status) private _last;
    /// @dev Moves of a job that are not in the table of states; stays zero.
    uint256 public strayMoves;
    mapping(Status status => uint256) public reached;
    /// @dev Given to the ledger and to the staking contract each.
    uint256 public donated;

    function setUp() public override {
        super.setUp();
        accounts = [ada, ben, cyd, rita, treasury];
        for (uint256 i; i < operators.length; ++i) {
            accounts.push(operators[i]);
            _fund(operators[i], 1e15);
        }
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

    modifier watched() {
        _;
        for (uint256 i = 1; i <= jobs.jobCount(); ++i) {
            Status status = jobs.job(i).status;
            if (status == _last[i]) continue;
            if (!_allowed(_last[i], status)) ++strayMoves;
            ++reached[status];
            _last[i] = status;
        }
    }

    function pass(uint256 blocks, bool long) external watched {
        _mine(1 + blocks % 4);
        if (long) _pass(100);
    }

    function buy(uint256 which, uint96 price) external watched {
        uint256 i = which % versions.length;
        vm.prank(accounts[i]);
        market.setOffer(offers[i], _offerOf(versions[i], price % 1e9, RUN_PRICE));
        _buy(rita, offers[i], versions[i]);
    }

    function settle(uint256 which) external watched {
        uint64 settled = versions[which % versions.length];
        ledger.settle(settled, address(usd), _tables[settled]);
    }

    function claim(uint256 who) external watched {
        _claim(accounts[who % accounts.length]);
    }

    function donate(uint64 amount) external watched {
        donated += amount;
        usd.mint(address(ledger), amount);
        usd.mint(address(staking), amount);
    }

    function stake(uint256 who, uint80 amount) external watched {
        address operator = operators[who % operators.length];
        uint256 free = staking.operator(operator).free;
        uint256 added = amount % 1e10;
        if (free + added < MINIMUM_STAKE) added = MINIMUM_STAKE - free;
        vm.prank(operator);
        staking.stake(added);
    }

    function unbond(uint256 who, uint96 amount) external watched {
        address operator = operators[who % operators.length];
        Operator memory stored = staking.operator(operator);
        if (stored.unbonding != 0 && vm.getBlockTimestamp() >= stored.unbondAt) {
            vm.prank(operator);
            staking.withdraw();
        } else if (stored.free != 0) {
            vm.prank(operator);
            staking.requestUnbond(1 + amount % stored.free);
        }
        if (amount % 7 == 0) _pass(UNBOND_PERIOD);
    }

    function post(uint256 shape, uint256 which, uint96 fee) external watched {
        uint256 i = which % versions.length;
        uint8 n = uint8(1 + 2 * (shape % 3));
        (version, offerId) = (versions[i], offers[i]);
        licenseId = _buy(rita, offers[i], versions[i]);
        JobTerms memory terms = shape % 2 == 0 ? _licensed(n, n / 2 + 1) : _single(n, n);
        terms.fee = uint96(MINIMUM_FEE + fee % 60e6);
        _post(terms);
    }

    /// @dev The act that the job's state calls for, by a seat that may lie.
    function act(uint256 which, uint256 seat, uint256 said) external watched {
        if (jobs.jobCount() == 0) return;
        uint256 jobId = 1 + which % jobs.jobCount();
        Job memory job = jobs.job(jobId);
        bool late = job.deadline != 0 && vm.getBlockTimestamp() > job.deadline;
        if (job.status == Status.Revealed) return jobs.tally(jobId);
        if (job.status == Status.Proposed) {
            if (late) jobs.finalize(jobId);
            return;
        }
        if (job.status > Status.Proposed) return;
        if (late) return jobs.expire(jobId);
        if (vm.getBlockNumber() < job.readyBlock) return;
        if (job.status == Status.Open) {
            try jobs.assign(jobId) {} catch {}
            return;
        }
        seat = seat % job.n;
        Seat memory taken = _seat(jobId, seat);
        bytes memory outcome = abi.encode(uint256(uint160(taken.operator)) % 4 == 0 ? jobId : 0);
        if (job.status == Status.Assigned && taken.commitment == 0 && said % 8 != 0) {
            _commit(jobId, seat, _kind(jobId), outcome);
        }
        if (job.status == Status.Committed && taken.commitment != 0 && taken.outcomeHash == 0 && said % 8 != 0) {
            _reveal(jobId, seat, _kind(jobId), outcome);
        }
    }

    /// @dev Every seat of a job acts, and all that follows.
    function walk(uint256 which, uint256 liars) external watched {
        if (jobs.jobCount() == 0) return;
        uint256 jobId = 1 + which % jobs.jobCount();
        Job memory job = jobs.job(jobId);
        if (job.status != Status.Assigned || job.committed != 0) return;
        if (vm.getBlockTimestamp() + 4 > job.deadline) return;
        _mine(3);
        for (uint256 i; i < job.n; ++i) {
            _commit(jobId, i, OutcomeKind.Result, _said(liars, i));
        }
        _mine(3);
        for (uint256 i; i < job.n; ++i) {
            _reveal(jobId, i, OutcomeKind.Result, _said(liars, i));
        }
        jobs.tally(jobId);
        _mine(3);
        if (jobs.job(jobId).status == Status.Proposed) jobs.finalize(jobId);
    }

    /// @dev Any verb out of turn: it may be refused, but must not move a job where it may not go.
    function poke(uint256 which, uint256 verb, uint256 who) external watched {
        uint256 jobId = 1 + which % (jobs.jobCount() + 1);
        bytes[6] memory calls = [
            abi.encodeCall(jobs.assign, (jobId)),
            abi.encodeCall(jobs.commit, (jobId, bytes32(verb))),
            abi.encodeCall(jobs.reveal, (jobId, OutcomeKind.Result, TRUTH, SALT)),
            abi.encodeCall(jobs.tally, (jobId)),
            abi.encodeCall(jobs.finalize, (jobId)),
            abi.encodeCall(jobs.expire, (jobId))
        ];
        vm.prank(accounts[who % accounts.length]);
        (bool done, bytes memory answer) = address(jobs).call(calls[verb % 6]);
        vm.assertTrue(done || answer.length >= 4, "refused without a reason");
    }

    function parts() external view returns (MockUSD, RevenueLedger, OperatorStaking) {
        return (usd, ledger, staking);
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

    /// @dev Fees and per-run prices of jobs that have not ended.
    function escrow() external view returns (uint256 sum) {
        for (uint256 i = 1; i <= jobs.jobCount(); ++i) {
            Job memory job = jobs.job(i);
            if (job.status < Status.Final) sum += job.fee + job.royalty;
        }
    }

    /// @dev Stake locked by the seats of jobs that have not ended.
    function lockedByJobs(address operator) external view returns (uint256 sum) {
        for (uint256 i = 1; i <= jobs.jobCount(); ++i) {
            if (jobs.job(i).status >= Status.Final) continue;
            Seat[] memory seats = jobs.seats(i);
            for (uint256 j; j < seats.length; ++j) {
                if (seats[j].operator == operator) sum += jobs.job(i).lock;
            }
        }
    }

    function _kind(uint256 jobId) private pure returns (OutcomeKind) {
        return OutcomeKind(1 + jobId % 3);
    }

    function _add(address author, uint64 published, Split[] memory splits) private {
        versions.push(published);
        offers.push(_offer(author, published, PRICE, RUN_PRICE));
        for (uint256 i; i < splits.length; ++i) {
            _tables[published].push(splits[i]);
        }
    }

    function _allowed(Status from, Status to) private pure returns (bool) {
        // One call may pass through several states, and is seen at its end alone.
        if (to == Status.Failed) return from < Status.Proposed;
        return to > from && to <= Status.Final;
    }
}
