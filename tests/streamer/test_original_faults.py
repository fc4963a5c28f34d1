"""The faults of the program this one grew out of, each shown and each shut out."""

import asyncio

import numpy as np
import pytest
from aiortc.mediastreams import MediaStreamError

from captures.check import reference_resample
from streamer.opus import OpusEncoder
from streamer.pacing import Pacer, staggered_anchor
from streamer.player import LEAD_IN_PACKETS
from streamer.transform import FRAME_S, FRAME_SAMPLES, Upsampler
from tests.conftest import run
from tests.streamer.drive import Drive, Script, cuts
from tests.streamer.opus import decoded
from tests.streamer.seats import Listener, joined, playing
from tests.streamer.speech import noise, signal_to_error_db, speech, tone

WORK_S = 0.0025
"""What a frame cost the original: resample, encode, send."""


# Frames of another size gave several packets one RTP timestamp


@pytest.mark.parametrize("chunk", [7, 480, 512, 960, 1_440, 24_000])
def test_every_frame_has_960_samples_whatever_the_chunks(chunk: int) -> None:
    drive = Drive().take(Script().response(speech(24_000), chunk))
    drive.until_idle()
    encoder = OpusEncoder()
    for frame in drive.frames:
        assert frame.pcm.shape == (FRAME_SAMPLES, 2)
        assert len(decoded([encoder.encode(frame.pcm)])) == FRAME_SAMPLES


# A fresh resampler for each chunk, and before that, every sample twice


def test_one_resampler_a_response_keeps_27_db_that_one_a_chunk_loses() -> None:
    source = tone(1_000, 24_000)
    ideal = tone(1_000, 48_000, rate_hz=48_000)
    played = Drive().take(Script().response(source, 480))
    played.until_idle()
    fresh = [
        part
        for a, b in cuts(len(source), [480])
        for upsampler in [Upsampler()]
        for part in (upsampler.push(source[a:b].tobytes())[1], upsampler.flush())
    ]
    inner = slice(2_000, -2_000)

    def figure(got: np.ndarray[tuple[int, ...], np.dtype[np.int16]]) -> float:
        return signal_to_error_db(ideal[inner], got[inner])

    assert figure(played.speech()) > 75
    assert 45 < figure(np.concatenate(fresh)) < 60
    assert 20 < figure(np.repeat(source, 2)) < 27


# Sleeping a frame's length after each frame made the period 22.5 ms


def test_the_period_is_20_ms_however_long_the_work_takes() -> None:
    now = naive = 100.0
    pacer = Pacer(staggered_anchor(now, 0))
    sent: list[float] = []
    for _ in range(1_000):
        naive += FRAME_S + WORK_S
        now += pacer.delay(now)
        pacer.sent(now)
        sent.append(now)
        now += WORK_S
    assert np.diff(sent) == pytest.approx(0.020, abs=1e-9)
    assert (naive - 100.0) / 1_000 == pytest.approx(0.0225)


def test_a_tick_that_takes_longer_than_a_frame_is_made_up_for() -> None:
    now = 0.0
    pacer = Pacer(now)
    sent: list[float] = []
    for n in range(50):
        now += pacer.delay(now)
        pacer.sent(now)
        sent.append(now)
        now += 0.050 if n == 10 else WORK_S
    assert sent[-1] == pytest.approx(49 * FRAME_S)


# A loop that span while it had nothing to do


def test_nothing_ticks_while_nobody_listens() -> None:
    async def go() -> None:
        async with playing() as played:
            for entry in Script().response(noise(4_800)):
                played.player.take(*entry)
            await asyncio.sleep(0.2)
            assert played.encoder.ticks == 0
            listener = Listener()
            await joined(played.player, listener)
            await listener.listen(8)
            played.player.leave("a")
            before = played.encoder.ticks
            await asyncio.sleep(0.2)
            assert played.encoder.ticks == before

    run(go())


def test_a_second_has_50_ticks_with_nothing_to_say() -> None:
    async def go() -> None:
        async with playing() as played:
            await joined(played.player, Listener())
            await asyncio.sleep(1.0)
            assert 35 <= played.encoder.ticks <= 52

    run(go())


# Silence without a sleep once the stream had closed: 10,000 packets at once


def test_a_track_gives_no_more_packets_than_there_were_ticks_and_none_after_stop() -> None:
    async def go() -> None:
        async with playing() as played:
            listener = Listener()
            await joined(played.player, listener)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await listener.listen(10_000)
            assert len(listener.packets) <= LEAD_IN_PACKETS + played.encoder.ticks
            played.player.leave("a")
            listener.track.stop()
            for _ in range(100):
                with pytest.raises(MediaStreamError):
                    await listener.track.recv()

    run(go())


def test_an_idle_feed_gives_one_frame_of_silence_a_tick() -> None:
    async def go() -> None:
        async with playing() as played:
            listener = Listener()
            await joined(played.player, listener)
            for entry in Script().response(noise(2_400)):
                played.player.take(*entry)
            await listener.listen(LEAD_IN_PACKETS + 20)
            assert played.player.playout.idle
            assert played.encoder.ticks <= 21
            steps = np.diff([packet.pts or 0 for packet in listener.packets])
            assert (steps == FRAME_SAMPLES).all()

    run(go())


# Mono bytes under a stereo label


def test_stages_3_and_4_are_two_equal_channels_four_times_stage_2() -> None:
    mono = speech(4_800)
    drive = Drive().take(Script().response(mono, 700))
    drive.until_idle()
    stage_2 = b"".join(frame.framed for frame in drive.frames)
    assert stage_2 == mono.tobytes()
    for stage in (drive.resampled(), b"".join(frame.pcm.tobytes() for frame in drive.frames)):
        assert len(stage) == 4 * len(stage_2)
        left, right = np.frombuffer(stage, "<i2").reshape(-1, 2).T
        assert np.array_equal(left, right)
        assert np.array_equal(left, reference_resample(mono))
