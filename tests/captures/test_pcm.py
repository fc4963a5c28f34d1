import numpy as np
import pytest

from captures.files import RAW_AUDIO, SEND_FRAME
from captures.pcm import first_difference, samples


def test_bytes_are_little_endian_samples() -> None:
    assert samples(RAW_AUDIO, b"\x01\x02\xff\xff\x07").tolist() == [0x0201, -1]
    assert samples(SEND_FRAME, b"\x01\x00\x02\x00\x03\x00\x04\x00\x05\x00").tolist() == [
        [1, 2],
        [3, 4],
    ]
    assert samples(SEND_FRAME, b"").shape == (0, 2)


@pytest.mark.parametrize(
    ("a", "b", "at"),
    [
        ([], [], None),
        ([1, 2], [1, 2], None),
        ([1, 2, 3], [1, 9, 9], 1),
        ([1, 2], [1, 2, 3], 2),
        ([], [1], 0),
    ],
)
def test_the_first_difference(a: list[int], b: list[int], at: int | None) -> None:
    assert first_difference(np.array(a, np.int16), np.array(b, np.int16)) == at
    assert first_difference(np.array(b, np.int16), np.array(a, np.int16)) == at


def test_frames_differ_in_either_channel() -> None:
    a = np.zeros((4, 2), np.int16)
    b = a.copy()
    b[3, 1] = 1
    assert first_difference(a, b) == 3
