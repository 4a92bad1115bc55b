// The page in a browser, on the framework that the variable FRAMEWORK names.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { axe, launch } from "./chromium.mjs";
import { customer, event, send, start } from "./receiver.mjs";

const framework = process.env.FRAMEWORK;
let browser, receiver, context, page, faults;

before(async () => { browser = await launch(); });
after(() => browser.close());

/** Each test has a receiver and a page of its own; a fault of the page's script fails it. */
const on = (name, { flags, given, listen, ...look } = {}, run) => test(`${name} (${framework})`, { timeout: 60_000 }, async () => {
  receiver = await start(framework, { flags, given, listen });
  context = await browser.newContext({ viewport: { width: 1200, height: 700 }, permissions: ["clipboard-read", "clipboard-write"], ...look });
  page = await context.newPage();
  faults = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && !/ERR_CONNECTION|ERR_INCOMPLETE|ERR_NETWORK|ERR_INTERNET/.test(message.text())) faults.push(message.text());
  });
  try {
    await page.goto(receiver.url);
    await page.locator("#state.live").waitFor();
    await run();
    assert.deepEqual(faults, []);
  } finally {
    await context.close();
    await receiver.stop();
  }
});

const row = (text) => page.locator(".row", { hasText: text });
const detail = () => page.locator("#detail");

async function accessible() {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const bad = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  assert.deepEqual(bad.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]), []);
}

async function fits() {
  const [inner, whole] = await page.evaluate(() => [innerWidth, document.documentElement.scrollWidth]);
  assert.ok(whole <= inner, `${whole} px in ${inner}`);
}

on("without deliveries the page shows lines that make one", { given: false }, async () => {
  const line = await page.locator("#curls pre").first().textContent();
  assert.match(line, /^BODY=.*openssl dgst -sha512 -hmac '[0-9a-f]{32}'/);
  await page.getByRole("button", { name: "Copy the line for smile-io" }).click();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /openssl dgst -sha256/);
  await accessible();
});

on("a delivery appears by itself, with its data, body and headers", {}, async () => {
  const sent = event("ACCOUNT_CONNECTED", { loginName: "jane", amount: 12345678901234567890n.toString() });
  const text = JSON.stringify(sent).replace('"12345678901234567890"', "12345678901234567890.10");
  assert.equal(await send(receiver, "smile-api", text, { headers: { "x-note": "hello" } }), 204);
  await row("ACCOUNT_CONNECTED").click();
  await detail().getByText("The handler took the event.").waitFor();
  const words = await detail().textContent();
  assert.match(words, new RegExp(sent.id));
  assert.match(words, /x-notehello/);
  assert.doesNotMatch(words, /smile-signature/);
  assert.equal((words.match(/12345678901234567890\.10/g) ?? []).length >= 1, true, "digits stay");
  assert.equal(await page.locator("#empty").isVisible(), false);
  await accessible();
});

on("a refusal has its reason and what to do", {}, async () => {
  assert.equal(await send(receiver, "smile-api", event(), { secret: "another" }), 401);
  await row("refused").click();
  await detail().getByText("the signature does not match").waitFor();
  await detail().getByText("compare the secret with the vendor's").waitFor();
  await accessible();
});

on("hostile texts stay text", {}, async () => {
  const hostile = "<img src=x onerror=alert(1)></script>";
  await send(receiver, "smile-api", { ...event(hostile), id: `et-${hostile}` }, { headers: { "x-note": hostile } });
  await send(receiver, "smile-api", hostile);
  await row("<img").first().click();
  await detail().getByText("x-note").waitFor();
  await row("not an event").click();
  await detail().locator("pre", { hasText: "<img" }).waitFor();
  assert.equal(await page.locator("img, #detail script").count(), 0);
});

on("filters and the search leave what matches", {}, async () => {
  const wanted = event("INCOME_ADDED");
  for (const body of [event(), event(), wanted]) await send(receiver, "smile-api", body);
  await send(receiver, "smile-io", customer());
  await send(receiver, "smile-api", event(), { secret: "another" });
  await page.getByText("5 in all").waitFor();
  await page.getByLabel("Vendor", { exact: true }).selectOption("smile-io");
  await page.getByText("1 of 5").waitFor();
  await page.getByLabel("Vendor", { exact: true }).selectOption("");
  await page.getByLabel("Type", { exact: true }).selectOption("ACCOUNT_CONNECTED");
  await page.getByText("2 of 5").waitFor();
  await page.getByLabel("Type", { exact: true }).selectOption("");
  await page.getByLabel("Outcome", { exact: true }).selectOption({ label: "refused" });
  await page.getByText("1 of 5").waitFor();
  await page.getByLabel("Outcome", { exact: true }).selectOption("");
  await page.getByLabel("Search").fill(wanted.id.toUpperCase());
  await page.getByText("1 of 5").waitFor();
  // A new one that does not match stays out.
  await send(receiver, "smile-api", event());
  await page.getByText("1 of 6").waitFor();
  await page.getByLabel("Search").fill("nothing has this");
  await accessible();
  await page.getByRole("button", { name: "Clear the filters" }).click();
  await page.getByText("6 in all").waitFor();
});

