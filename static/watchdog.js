/** Whether RTP still arrives. Pure: time comes in as an argument. */

/** From the start of a connection to its first packet. The server drops an
 * offer that has not connected after 15 s; by then the page should have gone
 * on to the next attempt. */
export const FIRST_PACKET_MS = 10_000;

/** The server sends a packet each 20 ms, silence included, so a whole second
 * without one is a broken path and never a pause in the speech. */
export const CUT_OFF_MS = 1000;

export class Watchdog {
  #quietSince_ms;
  #packets = 0;

  /** @param {number} now_ms when the connection was begun */
  constructor(now_ms) {
    this.#quietSince_ms = now_ms;
  }

  /** True once a packet has arrived. */
  get flowing() {
    return this.#packets > 0;
  }

  /**
   * @param {number} now_ms
   * @param {number} packetsReceived as counted by the receiver, 0 before the first
   * @returns {boolean} true if the connection should be given up
   */
  push(now_ms, packetsReceived) {
    // Growth is looked at before the time: a tab that was asleep for a minute
    // while packets went on arriving is not cut off.
    if (packetsReceived > this.#packets) {
      this.#packets = packetsReceived;
      this.#quietSince_ms = now_ms;
    }
    return now_ms - this.#quietSince_ms >= (this.flowing ? CUT_OFF_MS : FIRST_PACKET_MS);
  }
}
