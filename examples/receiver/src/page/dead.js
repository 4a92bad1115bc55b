// The dead letters of the inbox.

import { announce, badge, button, byId, clockTime, element } from "./dom.js";

const SHOWN = 200;

/** Lists them again; `onShow` gets the one whose body is asked for. */
export async function refresh(local, onShow) {
  const response = await fetch("dead");
  if (!response.ok) return;
  const letters = await response.json();
  byId("dead-count").textContent = letters.length > 0 ? `(${letters.length})` : "";
  byId("dead-empty").hidden = letters.length > 0;
  const newest = letters.slice(-SHOWN).reverse();
  byId("dead-list").replaceChildren(...newest.map((letter) => item(letter, local, onShow)));
}

function item(letter, local, onShow) {
  const name = letter.type ?? letter.reason.replaceAll("_", " ");
  const replay = button("Replay", async () => {
    replay.disabled = true;
    const answer = await fetch(`dead/${letter.id}/replay`, { method: "POST" });
    announce(answer.ok ? `${name} runs again` : await answer.text());
    await refresh(local, onShow);
  });
  replay.ariaLabel = `Replay ${name}`;
  const show = button("Show", () => onShow(letter));
  show.ariaLabel = `Show ${name}`;
  const attempts = letter.attempts === 1 ? "1 attempt" : `${letter.attempts} attempts`;
  const about = [clockTime(letter.diedAt), letter.vendor, attempts, letter.error].filter(Boolean).join(", ");
  return element(
    "li", {},
    element("p", {}, badge({ outcome: "dead_letter" }), " ", element("b", {}, name), " ", element("span", { className: "id" }, letter.eventId ?? "")),
    element("p", { className: "quiet" }, about),
    element("div", { className: "buttons" }, show, replay),
  );
}
