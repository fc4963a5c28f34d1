"""What the script of the Docker stack says and finds, with stand-ins for the commands it calls.

The stack itself is tested in ``tests/stack``.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ("sh", "dirname", "sed", "head", "cat", "tput")
IP = "echo '192.0.2.1 via 192.168.1.1 dev eth0 src 192.168.1.20 uid 1000'"
ROUTE = "echo '  interface: en0'"
IPCONFIG = '[ "$1 $2" = "getifaddr en0" ] && echo 192.168.1.30'


class Script:
    """``stack.sh`` where these commands exist, and no others but the plainest."""

    def __init__(self, folder: Path, **commands: str) -> None:
        self._path = folder
        for tool in TOOLS:
            (folder / tool).symlink_to(str(shutil.which(tool)))
        for name, body in commands.items():
            (folder / name).write_text(f"#!/bin/sh\n{body}\n")
            (folder / name).chmod(0o755)

    def run(self, command: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", str(ROOT / "launch" / "stack.sh"), command],
            env={"PATH": str(self._path), **env},
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )


COMMANDS = ("up", "replay", "logs", "ps", "down", "purge")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("commands", "says"),
    [
        ({}, "there is no docker command"),
        ({"docker": "echo 'Cannot connect to the Docker daemon' >&2; exit 1"}, "does not answer"),
        ({"docker": "echo 'permission denied' >&2; exit 1"}, "you may not use Docker"),
        ({"docker": '[ "$1" = version ]'}, "Docker has no Compose"),
    ],
)
def test_what_is_missing_is_one_line(
    tmp_path: Path, command: str, commands: dict[str, str], says: str
) -> None:
    done = Script(tmp_path, **commands).run(command)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"make {command}: ")
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("commands", [{}, {"docker": "exit 1"}, {"docker": "exit 0"}])
def test_a_stack_that_is_not_there_is_not_up_and_nothing_is_said(
    tmp_path: Path, commands: dict[str, str]
) -> None:
    done = Script(tmp_path, **commands).run("running")
    assert done.returncode != 0
    assert done.stdout + done.stderr == ""


@pytest.mark.parametrize(
    ("commands", "env", "address"),
    [
        ({"ip": IP}, {}, "192.168.1.20"),
        ({"route": ROUTE, "ipconfig": IPCONFIG}, {}, "192.168.1.30"),
        ({"ip": IP}, {"LAN_ADDRESS": "10.0.0.1"}, "10.0.0.1"),
        ({"ip": "exit 2"}, {}, None),
        ({}, {}, None),
    ],
)
def test_the_hosts_address_is_found_handed_on_and_said(
    tmp_path: Path, commands: dict[str, str], env: dict[str, str], address: str | None
) -> None:
    seen = tmp_path / "seen"
    docker = f"""case "$*" in
        "compose up"*) echo "$LAN_ADDRESS" >{seen} ;;
        "compose port streamer 8910") echo 0.0.0.0:9000 ;;
      esac"""
    done = Script(tmp_path, docker=docker, **commands).run("up", **env)
    assert done.returncode == 0, done.stderr
    assert "open http://localhost:9000 to listen" in done.stdout
    assert seen.read_text().strip() == (address or "")
    assert ("From other machines" in done.stdout) == (address is not None)
    assert address is None or f"http://{address}:9000" in done.stdout


@pytest.mark.parametrize(
    ("docker_says", "port"),
    [
        ("Bind for 0.0.0.0:8910 failed: port is already allocated", "port 8910"),
        ("listen udp4 0.0.0.0:8911: bind: address already in use", "port 8911"),
        (
            "Ports are not available: exposing port TCP 0.0.0.0:8910 -> 0.0.0.0:0: listen tcp "
            "0.0.0.0:8910: bind: Only one usage of each socket address is normally permitted.",
            "port 8910",
        ),
    ],
)
def test_a_port_that_is_taken_is_named_however_docker_says_it(
    tmp_path: Path, docker_says: str, port: str
) -> None:
    docker = f'case "$*" in "compose up"*) echo "{docker_says}" >&2; exit 1;; esac'
    done = Script(tmp_path, docker=docker).run("up")
    assert done.returncode == 1
    assert done.stderr.startswith(f"make up: {port} is taken: choose another, `make up ")
    assert done.stderr.count("\n") == 1


def test_the_older_compose_will_do(tmp_path: Path) -> None:
    script = Script(tmp_path, **{"docker": '[ "$1" = version ]', "docker-compose": "echo $*"})
    assert script.run("down").stdout == "down --remove-orphans\n"


@pytest.mark.parametrize(
    ("wav", "says"),
    [
        ("", "which file?"),
        ("/no/such/file", "there is no file /no/such/file"),
        ("/", "/ is a folder"),
    ],
)
def test_a_file_that_cannot_be_replayed_is_named(tmp_path: Path, wav: str, says: str) -> None:
    done = Script(tmp_path, docker="exit 0").run("replay", WAV=wav)
    assert done.returncode == 1
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


def test_nothing_is_replayed_through_a_stack_that_is_not_up(tmp_path: Path) -> None:
    wav = tmp_path / "a.wav"
    wav.touch()
    done = Script(tmp_path, docker="exit 0").run("replay", WAV=str(wav))
    assert done.stderr == "make replay: the stack is not up: `make up` starts it\n"
