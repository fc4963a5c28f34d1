// Firefox hands out no decoded samples: it has no MediaStreamTrackProcessor, and an AudioContext
// stands still on a machine without a sound device. What is left is its recorder. It codes anew,
// at a bitrate that adds nothing one could measure, and it leaves nothing out.
Object.assign(tap, { parts: [], started_ms: null });

tap.record = (track) => {
  const options = { mimeType: "audio/ogg; codecs=opus", audioBitsPerSecond: 510_000 };
  tap.parts = [];
  tap.recorder = new MediaRecorder(new MediaStream([track]), options);
  tap.recorder.addEventListener("start", () => { tap.started_ms = performance.now(); });
  tap.recorder.addEventListener("dataavailable", ({ data }) => tap.parts.push(data));
  tap.recorder.start();
};

// Everything since the track arrived, as base64 of an Ogg file. The recording ends with it: what
// the encoder holds comes out only at the end.
tap.take = async () => {
  const { recorder } = tap;
  if (recorder.state !== "inactive") {
    const stopped = new Promise((done) => recorder.addEventListener("stop", done));
    recorder.stop();
    await stopped;
  }
  return tap.base64([new Uint8Array(await new Blob(tap.parts).arrayBuffer())]);
};
