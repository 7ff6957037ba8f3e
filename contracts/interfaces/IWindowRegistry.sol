// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Which window is meant: the recorded events of one symbol on one venue in [start, end).
/// @param venue Where it trades, as the data's schema names it; 1 to 64 bytes.
/// @param symbol What trades, as the venue names it; 1 to 64 bytes.
/// @param start First second that belongs to it.
/// @param end First second that no longer does.
struct WindowKey {
    string venue;
    string symbol;
    uint64 start;
    uint64 end;
}

/// @notice Where a window is. It only moves along: None -> Committing -> Revealing -> Recorded or Failed.
/// @dev Committing and Revealing end by chain time, or as soon as all that may commit have, so no call is needed to move.
enum WindowStatus {
    None,
    Committing,
    Revealing,
    Recorded,
    Failed
}

/// @notice What a deployment asks of recorders.
/// @param n Most accounts on the list, and most that commit to one window; at most 16.
/// @param k Equal digests that record a window; more than half of n.
/// @param commit Seconds to commit, from the window's end on.
/// @param reveal Seconds to reveal, once commits are closed.
/// @param lock What a recorder ties to each window and loses where it deviates, base units of the stake token.
struct RecordingRules {
    uint8 n;
    uint8 k;
    uint32 commit;
    uint32 reveal;
    uint96 lock;
}

/// @notice A recorder's place on the list, and its bond in base units of the stake token.
/// @param listed Whether it may commit.
/// @param free May be tied to a window or withdrawn.
/// @param locked Tied to windows that are not closed.
struct Recorder {
    bool listed;
    uint96 free;
    uint96 locked;
}

/// @notice What one recorder says of one window.
/// @param recorder Who.
/// @param commitment What it committed to.
/// @param cidDigest What it revealed; zero until then.
struct Recording {
    address recorder;
    bytes32 commitment;
    bytes32 cidDigest;
}

/// @title WindowRegistry
/// @notice The content of each recorded window of market data: k of n listed, bonded recorders say the same, each without
/// having seen what the others say.
/// @dev Nobody can check on chain what a market did: whoever relies on a window trusts that fewer than k recorders are in
/// league. Bonds lie in the RevenueLedger as held.
interface IWindowRegistry {
    event RecorderListed(address indexed recorder, bool listed);
    event BondDeposited(address indexed recorder, uint256 amount, uint256 free);
    event BondWithdrawn(address indexed recorder, uint256 amount, uint256 free);
    event WindowOpened(bytes32 indexed key, WindowKey window, uint256 commitBy);
    event WindowCommitted(bytes32 indexed key, address indexed recorder, bytes32 commitment);
    /// @dev All that may commit have: reveals may begin.
    event WindowCommitsClosed(bytes32 indexed key, uint256 revealBy);
    event WindowRevealed(bytes32 indexed key, address indexed recorder, bytes32 cidDigest);
    event WindowRecorded(bytes32 indexed key, bytes32 indexed cidDigest);
    /// @dev `burned` is what those lost that did not reveal `cidDigest`. Both are zero where the window failed.
    event WindowClosed(bytes32 indexed key, WindowStatus status, bytes32 cidDigest, uint256 burned);

    error RulesInvalid();
    error NotListed(address account);
    error ListFull(uint256 most);
    error AlreadyListed(address account);
    error BondTooLow(address recorder, uint256 free, uint256 wanted);
    error NothingToMove();
    error WindowInvalid();
    error WindowNotOver(uint256 time, uint256 end);
    error WrongWindowStatus(bytes32 key, WindowStatus status);
    error WindowFull(bytes32 key);
    error AlreadyCommitted(bytes32 key, address recorder);
    error AlreadyRevealed(bytes32 key, address recorder);
    error NotRecorder(bytes32 key, address account);
    error EmptyCommitment();
    error EmptyDigest();
    error CommitmentMismatch(bytes32 expected, bytes32 actual);
    error TooLate(uint256 time, uint256 deadline);
    error DeadlineNotPassed(uint256 time, uint256 deadline);
    error AlreadyClosed(bytes32 key);

    /// @notice Puts an account on the list of recorders, or takes it off: it commits no more, and its bond stays its own.
    /// For the deployment's owner alone.
    function listRecorder(address account, bool listed) external;
    /// @notice Adds to the sender's bond, from its allowance.
    function deposit(uint256 amount) external;
    /// @notice Owes the sender what it takes out of its free bond, in the RevenueLedger.
    function withdraw(uint256 amount) external;
    /// @notice Commits to the content of a window that is over; see `recordingOf`. Ties `lock` of the sender's bond.
    function commitWindow(WindowKey calldata window, bytes32 commitment) external;
    /// @notice Reveals what the sender committed to. The k-th equal digest records the window; later ones still save their
    /// bond.
    /// @param cidDigest SHA-256 digest of the CIDv1 root (dag-pb) of the window's table.
    function revealWindow(bytes32 key, bytes32 cidDigest, bytes32 salt) external;
    /// @notice Once reveals are over: burns the locks of those who did not reveal what was recorded, and frees the others'.
    /// Where nothing was recorded all are freed. Anyone may call.
    function closeWindow(bytes32 key) external;

    /// @notice Where a window is now, the digest of its table, and when that was recorded, in seconds; both are zero until
    /// it is.
    function windowOf(bytes32 key) external view returns (WindowStatus status, bytes32 cidDigest, uint256 recordedAt);
    function recordings(bytes32 key) external view returns (Recording[] memory);
    /// @notice keccak256(abi.encode(venue, symbol, start, end)).
    function keyOf(WindowKey calldata window) external pure returns (bytes32);
    /// @notice The last second in which a window with that end can be recorded.
    function recordableUntil(uint256 end) external view returns (uint256);
    /// @notice The commitment that `revealWindow` will check: keccak256(abi.encode(chainid, this, key, recorder, cidDigest,
    /// salt)).
    function recordingOf(bytes32 key, address account, bytes32 cidDigest, bytes32 salt) external view returns (bytes32);
    function recorder(address account) external view returns (Recorder memory);
    function recorderCount() external view returns (uint256);
    function rules() external view returns (RecordingRules memory);
}
