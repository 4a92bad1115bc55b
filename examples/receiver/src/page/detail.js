// The pane of one delivery, or of one dead letter.

import { announce, badge, button, byId, bytes, clockTime, copy, duration, element, outcomeLook, outcomeWords, statusWords, timeOf, typeWords } from "./dom.js";
import { memberText, view } from "./json.js";

const pane = byId("detail");

const SENTENCES = {
  handled: "The handler took the event.",
  handled_late: "The handler took the event, after its lease had ended.",
  handler_failed: "The handler did not take the event. It will come again.",
  ping: "A test of the endpoint, answered without the handler.",
  duplicate: "The event was handled before. The handler did not run.",
  id_reuse: "The event's id came before, with another body. The handler did not run.",
  stored: "The event is in the inbox, for the worker to handle.",
  dead_letter: "The event waits among the dead letters.",
  rejected: "The delivery was refused.",
};

const DEATHS = {
  failed: "The handler failed in every attempt.",
  permanent: "The handler said that no attempt can succeed.",
  not_an_event: "The signed body is not an event.",
  id_reuse: "The event's id came before, with another body.",
  crashed: "The process ended during the last attempt.",
};

export function close() {
  pane.hidden = true;
  pane.replaceChildren();
}

/** Shows what the receiver knows of a delivery. `same` are other deliveries of its event. */
export async function showDelivery(row, same, { onClose, onChoose, local }) {
  const asked = `${row.seq}`;
  pane.dataset.shown = asked;
  const response = await fetch(`deliveries/${row.seq}`);
  const text = await response.text();
  if (pane.dataset.shown !== asked) return;
  if (!response.ok) return fill(row, onClose, element("p", {}, text));
  const detail = JSON.parse(text);
  fill(
    detail, onClose,
    actions(detail, local),
    verdict(detail),
    facts(detail),
    others(same, onChoose),
    ...typed(detail, memberText(text, "typed")),
    ...body(detail, local),
    ...headers(detail),
  );
}

export async function showDeadLetter(letter, onClose) {
  const response = await fetch(`dead/${letter.id}`);
  const text = await response.text();
  const row = { ...letter, outcome: "dead_letter", kind: letter.reason };
  const raw = response.ok ? memberText(text, "raw") : text;
  pane.dataset.shown = `dead-${letter.id}`;
  fill(
    row, onClose,
    element("div", { className: "verdict bad" }, DEATHS[letter.reason] ?? letter.reason, letter.error ? element("p", {}, element("b", {}, "Error: "), letter.error) : null),
    list([["Event", letter.eventId], ["Vendor", letter.vendor], ["Tenant", letter.tenant], ["Attempts", letter.attempts], ["Received", letter.receivedAt], ["Died", letter.diedAt]]),
    element("h3", {}, "Body"),
    raw && raw !== "null" ? view(raw) : element("p", { className: "quiet" }, "It is no JSON."),
  );
}

function fill(row, onClose, ...parts) {
  const closing = button("Close", onClose);
  closing.ariaLabel = "Close the detail";
  const head = element("header", {}, badge(row), element("h2", {}, typeWords(row)), closing);
  pane.replaceChildren(head, ...parts.filter(Boolean));
  pane.ariaLabel = `Delivery: ${outcomeWords(row)}, ${typeWords(row)}`;
  pane.scrollTop = 0;
  pane.hidden = false;
}

function actions(detail, local) {
  if (!local) return null;
  const curl = button("Copy as curl", () => copy(detail.curl, curl));
  curl.disabled = !detail.curl;
  const again = button("Deliver again", async () => {
    again.disabled = true;
    const response = await fetch(`deliveries/${detail.seq}/replay`, { method: "POST" });
    const text = response.ok ? `Delivered again: ${(await response.json()).status}` : await response.text();
    said.textContent = text;
    announce(text);
    again.disabled = false;
  });
  again.disabled = !detail.bodyComplete;
  again.title = "To this receiver, signed anew with its own secret";
  const said = element("span", { className: "quiet" });
  return element("div", { className: "actions" }, curl, again, said);
}

function verdict(detail) {
  const made = element("div", { className: `verdict ${outcomeLook(detail)}` }, SENTENCES[detail.outcome] ?? detail.outcome);
  if (detail.reason) made.append(element("p", {}, element("b", {}, "Reason: "), detail.reason));
  if (detail.remedy) made.append(element("p", {}, element("b", {}, "What to do: "), detail.remedy));
  return made;
}

function facts(detail) {
  const secret = detail.secretIndex === null ? null : `number ${detail.secretIndex + 1}`;
  return list([
    ["Event", detail.id],
    ["Vendor", detail.vendor],
    ["Type", detail.known === false ? `${detail.type} (not known to this version)` : null],
    ["Tenant", detail.tenant],
    ["Secret", secret],
    ["Status", detail.status],
    ["Attempt", detail.attempt],
    ["Size", bytes(detail.size)],
    ["Duration", duration(detail.durationMs)],
    ["Received", detail.receivedAt],
    ["Run began", detail.startedAt],
    ["Delivery", detail.seq],
  ]);
}

function list(pairs) {
  const made = element("dl");
  for (const [name, value] of pairs) {
    if (value === null || value === undefined) continue;
    made.append(element("dt", {}, name), element("dd", {}, String(value)));
  }
  return made;
}

function others(same, onChoose) {
  if (same.length === 0) return null;
  const items = same.map((row) => {
    const text = `${clockTime(timeOf(row))}  ${statusWords(row)}`;
    const link = element("button", { type: "button", onclick: () => onChoose(row) }, badge(row), text);
    return element("li", {}, link);
  });
  return element("section", { "aria-label": "The same event" }, element("h3", {}, "The same event"), element("ul", { className: "others" }, ...items));
}

function typed(detail, text) {
  if (text && text !== "null") return [element("h3", {}, "Typed data"), view(text)];
  const ran = detail.attempt !== null;
  const words = ran ? "The data does not have its type's shape." : null;
  return words ? [element("h3", {}, "Typed data"), element("p", { className: "quiet" }, words)] : [];
}

function body(detail, local) {
  const head = element("h3", {}, detail.bodyEncoding === "base64" ? "Body, in base64" : "Body");
  if (detail.body === null) {
    const why = detail.outcome === "rejected" && !local ? "Bodies of refused deliveries are for the receiver's own machine alone." : "The body is not kept.";
    return [head, element("p", { className: "quiet" }, why)];
  }
  if (detail.body === "") return [head, element("p", { className: "quiet" }, "Empty.")];
  const holder = element("div");
  let exact = false;
  const show = () => {
    const pre = exact ? element("pre", { tabIndex: 0 }, detail.body) : view(detail.body);
    holder.replaceChildren(pre);
  };
  show();
  const toggle = button("As received", () => {
    exact = !exact;
    toggle.setAttribute("aria-pressed", exact);
    show();
  });
  toggle.setAttribute("aria-pressed", "false");
  const whole = button("Copy", () => copy(detail.body, whole));
  if (detail.bodyEncoding === "utf-8") head.append(toggle);
  head.append(whole);
  const cut = detail.bodyComplete ? null : element("p", { className: "quiet" }, `The first of ${bytes(detail.size)}.`);
  return [head, cut, holder];
}

function headers(detail) {
  // With the body, a signature sends the event again: `smile verify` gets it, and no screenshot.
  const shown = detail.headers.filter(([name]) => name !== "smile-signature");
  if (shown.length === 0) return [];
  return [element("h3", {}, "Headers"), list(shown)];
}
