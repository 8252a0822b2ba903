"""Logs of a server process: on stderr, for the console or as JSON, one line an event, without people's data."""

import logging
import sys

import structlog

from adapters.settings import LogFormat


def configure_logs(log_format: LogFormat, level: int = logging.INFO) -> None:
    """Set up structlog for this process."""
    # Neither form shows the local variables of a traceback: tokens and bodies stand there.
    traced = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))
    plain = structlog.dev.plain_traceback
    last: list[structlog.typing.Processor] = (
        [traced, structlog.processors.JSONRenderer(sort_keys=True)]
        if log_format == "json"
        else [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
