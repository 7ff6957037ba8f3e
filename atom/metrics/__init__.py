"""Metrics: numbers derived from events or a book. Pure; no I/O, no clock."""

from atom.metrics.book import BookMetrics, Values, book_metrics
from atom.metrics.parameters import Parameters
from atom.metrics.top import METRICS, Metric

__all__ = ["METRICS", "BookMetrics", "Metric", "Parameters", "Values", "book_metrics"]
