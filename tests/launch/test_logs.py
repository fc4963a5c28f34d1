import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from launch import logs


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def test_every_line_is_one_json_object_whoever_logs_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "program.log"
    logs.configure(path)
    structlog.get_logger().info("entry.skipped", feed="default", id="1-2")
    logging.getLogger("aiohttp").warning("of a %s", "library")
    first, second = (json.loads(line) for line in path.read_text().splitlines())
    assert first["event"] == "entry.skipped"
    assert (first["feed"], first["id"], first["level"]) == ("default", "1-2", "info")
    assert (second["event"], second["logger"]) == ("of a library", "aiohttp")
    assert first["timestamp"].endswith("Z")


@pytest.mark.parametrize("console", [True, False])
def test_the_console_gets_the_same_lines_only_if_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], console: bool
) -> None:
    path = tmp_path / "program.log"
    logs.configure(path, console=console)
    structlog.get_logger().info("streamer.started", port=8910)
    assert capsys.readouterr().err == (path.read_text() if console else "")


def test_the_log_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MAX_BYTES", 1_000)
    logs.configure(tmp_path / "program.log")
    for number in range(200):
        structlog.get_logger().info("line", number=number)
    files = sorted(tmp_path.iterdir())
    assert len(files) == 1 + logs.KEEP
    assert all(file.stat().st_size <= 1_000 for file in files)


def test_a_log_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        logs.configure(tmp_path / "file" / "program.log")
