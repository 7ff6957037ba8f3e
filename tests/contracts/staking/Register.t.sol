// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IOperatorStaking} from "../../../contracts/interfaces/IOperatorStaking.sol";
import {StakingTest} from "./StakingTest.sol";

/// register
/// ├── a url of more than 256 bytes: reverts
/// ├── the first time: the account has a place among the operators, and no weight
/// └── again: the endpoint changes, the place does not
contract RegisterTest is StakingTest {
    function test_RegistersOnceAndThenChangesTheEndpoint() public {
        vm.expectEmit(address(staking));
        emit IOperatorStaking.OperatorRegistered(ada, "http://a");
        vm.prank(ada);
        staking.register("http://a");
        vm.prank(ada);
        staking.register("http://b");
        vm.prank(ben);
        staking.register("http://c");

        vm.assertEq(staking.operatorCount(), 2);
        vm.assertEq(staking.operatorAt(0), ada);
        vm.assertEq(staking.operatorAt(1), ben);
        vm.assertEq(staking.endpoint(ada), "http://b");
        vm.assertEq(staking.candidateCount(), 0);
        vm.assertEq(staking.totalStake(), 0);
    }

    function test_RefusesAUrlThatIsTooLong() public {
        string memory longest = string(new bytes(256));
        vm.startPrank(ada);
        staking.register(longest);
        vm.assertEq(bytes(staking.endpoint(ada)).length, 256);
        vm.expectRevert(abi.encodeWithSelector(IOperatorStaking.UrlTooLong.selector, 257, 256));
        staking.register(string.concat(longest, "a"));
    }
}
