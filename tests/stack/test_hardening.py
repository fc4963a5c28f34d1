"""What the containers may not do, as Docker has it and as it is inside."""

import json
from collections.abc import Callable

import pytest

from tests.stack.stack import SERVICES, Stack, docker

pytestmark = pytest.mark.docker

each_service = pytest.mark.parametrize("service", SERVICES)
PROGRAMS = ("streamer", "producer")
IMAGE_BYTES = 400_000_000


def statuses(stack: Stack, service: str) -> list[dict[str, str]]:
    """Return ``/proc/PID/status`` of every process in the container, this one's among them."""
    text = stack.inside(service, "sh", "-c", "cat /proc/[0-9]*/status 2>/dev/null", check=False)
    processes = [part for part in text.split("Name:") if part]
    return [
        {
            key: value.strip()
            for key, _, value in (line.partition(":") for line in f"Name:{part}".splitlines())
        }
        for part in processes
    ]


@each_service
def test_no_process_is_root_or_can_become_it(stack: Stack, service: str) -> None:
    processes = statuses(stack, service)
    assert len(processes) >= 3  # init, the program, and who asks
    for process in processes:
        assert "0" not in process["Uid"].split(), process["Name"]
        assert process["NoNewPrivs"] == "1", process["Name"]
        for capabilities in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            assert int(process[capabilities], 16) == 0, (process["Name"], capabilities)


@each_service
def test_the_root_file_system_cannot_be_written(stack: Stack, service: str) -> None:
    host = stack.inspect(service)["HostConfig"]
    assert host["ReadonlyRootfs"] is True
    tried = stack.inside(service, "sh", "-c", "touch /x /usr/x /app/x 2>&1 || true")
    assert "Read-only file system" in tried
    mounts = stack.inside(service, "cat", "/proc/mounts").splitlines()
    (root,) = [line.split()[3] for line in mounts if line.split()[1] == "/"]
    assert "ro" in root.split(",")


@each_service
def test_it_is_bounded_and_watched(stack: Stack, service: str) -> None:
    found = stack.inspect(service)
    host, config = found["HostConfig"], found["Config"]
    assert 0 < host["Memory"] <= 1 << 30
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert host["Privileged"] is False
    assert host["NetworkMode"] == f"{stack.project}_default"
    assert host["Init"] is True
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    assert host["LogConfig"]["Type"] == "json-file"
    assert {"max-size", "max-file"} <= set(host["LogConfig"]["Config"])
    assert config["Healthcheck"]["Test"][0] != "NONE"
    assert 0 < config["StopTimeout"] < 10
    assert config["User"] not in {"", "0", "root"}


def test_two_ports_are_published_and_no_more(stack: Stack) -> None:
    published = {
        service: {
            port: sorted({binding["HostPort"] for binding in bindings})
            for port, bindings in stack.inspect(service)["NetworkSettings"]["Ports"].items()
            if bindings
        }
        for service in SERVICES
    }
    assert published == {
        "valkey": {},
        "producer": {},
        "streamer": {
            "8910/tcp": [str(stack.port)],
            f"{stack.udp_port}/udp": [str(stack.udp_port)],
        },
    }


def test_data_is_in_three_named_volumes(stack: Stack) -> None:
    assert sorted(stack.volumes()) == [
        f"{stack.project}_{name}" for name in ("captured", "logs", "valkey")
    ]
    for service in SERVICES:
        mounts = stack.inspect(service)["Mounts"]
        assert {mount["Type"] for mount in mounts} == {"volume"}
        assert all(mount["Name"].startswith(stack.project) for mount in mounts)


def test_valkey_keeps_what_it_was_given_and_never_outgrows_its_container(stack: Stack) -> None:
    def setting(name: str) -> str:
        return stack.inside("valkey", "valkey-cli", "config", "get", name).splitlines()[1]

    assert setting("appendonly") == "yes"
    assert setting("appendfsync") == "everysec"
    assert setting("maxmemory-policy") == "noeviction"
    limit = stack.inspect("valkey")["HostConfig"]["Memory"]
    # a rewrite of the append-only file may need as much again
    assert 0 < 2 * int(setting("maxmemory")) < limit


@pytest.mark.parametrize("service", PROGRAMS)
def test_a_program_sees_nothing_of_the_tree_but_itself(stack: Stack, service: str) -> None:
    assert set(stack.inside(service, "ls", "-A", "/app").split()) == {
        "captured",
        "captures",
        "feed",
        "launch",
        "logs",
        "producer",
        "spool",
        "static",
        "streamer",
    }
    for tool in ("gcc", "cc", "make", "git"):
        assert not stack.inside(service, "sh", "-c", f"command -v {tool} || true")


def test_the_image_is_small(stack: Stack, report: Callable[[str], None]) -> None:
    (image,) = json.loads(docker("image", "inspect", stack.inspect("streamer")["Image"]))
    (base,) = json.loads(docker("image", "inspect", "python:3.13-slim"))
    megabytes = [size // 1_000_000 for size in (image["Size"], base["Size"])]
    report(f"image: {megabytes[0]} MB, of which the base is {megabytes[1]} MB")
    assert image["Size"] < IMAGE_BYTES
