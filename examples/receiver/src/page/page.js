// The receiver's page: deliveries as they come.

import { announce, button, byId, copy, element, outcomeWords, typeWords } from "./page/dom.js";
import * as dead from "./page/dead.js";
import * as detail from "./page/detail.js";
import { List } from "./page/list.js";
import { draw } from "./page/plots.js";

/** So many of the newest deliveries are shown. */
const MOST = 20_000;

/** All deliveries, oldest first, and those that the filters leave. */
let all = [];
let shown = [];
let about = { boot: null, local: false, inbox: false, curl: null, samples: [] };
/** Deliveries that came while the list was being loaded, or since it was last drawn. */
let incoming = [];
let unannounced = [];
let loading = false;
let chosen = null;

const list = new List(byId("list"), choose);
const filters = ["vendor", "type", "outcome"];
/** Which choices the filters have. */
const offered = new Set();

function connect() {
  const source = new EventSource("deliveries/stream");
  source.onopen = () => setState("live", "live");
  source.onerror = () => {
    setState("lost", "the receiver does not answer; trying again");
    // The browser gives up after some errors.
    if (source.readyState === EventSource.CLOSED) again();
  };
  const again = () => {
    source.close();
    setTimeout(connect, 1000);
  };
  source.addEventListener("boot", (event) => load(JSON.parse(event.data)).catch(again));
  source.addEventListener("delivery", (event) => {
    incoming.push(JSON.parse(event.data));
    if (incoming.length === 1) setTimeout(take, 30);
  });
}

/** Loads the list: at first, after a restart, and where deliveries were missed. */
async function load({ boot, newest }) {
  loading = true;
  try {
    const after = Math.max(0, newest - MOST);
    const [told, rows] = await Promise.all(
      ["inspector", `deliveries?after=${after}`].map(async (path) => (await fetch(path)).json()),
    );
    if (about.boot !== null && about.boot !== boot) announce("The receiver was started anew");
    about = told;
    all = rows;
    choose(null);
    all.forEach(offer);
    refilter();
  } finally {
    loading = false;
  }
  showAbout();
  take();
}

/** Takes what has come into the list. */
function take() {
  if (loading) return;
  const last = all.at(-1)?.seq ?? 0;
  const rows = incoming.filter((row) => row.seq > last);
  incoming = [];
  if (rows.length === 0) return;
  all.push(...rows);
  const more = rows.filter(matching());
  const leave = all.length - MOST;
  if (leave > MOST / 10) {
    all.splice(0, leave);
    shown = all.filter(matching());
  } else {
    shown.push(...more);
  }
  rows.forEach(offer);
  present(more.length);
  unannounced.push(...rows);
  if (about.inbox && rows.some((row) => row.origin === "worker")) refreshDead();
}

/** A screen reader is told every other second, or it could not keep up. */
function announceRows() {
  const newest = unannounced.at(-1);
  if (newest === undefined) return;
  const more = unannounced.length > 1 ? `${unannounced.length} deliveries, the newest: ` : "";
  announce(`${more}${outcomeWords(newest)}, ${typeWords(newest)}`);
  unannounced = [];
}

function refilter() {
  shown = all.filter(matching());
  byId("list").scrollTop = 0;
  present();
}

function present(added = 0) {
  list.show(shown, added);
  const filtered = isFiltered();
  byId("list").hidden = shown.length === 0;
  byId("none").hidden = all.length === 0 || shown.length > 0;
  byId("empty").hidden = all.length > 0;
  byId("count").textContent = filtered ? `${shown.length} of ${all.length}` : `${all.length} in all`;
  byId("count").classList.toggle("filtered", filtered);
}

const isFiltered = () => byId("search").value.trim() !== "" || filters.some((id) => byId(id).value !== "");

/** What the filters ask for at this moment, as a function that says whether a delivery has it. */
function matching() {
  const wanted = filters.map((id) => [id, byId(id).value]).filter(([, value]) => value !== "");
  const words = byId("search").value.trim().toLowerCase();
  return (row) => {
    if (!wanted.every(([id, value]) => row[id] === value)) return false;
    if (words === "") return true;
    const texts = [row.id, row.type, row.tenant, row.kind, row.reason, row.vendor, outcomeWords(row)];
    return texts.some((text) => text?.toLowerCase().includes(words));
  };
}

