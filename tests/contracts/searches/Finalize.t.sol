// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ISearchMarket, SearchStatus} from "../../../contracts/interfaces/ISearchMarket.sol";
import {SearchTest} from "./SearchTest.sol";

// finalize(searchId)
// ├── when candidates may still be revealed, or it ended: it reverts with WrongSearchStatus
// ├── when none is scored: it reverts with NothingScored
// ├── when some that are revealed are not scored, and may be: it reverts with DeadlineNotPassed
// └── otherwise the best is owed the reward, and the bonds of those not revealed are burned
contract FinalizeTest is SearchTest {
    function test_PaysTheBest() public {
        uint256 searchId = _revealed();
        _score(searchId, 1, ONE, QUARTER);
        _score(searchId, 2, TWO, HALF);
        _score(searchId, 3, THREE, MINUS_ONE);
        vm.expectEmit(address(searches));
        emit ISearchMarket.SearchFinalized(searchId, 2, ben, REWARD, 0);
        vm.prank(eve);
        searches.finalize(searchId);
        _checkSearch(searchId, SearchStatus.Final);
        vm.assertEq(_owed(ben), REWARD + BOND);
        vm.assertEq(_owed(ada), BOND);
        _checkClosed(searchId);
    }

    function test_WaitsForThoseThatAreNotScoredButNotForEver() public {
        uint256 searchId = _revealed();
        _score(searchId, 1, ONE, QUARTER);
        uint256 deadline = searches.search(searchId).deadline;
        vm.warp(deadline);
        vm.expectRevert(abi.encodeWithSelector(ISearchMarket.DeadlineNotPassed.selector, deadline, deadline));
        searches.finalize(searchId);
        vm.warp(deadline + 1);
        searches.finalize(searchId);
        vm.assertEq(_owed(ada), REWARD + BOND);
        _checkClosed(searchId);
    }

    function test_BurnsTheBondsOfThoseThatAreNotRevealed() public {
        uint256 searchId = _recorded();
        _reveal(searchId, 3, THREE);
        _runOut(searchId);
        _score(searchId, 3, THREE, MINUS_ONE);
        vm.expectEmit(address(searches));
        emit ISearchMarket.SearchFinalized(searchId, 3, cyd, REWARD, 2 * BOND);
        searches.finalize(searchId);
        vm.assertEq(_owed(BURN), 2 * BOND);
        vm.assertEq(_owed(ada), 0);
        _checkClosed(searchId);
    }

    function test_RefusesBeforeReveals() public {
        uint256 searchId = _committed();
        _refuseStatus(searchId, SearchStatus.Open);
        vm.warp(START + 1);
        _refuseStatus(searchId, SearchStatus.Awaiting);
        _record();
        _refuseStatus(searchId, SearchStatus.Revealing);
    }

    function test_RefusesWhereNothingIsScored() public {
        uint256 searchId = _revealed();
        bytes memory reason = abi.encodeWithSelector(ISearchMarket.NothingScored.selector, searchId);
        vm.expectRevert(reason);
        searches.finalize(searchId);
        _runOut(searchId);
        vm.expectRevert(reason);
        searches.finalize(searchId);
    }

    function test_RefusesTwice() public {
        uint256 searchId = _recorded();
        _reveal(searchId, 1, ONE);
        _runOut(searchId);
        _score(searchId, 1, ONE, HALF);
        searches.finalize(searchId);
        _refuseStatus(searchId, SearchStatus.Final);
        vm.expectRevert(abi.encodeWithSelector(ISearchMarket.WrongSearchStatus.selector, searchId, SearchStatus.Final));
        searches.expire(searchId);
        vm.expectRevert(abi.encodeWithSelector(ISearchMarket.WrongSearchStatus.selector, searchId, SearchStatus.Final));
        searches.refund(searchId, 2);
    }

    function _refuseStatus(uint256 searchId, SearchStatus status) private {
        vm.expectRevert(abi.encodeWithSelector(ISearchMarket.WrongSearchStatus.selector, searchId, status));
        searches.finalize(searchId);
    }
}
