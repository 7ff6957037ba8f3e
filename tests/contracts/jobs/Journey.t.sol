// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Split} from "../../../contracts/interfaces/IModuleRegistry.sol";
import {JobTest} from "../base/JobTest.sol";

/// @notice Publish, buy, run, claim: three authors, three operators, and not one unit lost.
contract JourneyTest is JobTest {
    function test_WhatWasPaidIsWhatIsClaimed() public {
        uint64 imbalance = _publish(ben, "order_book_imbalance", _all(ben));
        Split[] memory splits = new Split[](3);
        splits[0] = Split({account: cyd, version: 0, ppm: 700_000});
        splits[1] = Split({account: address(0), version: version, ppm: 133_333});
        splits[2] = Split({account: address(0), version: imbalance, ppm: 166_667});
        uint64 signal = _publish(cyd, "microprice_signal", splits);
        uint256 already = ledger.total(address(usd));
        vm.prank(rita);
        ledger.settle(version, address(usd), _all(ada));
        _claim(ada);
        vm.assertEq(usd.balanceOf(ada), already);

        uint96 price = 24_999_999;
        uint64 sale = _offer(cyd, signal, price, RUN_PRICE);
        (version, licenseId, offerId) = (signal, _buy(rita, sale, signal), sale);
        uint256 licensed = _proposed(_licensed(3, 2), 0);
        uint256 single = _proposed(_single(5, 3), 1);
        _mine(3);
        jobs.finalize(licensed);
        jobs.finalize(single);

        ledger.settle(signal, address(usd), splits);
        ledger.settle(1, address(usd), _all(ada));
        ledger.settle(imbalance, address(usd), _all(ben));
        address[4] memory others = [ada, ben, cyd, treasury];
        uint256 claimed = 0;
        for (uint256 i; i < 4; ++i) {
            claimed += _owed(others[i]);
            vm.assertTrue(_owed(others[i]) != 0);
            _claim(others[i]);
        }
        for (uint256 i; i < operators.length; ++i) {
            claimed += _owed(operators[i]);
            _claim(operators[i]);
        }
        vm.assertEq(claimed, uint256(price) + 2 * FEE + RUN_PRICE);
        vm.assertEq(ledger.total(address(usd)), 0);
        vm.assertEq(usd.balanceOf(address(ledger)), 0);
        _checkClosed(licensed);
    }
}
