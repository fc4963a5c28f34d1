import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from captures import __main__ as main
from captures.files import SEND_FRAME, STEREO_FRAME, capture_path, index_path
from tests.captures.recording import TS, played

OLDER = "1763899999.000000"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    played().write(tmp_path)
    played().write(tmp_path, OLDER)
    return tmp_path


def run(*arguments: str | Path, typed: str | None = None) -> Result:
    return CliRunner().invoke(main.app, [str(argument) for argument in arguments], input=typed)


def wavs(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.glob("*.wav"))


@pytest.mark.parametrize("arguments", [("convert",), ("convert", "--newest")])
def test_the_newest_is_converted_and_checked(directory: Path, arguments: tuple[str, ...]) -> None:
    result = run(*arguments, "--dir", directory)
    assert result.exit_code == 0, result.output
    assert wavs(directory) == [
        f"tmp_01_rawaudio_24_{TS}.wav",
        f"tmp_02_monoframe_24_{TS}.wav",
        f"tmp_03_stereoframe_48_{TS}.wav",
        f"tmp_04_sendframe_48_{TS}.wav",
    ]
    assert f"tmp_04_sendframe_48_{TS}.wav" in result.stdout
    assert "responses: 2" in result.stdout
    assert "ok    stage 4 is stage 3 as the index says" in result.stdout
    assert result.stderr == ""


def test_another_one_or_all(directory: Path) -> None:
    assert run("convert", "--ts", OLDER, "--dir", directory).exit_code == 0
    assert all(OLDER in name for name in wavs(directory))
    assert run("convert", "--all", "--dir", directory).exit_code == 0
    assert len(wavs(directory)) == 8


def test_a_failed_check_exits_with_1_and_says_where(directory: Path) -> None:
    path = capture_path(directory, SEND_FRAME, TS)
    raw = bytearray(path.read_bytes())
    raw[4 * 2000] ^= 1
    path.write_bytes(raw)
    for command in ("convert", "check"):
        result = run(command, "--newest", "--dir", directory)
        assert result.exit_code == 1
        assert "FAIL  stage 4" in result.stdout
        assert "stage 4, sample 2000 (0.041667 s)" in result.stdout
    assert run("check", "--ts", OLDER, "--dir", directory).exit_code == 0
    assert run("check", "--all", "--dir", directory).exit_code == 1


def test_check_writes_nothing(directory: Path) -> None:
    assert run("check", "--dir", directory).exit_code == 0
    assert wavs(directory) == []


def test_an_index_that_is_missing_or_broken_is_a_failed_check(directory: Path) -> None:
    index_path(directory, TS).write_text("{")
    result = run("convert", "--dir", directory)
    assert result.exit_code == 1
    assert "index file: is not JSON" in result.stdout
    index_path(directory, TS).unlink()
    result = run("convert", "--dir", directory)
    assert result.exit_code == 1
    assert f"missing: tmp_00_index_{TS}.json" in result.stdout


def test_a_cut_tail_is_warned_of(directory: Path) -> None:
    with capture_path(directory, STEREO_FRAME, TS).open("ab") as file:
        file.write(b"x")
    result = run("convert", "--dir", directory)
    assert result.exit_code == 1
    assert f"tmp_03_stereoframe_48_{TS}.wav: the last 1 of" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--ts", "yesterday"], "timestamp: 'yesterday' is not Unix time with six decimals"),
        (["--ts", "1.000000"], "timestamp: nothing to convert under 1.000000"),
    ],
)
def test_errors_are_one_line(directory: Path, arguments: list[str], message: str) -> None:
    result = run("convert", *arguments, "--dir", directory)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"captures: {message}")
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


@pytest.mark.parametrize("command", [["convert"], ["check"], []])
def test_no_captures_says_how_to_get_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setenv("CAPTURE_DIR", str(tmp_path / "none"))
    result = run(*command)
    assert result.exit_code == 2
    assert result.stderr == (
        f"captures: no captures in {tmp_path / 'none'}: listen to something first\n"
    )


