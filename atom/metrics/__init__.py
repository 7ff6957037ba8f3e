"""Metrics: numbers derived from events or a book. Pure; no I/O, no clock.

`GROUPS` defines them all. One machine makes each, from a stream cut anywhere or from all of it at once: the same code,
the same bits.
"""

from atom.metrics.adl import AdlQueue, Position
from atom.metrics.basis import Basis
from atom.metrics.book import BookMetrics, Values, book_metrics
from atom.metrics.connection import Connection
from atom.metrics.definition import Definition, Group, Parameter
from atom.metrics.definitions import DEFINITIONS, GROUPS
from atom.metrics.glp import GlpMetrics
from atom.metrics.insurance import InsuranceFund
from atom.metrics.interest import OpenInterest
from atom.metrics.parameters import PARAMETERS, Parameters
from atom.metrics.ratios import LongShort, TakerVolume
from atom.metrics.top import INPUTS, METRICS, Metric
from atom.metrics.transfers import FundFlow, Transfer, read_labels, transfers_of

__all__ = [
    "DEFINITIONS",
    "GROUPS",
    "INPUTS",
    "METRICS",
    "PARAMETERS",
    "AdlQueue",
    "Basis",
    "BookMetrics",
    "Connection",
    "Definition",
    "FundFlow",
    "GlpMetrics",
    "Group",
    "InsuranceFund",
    "LongShort",
    "Metric",
    "OpenInterest",
    "Parameter",
    "Parameters",
    "Position",
    "TakerVolume",
    "Transfer",
    "Values",
    "book_metrics",
    "read_labels",
    "transfers_of",
]
