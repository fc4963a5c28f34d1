import subprocess
import sys

import redis


def test_it_prints_its_url_and_goes_when_its_input_ends() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "launch.valkey"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    with redis.Redis.from_url(url) as client:
        assert client.ping()
    process.communicate(timeout=10)
    assert process.returncode == 0
