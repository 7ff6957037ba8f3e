"""Structured logs on stderr; data alone goes to stdout."""

import logging
import sys

import structlog


def configure(level: str) -> None:
    """Sends logs of `level` and above to stderr, as JSON lines when stderr is no terminal."""
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # the one of that moment: others may replace it
        cache_logger_on_first_use=False,
    )


def get(**bound: object) -> structlog.typing.FilteringBoundLogger:
    """A logger bound with `job=`, `module=`, `operator=` and the like."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(**bound)
    return logger
