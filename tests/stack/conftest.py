"""One stack for all tests of it: started by the first that wants it, and up for each of them."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stack.stack import SERVICES, Stack
from tests.system.missing import missing

WITHOUT = "WITHOUT_DOCKER"
"""Set it to go without these tests, in CI too."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put these tests last: the stack is up from its first test to the end of the session."""
    items.sort(key=lambda item: "tests/stack/" in item.nodeid)


def why_no_docker() -> str | None:
    """Return why there is none, or None."""
    try:
        done = subprocess.run(["docker", "version"], capture_output=True, timeout=20, check=False)
    except FileNotFoundError:
        return "no docker command: install Docker"
    except subprocess.TimeoutExpired:
        return "Docker does not answer: start it"
    return "Docker does not answer: start it" if done.returncode else None


@pytest.fixture(scope="session")
def _docker() -> None:
    """Skip without Docker; in CI fail, unless told to go without."""
    if os.environ.get(WITHOUT):
        pytest.skip(f"{WITHOUT} is set")
    why_not = why_no_docker()
    if why_not is not None:
        missing(f"{why_not}, or set {WITHOUT}=1")


@pytest.fixture(scope="session")
def _stack(_docker: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack("one", tmp_path_factory.mktemp("stack"))
    try:
        yield stack
    finally:
        stack.remove()
    assert stack.left_over() == []


@pytest.fixture
def stack(_stack: Stack) -> Stack:
    """The stack, up."""
    if not all(_stack.container(service) for service in SERVICES):
        _stack.up()
    return _stack


@pytest.fixture
def other_stack(_docker: None, tmp_path: Path) -> Iterator[Stack]:
    """A stack of the test's own, not started."""
    stack = Stack("two", tmp_path)
    try:
        yield stack
    finally:
        stack.remove()
    assert stack.left_over() == []
