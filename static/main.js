/**
 * The page: finds its elements and wires them to the player.
 *
 * For tests and the console: `window.playhead` is the Player, with `.state`,
 * `.pc` (RTCPeerConnection) and `.audio` (the media element that renders);
 * `document.body.dataset.state` always equals `.state`.
 */

import { Events } from "./events.js";
import { Meter } from "./meter.js";
import { Player } from "./player.js";
import { rows } from "./stats.js";
import { describe } from "./status.js";

/** The table shows the last second, once a second. */
const TABLE_MS = 1000;

/**
 * @template {HTMLElement} E
 * @param {string} id
 * @param {new () => E} kind
 * @returns {E}
 */
function element(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`index.html has no ${kind.name} #${id}`);
  return found;
}

const statusLine = element("status", HTMLElement);
const toggle = element("toggle", HTMLButtonElement);
const table = element("stats", HTMLTableSectionElement);
const listeners = element("listeners", HTMLElement);
const meter = new Meter(element("meter", HTMLCanvasElement));
const events = new Events(element("events", HTMLOListElement));

const feed = new URLSearchParams(location.search).get("feed");
element("feed", HTMLElement).textContent = feed === null ? "Default feed" : `Feed ${feed}`;

const player = new Player(feed, {
  changed: showPlayer,
  sample: showSample,
  message: (direction, message) => events.add(direction, message, new Date()),
});
Object.assign(window, { playhead: player });

/** The sample the table shows. @type {import("./stats.js").Sample | null} */
let shown = null;

const ACTIONS = {
  play: { label: "Play", act: () => player.play() },
  stop: { label: "Stop", act: () => player.stop() },
  retry: { label: "Retry", act: () => player.retry() },
};

/** @returns {keyof typeof ACTIONS} what the button does now */
function action() {
  if (player.state === "failed") return "retry";
  return player.audible ? "stop" : "play";
}

function showPlayer() {
  const { state, trouble, retry_ms, stream } = player;
  document.body.dataset.state = state;
  // Written only when it differs, or screen readers would repeat it.
  show(statusLine, describe(state, trouble, retry_ms));
  show(listeners, headcount(player.listeners));
  toggle.dataset.action = action();
  show(toggle, ACTIONS[action()].label);
  if (stream && (state === "ready" || state === "speaking")) meter.show(stream);
  else meter.rest();
  if (state === "connecting" || trouble) clearTable();
}

/** @param {{ready: number, connected: number} | null} count */
function headcount(count) {
  return count ? `${count.ready} of ${count.connected} listening` : "";
}

/** @param {import("./stats.js").Sample} sample */
function showSample(sample) {
  if (shown && sample.now_ms - shown.now_ms < TABLE_MS) return;
  showTable(rows(shown, sample));
  shown = sample;
}

/** Numbers of a connection that is gone would pass for news. */
function clearTable() {
  shown = null;
  showTable(rows(null, null));
}

/** @param {import("./stats.js").Row[]} lines */
function showTable(lines) {
  lines.forEach(({ label, value }, index) => {
    const line = table.rows[index] ?? addLine(label);
    show(line.cells[1], value);
  });
}

/** @param {string} label */
function addLine(label) {
  const line = table.insertRow();
  const heading = document.createElement("th");
  heading.scope = "row";
  heading.textContent = label;
  line.append(heading);
  line.insertCell();
  return line;
}

/**
 * @param {HTMLElement} target
 * @param {string} text
 */
function show(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

toggle.addEventListener("click", () => ACTIONS[action()].act());

// A page that is left says so at once; otherwise the server would send into
// the void until consent expires, 30 s later.
addEventListener("pagehide", () => player.close());
addEventListener("pageshow", (event) => {
  if (event.persisted) player.connect();
});

clearTable();
player.connect();
