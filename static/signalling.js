/** The offer: what it asks for, and how it is exchanged for an answer. */

/** The server answered the offer with an HTTP error, in its own words. */
export class Refusal extends Error {
  /**
   * @param {number} status
   * @param {string} message
   */
  constructor(status, message) {
    super(message);
    this.name = "Refusal";
    this.status = status;
  }

  /** True if the same offer will be refused again: the caller's mistake (4xx). */
  get final() {
    return this.status < 500;
  }
}

/**
 * @param {string} sdp an offer
 * @returns {string} the same, with `stereo=1` for Opus: without it Chromium
 *   decodes to mono, whatever was sent
 */
export function askForStereo(sdp) {
  const opus = sdp.match(/^a=rtpmap:(\d+) opus\/48000\/2\r?$/im)?.[1];
  if (!opus) return sdp;
  const fmtp = new RegExp(`^a=fmtp:${opus} (.*?)(\r?)$`, "m");
  const parameters = sdp.match(fmtp)?.[1];
  if (parameters === undefined) {
    return sdp.replace(/^(a=rtpmap:\d+ opus.*?)(\r?)$/im, `$1$2\na=fmtp:${opus} stereo=1$2`);
  }
  if (/(^|;)\s*stereo=/.test(parameters)) return sdp;
  return sdp.replace(fmtp, `a=fmtp:${opus} $1;stereo=1$2`);
}

/** One link of a `Link` header (RFC 8288): its target, and its attributes. */
const LINK = /<([^>]*)>((?:\s*;\s*[\w-]+\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s;,"]+))*)/g;
const ATTRIBUTE = /([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]+))/g;

/**
 * @param {string | null} links the `Link` headers of a response, joined
 * @returns {RTCIceServer[]} the STUN and TURN servers among them (RFC 9725, section 4.6)
 */
export function readIceServers(links) {
  const servers = [];
  for (const [, urls, rest] of (links ?? "").matchAll(LINK)) {
    const attributes = Object.fromEntries(
      Array.from(rest.matchAll(ATTRIBUTE), ([, name, quoted, token]) => [
        name.toLowerCase(),
        token ?? quoted.replace(/\\(.)/g, "$1"),
      ]),
    );
    if (attributes.rel !== "ice-server") continue;
    const { username, credential } = attributes;
    servers.push({ urls, ...(username !== undefined && { username, credential }) });
  }
  return servers;
}

/**
 * @param {string} sdp
 * @param {string | null} feed null for the server's default feed
 * @param {AbortSignal} signal
 * @returns {Promise<{answer: RTCSessionDescriptionInit, iceServers: RTCIceServer[]}>} what
 *   the server says, and the servers to gather candidates with
 * @throws {Refusal} if the server answers with an HTTP error
 * @throws {TypeError} if it cannot be reached
 */
export async function exchange(sdp, feed, signal) {
  const response = await fetch("/offer", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ sdp, type: "offer", ...(feed !== null && { feed }) }),
    signal,
  });
  if (!response.ok) throw new Refusal(response.status, await reason(response));
  const iceServers = readIceServers(response.headers.get("Link"));
  return { answer: await response.json(), iceServers };
}

/**
 * @param {Response} response
 * @returns {Promise<string>}
 */
async function reason(response) {
  try {
    return (await response.json()).error.message;
  } catch {
    // A proxy in between may answer with a page of its own.
    return `HTTP ${response.status} ${response.statusText}`.trim();
  }
}
