/** The log of messages between the page and the server, newest first. */

/** Older lines are dropped. */
const MAX_LINES = 20;

export class Events {
  #list;

  /** @param {HTMLOListElement} list */
  constructor(list) {
    this.#list = list;
  }

  /**
   * @param {"sent" | "received"} direction
   * @param {any} message
   * @param {Date} at
   */
  add(direction, message, at) {
    const line = document.createElement("li");
    const time = document.createElement("time");
    time.dateTime = at.toISOString();
    time.textContent = clock(at);
    const type = document.createElement("code");
    type.textContent = message.type;
    const rest = document.createElement("span");
    rest.className = "details";
    rest.textContent = details(message);
    line.className = message.type === "error" ? "error" : direction;
    line.append(time, type, rest);
    this.#list.prepend(line);
    while (this.#list.children.length > MAX_LINES) this.#list.lastElementChild?.remove();
  }
}

/**
 * @param {any} message
 * @returns {string} everything but the type: "response_id r1, samples 480"
 */
function details(message) {
  return Object.entries(message)
    .filter(([name]) => name !== "type")
    .map(([name, value]) => `${name} ${typeof value === "object" ? JSON.stringify(value) : value}`)
    .join(", ");
}

/**
 * @param {Date} at
 * @returns {string} local time as "09:05:07.123"
 */
function clock(at) {
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const ms = String(at.getMilliseconds()).padStart(3, "0");
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${ms}`;
}