def test_options_that_exclude_each_other(directory: Path) -> None:
    result = run("convert", "--ts", TS, "--all", "--dir", directory)
    assert result.exit_code == 2
    assert "exclude each other" in result.stderr
    assert run("play").exit_code == 2


def test_a_directory_that_cannot_be_written(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied", str(directory))

    monkeypatch.setattr(main, "convert_stages", refuse)
    result = run("convert", "--dir", directory)
    assert result.exit_code == 2
    assert result.stderr == f"captures: {directory}: Permission denied\n"


def test_export_gives_a_tar_and_says_the_rest_elsewhere(directory: Path) -> None:
    result = run("export", "--newest", "--dir", directory)
    assert result.exit_code == 0, result.stderr
    assert "ok    stage 4 is stage 3 as the index says" in result.stderr
    with tarfile.open(fileobj=io.BytesIO(result.stdout_bytes)) as tar:
        assert len(tar.getnames()) == 9
        assert all(TS in name for name in tar.getnames())


def test_what_fails_a_check_is_exported_all_the_same(directory: Path) -> None:
    index_path(directory, TS).unlink()
    result = run("export", "--dir", directory)
    assert result.exit_code == 1
    assert "FAIL  files" in result.stderr
    with tarfile.open(fileobj=io.BytesIO(result.stdout_bytes)) as tar:
        assert len(tar.getnames()) == 8


def test_no_captures_no_tar(tmp_path: Path) -> None:
    result = run("export", "--dir", tmp_path)
    assert result.exit_code == 2
    assert result.stdout_bytes == b""


def in_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main, "_is_asked", lambda: True)


@pytest.mark.parametrize("command", [["convert"], []])
def test_in_a_terminal_it_asks(
    directory: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    in_terminal(monkeypatch)
    monkeypatch.setenv("CAPTURE_DIR", str(directory))
    result = run(*command, typed=f"{OLDER}\n44100\n48000\n")
    assert result.exit_code == 0, result.output
    assert f"timestamp [newest: {TS}]: " in result.stdout
    assert "nothing is recorded at '44100'" in result.stderr
    assert wavs(directory) == [
        f"tmp_03_stereoframe_48_{OLDER}.wav",
        f"tmp_04_sendframe_48_{OLDER}.wav",
    ]


@pytest.mark.parametrize("typed", ["q\n", "\nq\n", ""])
def test_quitting_does_nothing(
    directory: Path, monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    in_terminal(monkeypatch)
    assert run("convert", "--dir", directory, typed=typed).exit_code == 0
    assert wavs(directory) == []


def test_newest_never_asks(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_terminal(monkeypatch)
    result = run("convert", "--newest", "--dir", directory, typed="")
    assert result.exit_code == 0
    assert "timestamp [" not in result.stdout
    assert len(wavs(directory)) == 4


def test_long_conversions_show_progress(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "converting" not in run("convert", "--dir", directory).stderr
    monkeypatch.setattr(main, "LONG_S", 0.1)
    assert "converting" in run("convert", "--dir", directory).stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_on_a_real_terminal(directory: Path) -> None:
    import pty

    ours, theirs = pty.openpty()
    environment = {**os.environ, "CAPTURE_DIR": str(directory), "TERM": "dumb"}
    os.write(ours, f"{OLDER}\n24000\n".encode())
    done = subprocess.run(
        [sys.executable, "-m", "captures"],
        stdin=theirs,
        capture_output=True,
        env=environment,
        cwd=Path(main.__file__).parent.parent,
        timeout=20,
        check=False,
        text=True,
    )
    os.close(ours)
    os.close(theirs)
    assert done.returncode == 0, done.stderr
    assert wavs(directory) == [
        f"tmp_01_rawaudio_24_{OLDER}.wav",
        f"tmp_02_monoframe_24_{OLDER}.wav",
    ]
