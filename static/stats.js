/** From getStats to numbers, and from numbers to the rows of the table. */

/**
 * One reading of the receiver. Counters are totals since the connection began,
 * named as in RTCInboundRtpStreamStats.
 *
 * @typedef {object} Sample
 * @property {number} now_ms monotonic time of the reading
 * @property {number} packetsReceived
 * @property {number} packetsLost
 * @property {number} bytesReceived payload only
 * @property {number} jitter_ms
 * @property {number} jitterBufferDelay seconds, summed over emitted samples
 * @property {number} jitterBufferEmittedCount
 * @property {number} totalSamplesReceived concealed ones included
 * @property {number} concealedSamples
 * @property {number} removedSamplesForAcceleration
 * @property {number} insertedSamplesForDeceleration
 * @property {number | null} roundTrip_ms null until a STUN check has been answered
 */

/** @typedef {{label: string, value: string}} Row */

/** WebRTC counts samples at the rate of Opus, whatever was coded. */
const SAMPLES_PER_MS = 48;

/** Shown where nothing has been measured yet. */
const UNKNOWN = "–";

/**
 * @param {RTCStatsReport} report
 * @param {number} now_ms
 * @returns {Sample | null} null while the receiver has no stream
 */
export function readSample(report, now_ms) {
  let inbound = null;
  let pair = null;
  for (const entry of report.values()) {
    if (entry.type === "inbound-rtp" && entry.kind === "audio") inbound = entry;
    if (entry.type === "candidate-pair" && entry.nominated) pair = entry;
  }
  if (!inbound) return null;
  return {
    now_ms,
    packetsReceived: inbound.packetsReceived ?? 0,
    packetsLost: inbound.packetsLost ?? 0,
    bytesReceived: inbound.bytesReceived ?? 0,
    jitter_ms: (inbound.jitter ?? 0) * 1000,
    jitterBufferDelay: inbound.jitterBufferDelay ?? 0,
    jitterBufferEmittedCount: inbound.jitterBufferEmittedCount ?? 0,
    totalSamplesReceived: inbound.totalSamplesReceived ?? 0,
    concealedSamples: inbound.concealedSamples ?? 0,
    removedSamplesForAcceleration: inbound.removedSamplesForAcceleration ?? 0,
    insertedSamplesForDeceleration: inbound.insertedSamplesForDeceleration ?? 0,
    roundTrip_ms:
      pair?.currentRoundTripTime === undefined ? null : pair.currentRoundTripTime * 1000,
  };
}

/**
 * What happened between two samples of one connection.
 *
 * @param {Sample} before
 * @param {Sample} after
 * @returns {{bufferDelay_ms: number | null, concealed_percent: number | null, bitrate_kbps: number | null}}
 *   null where nothing was emitted, received or elapsed, so there is no ratio
 */
export function change(before, after) {
  const emitted = after.jitterBufferEmittedCount - before.jitterBufferEmittedCount;
  const samples = after.totalSamplesReceived - before.totalSamplesReceived;
  const elapsed_ms = after.now_ms - before.now_ms;
  const delay_s = after.jitterBufferDelay - before.jitterBufferDelay;
  const concealed = after.concealedSamples - before.concealedSamples;
  const bits = (after.bytesReceived - before.bytesReceived) * 8;
  return {
    bufferDelay_ms: emitted > 0 ? (delay_s / emitted) * 1000 : null,
    concealed_percent: samples > 0 ? (concealed / samples) * 100 : null,
    bitrate_kbps: elapsed_ms > 0 ? bits / elapsed_ms : null,
  };
}

/**
 * @param {Sample | null} before null for the first sample of a connection
 * @param {Sample | null} after null while there is no connection
 * @returns {Row[]} always the same labels in the same order
 */
export function rows(before, after) {
  const delta = before && after ? change(before, after) : null;
  return [
    { label: "Packets lost", value: after ? String(after.packetsLost) : UNKNOWN },
    { label: "Jitter", value: quantity(after?.jitter_ms, 1, "ms") },
    { label: "Jitter buffer", value: quantity(delta?.bufferDelay_ms, 0, "ms") },
    { label: "Concealed samples", value: after ? concealed(after, delta) : UNKNOWN },
    { label: "Time-stretched", value: after ? stretched(after) : UNKNOWN },
    { label: "Bitrate", value: quantity(delta?.bitrate_kbps, 1, "kbit/s") },
    { label: "Round trip", value: quantity(after?.roundTrip_ms, 1, "ms") },
  ];
}

/**
 * @param {Sample} sample
 * @param {{concealed_percent: number | null} | null} delta
 */
function concealed(sample, delta) {
  const total = String(sample.concealedSamples);
  const now = quantity(delta?.concealed_percent, 1, "%");
  return now === UNKNOWN ? total : `${total}, now ${now}`;
}

/**
 * What the jitter buffer cut by speeding up, and added by slowing down.
 *
 * @param {Sample} sample
 */
function stretched(sample) {
  const removed_ms = sample.removedSamplesForAcceleration / SAMPLES_PER_MS;
  const inserted_ms = sample.insertedSamplesForDeceleration / SAMPLES_PER_MS;
  return `−${removed_ms.toFixed(0)} ms, +${inserted_ms.toFixed(0)} ms`;
}

/**
 * @param {number | null | undefined} value
 * @param {number} digits
 * @param {string} unit
 */
function quantity(value, digits, unit) {
  return value === null || value === undefined ? UNKNOWN : `${value.toFixed(digits)} ${unit}`;
}
