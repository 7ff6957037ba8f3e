// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {JobBook} from "./JobBook.sol";
import {Lists} from "./Lists.sol";
import {Quorum} from "./Quorum.sol";
import {Verdict} from "./Verdict.sol";
import {Failure, IJobMarket, Job, Status} from "./interfaces/IJobMarket.sol";
import {Fault} from "./interfaces/IOperatorStaking.sol";
import {OutcomeKind, Seat} from "./interfaces/IRounds.sol";

/// @title Payout
/// @notice How a job ends: locks are freed or slashed, and every base unit of fee, bond and per-run price goes to someone.
abstract contract Payout is JobBook {
    using Lists for address[];
    using Lists for uint256[];
    using Quorum for Seat[];

    address private constant BURN = 0x000000000000000000000000000000000000dEaD;

    /// @dev Who is owed what in the stake token, gathered in memory and booked at once.
    struct Bill {
        address[] accounts;
        uint256[] amounts;
        uint256 count;
    }

    /// @dev Ends a job with what k seats share.
    function _finish(uint256 jobId, Job storage stored) internal {
        Seat[] memory taken = _load(_seats[jobId], stored.n);
        address[] memory paid = taken.agreed(stored.outcomeHash);

        stored.status = Status.Final;
        stored.deadline = 0;

        emit IJobMarket.Finalized(jobId, stored.kind, stored.outcomeHash, paid);

        _release(jobId, stored, taken, 0);
        Bill memory bill = _bill(paid.length);
        _share(bill, paid, stored.fee - _assuranceOf(stored));
        _book(bill);
        _close(jobId, stored);
    }

    /// @dev Ends a job with what a panel found, after no quorum or a dispute.
    function _conclude(uint256 jobId, Job storage stored, OutcomeKind kind, bytes32 outcomeHash) internal {
        Seat[] memory taken = _load(_seats[jobId], stored.n);
        address[] memory majority = _panelists(jobId, stored).agreed(outcomeHash);
        address[] memory paid = taken.agreed(outcomeHash);
        bool upheld = stored.outcomeHash == outcomeHash;
        bool missed = stored.status == Status.NoQuorum;
        bool shares = missed || _isFalseCanary(stored, upheld);
        if (shares) paid = _join(paid, majority);
        else if (paid.length == 0) paid = majority;

        stored.status = Status.Final;
        stored.deadline = 0;
        stored.kind = kind;
        stored.outcomeHash = outcomeHash;

        emit IJobMarket.Finalized(jobId, kind, outcomeHash, paid);

        if (missed) _fineRefusals(jobId, stored.lock, taken, outcomeHash);
        uint256 slashed = _release(jobId, stored, taken, outcomeHash);
        Bill memory bill = _bill(paid.length + majority.length + 3);
        _share(bill, paid, stored.fee - _assuranceOf(stored));
        _award(jobId, stored, bill, shares ? new address[](0) : majority, upheld, slashed);
        _book(bill);
        _close(jobId, stored);
    }

    /// @dev Ends a job without an outcome: nobody is slashed, and who revealed has the base fee.
    function _fail(uint256 jobId, Job storage stored, Failure reason) internal {
        Seat[] memory taken = _load(_seats[jobId], stored.n);
        bool paysBase = reason != Failure.BytesWithheld;
        address[] memory none = new address[](0);
        address[] memory seated = paysBase ? taken.revealed() : none;
        address[] memory called = paysBase ? _panelists(jobId, stored).revealed() : none;
        address[] memory auditors = paysBase ? _auditors(jobId).revealed() : none;
        uint256 base = _minimumFeeOf(stored.fuel) / stored.n;
        Verdict.Loss memory loss = Verdict.loss(stored.fee, stored.bond, base, seated.length, called.length);

        stored.status = Status.Failed;
        stored.deadline = 0;

        emit IJobMarket.Failed(jobId, reason, loss.refund, stored.royalty);

        _release(jobId, stored, taken, 0);
        Bill memory bill = _bill(seated.length + called.length + 2);
        _share(bill, seated, loss.toSeats);
        _share(bill, called, loss.toPanel);
        _owe(bill, stored.challenger, loss.bondBack);
        _owe(bill, stored.requester, loss.refund);
        _book(bill);
        _payAuditors(jobId, auditors, base);
        _pay(stored.requester, stored.royaltyToken, stored.royalty);
    }

    /// @dev Owes what a panel's verdict divides beside the jobFee.
    function _award(
        uint256 jobId,
        Job storage stored,
        Bill memory bill,
        address[] memory majority,
        bool upheld,
        uint256 slashed
    ) private {
        Verdict.Award memory award = Verdict.award(
            Verdict.Case({
                fee: stored.fee,
                pay: _payOf(stored),
                bond: stored.bond,
                slashed: slashed,
                majority: majority.length,
                challenged: stored.challenger != address(0),
                upheld: upheld
            })
        );
        _share(bill, majority, award.bondToPanel + award.toPanel);
        _owe(bill, stored.challenger, award.bondBack + award.toChallenger);
        _owe(bill, stored.requester, award.toRequester);
        _owe(bill, BURN, award.burned);

        emit IJobMarket.Judged(
            jobId, stored.panelId, slashed, award.toPanel, award.toChallenger, award.toRequester, award.burned
        );
    }

    /// @dev What every final job ends with: the assurance, the auditor, the per-run price.
    function _close(uint256 jobId, Job storage stored) private {
        uint256 assurance = _assuranceOf(stored);
        if (assurance != 0) _pool.deposit(assurance);
        if (stored.panelId != 0) _payAuditors(jobId, _auditors(jobId).agreed(stored.outcomeHash), _payOf(stored));

        if (stored.kind != OutcomeKind.Result) {
            _pay(stored.requester, stored.royaltyToken, stored.royalty);
        } else if (stored.royalty != 0) {
            _ledger.creditHeld(stored.version, stored.royaltyToken, stored.royalty, address(0), 0);
        }
    }

    /// @dev Fines the seats that said the inputs were not to be had where a panel found an outcome, like those that withheld:
    /// they are why there was no quorum.
    function _fineRefusals(uint256 jobId, uint256 lock, Seat[] memory taken, bytes32 verdict) private {
        for (uint256 i; i < taken.length; ++i) {
            Seat memory seat = taken[i];
            if (seat.released || seat.kind != OutcomeKind.InputUnavailable || seat.outcomeHash == verdict) continue;
            seat.released = true;
            // slither-disable-next-line unused-return: what a fine takes is burned
            _staking.slash(jobId, seat.operator, lock, Fault.Withheld);
        }
    }

    /// @dev Ends the locks of all who ran the job. With a verdict, every other outcome is slashed.
    function _release(uint256 jobId, Job storage stored, Seat[] memory taken, bytes32 verdict)
        private
        returns (uint256 slashed)
    {
        uint256 lock = stored.lock;
        slashed = _releaseSeats(jobId, lock, taken, verdict);
        if (stored.panelId == 0) return slashed;
        slashed += _releaseSeats(jobId, lock, _auditors(jobId), verdict);
        slashed += _releaseSeats(jobId, lock, _panelists(jobId, stored), verdict);
    }

    function _releaseSeats(uint256 jobId, uint256 lock, Seat[] memory taken, bytes32 verdict)
        private
        returns (uint256 slashed)
    {
        for (uint256 i; i < taken.length; ++i) {
            Seat memory seat = taken[i];
            if (seat.released) continue;
            bool wrong = verdict != 0 && seat.outcomeHash != 0 && seat.outcomeHash != verdict
                && seat.kind != OutcomeKind.InputUnavailable;
            if (wrong) slashed += _staking.slash(jobId, seat.operator, lock, Fault.Wrong);
            else _staking.unlock(jobId, seat.operator, lock);
        }
    }

    function _payAuditors(uint256 jobId, address[] memory auditors, uint256 amount) private {
        for (uint256 i; i < auditors.length; ++i) {
            // slither-disable-next-line unused-return: a pool that is short pays what it has
            _pool.pay(auditors[i], jobId, amount);
        }
    }

    /// @dev Books the bill.
    function _book(Bill memory bill) private {
        (address[] memory accounts, uint256[] memory amounts, uint256 count) = (bill.accounts, bill.amounts, bill.count);
        accounts.shorten(count);
        amounts.shorten(count);
        _ledger.payHeld(address(_token), accounts, amounts);
    }

    /// @dev The seats of the panel that decided; none where there was no other panel than an audit.
    function _panelists(uint256 jobId, Job storage stored) private view returns (Seat[] memory none) {
        uint256 panelId = stored.panelId;
        return panelId == 0 || panelId == _audits[jobId] ? none : _panel.seats(panelId);
    }

    /// @dev Whether a dispute that nobody put up a bond for found nothing: its panel has only the jobFee to be paid of.
    function _isFalseCanary(Job storage stored, bool upheld) private view returns (bool) {
        return upheld && stored.challenger != address(0) && stored.bond == 0;
    }

    function _assuranceOf(Job storage stored) private view returns (uint256) {
        return Verdict.assurance(stored.fee, stored.assurancePpm, stored.n);
    }

    /// @dev One seat's pay.
    function _payOf(Job storage stored) private view returns (uint256) {
        return (stored.fee - _assuranceOf(stored)) / stored.n;
    }

    function _bill(uint256 most) private pure returns (Bill memory) {
        return Bill({accounts: new address[](most), amounts: new uint256[](most), count: 0});
    }

    function _share(Bill memory bill, address[] memory accounts, uint256 amount) private pure {
        for (uint256 i; i < accounts.length; ++i) {
            _owe(bill, accounts[i], Verdict.share(amount, accounts.length, i));
        }
    }

    function _owe(Bill memory bill, address account, uint256 amount) private pure {
        if (amount == 0) return;
        (bill.accounts[bill.count], bill.amounts[bill.count]) = (account, amount);
        ++bill.count;
    }

    function _join(address[] memory left, address[] memory right) private pure returns (address[] memory all) {
        all = new address[](left.length + right.length);
        for (uint256 i; i < all.length; ++i) {
            all[i] = i < left.length ? left[i] : right[i - left.length];
        }
    }
}
