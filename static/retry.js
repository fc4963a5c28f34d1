/** The one retry policy of the page: how long to wait before connecting again. */

export const RETRY = { FIRST_MS: 250, CAP_MS: 5000 };

/**
 * Doubles from FIRST_MS to CAP_MS; the upper half of each wait is random, so
 * that the listeners of a restarted server do not all come back at once.
 *
 * @param {number} attempt failures in a row before this one, from 0
 * @param {number} random in [0, 1)
 * @returns {number} milliseconds to wait
 */
export function retryDelay_ms(attempt, random) {
  const whole_ms = Math.min(RETRY.CAP_MS, RETRY.FIRST_MS * 2 ** attempt);
  return whole_ms * (0.5 + random / 2);
}
