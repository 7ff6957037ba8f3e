// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Failure, IJobMarket, JobTerms, Status} from "../../../contracts/interfaces/IJobMarket.sol";
import {Fault, IOperatorStaking} from "../../../contracts/interfaces/IOperatorStaking.sol";
import {OutcomeKind} from "../../../contracts/interfaces/IRounds.sol";
import {ResolveTest} from "./ResolveTest.sol";

// resolve(jobId)
// ├── when nobody runs the job again: it reverts with WrongStatus
// ├── while they do: it reverts with PanelUndecided
// ├── after no quorum, when the panel has a majority
// │   ├── the seats and panelists that found it share the fee
// │   ├── all other outcomes are slashed, InputUnavailable apart: the requester has up to the fee of it, the rest burns
// │   ├── a seat that said InputUnavailable is fined like one that withheld, a panelist is not
// │   └── the per-run price goes to the version of a Result, else back
// ├── after a challenge, when the panel upholds the proposal
// │   └── the seats share the fee, the panel's majority the bond; who found otherwise is slashed
// ├── after a challenge, when the panel finds otherwise
// │   ├── the seats that found it share the fee, or the panel's majority where there is none
// │   └── of what was slashed: the panel's majority a seat's pay each, the challenger 110 % of it beside the bond, the
// │       requester up to the fee; the rest burns
// ├── after a challenge, when no panel sat
// │   └── the proposal is final, and the bond goes back
// └── when the panel has no majority, or could not sit where nobody challenged, or not get the inputs
//     └── the job fails: base fees to who revealed, the panel's from the bond, without one from the fee; nobody is slashed
contract ResolvePanelTest is ResolveTest {
    // After no quorum

    function test_NoQuorum_ThePanelAndTheRightSeatShareTheFee() public {
        uint256 before = ledger.received(version, address(usd));
        uint256 jobId = _proposed(_terms(_single(3, 2)), 6);
        _found(jobId, 0);
        address[] memory paid = new address[](8);
        paid[0] = _seat(jobId, 0).operator;
        for (uint256 i; i < 7; ++i) {
            paid[i + 1] = _panelist(1, i);
        }
        vm.expectEmit(address(jobs));
        emit IJobMarket.Finalized(jobId, OutcomeKind.Result, _hash(OutcomeKind.Result, TRUTH), paid);
        for (uint256 i = 1; i < 3; ++i) {
            vm.expectEmit(address(staking));
            emit IOperatorStaking.Slashed(_seat(jobId, i).operator, jobId, Fault.Wrong, 10 * F, COST);
        }
        vm.expectEmit(address(jobs));
        emit IJobMarket.Judged(jobId, 1, 2 * COST, 0, 0, F, 2 * COST - F);
        vm.prank(ben);
        jobs.resolve(jobId);

        for (uint256 i; i < 8; ++i) {
            vm.assertEq(_owed(paid[i]), 112_500);
        }
        vm.assertEq(_owed(rita), F);
        vm.assertEq(_owed(BURN), 2 * COST - F);
        vm.assertEq(_stakeOf(_seat(jobId, 1).operator), MINIMUM_STAKE - COST);
        vm.assertEq(ledger.received(version, address(usd)) - before, _net(RUN_PRICE));
        vm.assertEq(jobs.job(jobId).outcomeHash, _hash(OutcomeKind.Result, TRUTH));
        _checkStatus(jobId, Status.Final);
        _checkClosed(jobId);
    }

    function test_NoQuorum_ThePanelAloneIsPaidWhereNoSeatIsRight() public {
        uint256 jobId = _proposed(_terms(_licensed(3, 2)), 7);
        _found(jobId, 0);
        jobs.resolve(jobId);
        vm.assertEq(_owed(_panelist(1, 0)), F / 7 + F % 7);
        vm.assertEq(_owed(_panelist(1, 6)), F / 7);
        vm.assertEq(_owed(BURN), 3 * COST - F);
        _checkClosed(jobId);
    }

    function test_NoQuorum_APanelistThatFindsOtherwiseIsSlashed() public {
        uint256 jobId = _proposed(_terms(_licensed(3, 2)), 7);
        _found(jobId, 1 << 6);
        jobs.resolve(jobId);
        vm.assertEq(_owed(_panelist(1, 6)), 0);
        vm.assertEq(_stakeOf(_panelist(1, 6)), MINIMUM_STAKE - COST);
        vm.assertEq(_owed(_panelist(1, 0)), F / 6);
        vm.assertEq(_owed(BURN), 4 * COST - F);
        _checkClosed(jobId);
    }

    function test_NoQuorum_ASeatThatRefusedIsFinedAndAPanelistIsNot() public {
        uint256 jobId = _assigned(_terms(_licensed(3, 2)));
        _commit(jobId, 0, OutcomeKind.InputUnavailable, TRUTH);
        _commit(jobId, 1, OutcomeKind.Result, TRUTH);
        _commit(jobId, 2, OutcomeKind.Result, LIE);
        _mine(2);
        _reveal(jobId, 0, OutcomeKind.InputUnavailable, TRUTH);
        _reveal(jobId, 1, OutcomeKind.Result, TRUTH);
        _reveal(jobId, 2, OutcomeKind.Result, LIE);
        jobs.tally(jobId);
        uint256 panelId = _convened(jobId);
        for (uint256 i; i < 7; ++i) {
            _panelCommit(panelId, i, i < 2 ? OutcomeKind.InputUnavailable : OutcomeKind.Result, TRUTH);
        }
        _mine(2);
        for (uint256 i; i < 7; ++i) {
            _panelReveal(panelId, i, i < 2 ? OutcomeKind.InputUnavailable : OutcomeKind.Result, TRUTH);
        }
        jobs.resolve(jobId);
        address[2] memory without = [_seat(jobId, 0).operator, _panelist(panelId, 1)];
        for (uint256 i; i < 2; ++i) {
            vm.assertEq(_owed(without[i]), 0);
            vm.assertEq(_stakeOf(without[i]), MINIMUM_STAKE - (i == 0 ? 2 * F : 0));
        }
        vm.assertEq(_owed(_seat(jobId, 1).operator), F / 6);
        vm.assertEq(_owed(BURN), COST - F + 2 * F);
        _checkClosed(jobId);
    }

    function test_NoQuorum_WhoWithheldIsNotSlashedTwice() public {
        uint256 jobId = _committed(_terms(_licensed(3, 2)), 2);
        _reveal(jobId, 0, OutcomeKind.Result, TRUTH);
        _runOut(jobId);
        jobs.tally(jobId);
        _found(jobId, 0);
        jobs.resolve(jobId);
        vm.assertEq(_stakeOf(_seat(jobId, 1).operator), MINIMUM_STAKE - 2 * uint256(F));
        vm.assertEq(_owed(BURN), 4 * uint256(F));
        vm.assertEq(_owed(_seat(jobId, 0).operator), F / 8);
        _checkClosed(jobId);
    }

    function test_NoQuorum_AModuleErrorRefundsTheRoyalty() public {
        uint256 jobId = _proposed(_terms(_single(3, 2)), 7);
        _found(jobId, OutcomeKind.ModuleError, "ValueError");
        jobs.resolve(jobId);
        vm.assertEq(_owed(rita), F + RUN_PRICE);
        vm.assertEq(uint256(jobs.job(jobId).kind), uint256(OutcomeKind.ModuleError));
        _checkClosed(jobId);
    }

    // After a challenge

    function test_Challenge_ThatFailsPaysThePanelItsBond() public {
        uint256 jobId = _proposed(_terms(_single(3, 2)), 0);
        _challenge(jobId, eve);
        _found(jobId, 0);
        vm.expectEmit(address(jobs));
        emit IJobMarket.Judged(jobId, 1, 0, 0, 0, 0, 0);
        jobs.resolve(jobId);
        vm.assertEq(_owed(_panelist(1, 0)), F / 7 + F % 7);
        vm.assertEq(_owed(_panelist(1, 6)), F / 7);
        for (uint256 i; i < 3; ++i) {
            vm.assertEq(_owed(_seat(jobId, i).operator), PAY);
        }
        vm.assertEq(_owed(eve) + _owed(rita) + _owed(BURN), 0);
        _checkStatus(jobId, Status.Final);
        _checkClosed(jobId);
        _checkUnslashed();
    }

    function test_Challenge_ThatFailsStillSlashesWhoFoundOtherwise() public {
        uint256 jobId = _proposed(_terms(_licensed(3, 2)), 1);
        _challenge(jobId, eve);
        _found(jobId, 1 << 3);
        vm.expectEmit(address(jobs));
        emit IJobMarket.Judged(jobId, 1, 2 * COST, 0, 0, F, 2 * COST - F);
        jobs.resolve(jobId);
        vm.assertEq(_owed(_panelist(1, 0)), F / 6);
        vm.assertEq(_owed(_panelist(1, 3)), 0);
        vm.assertEq(_owed(_seat(jobId, 1).operator), F / 2);
        vm.assertEq(_owed(rita), F);
        _checkClosed(jobId);
    }

    function test_Challenge_ThatHoldsSlashesTheSeatsAndPaysWhoFoundOut() public {
        uint256 jobId = _agreed(_terms(_single(3, 2)), OutcomeKind.Result, LIE);
        _challenge(jobId, eve);
        _found(jobId, OutcomeKind.Result, TRUTH);
        vm.expectEmit(address(jobs));
        emit IJobMarket.Judged(jobId, 1, 3 * COST, 7 * PAY, PAY * 11 / 10, F, 3 * COST - 7 * PAY - PAY * 11 / 10 - F);
        jobs.resolve(jobId);
        // No seat was right: the panel has the fee, too.
        vm.assertEq(_owed(_panelist(1, 0)), F / 7 + F % 7 + PAY);
        vm.assertEq(_owed(_panelist(1, 6)), F / 7 + PAY);
        vm.assertEq(_owed(eve), F + 330_000);
        vm.assertEq(_owed(rita), F);
        vm.assertEq(_owed(BURN), 3 * COST - 7 * PAY - 330_000 - F);
        for (uint256 i; i < 3; ++i) {
            vm.assertEq(_owed(_seat(jobId, i).operator), 0);
            vm.assertEq(_stakeOf(_seat(jobId, i).operator), MINIMUM_STAKE - COST);
        }
        vm.assertEq(jobs.job(jobId).outcomeHash, _hash(OutcomeKind.Result, TRUTH));
        _checkClosed(jobId);
    }

    function test_Challenge_ThatHoldsPaysTheFeeToTheSeatThatWasRight() public {
        uint256 jobId = _assigned(_terms(_licensed(3, 2)));
        for (uint256 i; i < 3; ++i) {
            _commit(jobId, i, OutcomeKind.Result, i == 1 ? TRUTH : LIE);
        }
        _mine(2);
        for (uint256 i; i < 3; ++i) {
            _reveal(jobId, i, OutcomeKind.Result, i == 1 ? TRUTH : LIE);
        }
        jobs.tally(jobId);
        address right = _seat(jobId, 1).operator;
        _fund(right, F);
        _challenge(jobId, right);
        _found(jobId, 0);
        jobs.resolve(jobId);
        vm.assertEq(_owed(right), F + F + 330_000);
        vm.assertEq(_owed(_panelist(1, 0)), PAY);
        vm.assertEq(_stakeOf(right), MINIMUM_STAKE);
        _checkClosed(jobId);
    }

    function test_Challenge_OfAnAssuredJobLeavesTheAssuranceToThePool() public {
        // d = 1: a quarter is the assurance, and the auditor is paid it; both were right.
        JobTerms memory terms = _terms(_licensed(3, 2));
        (terms.fee, terms.assurancePpm) = (1_200_000, 1_000_000);
        uint256 jobId = _audited(terms);
        _found(jobId, 0);
        jobs.resolve(jobId);
        address auditor = _panelist(1, 0);
        _challenge(jobId, eve);
        _found(jobId, 0);
        for (uint256 i; i < 7; ++i) {
            vm.assertFalse(_panelist(2, i) == auditor);
        }
        jobs.resolve(jobId);
        vm.assertEq(_owed(auditor), 300_000);
        vm.assertEq(_owed(_seat(jobId, 0).operator), 300_000);
        vm.assertEq(_owed(_panelist(2, 6)), uint256(1_200_000) / 7);
        vm.assertEq(pool.balance(), 0);
        _checkClosed(jobId);
    }

    function test_Challenge_AnAuditorThatLiedAlongIsSlashedToo() public {
        JobTerms memory terms = _terms(_licensed(3, 2));
        terms.assurancePpm = 1_000_000;
        uint256 jobId = _allSay(terms, LIE);
        _mine(3);
        jobs.tally(jobId);
        _found(jobId, OutcomeKind.Result, LIE);
        jobs.resolve(jobId);
        _checkStatus(jobId, Status.Proposed);
        _challenge(jobId, eve);
        _found(jobId, OutcomeKind.Result, TRUTH);
        jobs.resolve(jobId);
        address auditor = _panelist(1, 0);
        vm.assertEq(_stakeOf(auditor), MINIMUM_STAKE - COST);
        vm.assertEq(_owed(auditor), 0);
        vm.assertEq(pool.balance(), F / 4);
        _checkClosed(jobId);
    }

    // Without a verdict

    function test_NoMajority_AfterNoQuorumPaysBaseFeesOfTheFee() public {
        uint256 jobId = _proposed(_terms(_single(3, 2)), 6);
        _found(jobId, 15);
        vm.expectEmit(address(jobs));
        emit IJobMarket.Failed(jobId, Failure.NoMajority, F - 10 * BASE, RUN_PRICE);
        jobs.resolve(jobId);
        for (uint256 i; i < 3; ++i) {
            vm.assertEq(_owed(_seat(jobId, i).operator), BASE);
            vm.assertEq(_owed(_panelist(1, i)), BASE);
        }
        vm.assertEq(_owed(rita), F - 10 * BASE + RUN_PRICE);
        vm.assertEq(jobs.job(jobId).outcomeHash, 0);
        _checkStatus(jobId, Status.Failed);
        _checkClosed(jobId);
        _checkUnslashed();
    }

    function test_NoMajority_AfterAChallengePaysThePanelFromTheBond() public {
        uint256 jobId = _proposed(_terms(_licensed(3, 2)), 0);
        _challenge(jobId, eve);
        _found(jobId, 15);
        vm.expectEmit(address(jobs));
        emit IJobMarket.Failed(jobId, Failure.NoMajority, F - 3 * BASE, 0);
        jobs.resolve(jobId);
        vm.assertEq(_owed(eve), F - 7 * BASE);
        vm.assertEq(_owed(rita), F - 3 * BASE);
        vm.assertEq(_owed(_panelist(1, 5)), BASE);
        _checkClosed(jobId);
        _checkUnslashed();
    }

    function test_NoMajority_PaysAsFarAsItGoes() public {
        JobTerms memory terms = _licensed(3, 2);
        terms.fee = uint96(MINIMUM_FEE);
        uint256 jobId = _proposed(terms, 6);
        _found(jobId, 15);
        jobs.resolve(jobId);
        vm.assertEq(_owed(_seat(jobId, 0).operator), BASE);
        vm.assertEq(_owed(_panelist(1, 0)), 0);
        vm.assertEq(_owed(rita), 0);
        _checkClosed(jobId);
    }

    function test_APanelThatNeverSatLeavesNoQuorum() public {
        uint256 jobId = _proposed(_terms(_single(3, 2)), 6);
        _runOutPanel(1);
        panel.expire(1);
        vm.expectEmit(address(jobs));
        emit IJobMarket.Failed(jobId, Failure.TooFewEligible, F - 3 * BASE, RUN_PRICE);
        jobs.resolve(jobId);
        vm.assertEq(_owed(rita), F - 3 * BASE + RUN_PRICE);
        _checkStatus(jobId, Status.Failed);
        _checkClosed(jobId);
        _checkUnslashed();
    }

    function test_APanelThatNeverSatLeavesTheProposalFinal() public {
        JobTerms memory terms = _terms(_single(3, 2));
        terms.assurancePpm = 1;
        uint256 jobId = _revealed(terms, 4);
        _mine(3);
        jobs.tally(jobId);
        _challenge(jobId, eve);
        _runOutPanel(1);
        panel.expire(1);
        address[] memory paid = new address[](2);
        (paid[0], paid[1]) = (_seat(jobId, 0).operator, _seat(jobId, 1).operator);
        vm.expectEmit(address(jobs));
        emit IJobMarket.Finalized(jobId, OutcomeKind.Result, _hash(OutcomeKind.Result, TRUTH), paid);
        jobs.resolve(jobId);
        vm.assertEq(_owed(paid[0]) + _owed(paid[1]) + pool.balance(), F);
        vm.assertEq(_owed(eve), F);
        vm.assertEq(_owed(rita), 0);
        vm.assertEq(ledger.received(version, address(usd)), _net(PRICE) + _net(RUN_PRICE));
        _checkStatus(jobId, Status.Final);
        _checkClosed(jobId);
        _checkUnslashed();
    }

    function test_InputsThatThePanelCouldNotGetFailTheJob() public {
        uint256 jobId = _proposed(_terms(_licensed(3, 2)), 0);
        _challenge(jobId, eve);
        _found(jobId, OutcomeKind.InputUnavailable, TRUTH);
        vm.expectEmit(address(jobs));
        emit IJobMarket.Failed(jobId, Failure.InputsUnavailable, F - 3 * BASE, 0);
        jobs.resolve(jobId);
        vm.assertEq(_owed(eve), F - 7 * BASE);
        _checkClosed(jobId);
        _checkUnslashed();
    }

    // Refused

    function test_RefusesWhileThePanelIsUndecided() public {
        uint256 jobId = _disagreed();
        bytes memory undecided = abi.encodeWithSelector(IJobMarket.PanelUndecided.selector, 1);
        vm.expectRevert(undecided);
        jobs.resolve(jobId);
        _convened(jobId);
        vm.expectRevert(undecided);
        jobs.resolve(jobId);
    }

    function test_RefusesWhereNobodyRunsTheJobAgain() public {
        uint256[3] memory ids = [_posted(), _proposed(_licensed(3, 2), 0), _final(_licensed(3, 2), 0)];
        for (uint256 i; i < 3; ++i) {
            _refuseStatus(ids[i]);
            jobs.resolve(ids[i]);
        }
        uint256 jobId = _disagreed();
        _found(jobId, 0);
        jobs.resolve(jobId);
        _refuseStatus(jobId);
        jobs.resolve(jobId);
    }
}
