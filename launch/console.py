"""What a command says when it cannot go on: one clear line, and the exit code."""

import sys
from typing import NoReturn
from urllib.parse import urlsplit

from pydantic import ValidationError


def fail(program: str, message: str, code: int = 1) -> NoReturn:
    """Print ``message`` on standard error and exit with ``code``."""
    sys.stderr.write(f"{program}: {message}\n")
    sys.exit(code)


def first_problem(error: ValidationError) -> tuple[str, object, str]:
    """Return the first setting at fault: its field, its value (URLs redacted), and the reason."""
    first = error.errors()[0]
    name = str(first["loc"][0])
    value = redacted(str(first["input"])) if name.endswith("_url") else first["input"]
    reason = first["msg"].removeprefix("Value error, ").replace("Input should", "must")
    return name, value, reason


def redacted(url: str) -> str:
    """Return ``url`` without user, password and query, fit to be shown."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:  # the boundary to what a user typed
        return "(not a URL)"
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"
