// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {JobTerms, Status} from "../../../contracts/interfaces/IJobMarket.sol";
import {OutcomeKind} from "../../../contracts/interfaces/IRounds.sol";
import {JobTest} from "../base/JobTest.sol";

/// @notice Jobs that others run again, and what each ending owes.
abstract contract ResolveTest is JobTest {
    uint96 internal constant F = 900_000;
    uint256 internal constant PAY = 300_000;
    uint256 internal constant BASE = MINIMUM_FEE / 3;
    /// @dev A tenth of an operator's stake, which is more than its lock.
    uint256 internal constant COST = MINIMUM_STAKE / 10;

    function setUp() public virtual override {
        super.setUp();
        _addOperators(CROWD - 5, MINIMUM_STAKE);
        _fund(eve, 100e6);
    }

    function _terms(JobTerms memory terms) internal pure returns (JobTerms memory) {
        terms.fee = F;
        return terms;
    }

    /// @dev Audited for certain.
    function _assured() internal view returns (JobTerms memory terms) {
        terms = _terms(_licensed(3, 2));
        terms.assurancePpm = 1_000_000;
    }

    function _audited(JobTerms memory terms) internal returns (uint256 jobId) {
        jobId = _revealed(terms, 0);
        _mine(3);
        jobs.tally(jobId);
        _checkStatus(jobId, Status.Audited);
    }

    function _allSay(JobTerms memory terms, bytes memory outcome) internal returns (uint256 jobId) {
        jobId = _assigned(terms);
        for (uint256 i; i < terms.n; ++i) {
            _commit(jobId, i, OutcomeKind.Result, outcome);
        }
        _mine(2);
        for (uint256 i; i < terms.n; ++i) {
            _reveal(jobId, i, OutcomeKind.Result, outcome);
        }
    }

    /// @dev All but `count` of those who have nothing locked go below the least stake.
    function _leaveBut(uint256 count) internal {
        uint256 left;
        for (uint256 i; i < operators.length; ++i) {
            if (staking.operator(operators[i]).locked != 0 || left++ < count) continue;
            vm.prank(operators[i]);
            staking.requestUnbond(1);
        }
    }

    function _fundPool(uint256 amount) internal {
        vm.prank(rita);
        pool.fund(amount);
    }
}
