// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {Candidate, CandidateStatus, ISearchMarket, SearchStatus} from "../../../contracts/interfaces/ISearchMarket.sol";
import {ReentrantToken} from "../tokens/HostileTokens.sol";
import {SearchTest} from "./SearchTest.sol";

// commit(searchId, commitment)
// ├── when the commitment is empty: it reverts with EmptyCommitment
// ├── when the search is not open: it reverts with WrongSearchStatus
// ├── when the bond does not arrive: it reverts
// └── otherwise the candidate has the next number and its bond is held
contract CommitTest is SearchTest {
    function test_NumbersCandidatesAndHoldsTheirBonds() public {
        uint256 searchId = _posted();
        bytes32 commitment = searches.commitmentOf(searchId, ada, ONE, SALT);
        vm.expectEmit(address(searches));
        emit ISearchMarket.CandidateCommitted(searchId, 1, ada, commitment);
        vm.assertEq(_commit(searchId, ada, ONE), 1);
        vm.assertEq(_commit(searchId, ben, TWO), 2);
        vm.assertEq(_commit(searchId, ada, THREE), 3);
        vm.assertEq(_held(), REWARD + 3 * BOND);
        vm.assertEq(searches.search(searchId).committed, 3);

        Candidate memory candidate = searches.candidate(searchId, 1);
        vm.assertEq(uint256(candidate.status), uint256(CandidateStatus.Committed));
        vm.assertEq(candidate.solver, ada);
        vm.assertEq(candidate.commitment, commitment);
        vm.assertEq(candidate.specHash, bytes32(0));
    }

    function test_TheLastSecondCountsAndTheNextDoesNot() public {
        uint256 searchId = _posted();
        vm.warp(START);
        _commit(searchId, ada, ONE);
        vm.warp(START + 1);
        vm.expectRevert(
            abi.encodeWithSelector(ISearchMarket.WrongSearchStatus.selector, searchId, SearchStatus.Awaiting)
        );
        vm.prank(ben);
        searches.commit(searchId, "commitment");
    }

    function test_RefusesAnEmptyCommitment() public {
        uint256 searchId = _posted();
        vm.expectRevert(abi.encodeWithSelector(ISearchMarket.EmptyCommitment.selector));
        vm.prank(ada);
        searches.commit(searchId, 0);
    }

    function test_RefusesOnceTheWindowIsKnown() public {
        uint256 searchId = _recorded();
        vm.expectRevert(
            abi.encodeWithSelector(ISearchMarket.WrongSearchStatus.selector, searchId, SearchStatus.Revealing)
        );
        vm.prank(eve);
        searches.commit(searchId, "commitment");
    }

    function test_RefusesATokenThatCallsBack() public {
        uint256 searchId = _posted();
        vm.etch(address(usd), address(new ReentrantToken()).code);
        ReentrantToken(address(usd))
            .arm(address(searches), abi.encodeCall(searches.commit, (searchId, bytes32("again"))));
        vm.expectRevert(abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector));
        vm.prank(ada);
        searches.commit(searchId, "commitment");
    }
}
