// Every sample, as the decoder gave it.
Object.assign(tap, { chunks: [], times: [] });

tap.record = async (track) => {
  const reader = new MediaStreamTrackProcessor({ track }).readable.getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const n = value.numberOfFrames;
    const plane = new Float32Array(n);
    const stereo = new Int16Array(2 * n);
    for (const side of [0, 1]) {
      value.copyTo(plane, {
        planeIndex: Math.min(side, value.numberOfChannels - 1),
        format: "f32-planar",
      });
      for (let i = 0; i < n; i++) {
        stereo[2 * i + side] = Math.max(-32768, Math.min(32767, Math.round(plane[i] * 32768)));
      }
    }
    tap.channels = value.numberOfChannels;
    tap.rate_hz = value.sampleRate;
    tap.chunks.push(stereo);
    tap.times.push([performance.now(), n]);
    value.close();
  }
};

// Everything so far, as base64 of interleaved s16le.
tap.take = () => tap.base64(tap.chunks.map((chunk) => new Uint8Array(chunk.buffer)));
