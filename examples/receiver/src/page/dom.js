// Elements and texts. What deliveries hold is hostile: it goes into the page as text alone.

export const byId = (id) => document.getElementById(id);

/** Makes an element; strings among the children become text, and missing ones are left out. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("aria-") || name === "role") made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function button(text, onclick) {
  return element("button", { type: "button", onclick }, text);
}

/** Each outcome's words, and how it looks. */
const OUTCOMES = {
  handled: ["handled", "good"],
  handled_late: ["handled late", "warn"],
  handler_failed: ["failed", "bad"],
  ping: ["ping", "plain"],
  duplicate: ["duplicate", "plain"],
  id_reuse: ["id reused", "warn"],
  stored: ["stored", "good"],
  dead_letter: ["dead letter", "bad"],
  rejected: ["refused", "bad"],
};

export const outcomeWords = (row) => OUTCOMES[row.outcome]?.[0] ?? row.outcome;
export const outcomeLook = (row) => OUTCOMES[row.outcome]?.[1] ?? "plain";

export function badge(row) {
  return element("span", { className: `badge ${outcomeLook(row)}` }, outcomeWords(row));
}

/** What stands in the place of a type that is not known, since nothing was verified. */
export const typeWords = (row) => row.type ?? (row.kind ? row.kind.replaceAll("_", " ") : "–");

/** A run of the worker has no status of its own. */
export const statusWords = (row) => (row.origin === "worker" ? "run" : String(row.status ?? ""));

export const timeOf = (row) => row.startedAt ?? row.receivedAt;

export function clockTime(text) {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) return "–";
  const two = (number) => String(number).padStart(2, "0");
  const parts = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(":");
  return `${parts}.${String(time.getMilliseconds()).padStart(3, "0")}`;
}

export function duration(ms) {
  if (ms >= 10000) return `${(ms / 1000).toFixed(1)} s`;
  return ms >= 10 ? `${Math.round(ms)} ms` : `${ms.toFixed(1)} ms`;
}

export function bytes(count) {
  if (count < 1024) return `${count} bytes`;
  return count < 1 << 20 ? `${(count / 1024).toFixed(1)} KiB` : `${(count / (1 << 20)).toFixed(1)} MiB`;
}

/** Tells a screen reader, and shows it in the button for a moment. */
export function announce(text) {
  byId("news").textContent = text;
}

export async function copy(text, button) {
  const words = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
    announce("Copied");
  } catch {
    button.textContent = "The browser does not allow it";
  }
  setTimeout(() => { button.textContent = words; }, 1500);
}
