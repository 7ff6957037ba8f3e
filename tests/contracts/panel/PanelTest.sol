// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {OutcomeKind} from "../../../contracts/interfaces/IRounds.sol";
import {IPanel} from "../../../contracts/interfaces/IPanel.sol";
import {JobTest} from "../base/JobTest.sol";

/// @notice Eleven operators, a job that three of them did not agree on, and its panel of the others.
abstract contract PanelTest is JobTest {
    uint256 internal constant LOCK = uint256(FEE) * LOCK_MULTIPLE;

    uint256 internal jobId;
    uint256 internal panelId;

    function setUp() public virtual override {
        super.setUp();
        _addOperators(CROWD - 5, MINIMUM_STAKE);
        jobId = _disagreed();
        panelId = jobs.job(jobId).panelId;
    }

    /// @dev All panelists have committed to the truth, and may reveal.
    function _sealed() internal {
        _convened(jobId);
        for (uint256 i; i < panel.panel(panelId).size; ++i) {
            _panelCommit(panelId, i, OutcomeKind.Result, TRUTH);
        }
        _mine(2);
    }

    /// @dev All but `count` of those who have no lock fall below the least stake, before the panel's seed.
    function _leaveBut(uint256 count) internal {
        uint256 left;
        for (uint256 i; i < operators.length; ++i) {
            if (staking.operator(operators[i]).locked != 0 || left++ < count) continue;
            vm.prank(operators[i]);
            staking.requestUnbond(1);
        }
    }

    function _refusePanelStatus() internal {
        vm.expectRevert(abi.encodeWithSelector(IPanel.WrongPanelStatus.selector, panelId, panel.panel(panelId).status));
    }
}
