import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.audio import MAX_CHUNK_SAMPLES
from feed.entries import (
    MAX_POSITION,
    AudioDelta,
    AudioDone,
    AudioEntry,
    Fields,
    parse_audio_entry,
)
from feed.errors import MalformedEntry, UnknownEntry

IDENTIFIERS = st.text(min_size=1, max_size=128).filter(
    lambda s: s.isprintable() and "\ud800" not in s
)
AUDIO = st.binary(min_size=1, max_size=200).map(lambda b: b + b)
DELTAS = st.builds(AudioDelta, IDENTIFIERS, IDENTIFIERS, st.integers(0, MAX_POSITION), AUDIO)
DONES = st.builds(AudioDone, IDENTIFIERS, IDENTIFIERS, st.integers(0, MAX_POSITION))

GOOD = AudioDelta("r", "i", 0, b"ab").fields()


def raw(fields: Fields) -> dict[bytes, bytes]:
    return {name.encode(): value for name, value in fields.items()}


@given(DELTAS | DONES)
def test_round_trip(entry: AudioEntry) -> None:
    assert parse_audio_entry(raw(entry.fields())) == entry


@given(
    st.dictionaries(
        st.sampled_from(
            [b"v", b"type", b"response_id", b"item_id", b"offset", b"samples", b"audio"]
        ),
        st.sampled_from([b"1", b"response.output_audio.delta", b"response.output_audio.done"])
        | st.binary(max_size=40),
    )
)
def test_any_bytes_are_read_or_refused(fields: dict[bytes, bytes]) -> None:
    try:
        entry = parse_audio_entry(fields)
    except (MalformedEntry, UnknownEntry):
        return
    assert parse_audio_entry(raw(entry.fields())) == entry


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("response_id", b""),
        ("response_id", b"\xff"),
        ("response_id", b"a\nb"),
        ("item_id", b"x" * 129),
        ("offset", b"-1"),
        ("offset", b"1.0"),
        ("offset", b" 1"),
        ("offset", "\u0661".encode()),
        ("offset", str(MAX_POSITION + 1).encode()),
        ("offset", b"1" * 10_000),
        ("audio", b""),
        ("audio", b"abc"),
        ("audio", b"ab" * (MAX_CHUNK_SAMPLES + 1)),
    ],
)
def test_a_bad_field_is_named(field: str, value: bytes) -> None:
    with pytest.raises(MalformedEntry) as caught:
        parse_audio_entry(raw(GOOD | {field: value}))
    assert caught.value.field == field


@pytest.mark.parametrize("field", ["response_id", "item_id", "offset", "audio"])
def test_a_missing_field_is_named(field: str) -> None:
    fields = {name: value for name, value in GOOD.items() if name != field}
    with pytest.raises(MalformedEntry, match="missing"):
        parse_audio_entry(raw(fields))


@pytest.mark.parametrize("change", [{"v": b"2"}, {"type": b"response.text.delta"}])
def test_other_versions_and_types_are_not_for_us(change: Fields) -> None:
    with pytest.raises(UnknownEntry):
        parse_audio_entry(raw(GOOD | change))
