// Listens to what the browser has decoded, before anything renders it. Installed before the
// page's own scripts, so that every remote audio track is seen from its first sample. What
// `tap.record` does with a track depends on the browser: tap_chromium.js, tap_firefox.js.
window.tap = {};

(() => {
  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Native {
    constructor(...args) {
      super(...args);
      this.addEventListener("track", (event) => tap.record(event.track));
    }
  };

  tap.base64 = (arrays) => {
    let text = "";
    for (const bytes of arrays) {
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
