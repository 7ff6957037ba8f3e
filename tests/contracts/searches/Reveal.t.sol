// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {
    CandidateStatus,
    ISearchMarket,
    SearchStatus,
    SearchTerms
} from "../../../contracts/interfaces/ISearchMarket.sol";
import {SearchTest} from "./SearchTest.sol";

// reveal(searchId, candidateId, template, settings, salt)
// ├── when the window is not recorded, or the time to reveal is over: it reverts with WrongSearchStatus
// ├── when there is no such candidate: it reverts with UnknownCandidate
// ├── when it is revealed already: it reverts with WrongCandidateStatus
// ├── when the sender is not its solver: it reverts with NotSolver
// ├── when the template is another: it reverts with TemplateMismatch
// ├── when it is not what was committed to: it reverts with CommitmentMismatch
// ├── when no job could have that spec: it reverts with SpecTooLong
// └── otherwise the spec is known and the bond is owed to the solver
contract RevealTest is SearchTest {
    function test_MakesTheSpecAndGivesTheBondBack() public {
        uint256 searchId = _recorded();
        bytes32 specHash = keccak256(_specOf(TWO));
        vm.expectEmit(address(searches));
        emit ISearchMarket.CandidateRevealed(searchId, 2, ben, TWO, specHash);
        _reveal(searchId, 2, TWO);
        vm.assertEq(searches.candidate(searchId, 2).specHash, specHash);
        _checkCandidate(searchId, 2, CandidateStatus.Revealed);
        vm.assertEq(_owed(ben), BOND);
        vm.assertEq(_held(), REWARD + 2 * BOND);
        vm.assertEq(searches.search(searchId).revealed, 1);
    }

    function test_TheLastRevealBeginsTheScoring() public {
        uint256 searchId = _recorded();
        _reveal(searchId, 1, ONE);
        _reveal(searchId, 3, THREE);
        _checkSearch(searchId, SearchStatus.Revealing);
        vm.assertEq(searches.search(searchId).deadline, END + REVEAL_WINDOW);
        _reveal(searchId, 2, TWO);
        _checkSearch(searchId, SearchStatus.Scoring);
        vm.assertEq(searches.search(searchId).deadline, END + REVEAL_WINDOW + searches.scoreWindow(FUEL));
    }

    function test_TheLastSecondCountsAndTheNextDoesNot() public {
        uint256 searchId = _recorded();
        _pass(REVEAL_WINDOW);
        _reveal(searchId, 1, ONE);
        _pass(1);
        _refuseStatus(searchId, SearchStatus.Scoring);
    }

    function test_RefusesBeforeTheWindowIsRecorded() public {
        uint256 searchId = _committed();
        _refuseStatus(searchId, SearchStatus.Open);
        vm.warp(START + 1);
        _refuseStatus(searchId, SearchStatus.Awaiting);
        _committed(DIGEST, DIGEST, DIGEST);
        _revealWindow(0, DIGEST);
        _refuseStatus(searchId, SearchStatus.Awaiting);
        _revealWindow(1, DIGEST);
        _reveal(searchId, 1, ONE);
    }

    function test_RefusesWhatIsNoCandidateOrRevealed() public {
        uint256 searchId = _recorded();
        for (uint256 i; i < 2; ++i) {
            uint256 candidateId = 4 * i;
            vm.expectRevert(abi.encodeWithSelector(ISearchMarket.UnknownCandidate.selector, searchId, candidateId));
            searches.reveal(searchId, candidateId, _template(), ONE, SALT);
        }
        _reveal(searchId, 1, ONE);
        vm.expectRevert(
            abi.encodeWithSelector(ISearchMarket.WrongCandidateStatus.selector, searchId, 1, CandidateStatus.Revealed)
        );
        vm.prank(ada);
        searches.reveal(searchId, 1, _template(), ONE, SALT);
    }

    function test_RefusesWhoIsNotTheSolver() public {
        uint256 searchId = _recorded();
        vm.expectRevert(abi.encodeWithSelector(ISearchMarket.NotSolver.selector, eve));
        vm.prank(eve);
        searches.reveal(searchId, 1, _template(), ONE, SALT);
    }

    function test_RefusesAnotherTemplate() public {
        uint256 searchId = _recorded();
        bytes[] memory other = _template();
        other[1] = "..another";
        vm.expectRevert(
            abi.encodeWithSelector(
                ISearchMarket.TemplateMismatch.selector,
                keccak256(abi.encode(_template())),
                keccak256(abi.encode(other))
            )
        );
        vm.prank(ada);
        searches.reveal(searchId, 1, other, ONE, SALT);
    }

    function test_RefusesWhatWasNotCommittedTo() public {
        uint256 searchId = _recorded();
        bytes32 expected = searches.commitmentOf(searchId, ada, ONE, SALT);
        bytes memory reason = abi.encodeWithSelector(
            ISearchMarket.CommitmentMismatch.selector, expected, searches.commitmentOf(searchId, ada, TWO, SALT)
        );
        vm.startPrank(ada);
        vm.expectRevert(reason);
        searches.reveal(searchId, 1, _template(), TWO, SALT);
        reason = abi.encodeWithSelector(
            ISearchMarket.CommitmentMismatch.selector, expected, searches.commitmentOf(searchId, ada, ONE, "other")
        );
        vm.expectRevert(reason);
        searches.reveal(searchId, 1, _template(), ONE, "other");
    }

    function test_RefusesASpecThatNoJobCouldHave() public {
        SearchTerms memory terms = _terms();
        uint256 searchId = _post(terms);
        uint256 room = 4096 - _specOf("").length;
        _commit(searchId, ada, new bytes(room));
        _commit(searchId, ada, new bytes(room + 1));
        _record();
        _reveal(searchId, 1, new bytes(room));
        vm.expectRevert(abi.encodeWithSelector(ISearchMarket.SpecTooLong.selector, 4097, 4096));
        vm.prank(ada);
        searches.reveal(searchId, 2, _template(), new bytes(room + 1), SALT);
    }

    function testFuzz_TheSpecIsTheTemplateTheDigestAndTheCandidate(bytes[5] memory pieces, bytes memory settings)
        public
    {
        SearchTerms memory terms = _terms();
        terms.template = new bytes[](5);
        bytes memory spec = pieces[0];
        for (uint256 i; i < 5; ++i) {
            terms.template[i] = pieces[i];
            if (i != 0) spec = bytes.concat(spec, DIGEST, pieces[i]);
        }
        spec = bytes.concat(spec, settings);
        vm.assume(spec.length <= 4096);
        uint256 searchId = _post(terms);
        _commit(searchId, ada, settings);
        _record();
        vm.prank(ada);
        searches.reveal(searchId, 1, terms.template, settings, SALT);
        vm.assertEq(searches.candidate(searchId, 1).specHash, keccak256(spec));
    }

    function testFuzz_ACommitmentNamesChainContractSearchAndSolver(uint64 chain, uint256 other, address who) public {
        bytes32 own = searches.commitmentOf(1, ada, ONE, SALT);
        vm.assume(other != 1 && who != ada && chain != 0 && chain != block.chainid);
        vm.assertTrue(own != searches.commitmentOf(other, ada, ONE, SALT));
        vm.assertTrue(own != searches.commitmentOf(1, who, ONE, SALT));
        vm.chainId(chain);
        vm.assertTrue(own != searches.commitmentOf(1, ada, ONE, SALT));
    }

    function _refuseStatus(uint256 searchId, SearchStatus status) private {
        vm.expectRevert(abi.encodeWithSelector(ISearchMarket.WrongSearchStatus.selector, searchId, status));
        vm.prank(ben);
        searches.reveal(searchId, 2, _template(), TWO, SALT);
    }
}
