// Makes the README's pictures: RECEIVER=.. NODE_MODULES=.. node screenshots.mjs FOLDER

import { setTimeout as pause } from "node:timers/promises";

import { launch } from "./chromium.mjs";
import { event, send, start } from "./receiver.mjs";

const [folder] = process.argv.slice(2);
const receiver = await start("axum", { flags: ["--handler-delay", "2"] });
const browser = await launch();

async function picture(name, { width = 1100, height = 560, dark = false, open, empty = false } = {}) {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme: dark ? "dark" : "light" });
  await page.goto(receiver.url);
  if (!empty) await page.locator(".row").first().waitFor();
  if (open) await page.locator(".row", { hasText: open }).first().click();
  await pause(1500);
  await page.screenshot({ path: `${folder}/${name}.png` });
  await page.close();
}

const narrow = { width: 400, height: 780 };
try {
  await picture("empty", { empty: true });
  await picture("empty-narrow", { ...narrow, empty: true });
  const { samples } = await (await fetch(`${receiver.url}inspector`)).json();
  for (const [turn, { type }] of samples.entries()) {
    await fetch(`${receiver.url}samples?type=${type}`, { method: "POST" });
    if (turn % 9 === 4) {
      const made = event("USER_CREATED");
      for (let times = 0; times < 2; times += 1) await send(receiver, "smile-api", made);
    }
    if (turn % 12 === 6) await send(receiver, "smile-api", event(), { secret: "the old secret" });
    await pause(turn % 10 < 6 ? 60 : 400);
  }
  await send(receiver, "smile-api", event("ACCOUNT_REMOVED"));
  await send(receiver, "smile-api", event("TASK_FINISHED"), { secret: "the old secret" });
  await fetch(`${receiver.url}samples?type=ACCOUNT_CONNECTED`, { method: "POST" });

  await picture("inspector", { open: "refused" });
  await picture("inspector-dark", { dark: true, open: "ACCOUNT_CONNECTED" });
  await picture("list");
  await picture("narrow", narrow);
  await picture("narrow-detail", { ...narrow, open: "refused" });
  await picture("narrow-dark", { ...narrow, dark: true });
} finally {
  await browser.close();
  await receiver.stop();
}
