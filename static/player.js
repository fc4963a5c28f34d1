/**
 * A listener of one feed: keeps a connection, renders it, and tells the server
 * when it may speak.
 *
 * The audio element is never paused: only a rendering element drains the
 * browser's jitter buffer, and a drained buffer is what makes speech begin at
 * once after Play. Stop mutes, and the server holds the speech at the playhead.
 */

import { Connection } from "./connection.js";
import { retryDelay_ms } from "./retry.js";

/**
 * - `connecting`: no audio has arrived yet
 * - `warming`: the jitter buffer has not settled
 * - `blocked`: the browser wants a click before it plays aloud
 * - `ready`: listening; nothing is being said
 * - `speaking`: listening; a response is being played
 * - `paused`: the user pressed Stop
 * - `reconnecting`: waiting to connect again, see `trouble` and `retry_ms`
 * - `failed`: the server refused, see `trouble`; only `retry` helps
 *
 * @typedef {"connecting" | "warming" | "blocked" | "ready" | "speaking" | "paused" | "reconnecting" | "failed"} State
 */

/**
 * @typedef {object} PlayerHandlers
 * @property {() => void} changed any of the getters may have a new value
 * @property {(sample: import("./stats.js").Sample) => void} sample
 * @property {(direction: "sent" | "received", message: any) => void} message
 */

/** Messages the page understands; others are ignored, so that the server may
 * learn new ones first. */
const RECEIVED = new Set([
  "output_audio_buffer.started",
  "output_audio_buffer.stopped",
  "output_audio_buffer.cleared",
  "feed.listeners",
  "error",
]);

export class Player {
  #feed;
  #handlers;
  /** @type {Connection | null} */
  #connection = null;
  /** @type {import("./connection.js").Trouble | null} */
  #trouble = null;
  #failures = 0;
  #retry_ms = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retryTimer;
  /** What the user wants: on load, to listen. */
  #wanted = true;
  #rendering = false;
  /** What this connection's server knows. */
  #told = "";
  /** @type {string | null} response being said */
  #speaking = null;
  /** @type {{ready: number, connected: number} | null} */
  #listeners = null;

  /**
   * @param {string | null} feed null for the server's default feed
   * @param {PlayerHandlers} handlers
   */
  constructor(feed, handlers) {
    this.#feed = feed;
    this.#handlers = handlers;
    /** What renders the speech. A video element, though there is no picture:
     * Chromium lets muted video play before the first click, but not audio. */
    this.audio = document.createElement("video");
    this.audio.playsInline = true;
    this.audio.addEventListener("pause", () => this.#unpause());
  }

  /** @returns {State} */
  get state() {
    if (this.#trouble) return this.#trouble.kind === "refused" ? "failed" : "reconnecting";
    const connection = this.#connection;
    if (!connection?.flowing) return "connecting";
    if (!this.#wanted) return "paused";
    if (this.audio.muted) return "blocked";
    if (!this.#rendering || !connection.settled || !connection.opened) return "warming";
    return this.#speaking === null ? "ready" : "speaking";
  }

  /** The current peer connection, null before the first `connect`. */
  get pc() {
    return this.#connection?.pc ?? null;
  }

  /** What is rendered, null before the first `connect`. */
  get stream() {
    return this.#connection?.stream ?? null;
  }

  /** True if speech would be heard: neither stopped nor blocked. */
  get audible() {
    return this.#wanted && !this.audio.muted;
  }

  /** Why the state is `reconnecting` or `failed`, otherwise null. */
  get trouble() {
    return this.#trouble;
  }

  /** How long the state `reconnecting` lasts. */
  get retry_ms() {
    return this.#retry_ms;
  }

  /** How many listen to this feed, null until the server has said so. */
  get listeners() {
    return this.#listeners;
  }

  /** Connect, or connect anew; what there was is closed. */
  connect() {
    this.close();
    this.#trouble = null;
    this.#rendering = false;
    this.#told = "";
    this.#speaking = null;
    const connection = new Connection(this.#feed, {
      changed: () => this.#update(),
      sample: this.#handlers.sample,
      message: (message) => this.#receive(message),
      lost: (trouble) => this.#recover(trouble),
    });
    this.#connection = connection;
    this.audio.srcObject = connection.stream;
    this.audio.muted = !this.#wanted;
    connection.open();
    this.#render(connection);
  }

  /** Connect at once, after the user asked for it. */
  retry() {
    this.#failures = 0;
    this.connect();
  }

  /** Listen. Call it from a click: that is what lifts the autoplay block. */
  play() {
    this.#wanted = true;
    this.audio.muted = false;
    this.#update();
    // Some phones refuse even muted playing before the first tap.
    if (this.#connection && !this.#rendering) this.#render(this.#connection);
  }

  /** Fall silent, but keep the connection warm. */
  stop() {
    this.#wanted = false;
    this.audio.muted = true;
    this.#update();
  }

  /** Let go of the connection, without another attempt. */
  close() {
    clearTimeout(this.#retryTimer);
    this.#connection?.close();
  }

  /** @param {Connection} connection */
  async #render(connection) {
    try {
      await this.#start();
    } catch (error) {
      // Either the next connection has replaced the stream, and renders, or
      // even muted playing is refused, and the click comes back here.
      console.info("playhead: not rendering:", error);
      return;
    }
    if (connection !== this.#connection) return;
    this.#rendering = true;
    this.#update();
  }

  /** A headset that is unplugged or a media key pauses the element behind our
   * back. That means Stop, but the element itself has to go on. */
  #unpause() {
    if (this.audio.ended || !this.#connection) return;
    this.stop();
    this.#render(this.#connection);
  }

  async #start() {
    try {
      await this.audio.play();
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== "NotAllowedError") throw error;
      // Muted playing is allowed without a click, and warms the buffer.
      this.audio.muted = true;
      this.#update();
      await this.audio.play();
    }
  }

  /** @param {any} message */
  #receive(message) {
    if (!RECEIVED.has(message?.type)) return;
    if (message.type === "output_audio_buffer.started") {
      this.#speaking = message.response_id;
    } else if (message.type === "feed.listeners") {
      this.#listeners = { ready: message.ready, connected: message.connected };
    } else if (message.response_id === this.#speaking) {
      // Stopped, cleared or broken off: in each case it has been said.
      this.#speaking = null;
    }
    this.#handlers.message("received", message);
    this.#update();
  }

  /** @param {import("./connection.js").Trouble} trouble */
  #recover(trouble) {
    this.#trouble = trouble;
    this.#listeners = null;
    if (trouble.kind !== "refused") {
      this.#retry_ms = retryDelay_ms(this.#failures, Math.random());
      this.#failures += 1;
      this.#retryTimer = setTimeout(() => this.connect(), this.#retry_ms);
    }
    this.#update();
  }

  #update() {
    // A connection that breaks before it settles has not mended anything, so
    // only a settled one starts the back-off from the beginning.
    if (this.#connection?.settled && !this.#trouble) this.#failures = 0;
    this.#tell();
    this.#handlers.changed();
  }

  #tell() {
    if (!this.#connection?.opened) return;
    const listening = { paused: "listener.paused", ready: "listener.ready", speaking: "listener.ready" };
    const type = /** @type {Record<string, string | undefined>} */ (listening)[this.state];
    if (type && type !== this.#told) {
      this.#told = type;
      this.#send({ type });
    }
  }

  /** @param {object} message */
  #send(message) {
    this.#connection?.send(message);
    this.#handlers.message("sent", message);
  }
}
