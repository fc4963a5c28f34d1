"""One clear line for people, and the exit code: what a command says when it cannot go on."""

import re
import sys
from typing import NoReturn

from pydantic import ValidationError


def fail(message: str, code: int = 1) -> NoReturn:
    """Print ``message`` on standard error and exit with ``code``."""
    print(f"error: {message}", file=sys.stderr)  # noqa: T201  # this is the place that prints
    sys.exit(code)


def settings_error(error: ValidationError) -> str:
    """Say in a line which settings are wrong: names as in the environment, with their values."""
    parts = [
        f"{'.'.join(str(part) for part in detail['loc']).upper()}={detail['input']!r}: "
        f"{detail['msg'].lower()}"
        for detail in error.errors()
    ]
    return "; ".join(parts)


def without_password(url: str) -> str:
    """Return a Redis URL fit to be shown: its password is starred."""
    return re.sub(r"(://[^:@/]*):[^@]*@", r"\1:***@", url)
