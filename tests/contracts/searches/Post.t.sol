// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {IRevenueLedger} from "../../../contracts/interfaces/IRevenueLedger.sol";
import {ISearchMarket, Search, SearchStatus, SearchTerms} from "../../../contracts/interfaces/ISearchMarket.sol";
import {FeeToken, ReentrantToken} from "../tokens/HostileTokens.sol";
import {SearchTest} from "./SearchTest.sol";

// post(terms)
// ├── when the market is paused: it reverts with IsPaused (see Pause.t.sol)
// ├── when the window has no length: it reverts with WindowInvalid
// ├── when commits close in the past, or after the window's start: it reverts with CommitByInvalid
// ├── when the window ends in more than a year: it reverts with WindowTooFar
// ├── when no job could have that quorum: it reverts with QuorumInvalid
// ├── when the reward is nothing, or below the jobFee: it reverts with RewardTooLow
// ├── when there is no bond: it reverts with BondMissing
// ├── when the template has no place for the digest, too many pieces or too many bytes: it reverts with TemplateInvalid
// ├── when the reward does not arrive: it reverts
// └── otherwise the search is open and the reward is held
contract PostTest is SearchTest {
    function test_OpensASearchAndHoldsItsReward() public {
        vm.expectEmit(address(searches));
        emit ISearchMarket.SearchPosted(1, rita, key, _terms());
        uint256 searchId = _posted();
        vm.assertEq(searchId, 1);
        vm.assertEq(searches.searchCount(), 1);
        vm.assertEq(_held(), REWARD);
        vm.assertEq(usd.balanceOf(rita), 1_000_000e6 - uint256(REWARD));

        Search memory search = searches.search(searchId);
        vm.assertEq(uint256(search.status), uint256(SearchStatus.Open));
        vm.assertEq(search.deadline, START);
        vm.assertEq(search.requester, rita);
        vm.assertEq(search.windowKey, key);
        vm.assertEq(search.templateHash, keccak256(abi.encode(_template())));
        vm.assertEq(search.windowEnd, END);
        vm.assertEq(uint256(search.n) * 10 + search.k, 32);
        vm.assertEq(search.assurancePpm, 50_000);
        vm.assertEq(search.version, VERSION);
        vm.assertEq(search.fuel, FUEL);
        vm.assertEq(search.fee, FEE);
        vm.assertEq(search.bond, BOND);
        vm.assertEq(search.best, 0);
        _posted();
        vm.assertEq(_held(), 2 * REWARD);
    }

    function test_CommitsMayCloseLongBeforeTheWindowAndInTheSecondOfThePost() public {
        SearchTerms memory terms = _terms();
        terms.commitBy = uint64(vm.getBlockTimestamp());
        uint256 searchId = _post(terms);
        _checkSearch(searchId, SearchStatus.Open);
        _pass(1);
        _checkSearch(searchId, SearchStatus.Awaiting);
    }

    function test_RefusesCommitsThatCloseInThePastOrAfterTheStart() public {
        SearchTerms memory terms = _terms();
        uint256 time = vm.getBlockTimestamp();
        terms.commitBy = uint64(time - 1);
        _refuse(terms, abi.encodeWithSelector(ISearchMarket.CommitByInvalid.selector, time - 1, time, START));
        terms.commitBy = START + 1;
        _refuse(terms, abi.encodeWithSelector(ISearchMarket.CommitByInvalid.selector, START + 1, time, START));
    }

    function test_RefusesWindowsThatAreNone() public {
        SearchTerms memory terms = _terms();
        terms.window.end = START;
        _refuse(terms, abi.encodeWithSelector(ISearchMarket.WindowInvalid.selector));
        uint256 most = vm.getBlockTimestamp() + 366 days;
        terms.window.end = uint64(most + 1);
        _refuse(terms, abi.encodeWithSelector(ISearchMarket.WindowTooFar.selector, most + 1, most));
        terms.window.end = uint64(most);
        _post(terms);
    }

    function test_RefusesAQuorumThatNoJobCouldHave() public {
        uint8[2][5] memory wrong = [[uint8(2), 2], [9, 5], [3, 1], [3, 4], [0, 0]];
        SearchTerms memory terms = _terms();
        for (uint256 i; i < 5; ++i) {
            (terms.n, terms.k) = (wrong[i][0], wrong[i][1]);
            _refuse(terms, abi.encodeWithSelector(ISearchMarket.QuorumInvalid.selector, terms.n, terms.k));
        }
        (terms.n, terms.k) = (1, 1);
        _post(terms);
    }

    function test_RefusesARewardThatDoesNotPayOneJob() public {
        SearchTerms memory terms = _terms();
        terms.reward = FEE - 1;
        _refuse(terms, abi.encodeWithSelector(ISearchMarket.RewardTooLow.selector, FEE - 1, FEE));
        (terms.reward, terms.fee) = (0, 0);
        _refuse(terms, abi.encodeWithSelector(ISearchMarket.RewardTooLow.selector, 0, 0));
        terms.reward = 1;
        _post(terms);
    }

    function test_RefusesCandidatesThatCostNothing() public {
        SearchTerms memory terms = _terms();
        terms.bond = 0;
        _refuse(terms, abi.encodeWithSelector(ISearchMarket.BondMissing.selector));
    }

    function test_RefusesTemplatesThatNoSpecFollowsFrom() public {
        SearchTerms memory terms = _terms();
        terms.template = new bytes[](0);
        _refuse(terms, abi.encodeWithSelector(ISearchMarket.TemplateInvalid.selector, 0, 0));
        terms.template = new bytes[](1);
        _refuse(terms, abi.encodeWithSelector(ISearchMarket.TemplateInvalid.selector, 1, 0));
        terms.template = new bytes[](18);
        _refuse(terms, abi.encodeWithSelector(ISearchMarket.TemplateInvalid.selector, 18, 0));
        terms.template = new bytes[](2);
        terms.template[1] = new bytes(4096 - 32);
        _refuse(terms, abi.encodeWithSelector(ISearchMarket.TemplateInvalid.selector, 2, 4096));
        terms.template[1] = new bytes(4096 - 33);
        _post(terms);
        terms.template = new bytes[](17);
        _post(terms);
    }

    function test_RefusesWhoCannotPay() public {
        SearchTerms memory terms = _terms();
        address ned = _actor("ned");
        vm.prank(ned);
        usd.approve(address(searches), REWARD);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, ned, 0, uint256(REWARD)));
        vm.prank(ned);
        searches.post(terms);
    }

    function test_RefusesATokenThatKeepsAFeeOrCallsBack() public {
        SearchTerms memory terms = _terms();
        uint256 total = ledger.total(address(usd)) + REWARD;
        vm.etch(address(usd), address(new FeeToken()).code);
        _refuse(
            terms, abi.encodeWithSelector(IRevenueLedger.NotCovered.selector, address(usd), total, total - REWARD / 100)
        );
        vm.etch(address(usd), address(new ReentrantToken()).code);
        ReentrantToken(address(usd)).arm(address(searches), abi.encodeCall(searches.post, (terms)));
        _refuse(terms, abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector));
    }

    function test_RecordsOfUnknownSearchesAndCandidatesAreRefused() public {
        bytes memory unknown = abi.encodeWithSelector(ISearchMarket.UnknownSearch.selector, 1);
        vm.expectRevert(unknown);
        searches.search(1);
        vm.expectRevert(unknown);
        searches.commit(1, "commitment");
        vm.expectRevert(unknown);
        searches.reveal(1, 1, _template(), ONE, SALT);
        vm.expectRevert(unknown);
        searches.score(1, 1, 1, "");
        vm.expectRevert(unknown);
        searches.finalize(1);
        vm.expectRevert(unknown);
        searches.expire(1);
        vm.expectRevert(unknown);
        searches.refund(1, 1);
        _posted();
        vm.expectRevert(abi.encodeWithSelector(ISearchMarket.UnknownCandidate.selector, 1, 1));
        searches.candidate(1, 1);
    }

    function _refuse(SearchTerms memory terms, bytes memory reason) private {
        vm.expectRevert(reason);
        _post(terms);
    }
}
