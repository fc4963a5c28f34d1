/**
 * Whether the jitter buffer of a new connection has settled. Pure: samples of
 * the receiver's statistics go in, a verdict comes out.
 *
 * A new connection's buffer first grows, then shrinks to the path's real
 * jitter by speeding the audio up. Speech that starts in that time loses up to
 * 0.2 s to it, so the server is asked to begin only afterwards.
 */

/** Nothing may have been stretched or concealed for this long. Speech that began
 * this long after the first packet was never squeezed afterwards (docs/cold-start.md). */
export const WINDOW_MS = 150;

/** So long after the first packet the buffer counts as settled anyhow: on a
 * path that never comes to rest, waiting on would only be silence. */
export const CAP_MS = 4000;

/** Packets come each 20 ms; a gap longer than this starts the window anew. */
export const FLOW_MS = 100;

/**
 * @typedef {object} ReadinessSample counters as in RTCInboundRtpStreamStats
 * @property {number} now_ms monotonic
 * @property {number} packetsReceived
 * @property {number} jitterBufferEmittedCount
 * @property {number} removedSamplesForAcceleration
 * @property {number} insertedSamplesForDeceleration
 * @property {number} concealedSamples
 */

export class Readiness {
  /** @type {ReadinessSample | null} */
  #last = null;
  #first_ms = 0;
  #flowed_ms = 0;
  #quietSince_ms = 0;
  #settled = false;

  /** Once true it stays so: later trouble is the playout's business. */
  get settled() {
    return this.#settled;
  }

  /**
   * @param {ReadinessSample} sample not older than the one before; every 50-100 ms
   * @returns {boolean} settled, as of this sample
   */
  push(sample) {
    if (this.#settled || sample.packetsReceived === 0) return this.#settled;
    const { now_ms } = sample;
    const last = this.#last;
    this.#last = sample;
    if (!last) {
      this.#first_ms = this.#flowed_ms = this.#quietSince_ms = now_ms;
      return false;
    }
    // Both ends must move: a buffer that nobody drains looks calm too.
    const flows =
      sample.packetsReceived > last.packetsReceived &&
      sample.jitterBufferEmittedCount > last.jitterBufferEmittedCount;
    if (flows) this.#flowed_ms = now_ms;
    if (repaired(last, sample) || now_ms - this.#flowed_ms > FLOW_MS) {
      this.#quietSince_ms = now_ms;
    }
    this.#settled =
      now_ms - this.#quietSince_ms >= WINDOW_MS || now_ms - this.#first_ms >= CAP_MS;
    return this.#settled;
  }
}

/**
 * @param {ReadinessSample} before
 * @param {ReadinessSample} after
 */
function repaired(before, after) {
  return (
    after.removedSamplesForAcceleration !== before.removedSamplesForAcceleration ||
    after.insertedSamplesForDeceleration !== before.insertedSamplesForDeceleration ||
    after.concealedSamples !== before.concealedSamples
  );
}
