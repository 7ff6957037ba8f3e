"""Live recording: connections to venues, kept up, whose events go to sinks as they come."""

from atom.live.arrival import Arrivals
from atom.live.pace import Timing
from atom.live.recorder import Recorder

__all__ = ["Arrivals", "Recorder", "Timing"]
