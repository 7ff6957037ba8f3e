// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {WindowRegistry} from "../../../contracts/WindowRegistry.sol";
import {Job} from "../../../contracts/interfaces/IJobMarket.sol";
import {Windows} from "../../../contracts/interfaces/IRounds.sol";
import {RecordingRules, WindowKey, WindowStatus} from "../../../contracts/interfaces/IWindowRegistry.sol";
import {SaleTest} from "../base/SaleTest.sol";

/// @notice As much of a JobMarket as a search asks for: jobs that a test has written.
contract WrittenJobs {
    uint256 public jobCount;
    mapping(uint256 jobId => Job) private _jobs;

    function write(Job calldata written) external returns (uint256 jobId) {
        jobId = ++jobCount;
        _jobs[jobId] = written;
    }

    function job(uint256 jobId) external view returns (Job memory) {
        return _jobs[jobId];
    }

    function windows() external pure returns (Windows memory) {
        return Windows({open: 120, commit: 60, reveal: 60, challenge: 2, fuelPerSecond: 500_000_000, confirmations: 2});
    }
}

/// @notice Three recorders, each with a bond for two windows, of whom two equal ones record one.
abstract contract WindowTest is SaleTest {
    uint96 internal constant LOCK = 100e6;
    uint256 internal constant N = 3;
    uint256 internal constant COMMIT = 60;
    uint256 internal constant REVEAL = 60;
    uint64 internal constant START = 1_800_001_000;
    uint64 internal constant END = 1_800_004_600;
    bytes32 internal constant DIGEST = keccak256("what the market did");
    bytes32 internal constant LIE = keccak256("what it did not");
    bytes32 internal constant SALT = "salt";
    address internal constant BURN = 0x000000000000000000000000000000000000dEaD;

    WrittenJobs internal jobs;
    WindowRegistry internal windows;
    address[] internal recorders;
    bytes32 internal key;

    function setUp() public virtual override {
        super.setUp();
        key = windows.keyOf(_window());
        for (uint256 i; i < N; ++i) {
            recorders.push(_actor(string.concat("recorder", vm.toString(i))));
            windows.listRecorder(recorders[i], true);
            _deposit(recorders[i], 2 * LOCK);
        }
    }

    function _deploy() internal virtual override {
        super._deploy();
        // The addresses before the registry's are those of the contracts that run jobs.
        for (uint256 i; i < 4; ++i) {
            jobs = new WrittenJobs();
        }
        windows = new WindowRegistry(manager, ledger, IERC20(usd), _rules());
        vm.assertEq(address(windows), windowsAt);
    }

    function _rules() internal pure returns (RecordingRules memory) {
        return RecordingRules({n: 3, k: 2, commit: 60, reveal: 60, lock: LOCK});
    }

    function _window() internal pure returns (WindowKey memory) {
        return WindowKey({venue: "binance", symbol: "BTCUSDT", start: START, end: END});
    }

    function _deposit(address account, uint256 amount) internal {
        _fund(account, amount);
        vm.prank(account);
        windows.deposit(amount);
    }

    function _commitWindow(uint256 who, bytes32 digest) internal {
        bytes32 commitment = windows.recordingOf(key, recorders[who], digest, SALT);
        vm.prank(recorders[who]);
        windows.commitWindow(_window(), commitment);
    }

    function _revealWindow(uint256 who, bytes32 digest) internal {
        vm.prank(recorders[who]);
        windows.revealWindow(key, digest, SALT);
    }

    /// @dev The window is over, and each recorder has committed to what it says.
    function _committed(bytes32 first, bytes32 second, bytes32 third) internal {
        vm.warp(END);
        _commitWindow(0, first);
        _commitWindow(1, second);
        _commitWindow(2, third);
    }

    /// @dev All three recorded the window; nothing is closed yet.
    function _record() internal {
        _committed(DIGEST, DIGEST, DIGEST);
        for (uint256 i; i < N; ++i) {
            _revealWindow(i, DIGEST);
        }
    }

    function _statusOf() internal view returns (WindowStatus status) {
        (status,,) = windows.windowOf(key);
    }

    function _checkStatus(WindowStatus status) internal view {
        vm.assertEq(uint256(_statusOf()), uint256(status));
    }

    function _checkBond(uint256 who, uint256 free, uint256 locked) internal view {
        vm.assertEq(windows.recorder(recorders[who]).free, free);
        vm.assertEq(windows.recorder(recorders[who]).locked, locked);
    }
}
