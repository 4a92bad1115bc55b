// Small plots of the rate and the latency.

import { byId, duration, timeOf } from "./dom.js";

const SECONDS = 60;
const LATENCIES = 60;
const [WIDTH, HEIGHT] = [120, 24];

/** Draws both from the newest of the deliveries, oldest first. */
export function draw(rows) {
  const now = Date.now();
  const counts = new Array(SECONDS).fill(0);
  for (let at = rows.length - 1; at >= 0; at -= 1) {
    const age = Math.floor((now - Date.parse(timeOf(rows[at]))) / 1000);
    if (age >= SECONDS) break;
    if (age >= 0) counts[SECONDS - 1 - age] += 1;
  }
  const recent = counts.slice(-11, -1).reduce((sum, count) => sum + count, 0) / 10;
  byId("rate").textContent = recent >= 10 || recent === 0 ? recent.toFixed(0) : recent.toFixed(1);
  bars("rate-plot", counts, `${recent.toFixed(1)} deliveries per second; the most in the last minute: ${Math.max(...counts)}`);

  const durations = rows.slice(-LATENCIES).map((row) => row.durationMs);
  const sorted = [...durations].sort((a, b) => a - b);
  const rank = (share) => duration(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]);
  const words = sorted.length > 0 ? `${rank(0.5)}, p95 ${rank(0.95)}` : "–";
  byId("latency").textContent = words;
  const padding = new Array(LATENCIES - durations.length).fill(0);
  bars("latency-plot", [...padding, ...durations], `Durations of the last ${durations.length} deliveries: ${words}`);
}

function bars(id, values, label) {
  const svg = byId(id);
  svg.setAttribute("aria-label", label);
  const most = Math.max(...values, Number.MIN_VALUE);
  const width = WIDTH / values.length;
  while (svg.childElementCount < values.length) {
    svg.append(document.createElementNS("http://www.w3.org/2000/svg", "rect"));
  }
  values.forEach((value, at) => {
    const height = value > 0 ? Math.max(1.5, (value / most) * HEIGHT) : 0;
    const rect = svg.children[at];
    for (const [name, number] of Object.entries({ x: at * width, y: HEIGHT - height, width: width * 0.8, height })) {
      rect.setAttribute(name, number.toFixed(2));
    }
  });
}