on("a delivery is delivered again, copied as a line, and a sample is sent", {}, async () => {
  const sent = event();
  await send(receiver, "smile-api", sent);
  await row("ACCOUNT_CONNECTED").click();
  await detail().getByRole("button", { name: "Deliver again" }).click();
  await detail().getByText("Delivered again: 200").waitFor();
  await row("duplicate").waitFor();
  await detail().getByRole("button", { name: "Copy as curl" }).click();
  const line = await page.evaluate(() => navigator.clipboard.readText());
  assert.ok(line.includes(sent.id) && line.includes('-hmac "$SMILE_API_SECRET"'), line);
  await row("duplicate").click();
  await detail().getByRole("region", { name: "The same event" }).getByRole("button").click();
  await detail().getByText("The handler took the event.").waitFor();
  await page.getByLabel("Sample event").selectOption("customer/updated");
  await page.getByRole("button", { name: "Send sample" }).click();
  await row("customer/updated").waitFor();
});

on("an open page goes on after a restart", {}, async () => {
  await send(receiver, "smile-api", event("USER_CREATED"));
  await row("USER_CREATED").waitFor();
  await receiver.stop();
  await page.locator("#state.lost").waitFor();
  receiver = await start(framework, { listen: receiver.address });
  await send(receiver, "smile-api", event("INCOME_ADDED"));
  await row("INCOME_ADDED").waitFor({ timeout: 20_000 });
  await page.locator("#state.live").waitFor();
  assert.equal(await row("USER_CREATED").count(), 0, "the new receiver knows nothing of it");
  await send(receiver, "smile-api", event("ACCOUNT_ERROR"));
  await row("ACCOUNT_ERROR").waitFor();
});

on("all of it works by keyboard", {}, async () => {
  for (const type of ["USER_CREATED", "INCOME_ADDED", "ACCOUNT_ERROR"]) await send(receiver, "smile-api", event(type));
  await page.getByText("3 in all").waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("et-");
  for (const stop of ["Vendor", "Type", "Outcome", "Deliveries, newest first"]) {
    await page.keyboard.press("Tab");
    const focused = await page.evaluate(() => document.activeElement.ariaLabel);
    assert.equal(focused, stop);
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.equal(outline, "solid", stop);
  }
  await page.keyboard.press("ArrowDown");
  const active = await page.locator("#list").getAttribute("aria-activedescendant");
  assert.match(await page.locator(`#${active}`).textContent(), /INCOME_ADDED/);
  await page.keyboard.press("Enter");
  await detail().getByRole("heading", { name: "INCOME_ADDED" }).waitFor();
  await page.keyboard.press("ArrowDown");
  await detail().getByRole("heading", { name: "USER_CREATED" }).waitFor();
  await page.keyboard.press("Home");
  await detail().getByRole("heading", { name: "ACCOUNT_ERROR" }).waitFor();
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.ariaLabel), "Close the detail");
  await page.keyboard.press("Escape");
  await detail().waitFor({ state: "hidden" });
  assert.equal(await page.evaluate(() => document.activeElement.id), "list");
});

for (const colorScheme of ["light", "dark"]) {
  on(`400 px are enough, ${colorScheme}`, { viewport: { width: 400, height: 780 }, colorScheme }, async () => {
    await send(receiver, "smile-api", event());
    await send(receiver, "smile-api", event(), { secret: "another" });
    await row("refused").waitFor();
    await fits();
    await accessible();
    await row("refused").click();
    await detail().getByText("the signature does not match").waitFor();
    await fits();
    await accessible();
    await page.getByRole("button", { name: "Close the detail" }).click();
    await row("refused").waitFor();
  });
}

on("dark is dark", { colorScheme: "dark" }, async () => {
  const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  assert.ok(Math.max(...ground.match(/\d+/g).map(Number)) < 60, ground);
});

on("ten thousand rows scroll smoothly, and what is in sight stays", { flags: ["--dedupe", "none"] }, async () => {
  for (let sent = 0; sent < 10_000; sent += 100) {
    await Promise.all(Array.from({ length: 100 }, () => send(receiver, "smile-api", event())));
  }
  await page.getByText("10000 in all").waitFor();
  const scrolled = await page.evaluate(async () => {
    const list = document.getElementById("list");
    const frames = [];
    let before = performance.now();
    for (let top = 0; top < 60_000; top += 500) {
      list.scrollTop = top;
      await new Promise(requestAnimationFrame);
      const now = performance.now();
      frames.push(now - before);
      before = now;
    }
    frames.sort((a, b) => a - b);
    return { middle: frames[frames.length >> 1], rows: document.querySelectorAll(".row").length };
  });
  assert.ok(scrolled.rows < 60, `${scrolled.rows} rows in the document`);
  assert.ok(scrolled.middle < 50, `${scrolled.middle} ms for a frame`);
  const inSight = () => page.evaluate(() => {
    const { top } = document.getElementById("list").getBoundingClientRect();
    const rows = [...document.querySelectorAll(".row")];
    return rows.filter((one) => one.getBoundingClientRect().top >= top).map((one) => Number(one.dataset.seq)).sort((a, b) => b - a)[0];
  });
  const before = await inSight();
  await send(receiver, "smile-api", event());
  await page.getByText("10001 in all").waitFor();
  await page.evaluate(() => new Promise(requestAnimationFrame));
  assert.equal(await inSight(), before);
});
