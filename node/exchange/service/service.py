"""Service: an exchange that remembers. What it is asked is kept before it is done, and views tell what came of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt
import structlog

from fusion.errors import BadInput, StorageFull
from node.exchange.core import growth
from node.exchange.core.command import COMMAND, Kind
from node.exchange.core.journal import JOURNAL, joined
from node.exchange.exchange import Commands, Exchange, Journal, check_fees
from node.exchange.service import payment, record
from node.exchange.service.batch import Batch, Listener
from node.exchange.service.clock import Clock, checked
from node.exchange.service.log import Record
from node.exchange.service.naming import named
from node.exchange.service.record import Names, Sourced
from node.exchange.service.store import Store
from node.exchange.service.untold import Untold
from node.exchange.service.users import Key, Users, new_secret, permitted
from node.exchange.service.views import Views
from node.exchange.source import Runner, Skipping, Source

_MERGED: Final = 1 << 14
"""Commands of the log that are carried out together when it is read again."""
_Came = TypeVar("_Came")
_logger = structlog.get_logger()


class Service(Views):
    """An exchange as it runs: views of it, and what may be asked of it. All of it belongs to one thread.

    Args:
        exchange: as it was made, or as `load` is about to make it.
        store: where it is kept; None: nowhere.
        sources: what gives commands besides the users.

    Attributes:
        clock: the exchange's time.
        users: who may trade, and their keys.
        sources: as given.
        listeners: are told of every batch.
    """

    def __init__(
        self,
        exchange: Exchange,
        clock: Clock | None = None,
        store: Store | None = None,
        sources: Sequence[Source] = (),
    ) -> None:
        super().__init__(exchange, store)
        self.clock, self.sources = clock or Clock(), list(sources)
        self.users = Users()
        self.listeners: list[Listener] = []
        self._refs = 0
        self._failed = ""
        self._noted = -1
        self._faulty: list[Listener] = []
        self._given: Sourced | None = None  # taken from its source, and not kept yet
        self._untold = [Untold(each) for each in self.sources]

    @property
    def fault(self) -> str:
        """What broke in the midst of something, after which nothing more is taken; empty where nothing did."""
        return self._failed

    @property
    def logged(self) -> int:
        """Rows of the journal that are kept; what came before the exchange opened is not."""
        return self.rows if self._store is None else self._store.journal.count

    # Commands of users

    def place(self, commands: Commands, labels: Sequence[str] = (), groups: Sequence[str] = ()) -> Batch:
        """Carries out commands of users in order, now; they are kept when this returns.

        Args:
            commands: of dtype COMMAND; `time` and `ref` are set here.
            labels: the user's own name of each command's order; one that is empty is made.
            groups: the user's own name of each group of orders, likewise.

        Raises:
            BadInput: there is no such market, or an open order has that label; nothing was done.
            StorageFull: there is no room to keep them, or for their orders; nothing was done.
        """
        names = self._prepare(commands, labels, groups)
        kept = record.Kind.COMMANDS, record.packed_commands(commands, names)
        return self._kept(kept, lambda: self._of_users(commands, names))

    def _prepare(self, commands: Commands, labels: Sequence[str], groups: Sequence[str]) -> Names:
        """Makes commands ready to be kept: what is wrong with them is told here, before anything is done. Returns what
        they are called.
        """
        self._check_markets(commands)
        self.exchange.see_to_room(commands, growth.SPARED)
        first = self._refs + 1
        names = named(self.orders, commands, labels, groups, first)
        commands["time"] = max(self.clock.now(), self.time)
        commands["ref"] = np.arange(first, first + len(commands))
        self._refs += len(commands)
        return names

    def _check_markets(self, commands: Commands) -> None:
        markets = len(self.exchange.listings)
        if (commands["market"] >= markets).any():
            raise BadInput(f"there is no market {commands['market'].max()}; there are {markets}")

    def _kept(self, kept: tuple[int, bytes], act: Callable[[], _Came]) -> _Came:
        """Keeps a record, and does what it says. Where it cannot be done, memory is no longer what the log says, and
        nothing more is taken.
        """
        if self._failed:
            raise BadInput(f"the exchange stopped at a fault ({self._failed}); start it again")
        written = False
        try:
            if self._store is not None:
                self._store.write([kept])
            written = True
            return act()
        except BaseException as error:  # an interrupt tears it as well
            if written or not isinstance(error, StorageFull):
                self._failed = repr(error)
            raise

    def _of_users(self, commands: Commands, names: Names) -> Batch:
        self.orders.expect(commands, names)
        return self._carry_out(commands)

    def _carry_out(self, commands: Commands) -> Batch:
        return self._answered(self.exchange.carry_out(commands))

    def _answered(self, rows: Journal, runner: int | None = None) -> Batch:
        """Tells everyone what was answered, but not the source that did it itself."""
        batch = self.take(rows)
        for number, untold in enumerate(self._untold):
            if number != runner:
                untold.add(rows)
        if self._store is not None:
            self._store.told(rows, [each[self.orders.theirs(each)] for each in batch.trades if len(each)])
        for listener in self.listeners:
            self._tell(listener, batch)
        return batch

    def _tell(self, listener: Listener, batch: Batch) -> None:
        """Whoever only listens cannot stop the exchange. Of each one's faults the log tells the first."""
        try:
            listener(batch)
        except Exception:
            if listener not in self._faulty:
                _logger.exception("a listener failed", listener=repr(listener))
                self._faulty.append(listener)

    # Commands of sources

    def due(self) -> int | None:
        """When the next source has its next command, ns UTC."""
        times = [each for source in self.sources if (each := source.next_time()) is not None]
        return min(times, default=None)

    def step(self, until: int) -> bool:
        """Lets the source whose turn it is act up to `until` (ns); whether there was one.

        Raises:
            StorageFull: there is no room to keep what it does; it is tried again at the next step.
        """
        if self._given is not None:
            self._give(self._given)
            return True
        times = [(each, number) for number, s in enumerate(self.sources) if (each := s.next_time()) is not None]
        if not times or min(times)[0] > until:
            return False
        number = min(times)[1]
        if isinstance(self.sources[number], Runner):  # no further than to where another one is due, who looks at it
            others = (each for each, other in times if not isinstance(self.sources[other], Runner))
            until = min([until, *others])
            self._kept((record.Kind.RAN, record.packed_run(number, until)), lambda: self._run(number, until))
        else:
            self._given = self._taken(number, until)
            self._give(self._given)
        return True

    def _give(self, given: Sourced) -> None:
        self.exchange.see_to_room(given.commands)
        self._kept((record.Kind.SOURCED, record.packed_sourced(given)), lambda: self._handed(given))

    def _handed(self, given: Sourced) -> None:
        self._given = None
        self._carry_out(given.commands)

    def _run(self, number: int, until: int) -> None:
        runner = self.sources[number]
        assert isinstance(runner, Runner)  # noqa: S101  # whoever calls this has looked
        self._tell_sources()
        for stretch in runner.run(self.exchange, until + 1):
            self._answered(joined([stretch.journal], JOURNAL), number)
        self.time = max(self.time, until)

    def _taken(self, number: int, until: int) -> Sourced:
        self._tell_sources()
        return Sourced(number, until, self.sources[number].take(self.exchange, until))

    def _tell_sources(self) -> None:
        """Sources hear of all that happened since one of them acted, at once: so it does not matter how it was parted,
        which is another way when the log is read again.
        """
        for untold in self._untold:
            untold.tell()

    # Users

    def enrol(self, name: str, funds: Mapping[int, int], maker_ppm: int = 1000, taker_ppm: int = 1000) -> Key:
        """A new user with a key and something to trade with: all of it, or nothing.

        Args:
            funds: base units of assets, by their numbers.
            maker_ppm, taker_ppm: fees.
        """
        self.users.check(name)
        check_fees(maker_ppm, taker_ppm)
        for asset, units in funds.items():
            payment.check(self.exchange, asset, units)
        deed = {"do": "enrol", "name": name, "maker": maker_ppm, "taker": taker_ppm, "may": ["read", "trade"]}
        pay = [[asset, units] for asset, units in funds.items()]
        time, ref = max(self.clock.now(), self.time), self._refs + 1
        self._deed({**deed, "pay": pay, "time": time, "ref": ref, "code": new_secret(), "secret": new_secret()})
        return self.users.keys(name)[-1]

    def add_key(self, name: str, permissions: Sequence[str] = ("read", "trade")) -> Key:
        """A new key of a user."""
        self.users.named(name)
        permitted(permissions)
        deed = {"do": "key", "code": new_secret(), "secret": new_secret(), "user": name, "may": list(permissions)}
        self._deed(deed)
        return self.users.keys(name)[-1]

    def revoke_key(self, code: str) -> None:
        """Ends a key."""
        self.users.check_key(code)
        self._deed({"do": "revoke", "code": code})

    def set_speed(self, speed: float) -> None:
        """Lets the exchange's time go on at another speed."""
        self._deed({"do": "speed", "speed": checked(speed), "now": self.clock.now()})

    def skip(self) -> None:
        """Leaves out the time since sources acted last, where the exchange's is the wall's: nothing was traded then."""
        if self.clock.follows:
            self._deed({"do": "skip", "now": self.clock.now()})

    def note_time(self) -> None:
        """Keeps what time it is, where that is the exchange's own: it goes on from there when it is served again."""
        now = self.clock.now()
        if not self.clock.follows and now != self._noted:
            self._deed({"do": "time", "now": now})

    def _deed(self, deed: dict[str, Any]) -> None:
        self._kept((record.Kind.DEED, record.packed_deed(deed)), lambda: self._do(deed))

    def _do(self, deed: dict[str, Any]) -> None:
        match deed["do"]:
            case "enrol":
                account = self.exchange.open_account(deed["maker"], deed["taker"])
                self.orders.admit(account)
                self.users.add(deed["name"], account)
                self._pay(account, deed)
                self.users.allow(deed["code"], deed["secret"], deed["name"], deed["may"])
            case "key":
                self.users.allow(deed["code"], deed["secret"], deed["user"], deed["may"])
            case "revoke":
                self.users.revoke(deed["code"])
            case "speed":
                self.clock.set_speed(deed["speed"], deed["now"])
            case "time":
                self.clock.put(deed["now"])
                self._noted = deed["now"]
            case "skip":
                self._tell_sources()
                for source in self.sources:
                    if isinstance(source, Skipping):
                        source.skip(deed["now"])
            case unknown:
                raise BadInput(f"the log asks for {unknown!r}: serve it with the version that made it")

    def _pay(self, account: int, deed: Mapping[str, Any]) -> None:
        """Gives a new account what it begins with."""
        commands = np.zeros(len(deed["pay"]), COMMAND)
        commands["kind"], commands["account"], commands["time"] = Kind.DEPOSIT, account, deed["time"]
        for row, (asset, units) in zip(commands, deed["pay"], strict=True):
            row["order"], row["quantity"] = asset, units
        commands["ref"] = np.arange(deed["ref"], deed["ref"] + len(commands))
        self._refs = max(self._refs, deed["ref"] + len(commands) - 1)
        self._carry_out(commands)

    # What is kept

    def keep(self) -> None:
        """Keeps a snapshot, and writes all that waits; after a failure neither: what is in memory is not what the log
        says, which the next start does again. Nor while a source is past what it gave, which waits for room.
        """
        if self._store is not None and not self._failed and self._given is None:
            self._store.keep_snapshot(*self.save())

    def keep_in(self, store: Store) -> None:
        """Has a new exchange kept from now on."""
        self._tell_sources()
        self._store = store
        self.keep()
        store.settle()

    def tidy(self) -> None:
        """Writes what waits, and keeps a snapshot when it is time for one. To be called from time to time."""
        if self._store is not None and not self._failed:
            self._store.flush()
            if self._store.due:
                self.keep()

    def close(self) -> None:
        """Keeps all there is; nothing may be asked afterwards."""
        if self._store is not None:
            self.keep()
            self._store.close(whole=not self._failed)

    def save(self) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
        """All of it, as arrays and as what JSON can tell."""
        arrays, facts = super().save()
        for number, source in enumerate(self.sources):
            arrays |= {f"source-{number}-{name}": each.copy() for name, each in source.save().items()}
            arrays[f"untold-{number}"] = self._untold[number].save().view(np.uint8)
        clock = {"follows": self.clock.follows, "speed": self.clock.speed, "now": self.clock.now()}
        return arrays, facts | {"refs": self._refs, "users": self.users.save(), "clock": clock}

    def load(self, arrays: Mapping[str, npt.NDArray[Any]], facts: Mapping[str, Any]) -> None:
        """Goes on where `save` was called, with like sources."""
        super().load(arrays, facts)
        for number, source in enumerate(self.sources):
            prefix = f"source-{number}-"
            source.load({name.removeprefix(prefix): each for name, each in arrays.items() if name.startswith(prefix)})
            self._untold[number].load(arrays[f"untold-{number}"].view(JOURNAL))
        self._refs = facts["refs"]
        self.users.load(facts["users"])
        for user in self.users.all():
            self.orders.admit(user.account)
        if not facts["clock"]["follows"]:
            self.clock = Clock(max(self.time, facts["clock"]["now"]), facts["clock"]["speed"])

    def redo(self, records: Iterable[Record]) -> None:
        """Does once more what the log has after a snapshot; none of it is kept again."""
        commands: list[Commands] = []
        called = Names([], [])
        for each in records:
            if each.kind == record.Kind.COMMANDS:
                some, names = record.commands_of(each.content)
                commands.append(some)
                called.orders.extend(names.orders)
                called.groups.extend(names.groups)
                if len(called.orders) >= _MERGED:
                    self._redo_commands(commands, called)
                continue
            self._redo_commands(commands, called)
            if each.kind == record.Kind.SOURCED:
                self._redo_sourced(record.sourced_of(each.content))
            elif each.kind == record.Kind.RAN:
                self._run(*record.run_of(each.content))
            else:
                self._do(record.deed_of(each.content))
        self._redo_commands(commands, called)
        self.clock.put(max(self.time, self.clock.began))

    def _redo_commands(self, commands: list[Commands], called: Names) -> None:
        if commands:
            merged = np.concatenate(commands)
            self._refs = int(merged["ref"][-1])
            self._of_users(merged, called)
            for each in (commands, *called):
                each.clear()

    def _redo_sourced(self, given: Sourced) -> None:
        again = self._taken(given.source, given.until)
        if again.commands.tobytes() != given.commands.tobytes():
            _logger.warning("a source gives other commands than it did", source=given.source, until=given.until)
        self._carry_out(given.commands)
