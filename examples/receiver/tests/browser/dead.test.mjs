// Dead letters on the page, on the framework that the variable FRAMEWORK names.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { axe, launch } from "./chromium.mjs";
import { event, send, start } from "./receiver.mjs";

const framework = process.env.FRAMEWORK;

test(`a dead letter is shown, and replayed (${framework})`, { timeout: 60_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "smile-"));
  const browser = await launch();
  const receiver = await start(framework, { flags: ["--inbox", `sqlite:${join(folder, "inbox.db")}`] });
  try {
    const page = await browser.newPage();
    await page.goto(receiver.url);
    // A signed body that is no event dies at once.
    assert.equal(await send(receiver, "smile-api", { id: "et-1" }), 200);
    await page.locator(".row", { hasText: "dead letter" }).waitFor();
    await send(receiver, "smile-api", event());
    await page.locator(".row", { hasText: /handled *run/ }).waitFor();
    await page.getByRole("button", { name: /^Dead letters/ }).click();
    await page.getByText("(1)").waitFor();
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => globalThis.axe.run());
    assert.deepEqual(violations.filter(({ impact }) => ["serious", "critical"].includes(impact)).map(({ id }) => id), []);
    await page.getByRole("button", { name: /^Show/ }).click();
    await page.locator("#detail pre", { hasText: "et-1" }).waitFor();
    await page.keyboard.press("Escape");
    const replayed = page.waitForResponse((response) => response.url().endsWith("/replay"));
    await page.getByRole("button", { name: /^Replay/ }).click();
    assert.equal((await replayed).status(), 204);
  } finally {
    await browser.close();
    await receiver.stop();
    await rm(folder, { recursive: true });
  }
});
