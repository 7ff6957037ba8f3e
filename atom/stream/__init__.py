"""The stream: events as JSON lines, to whoever subscribes."""

from atom.stream.bus import Bus, Listener, SlowConsumer
from atom.stream.messages import FEEDS, Key

__all__ = ["FEEDS", "Bus", "Key", "Listener", "SlowConsumer"]
