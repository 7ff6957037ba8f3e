"""Loop: agents wake one after another, act, and learn what came of it."""

from typing import Any

import numpy as np

from node.exchange.agents import behaviour, crowd, desk, scene
from node.exchange.agents.behaviour import Floor
from node.exchange.agents.crowd import AGENT, ORDER, ROOM, SAMPLE, Crowd
from node.exchange.core import door, match
from node.exchange.core.command import COMMAND
from node.exchange.core.compiled import Int, jit
from node.exchange.core.entry import opener
from node.exchange.core.journal import JOURNAL
from node.exchange.core.refusal import NODES_EACH
from node.exchange.core.state import Market

U = np.uint64
MOST = 32
"""Commands of one wake-up at most."""
DONE, ROWS, FIRST, SECOND, SAMPLES = 0, 1, 2, 3, 4
"""Why a run stopped: time is up, the journal is full, a market or the other needs room, samples are full."""

_EMPTY = Crowd(
    *(np.zeros(1, AGENT), np.zeros((1, ROOM), ORDER), np.zeros(1, np.int64), np.zeros(1, np.int64)),
    *(np.zeros(1, scene.SCENE), np.zeros(1, COMMAND), np.zeros(1, JOURNAL), np.zeros(1, SAMPLE)),
)
open_crowd = opener(_EMPTY)


@jit
def _floor(stage: Any, table: int) -> Floor:
    of = door.open_desk(table)
    first, second = of.markets[U(stage.first)], of.markets[U(stage.second)]
    return Floor(door.open_market(first), door.open_market(second), door.open_ledger(of.ledger[0]))


@jit
def begin(address: int) -> None:
    """Puts the agents of a crowd's table in the order in which they wake."""
    crowd.arrange(open_crowd(address))


@jit
def tell(address: int, rows: Any) -> None:
    """Lets the agents of a crowd's table know what rows of the journal say."""
    desk.learn(open_crowd(address), rows, 0, len(rows))


@jit
def run(address: int, table: int, until: int) -> tuple[Int, Int, Int]:
    """Lets agents act until `until`. The journal and the samples of the crowd are written from their first rows.

    Args:
        address: of the crowd's table.
        table: of the exchange's.
        until: ns; agents that wake then are left for the next run.

    Returns:
        rows and samples written, and why it stopped.
    """
    rows: Int = 0
    told: Int = 0
    of = open_crowd(address)
    stage = of.scene[0]
    floor = _floor(stage, table)
    first, second, commands, journal, samples = floor.first, floor.second, of.commands, of.journal, of.samples
    while True:
        index = of.queue[0]
        agent = of.agents[U(index)]
        now = min(agent.wake, until)
        while stage.every > 0 and stage.sample <= now:
            if told == len(samples):
                return rows, told, SAMPLES
            scene.advance(stage, stage.sample, desk.middle(first, stage.fair))
            _sample(first, samples[U(told)], stage.sample)
            told += 1
            stage.sample += stage.every
        if agent.wake >= until:
            scene.advance(stage, until, desk.middle(first, stage.fair))
            return rows, told, DONE
        # each command may take all orders out, but a wake-up as a whole no more than all there are once
        if rows + match.room_needed(first) + match.room_needed(second) + 8 * MOST > len(journal):
            return rows, told, ROWS
        if _crowded(first):
            return rows, told, FIRST
        if _crowded(second):
            return rows, told, SECOND
        scene.advance(stage, agent.wake, desk.middle(first, stage.fair))
        agent.seen = agent.wake
        count = behaviour.act(of, index, floor, 0)
        start = rows
        at: Int = 0
        while at < count:
            end = at + 1
            while end < count and commands[U(end)].market == commands[U(at)].market:
                end += 1
            market = first if commands[U(at)].market == first.rules[0].market else second
            rows += match.run(market, floor.ledger, commands[at:end], 0, journal[rows:])[1]
            at = end
        desk.learn(of, journal, start, rows)
        agent.wake += behaviour.pause(agent, stage.activity)
        crowd.settle(of, 0)


@jit
def take(address: int, table: int, until: int) -> Int:
    """The commands of all agents that wake before or at `until`, who see the books as they are; how many there are.

    It stops early where there is no room for one more agent's, and before an agent that does not know yet what became
    of its orders.
    """
    of = open_crowd(address)
    stage = of.scene[0]
    floor = _floor(stage, table)
    count: Int = 0
    while True:
        index = of.queue[0]
        agent = of.agents[U(index)]
        if agent.wake > until or count + MOST > len(of.commands) or (count and agent.sent):
            return count
        scene.advance(stage, agent.wake, desk.middle(floor.first, stage.fair))
        agent.seen = agent.wake
        count = behaviour.act(of, index, floor, count)
        agent.wake += behaviour.pause(agent, stage.activity)
        crowd.settle(of, 0)


@jit
def _crowded(market: Market) -> bool:
    return bool(market.state[0].live + MOST * NODES_EACH >= len(market.nodes))


@jit
def _sample(market: Market, row: Any, time: Int) -> None:
    row.time = time
    row.bid, row.ask = desk.touch(market, desk.BUY), desk.touch(market, desk.SELL)
    row.bid_size = desk.at_touch(market, desk.BUY) if row.bid else 0
    row.ask_size = desk.at_touch(market, desk.SELL) if row.ask else 0
