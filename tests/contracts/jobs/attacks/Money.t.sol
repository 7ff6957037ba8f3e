// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Failure, IJobMarket, JobTerms, Status} from "../../../../contracts/interfaces/IJobMarket.sol";
import {IAssurancePool} from "../../../../contracts/interfaces/IAssurancePool.sol";
import {OutcomeKind} from "../../../../contracts/interfaces/IRounds.sol";
import {JobTest} from "../../base/JobTest.sol";

/// @notice Burns whatever gas it is called with.
contract Bomb {
    uint256 private _burnt;

    fallback() external payable {
        while (true) ++_burnt;
    }
}

/// @notice Attacks on the money: to gain by lying to oneself, to have others work for nothing, to hold up a payment.
contract MoneyAttackTest is JobTest {
    uint256 private constant COST = MINIMUM_STAKE / 10;
    uint256 private constant BASE = MINIMUM_FEE / 3;

    function setUp() public override {
        super.setUp();
        _addOperators(CROWD - 5, MINIMUM_STAKE);
        _fund(eve, 100e6);
    }

    /// @dev Three seats that lie, the challenger that gives them away and the requester are one: together they lose.
    function test_Attack_SelfChallenge() public {
        JobTerms memory terms = _licensed(3, 2);
        terms.fee = 900_000;
        uint256 before = _wealth(rita) + _wealth(eve);
        uint256 jobId = _agreed(terms, OutcomeKind.Result, LIE);
        for (uint256 i; i < 3; ++i) {
            before += _wealth(_seat(jobId, i).operator);
        }
        _challenge(jobId, eve);
        _found(jobId, OutcomeKind.Result, TRUTH);
        jobs.resolve(jobId);
        uint256 present = _wealth(rita) + _wealth(eve);
        for (uint256 i; i < 3; ++i) {
            present += _wealth(_seat(jobId, i).operator);
        }
        // Slashed three times; back come 110 % of a seat's pay and one fee, for the fee that the panel has.
        vm.assertEq(before - present, 3 * COST - 330_000);
        _checkClosed(jobId);
    }

    /// @dev The same of a single liar at the solo level, whose lock is all that it loses.
    function test_Attack_SelfChallengeOfOneLiar() public {
        JobTerms memory terms = _licensed(1, 1);
        terms.fee = 10e6;
        uint256 before = _wealth(rita) + _wealth(eve);
        uint256 jobId = _agreed(terms, OutcomeKind.Result, LIE);
        address liar = _seat(jobId, 0).operator;
        before += _wealth(liar);
        _challenge(jobId, eve);
        _found(jobId, OutcomeKind.Result, TRUTH);
        vm.expectEmit(address(jobs));
        emit IJobMarket.Judged(jobId, 1, 100e6, 70e6, 11e6, 10e6, 9e6);
        jobs.resolve(jobId);
        vm.assertEq(before - _wealth(rita) - _wealth(eve) - _wealth(liar), 100e6 + 10e6 - 11e6 - 10e6);
        _checkClosed(jobId);
    }

    /// @dev Two jobs slash the same operators: each takes its own lock, and never what the other has locked.
    function test_Attack_ConcurrentSlashes() public {
        JobTerms memory terms = _licensed(3, 2);
        terms.fee = 40e6;
        for (uint256 i; i < 8; ++i) {
            vm.prank(operators[i + 3]);
            staking.requestUnbond(MINIMUM_STAKE);
        }
        _mine(1);
        uint256 first = _agreed(terms, OutcomeKind.Result, LIE);
        uint256 second = _agreed(terms, OutcomeKind.Result, LIE);
        vm.assertEq(staking.operator(operators[0]).locked, 800e6);
        for (uint256 i = 3; i < CROWD; ++i) {
            _fund(operators[i], MINIMUM_STAKE);
            vm.prank(operators[i]);
            staking.stake(MINIMUM_STAKE);
        }
        vm.warp(jobs.job(first).deadline);
        _challenge(first, rita);
        vm.warp(jobs.job(second).deadline);
        _challenge(second, rita);
        _found(first, OutcomeKind.Result, TRUTH);
        _found(second, OutcomeKind.Result, TRUTH);
        jobs.resolve(first);
        for (uint256 i; i < 3; ++i) {
            vm.assertEq(staking.operator(operators[i]).locked, 400e6);
            vm.assertEq(_stakeOf(operators[i]), 600e6);
        }
        jobs.resolve(second);
        for (uint256 i; i < 3; ++i) {
            vm.assertEq(_stakeOf(operators[i]), 200e6);
        }
        _checkClosed(second);
    }

    /// @dev Inputs that nobody can get cost their requester a base fee for every operator that looked for them.
    function test_Attack_CheapGriefing() public {
        uint256 before = _wealth(rita);
        uint256 jobId = _agreed(_licensed(3, 2), OutcomeKind.InputUnavailable, "InputUnavailable");
        _checkStatus(jobId, Status.Failed);
        vm.assertEq(before - _wealth(rita), 3 * BASE);
        vm.assertEq(_owed(_seat(jobId, 0).operator), BASE);
        // To keep operators busy for longer costs more from the start.
        vm.assertEq(jobs.minimumFee(MAX_FUEL), 7 * MINIMUM_FEE);
        _checkClosed(jobId);
        _checkUnslashed();
    }

    /// @dev Nobody who is paid is called, however it would answer.
    function test_Attack_CallbackGasBomb() public {
        address bomb = address(new Bomb());
        _fund(bomb, 100e6 + MINIMUM_STAKE);
        vm.startPrank(bomb);
        staking.register("http://127.0.0.1:9000/ipfs");
        staking.stake(MINIMUM_STAKE);
        vm.stopPrank();
        operators.push(bomb);
        JobTerms memory terms = _single(7, 4);
        vm.prank(bomb);
        uint256 jobId = jobs.post(terms, SPEC);
        _assign(jobId);
        for (uint256 i; i < 7; ++i) {
            _commit(jobId, i, OutcomeKind.ModuleError, TRUTH);
        }
        _mine(2);
        for (uint256 i; i < 7; ++i) {
            _reveal(jobId, i, OutcomeKind.ModuleError, TRUTH);
        }
        jobs.tally(jobId);
        _challenge(jobId, bomb);
        _found(jobId, OutcomeKind.ModuleError, TRUTH);
        jobs.resolve{gas: 1_500_000}(jobId);
        vm.assertGe(_owed(bomb), RUN_PRICE);
        _checkClosed(jobId);
    }

    /// @dev Seats that agree on a table whose bytes nobody has lose the fee when they are asked for them.
    function test_Attack_WithheldBytes() public {
        bytes32 table = "bytes that never were";
        bytes memory document =
            abi.encodePacked(hex"a36372756e5820", bytes32("run"), hex"646b696e6466526573756c74657461626c655820", table);
        uint256 before = _wealth(rita);
        uint256 jobId = _agreed(_licensed(3, 2), OutcomeKind.Result, document);
        vm.prank(rita);
        jobs.demand(jobId, document, new bytes[](0), new uint256[](0));
        _runOut(jobId);
        vm.expectEmit(address(jobs));
        emit IJobMarket.Failed(jobId, Failure.BytesWithheld, FEE, 0);
        jobs.expire(jobId);
        vm.assertEq(_wealth(rita), before);
        vm.assertEq(_owed(_seat(jobId, 0).operator), 0);
        _checkClosed(jobId);
    }

    /// @dev Where no panel could sit a challenge would end the job for the price of a bond that comes back.
    function test_Attack_ChallengeOnASmallNetwork() public {
        uint256 jobId = _proposed(_single(3, 2), 0);
        uint256 left;
        for (uint256 i; i < CROWD; ++i) {
            if (staking.operator(operators[i]).locked == 0 && left++ >= 2) _unbond(operators[i]);
        }
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.TooFewEligible.selector, 2, 3));
        vm.prank(rita);
        jobs.challenge(jobId);
        _runOut(jobId);
        jobs.finalize(jobId);
        vm.assertEq(_owed(_seat(jobId, 1).operator), FEE / 3);
        vm.assertEq(_owed(rita), 0);
        _checkClosed(jobId);
    }

    /// @dev A fee whose lock only the seats can afford keeps the others from the panel: who has read the outcome, and
    /// challenges it, has nothing back of fee and per-run price.
    function test_Attack_AChallengeThatNobodyCanHear() public {
        JobTerms memory terms = _single(3, 3);
        terms.fee = uint96(2 * MINIMUM_STAKE / LOCK_MULTIPLE);
        for (uint256 i; i < 5; ++i) {
            _fund(operators[i], 100 * MINIMUM_STAKE);
            vm.prank(operators[i]);
            staking.stake(100 * MINIMUM_STAKE);
        }
        uint256 before = _wealth(rita);
        uint256 income = ledger.received(version, address(usd));
        uint256 jobId = _proposed(terms, 0);
        uint256 panelId = _challenge(jobId, rita);
        _mine(3);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.TooFewEligible.selector, 2, 3));
        panel.assign(panelId);
        _runOutPanel(panelId);
        panel.expire(panelId);
        jobs.resolve(jobId);
        vm.assertEq(before - _wealth(rita), terms.fee + RUN_PRICE);
        vm.assertEq(ledger.received(version, address(usd)) - income, _net(RUN_PRICE));
        _checkClosed(jobId);
    }

    /// @dev The same on a small network, by three operators that have a stake for one block.
    function test_Attack_ShamPanelists() public {
        uint256 jobId = _proposed(_single(3, 2), 0);
        for (uint256 i; i < CROWD; ++i) {
            if (staking.operator(operators[i]).locked == 0) _unbond(operators[i]);
        }
        _addOperators(3, MINIMUM_STAKE);
        uint256 panelId = _challenge(jobId, rita);
        for (uint256 i = CROWD; i < CROWD + 3; ++i) {
            _unbond(operators[i]);
        }
        _mine(3);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.TooFewEligible.selector, 0, 3));
        panel.assign(panelId);
        _runOutPanel(panelId);
        panel.expire(panelId);
        jobs.resolve(jobId);
        vm.assertEq(_owed(_seat(jobId, 1).operator), FEE / 3);
        _checkStatus(jobId, Status.Final);
        _checkClosed(jobId);
    }

    /// @dev A pool that has not what an auditor is due pays what it has, and holds up nothing.
    function test_Attack_DrainedAssurancePool() public {
        JobTerms memory terms = _licensed(3, 2);
        (terms.assurancePpm, terms.fee) = (250_000, 1_300_000);
        uint256 jobId;
        do {
            jobId = _revealed(terms, 0);
            _mine(3);
            jobs.tally(jobId);
        } while (jobs.job(jobId).status != Status.Audited);
        vm.assertEq(pool.balance(), 0);
        _found(jobId, 0);
        jobs.resolve(jobId);
        _runOut(jobId);
        jobs.finalize(jobId);
        // F*d/(n + d) = 100,000 came in; a seat's pay is 400,000.
        address auditor = _panelist(jobs.job(jobId).panelId, 0);
        vm.assertEq(_owed(_seat(jobId, 0).operator), 400_000);
        vm.assertEq(_owed(auditor), 100_000);
        vm.assertEq(pool.balance(), 0);
        _checkStatus(jobId, Status.Final);
    }

    /// @dev Operators that post assured jobs to themselves to have a dear canary paid back get no more than those paid in.
    function test_Attack_CanaryDrainByOperators() public {
        vm.prank(eve);
        pool.fund(50e6);
        JobTerms memory terms = _licensed(1, 1);
        (terms.fee, terms.assurancePpm) = (40e6, 1000);
        bytes32 hash = _hash(OutcomeKind.Result, TRUTH);
        bytes32 commitment = pool.canaryOf(rita, keccak256(SPEC), hash, SALT);
        vm.prank(rita);
        pool.commitCanary(commitment);
        uint256 canary = _finalAssured(terms);
        terms.fee = 1e6;
        for (uint256 i; i < CANARY_INTERVAL - 2; ++i) {
            _finalAssured(terms);
        }
        vm.expectRevert(abi.encodeWithSelector(IAssurancePool.CanaryNotYet.selector, 19, CANARY_INTERVAL));
        vm.prank(rita);
        pool.openCanary(canary, hash, SALT);
        // A job whose assurance rounds to nothing is none.
        terms.assurancePpm = 1;
        _finalAssured(terms);
        vm.assertEq(pool.assuredJobs(), 19);
        terms.assurancePpm = 1000;
        _finalAssured(terms);

        uint256 before = _owed(rita);
        uint256 paidIn = 39_960 + 19 * 999;
        vm.assertEq(pool.balance(), 50e6 + paidIn);
        vm.prank(rita);
        pool.openCanary(canary, hash, SALT);
        vm.assertEq(_owed(rita) - before, paidIn);
        vm.assertEq(pool.balance(), 50e6);
    }

    function _unbond(address operator) private {
        vm.prank(operator);
        staking.requestUnbond(MINIMUM_STAKE);
    }

    function _finalAssured(JobTerms memory terms) private returns (uint256 jobId) {
        do {
            jobId = _revealed(terms, 0);
            _mine(3);
            jobs.tally(jobId);
        } while (jobs.job(jobId).status != Status.Proposed);
        _runOut(jobId);
        jobs.finalize(jobId);
    }

    /// @dev All that an account has: in its hand, in the ledger and at stake.
    function _wealth(address account) private view returns (uint256) {
        return usd.balanceOf(account) + _owed(account) + _stakeOf(account);
    }
}
