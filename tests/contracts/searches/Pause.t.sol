// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import {ISearchMarket, SearchTerms} from "../../../contracts/interfaces/ISearchMarket.sol";
import {SearchTest} from "./SearchTest.sol";

// pause(), unpause()
// ├── when the sender has not the role: it reverts with AccessManagedUnauthorized
// └── otherwise no search is posted while it is paused, and those under way go on to their end
contract SearchPauseTest is SearchTest {
    function test_StopsNewSearchesAlone() public {
        uint256 searchId = _posted();
        uint256 failed = _posted();
        vm.expectEmit(address(searches));
        emit ISearchMarket.PausedSet(true);
        searches.pause();
        vm.assertTrue(searches.paused());
        SearchTerms memory terms = _terms();
        vm.expectRevert(abi.encodeWithSelector(ISearchMarket.IsPaused.selector));
        vm.prank(rita);
        searches.post(terms);

        _commit(searchId, ada, ONE);
        _commit(searchId, ben, TWO);
        _record();
        _reveal(searchId, 1, ONE);
        _runOut(searchId);
        _score(searchId, 1, ONE, HALF);
        searches.finalize(searchId);
        searches.expire(failed);
        vm.assertEq(_held(), 0);

        vm.expectEmit(address(searches));
        emit ISearchMarket.PausedSet(false);
        searches.unpause();
        terms.commitBy = uint64(vm.getBlockTimestamp());
        terms.window.start = terms.commitBy;
        terms.window.end = terms.commitBy + 1;
        _post(terms);
    }

    function test_APausedMarketRefunds() public {
        uint256 searchId = _committed();
        searches.pause();
        vm.warp(END + COMMIT + REVEAL + 1);
        searches.expire(searchId);
        for (uint256 i = 1; i <= 3; ++i) {
            searches.refund(searchId, i);
        }
        _checkClosed(searchId);
        _claim(rita);
        vm.assertEq(usd.balanceOf(rita), 1_000_000e6);
    }

    function test_RefusesAStranger() public {
        bytes memory refused = abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, eve);
        vm.startPrank(eve);
        vm.expectRevert(refused);
        searches.pause();
        vm.expectRevert(refused);
        searches.unpause();
    }
}
