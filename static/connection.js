/** One WebRTC connection to the streamer, from the offer to its loss. */

import { Readiness } from "./readiness.js";
import { askForStereo, exchange, Refusal } from "./signalling.js";
import { readSample } from "./stats.js";
import { Watchdog } from "./watchdog.js";

/** How often the receiver is read: finely while its buffer settles, then just
 * often enough for the watchdog. */
const POLL_MS = { settling: 50, settled: 250 };

/** The least delay of the browser's jitter buffer. The streamer's first packets
 * bring as much silence at once, so the buffer begins at its target and neither
 * stretches nor squeezes what follows. Left to itself it starts at 80 ms, grows
 * to there, and shrinks for seconds. */
const JITTER_BUFFER_TARGET_MS = 80;

/**
 * Why there is no connection.
 *
 * - `cut off`: it worked, then no packet came, or the server closed it
 * - `unreachable`: it never worked
 * - `busy`: the server said so (5xx), in `message`
 * - `refused`: the server will not take this offer (4xx), said in `message`
 *
 * @typedef {{kind: "cut off" | "unreachable" | "busy" | "refused", message: string}} Trouble
 */

/**
 * @typedef {object} ConnectionHandlers
 * @property {() => void} changed `opened`, `flowing` or `settled` may have changed
 * @property {(sample: import("./stats.js").Sample) => void} sample
 * @property {(message: any) => void} message one JSON message from the server
 * @property {(trouble: Trouble) => void} lost at most once, after which nothing
 *   else is called; not called after `close`
 */

export class Connection {
  #feed;
  #handlers;
  #closing = new AbortController();
  #readiness = new Readiness();
  #watchdog = new Watchdog(performance.now());
  #channel;
  #receiver;

  /**
   * @param {string | null} feed null for the server's default feed
   * @param {ConnectionHandlers} handlers
   */
  constructor(feed, handlers) {
    this.#feed = feed;
    this.#handlers = handlers;
    this.pc = new RTCPeerConnection({ iceServers: [] });
    this.#receiver = this.pc.addTransceiver("audio", { direction: "recvonly" }).receiver;
    this.#receiver.jitterBufferTarget = JITTER_BUFFER_TARGET_MS;
    /** What to render; it exists before the offer, so rendering need not wait. */
    this.stream = new MediaStream([this.#receiver.track]);
    this.#channel = this.pc.createDataChannel("playhead");
    this.#listen();
  }

  /** True while messages can be sent. */
  get opened() {
    return this.#channel.readyState === "open";
  }

  /** True once RTP has arrived. */
  get flowing() {
    return this.#watchdog.flowing;
  }

  /** True once the jitter buffer has come to rest. */
  get settled() {
    return this.#readiness.settled;
  }

  /** Send the offer and keep watch. Failures end in the handler `lost`. */
  async open() {
    try {
      const offer = await this.pc.createOffer();
      const sdp = askForStereo(offer.sdp ?? "");
      this.#watch();
      const { answer, iceServers } = await exchange(sdp, this.#feed, this.#closing.signal);
      // Only now, as the local description starts the gathering of candidates, which
      // asks these servers. It is not waited for: the server learns our address from
      // the checks we send to it.
      if (iceServers.length > 0) this.pc.setConfiguration({ iceServers });
      await this.pc.setLocalDescription({ type: "offer", sdp });
      await this.pc.setRemoteDescription(answer);
    } catch (error) {
      this.#lose(diagnose(error));
    }
  }

  /** @param {object} message sent as JSON; the channel must be `opened` */
  send(message) {
    this.#channel.send(JSON.stringify(message));
  }

  /** Let go at once: the server sees it within 0.2 s. Safe to repeat. */
  close() {
    this.#closing.abort();
    this.pc.close();
  }

  #listen() {
    const { signal } = this.#closing;
    const cutOff = () => this.#lose({ kind: "cut off", message: "The server closed the connection." });
    this.#channel.addEventListener("open", () => this.#handlers.changed(), { signal });
    this.#channel.addEventListener("close", cutOff, { signal });
    this.#channel.addEventListener("message", (event) => this.#receive(event.data), { signal });
    this.pc.addEventListener(
      "connectionstatechange",
      () => {
        if (["failed", "closed"].includes(this.pc.connectionState)) cutOff();
      },
      { signal },
    );
  }

  /** @param {unknown} data */
  #receive(data) {
    let message;
    try {
      message = JSON.parse(String(data));
    } catch {
      console.warn("playhead: not JSON from the server:", data);
      return;
    }
    this.#handlers.message(message);
  }

  async #watch() {
    while (!this.#closing.signal.aborted) {
      const report = await this.#receiver.getStats();
      if (this.#closing.signal.aborted) return;
      const now_ms = performance.now();
      const sample = readSample(report, now_ms);
      if (this.#watchdog.push(now_ms, sample?.packetsReceived ?? 0)) {
        const kind = this.flowing ? "cut off" : "unreachable";
        this.#lose({ kind, message: "No audio arrives." });
        return;
      }
      if (sample) {
        this.#readiness.push(sample);
        this.#handlers.sample(sample);
      }
      this.#handlers.changed();
      const wait_ms = this.settled ? POLL_MS.settled : POLL_MS.settling;
      await new Promise((resolve) => setTimeout(resolve, wait_ms));
    }
  }

  /** @param {Trouble} trouble */
  #lose(trouble) {
    if (this.#closing.signal.aborted) return;
    this.close();
    this.#handlers.lost(trouble);
  }
}

/**
 * @param {any} error
 * @returns {Trouble}
 */
function diagnose(error) {
  if (error instanceof Refusal) {
    return { kind: error.final ? "refused" : "busy", message: error.message };
  }
  return { kind: "unreachable", message: String(error?.message ?? error) };
}
