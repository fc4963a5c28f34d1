/** The state of the player, in words. */

/**
 * @param {import("./player.js").State} state
 * @param {import("./connection.js").Trouble | null} trouble
 * @param {number} retry_ms
 * @returns {string}
 */
export function describe(state, trouble, retry_ms) {
  switch (state) {
    case "connecting":
      return "Connecting…";
    case "warming":
      return "Warming up…";
    case "blocked":
      return "Click Play to listen";
    case "ready":
      return "Listening – nothing is being said";
    case "speaking":
      return "Speaking";
    case "paused":
      return "Paused";
    case "failed":
      return `The server refused: ${trouble?.message}`;
    case "reconnecting":
      return `${cause(trouble)} – reconnecting ${soon(retry_ms)}…`;
  }
}

/** @param {import("./connection.js").Trouble | null} trouble */
function cause(trouble) {
  if (trouble?.kind === "busy") return `The server cannot serve you yet: ${trouble.message}`;
  if (trouble?.kind === "unreachable") return "The server cannot be reached";
  return "Cut off";
}

/** @param {number} retry_ms */
function soon(retry_ms) {
  return retry_ms < 1000 ? "now" : `in ${Math.round(retry_ms / 1000)} s`;
}
