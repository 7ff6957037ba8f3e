// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Verdict} from "../../../contracts/Verdict.sol";
import {VM, Vm} from "../base/Vm.sol";

/// @notice The arithmetic of every ending against the sentences of IJobMarket, followed one base unit at a time.
///
/// assurance: F*d/(n + d), never more than one seat's pay
/// share: all of it, no two differ by more than the remainder, which the first takes
/// award
/// ├── what came in goes out, whatever it is
/// ├── the bond goes to the panel where the challenge failed, else back
/// └── what was slashed fills the panel's pay, the challenger's, the requester's fee in this order; the rest burns
/// loss
/// ├── what came in goes out
/// └── who revealed has the base fee, the panel's from the bond, without one from the fee, as far as it goes
contract VerdictTest {
    Vm internal constant vm = VM;

    uint256 private constant PPM = 1e6;

    function testFuzz_TheAssurancePaysForTheAuditsOnAverage(uint96 fee, uint32 ppm, uint8 seats) public pure {
        ppm %= uint32(PPM + 1);
        uint256 n = 1 + 2 * (seats % 4);
        uint256 assurance = Verdict.assurance(fee, ppm, n);
        uint256 pay = (fee - assurance) / n;
        // A = d*s up to the remainders of two divisions.
        vm.assertLe(assurance, pay * ppm / PPM + n + 1);
        vm.assertGe(assurance + 1 + n, pay * ppm / PPM);
        vm.assertLe(assurance, fee / n);
        vm.assertEq(Verdict.assurance(fee, 0, n), 0);
    }

    function testFuzz_SharesAreEqualAndAddUp(uint128 amount, uint8 among) public pure {
        uint256 count = 1 + among % 15;
        uint256 sum;
        for (uint256 i; i < count; ++i) {
            uint256 share = Verdict.share(amount, count, i);
            vm.assertEq(share, amount / count + (i == 0 ? amount % count : 0));
            sum += share;
        }
        vm.assertEq(sum, amount);
    }

    function testFuzz_AnAwardIsWhatTheSentencesSay(
        uint96 fee,
        uint96 pay,
        uint96 bond,
        uint128 slashed,
        uint8 majority,
        bool challenged,
        bool upheld
    ) public pure {
        Verdict.Case memory c = Verdict.Case({
            fee: fee,
            pay: pay,
            bond: challenged ? bond : 0,
            slashed: slashed,
            majority: majority % 8,
            challenged: challenged,
            upheld: upheld
        });
        Verdict.Award memory a = Verdict.award(c);
        vm.assertEq(a.bondToPanel + a.bondBack, c.bond, "the bond goes somewhere");
        vm.assertEq(a.toPanel + a.toChallenger + a.toRequester + a.burned, slashed, "so does what was slashed");

        bool lost = challenged && upheld;
        vm.assertEq(lost ? a.bondBack : a.bondToPanel, 0);
        uint256 purse = slashed;
        uint256 poured;
        (poured, purse) = _pour(purse, lost ? 0 : c.majority * c.pay);
        vm.assertEq(a.toPanel, poured, "panel");
        (poured, purse) = _pour(purse, challenged && !upheld ? uint256(pay) + pay / 10 : 0);
        vm.assertEq(a.toChallenger, poured, "challenger");
        (poured, purse) = _pour(purse, fee);
        vm.assertEq(a.toRequester, poured, "requester");
        vm.assertEq(a.burned, purse, "burned");
    }

    /// @dev A liar that has itself challenged gets back less than a lock of three jobFees: the least multiple that is safe.
    function testFuzz_ChallengerAndRequesterNeverHaveMoreThanTheyPaidIn(uint96 fee, uint128 slashed, uint8 seats)
        public
        pure
    {
        uint256 n = 1 + 2 * (seats % 4);
        Verdict.Award memory a = Verdict.award(
            Verdict.Case({
                fee: fee, pay: fee / n, bond: fee, slashed: slashed, majority: 7, challenged: true, upheld: false
            })
        );
        vm.assertLe(a.toChallenger + a.toRequester, uint256(fee) * 21 / 10);
        vm.assertEq(a.bondBack, fee);
    }

    function testFuzz_ALossIsWhatTheSentencesSay(uint96 fee, uint96 bond, uint96 base, uint8 seats, uint8 panelists)
        public
        pure
    {
        (uint256 seated, uint256 called) = (seats % 8, panelists % 8);
        Verdict.Loss memory l = Verdict.loss(fee, bond, base, seated, called);
        vm.assertEq(l.toSeats + l.toPanel + l.refund + l.bondBack, uint256(fee) + bond, "what came in goes out");
        vm.assertLe(l.toSeats, seated * base);
        vm.assertLe(l.toPanel, called * base);
        vm.assertLe(l.bondBack, bond);

        (uint256 poured, uint256 purse) = _pour(fee, seated * base);
        vm.assertEq(l.toSeats, poured, "seats");
        if (bond == 0) {
            (poured, purse) = _pour(purse, called * base);
        } else {
            (poured,) = _pour(bond, called * base);
        }
        vm.assertEq(l.toPanel, poured, "panel");
        vm.assertEq(l.refund, purse, "refund");
    }

    /// @dev Pours up to `wanted` out of a purse.
    function _pour(uint256 purse, uint256 wanted) private pure returns (uint256 poured, uint256 rest) {
        poured = purse < wanted ? purse : wanted;
        return (poured, purse - poured);
    }
}
