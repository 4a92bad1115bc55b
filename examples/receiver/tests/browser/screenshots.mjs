// Makes the README's pictures: RECEIVER=.. NODE_MODULES=.. node screenshots.mjs FOLDER

import { setTimeout as pause } from "node:timers/promises";

import { launch } from "./chromium.mjs";
import { customer, event, send, start } from "./receiver.mjs";

const [folder] = process.argv.slice(2);
const receiver = await start("axum", { flags: ["--fail-first", "0", "--handler-delay", "2"] });
const browser = await launch();

async function picture(name, { width = 1200, height = 640, dark = false, open, empty = false }) {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme: dark ? "dark" : "light" });
  page.on("console", (message) => console.log(name, message.text()));
  page.on("pageerror", (error) => console.log(name, error));
  await page.goto(receiver.url);
  if (!empty) await page.locator(".row").first().waitFor();
  if (open) await page.locator(".row", { hasText: open }).first().click();
  await pause(1500);
  await page.screenshot({ path: `${folder}/${name}.png` });
  await page.close();
}

await picture("empty", { empty: true });
await picture("empty-narrow", { empty: true, width: 400, height: 780 });

const types = ["ACCOUNT_CONNECTED", "USER_CREATED", "INCOME_ADDED", "EMPLOYMENT_UPDATED", "ACCOUNT_ERROR", "DOCUMENT_ADDED"];
for (let turn = 0; turn < 40; turn += 1) {
  const made = event(types[turn % types.length], { loginName: "jane" });
  await send(receiver, "smile-api", made);
  if (turn % 7 === 0) await send(receiver, "smile-api", made);
  if (turn % 3 === 0) await send(receiver, "smile-io", customer());
  if (turn % 11 === 5) await send(receiver, "smile-api", made, { secret: "the old secret" });
  if (turn % 13 === 6) await send(receiver, "smile-api", event("MOON_LANDED"));
  await pause(turn % 10 < 6 ? 60 : 400);
}
await send(receiver, "smile-io", { topic: "ping", account_id: 0, data: {} });
await send(receiver, "smile-api", event("INCOME_ADDED"), { secret: "the old secret" });
await send(receiver, "smile-api", event("ACCOUNT_CONNECTED", { loginName: "jane" }));

await picture("inspector", { open: "refused" });
await picture("inspector-dark", { dark: true, open: "ACCOUNT_CONNECTED" });
await picture("list", {});
await picture("narrow", { width: 400, height: 780 });
await picture("narrow-detail", { width: 400, height: 780, open: "refused" });
await picture("narrow-dark", { width: 400, height: 780, dark: true });
await browser.close();
await receiver.stop();
