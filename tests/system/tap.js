// Records what the browser has decoded, before anything renders it. Installed before the page's
// own scripts, so that every remote audio track is seen from its first sample.
window.tap = { chunks: [], times: [] };

(() => {
  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Native {
    constructor(...args) {
      super(...args);
      this.addEventListener("track", (event) => record(event.track));
    }
  };

  async function record(track) {
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
  }

  // Everything so far, as base64 of interleaved s16le.
  tap.take = () => {
    let text = "";
    for (const chunk of tap.chunks) {
      const bytes = new Uint8Array(chunk.buffer);
      for (let i = 0; i < bytes.length; i += 8192) {
        text += String.fromCharCode.apply(null, bytes.subarray(i, i + 8192));
      }
    }
    return btoa(text);
  };

  // The receiver's own statistics of the page's current connection.
  tap.inbound = async () => {
    const report = await window.playhead.pc.getReceivers()[0].getStats();
    for (const stats of report.values()) if (stats.type === "inbound-rtp") return stats;
    return null;
  };
})();
