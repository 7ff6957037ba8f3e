// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {CandidateStatus, ISearchMarket, SearchStatus} from "../../../contracts/interfaces/ISearchMarket.sol";
import {SearchTest} from "./SearchTest.sol";

// refund(searchId, candidateId)
// ├── when the search did not fail: it reverts with WrongSearchStatus
// ├── when there was a window to be revealed after: it reverts with NotRefundable
// ├── when there is no such candidate, or it has its bond already: it reverts with UnknownCandidate or WrongCandidateStatus
// └── otherwise its solver is owed the bond
contract RefundTest is SearchTest {
    function test_GivesTheBondBackToItsSolver() public {
        uint256 searchId = _withoutWindow();
        for (uint256 i = 1; i <= 3; ++i) {
            address solver = searches.candidate(searchId, i).solver;
            vm.expectEmit(address(searches));
            emit ISearchMarket.CandidateRefunded(searchId, i, solver, BOND);
            vm.prank(eve);
            searches.refund(searchId, i);
            vm.assertEq(_owed(solver), BOND);
            _checkCandidate(searchId, i, CandidateStatus.Refunded);
        }
        _checkClosed(searchId);
    }

    function test_RefusesTwiceAndForNobody() public {
        uint256 searchId = _withoutWindow();
        searches.refund(searchId, 1);
        vm.expectRevert(
            abi.encodeWithSelector(ISearchMarket.WrongCandidateStatus.selector, searchId, 1, CandidateStatus.Refunded)
        );
        searches.refund(searchId, 1);
        vm.expectRevert(abi.encodeWithSelector(ISearchMarket.UnknownCandidate.selector, searchId, 4));
        searches.refund(searchId, 4);
    }

    function test_RefusesWhereTheWindowWasThere() public {
        uint256 searchId = _recorded();
        _reveal(searchId, 1, ONE);
        _runOut(searchId);
        _runOut(searchId);
        searches.expire(searchId);
        vm.expectRevert(abi.encodeWithSelector(ISearchMarket.NotRefundable.selector, searchId));
        searches.refund(searchId, 2);
        vm.expectRevert(
            abi.encodeWithSelector(ISearchMarket.WrongCandidateStatus.selector, searchId, 1, CandidateStatus.Revealed)
        );
        searches.refund(searchId, 1);
    }

    function test_RefusesWhileTheSearchGoesOn() public {
        uint256 searchId = _committed();
        vm.warp(END + COMMIT + REVEAL + 1);
        vm.expectRevert(abi.encodeWithSelector(ISearchMarket.WrongSearchStatus.selector, searchId, SearchStatus.Open));
        searches.refund(searchId, 1);
    }

    function _withoutWindow() private returns (uint256 searchId) {
        searchId = _committed();
        vm.warp(END + COMMIT + REVEAL + 1);
        searches.expire(searchId);
    }
}
