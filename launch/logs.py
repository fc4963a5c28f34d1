"""Structured logs: one JSON object a line, in a file of bounded size and, if asked, on stderr."""

import logging
import logging.handlers
from pathlib import Path

import structlog

MAX_BYTES = 10_000_000
KEEP = 3


def configure(path: Path, *, console: bool = False) -> None:
    """Send every log line of this process to ``path``, at most ``(KEEP + 1) * MAX_BYTES``.

    Args:
        path: the newest file; its folder is made.
        console: send them to standard error as well, for whoever collects that.

    Raises:
        OSError: the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handlers: list[logging.Handler] = [
        logging.handlers.RotatingFileHandler(
            path, maxBytes=MAX_BYTES, backupCount=KEEP, encoding="utf-8"
        )
    ]
    if console:
        handlers.append(logging.StreamHandler())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(),
        ],
    )
    for handler in handlers:
        handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = handlers
    root.setLevel(logging.INFO)
    # aioice tells of every candidate pair at INFO
    logging.getLogger("aioice").setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
