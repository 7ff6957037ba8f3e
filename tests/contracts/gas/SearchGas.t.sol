// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {SearchTest} from "../searches/SearchTest.sol";

/// @notice What the verbs of searches and windows cost, as `GasTest` measures those of jobs: in `searches.json`.
/// forge-config: default.isolate = true
contract SearchGasTest is SearchTest {
    function test_AWholeSearch() public {
        uint256 searchId = _posted();
        searchId = _posted();
        _keep("post");
        _commit(searchId, ada, ONE);
        _commit(searchId, ben, TWO);
        _commit(searchId, ada, THREE);
        _keep("commit");
        vm.warp(END);
        _commitWindow(0, DIGEST);
        _keep("commitWindow (the first)");
        _commitWindow(1, DIGEST);
        _keep("commitWindow");
        _commitWindow(2, DIGEST);
        _revealWindow(0, DIGEST);
        _keep("revealWindow");
        _revealWindow(1, DIGEST);
        _keep("revealWindow (the one that records)");
        _revealWindow(2, DIGEST);
        windows.closeWindow(key);
        _keep("closeWindow");
        _reveal(searchId, 1, ONE);
        _reveal(searchId, 2, TWO);
        _reveal(searchId, 3, THREE);
        _keep("reveal");
        _score(searchId, 1, ONE, QUARTER);
        _score(searchId, 2, TWO, HALF);
        _keep("score");
        _score(searchId, 3, THREE, MINUS_ONE);
        searches.finalize(searchId);
        _keep("finalize");
    }

    function test_ASearchWithoutAWindow() public {
        uint256 searchId = _committed();
        vm.warp(END + COMMIT + REVEAL + 1);
        searches.expire(searchId);
        _keep("expire");
        searches.refund(searchId, 1);
        _keep("refund");
    }

    function _keep(string memory name) private {
        vm.snapshotGasLastCall("searches", name);
    }
}
