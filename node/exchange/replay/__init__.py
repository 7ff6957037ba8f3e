"""Replay: recorded markets as orders of the world, in the same book and queues as everyone's."""
