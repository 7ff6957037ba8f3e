"""Structured logs on stderr; data alone goes to stdout."""

import logging
import sys
from enum import StrEnum

import structlog


class Form(StrEnum):
    """How a log is written: for programs, one JSON object a line; for people, one line of text."""

    JSON = "json"
    CONSOLE = "console"


def configure(level: str, form: Form | None = None) -> None:
    """Sends logs of `level` and above to stderr; unless `form` says so, as JSON lines when stderr is no terminal."""
    terminal = sys.stderr.isatty()
    form = form or (Form.CONSOLE if terminal else Form.JSON)
    renderer: structlog.typing.Processor = (
        # Plain tracebacks: those with the values of variables would show salts and keys.
        structlog.dev.ConsoleRenderer(colors=terminal, exception_formatter=structlog.dev.plain_traceback)
        if form is Form.CONSOLE
        else structlog.processors.JSONRenderer(default=str)
    )
    # The console renderer writes tracebacks itself, and warns where they come to it as text.
    told = [] if form is Form.CONSOLE else [structlog.processors.format_exc_info]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *told,
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


bound = structlog.contextvars.bound_contextvars
"""A context in which every line of this thread, whoever says it, is bound with what is given."""