/** Adds what a delivery has to the filters' choices. */
function offer(row) {
  for (const id of filters) {
    const value = row[id];
    if (!value || offered.has(`${id} ${value}`)) continue;
    offered.add(`${id} ${value}`);
    const select = byId(id);
    const words = id === "outcome" ? outcomeWords(row) : value;
    const option = element("option", { value }, words);
    const after = [...select.options].slice(1).find((other) => other.text > words);
    select.insertBefore(option, after ?? null);
  }
}

function choose(row) {
  if (row === null) {
    const wasIn = byId("detail").contains(document.activeElement);
    detail.close();
    if (wasIn) byId(byId("dead").hidden ? "list" : "tab-dead").focus();
  } else {
    const same = all.filter((other) => other.seq !== row.seq && row.id !== null && other.id === row.id && other.vendor === row.vendor);
    detail.showDelivery(row, same.slice(-20), { onClose: () => choose(null), onChoose: choose, local: about.local })
      .catch((error) => setState("lost", `the receiver does not answer (${error.message})`));
  }
  chosen = row?.seq ?? null;
  document.body.classList.toggle("with-detail", chosen !== null);
  list.mark(chosen);
}

function showAbout() {
  const lines = Object.entries(about.curl ?? {}).map(([vendor, line]) => {
    const copying = button("Copy", () => copy(line, copying));
    copying.ariaLabel = `Copy the line for ${vendor}`;
    return [element("h3", {}, vendor, copying), element("pre", { tabIndex: 0 }, line)];
  });
  byId("curls").replaceChildren(...lines.flat());
  byId("empty-text").hidden = lines.length === 0;
  const variables = lines.length > 0 && Object.values(about.curl).join().includes('"$SMILE_');
  byId("empty-secret").hidden = !variables;
  offerSamples();
  byId("tabs").hidden = !about.inbox;
  if (about.inbox) refreshDead();
}

function offerSamples() {
  byId("sample").hidden = about.samples.length === 0;
  if (byId("sample-type").options.length > 0) return;
  for (const vendor of new Set(about.samples.map((sample) => sample.vendor))) {
    const types = about.samples.filter((sample) => sample.vendor === vendor);
    const options = types.map(({ type }) => element("option", { value: type }, type));
    byId("sample-type").append(element("optgroup", { label: vendor }, ...options));
  }
  byId("sample-type").value = "ACCOUNT_CONNECTED";
}

async function sendSample(event) {
  event.preventDefault();
  const query = new URLSearchParams({ type: byId("sample-type").value });
  const response = await fetch(`samples?${query}`, { method: "POST" });
  if (!response.ok) announce(await response.text());
}

function refreshDead() {
  dead.refresh(about.local, (letter) => {
    document.body.classList.add("with-detail");
    detail.showDeadLetter(letter, () => choose(null));
  }).catch(() => {});
}

function showTab(name) {
  for (const tab of ["deliveries", "dead"]) {
    byId(tab).hidden = tab !== name;
    byId(`tab-${tab}`).setAttribute("aria-pressed", tab === name);
  }
  choose(null);
  if (name === "dead") refreshDead();
}

function setState(kind, text) {
  byId("state").className = `state ${kind}`;
  byId("state").textContent = text;
}

byId("tab-deliveries").onclick = () => showTab("deliveries");
byId("tab-dead").onclick = () => showTab("dead");
byId("filters").onsubmit = (event) => event.preventDefault();
byId("filters").oninput = refilter;
byId("sample").onsubmit = sendSample;
byId("clear").onclick = () => {
  byId("filters").reset();
  refilter();
  byId("search").focus();
};
document.addEventListener("keydown", (event) => {
  const inField = event.target.matches("input, select, textarea");
  if (event.key === "/" && !inField) {
    event.preventDefault();
    byId("search").focus();
  } else if (event.key === "Escape" && !inField && !byId("detail").hidden) {
    choose(null);
  }
});
setInterval(() => draw(all), 1000);
setInterval(announceRows, 2000);
draw(all);
connect();
