// The forwarder of the widget's callbacks, on the framework that the variable FRAMEWORK names.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { axe, launch } from "./chromium.mjs";
import { start } from "./receiver.mjs";

const framework = process.env.FRAMEWORK;
let browser, receiver, page;

before(async () => { browser = await launch(); });
after(() => browser.close());

const on = (name, run) => test(`${name} (${framework})`, { timeout: 60_000 }, async () => {
  receiver = await start(framework);
  page = await browser.newPage();
  try {
    await run();
  } finally {
    await page.context().close();
    await receiver.stop();
  }
});

const received = async () => (await fetch(`${receiver.url}callbacks`)).json();

async function receives(count) {
  for (;;) {
    const list = await received();
    if (list.length >= count) return list;
    await pause(50);
  }
}

/** A page with the widget's options in `options`, and what they were called with in `calls`. */
async function openPage(url = receiver.url) {
  await page.goto(`${url}wink-demo`);
  await page.evaluate(async () => {
    const { forwardCallbacks } = await import("/wink.js");
    globalThis.calls = [];
    globalThis.options = forwardCallbacks({
      userToken: "t",
      onClose: (...args) => { calls.push(args); return "returned"; },
      onAccountError: () => { throw new Error("the page's own fault"); },
    });
  });
}

on("the demo forwards all 9 callbacks and 12 UI events, in order", async () => {
  await page.goto(`${receiver.url}wink-demo`);
  await page.getByRole("button", { name: "Call them all" }).click();
  const list = await receives(20);
  assert.equal(list.length, 20);
  const callbacks = list.map(({ callback }) => callback);
  assert.equal(new Set(callbacks).size, 9);
  assert.equal(callbacks[0], "onAccountCreated");
  assert.ok(list.every(({ known }) => known));
  const pages = list.filter(({ callback }) => callback === "onUIEvent").map(({ payload }) => payload.eventName);
  assert.equal(new Set(pages).size, 12);
  assert.deepEqual(list.find(({ callback }) => callback === "onAccountError").payload, {
    accountId: "a-1", userId: "u-1", providerId: "abccorp", errorCode: "ACCOUNT_LOCKED",
  });
  await page.getByRole("listitem").filter({ hasText: "onClose" }).waitFor();
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  assert.deepEqual(violations.filter(({ impact }) => ["serious", "critical"].includes(impact)).map(({ id }) => id), []);
});

on("the page's own callbacks run as before, and options stay", async () => {
  await openPage();
  const seen = await page.evaluate(() => {
    const returned = options.onClose({ reason: "exit" }, 2);
    let thrown;
    try { options.onAccountError({ accountId: "a-1" }); } catch (error) { thrown = error.message; }
    return { returned, thrown, calls, token: options.userToken };
  });
  assert.deepEqual(seen, { returned: "returned", thrown: "the page's own fault", calls: [[{ reason: "exit" }, 2]], token: "t" });
  const list = await receives(2);
  assert.deepEqual(list.map(({ callback }) => callback), ["onClose", "onAccountError"]);
});

on("calls wait while the browser is offline", async () => {
  await openPage();
  await page.context().setOffline(true);
  await page.evaluate(() => { options.onAccountCreated({ userId: "u-1" }); options.onClose("exit"); });
  await pause(200);
  assert.equal((await received()).length, 0);
  await page.context().setOffline(false);
  const list = await receives(2);
  assert.deepEqual(list.map(({ callback }) => callback), ["onAccountCreated", "onClose"]);
});

on("calls leave with a page that closes", async () => {
  await openPage();
  await page.evaluate(() => {
    for (const userId of ["u-1", "u-2", "u-3"]) options.onAccountCreated({ userId });
    location.href = "about:blank";
  });
  const list = await receives(3);
  await pause(200);
  assert.equal((await received()).length, 3);
  assert.deepEqual(new Set(list.map(({ payload }) => payload.userId)), new Set(["u-1", "u-2", "u-3"]));
});

on("a server that fails gets the call again, and one that refuses does not", async () => {
  const statuses = [503, 204, 400, 204];
  const got = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => { body += chunk; });
    request.on("end", () => {
      got.push({ body, headers: request.headers });
      response.writeHead(statuses.shift() ?? 204, { "access-control-allow-origin": "*" }).end();
    });
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  await page.goto(`${receiver.url}wink-demo`);
  // The policy of the demo's page allows no other server.
  await page.route("**/elsewhere", (route) => route.continue({ url: `http://127.0.0.1:${server.address().port}/` }));
  await page.evaluate(async () => {
    document.cookie = "session=1";
    const { forwardCallbacks } = await import("/wink.js");
    const options = forwardCallbacks({}, { url: "/elsewhere" });
    options.onTokenExpired();
    options.onClose("exit");
    options.onUploadsCreated({ uploads: "x".repeat(17 << 10) });
    options.onAccountCreated({ userId: "u-1" });
  });
  while (got.length < 4) await pause(50);
  server.close();
  assert.deepEqual(got.map(({ body }) => JSON.parse(body)), [
    { callback: "onTokenExpired" }, { callback: "onTokenExpired" },
    { callback: "onClose", payload: "exit" },
    { callback: "onAccountCreated", payload: { userId: "u-1" } },
  ]);
  assert.ok(got.every(({ headers }) => headers.cookie === undefined && headers.referer === undefined));
});

on("a page of another origin may import it and forward", async () => {
  const server = createServer((_, response) => response.setHeader("content-type", "text/html").end("<!doctype html>"));
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  await page.evaluate(async (url) => {
    const { forwardCallbacks } = await import(`${url}wink.js`);
    forwardCallbacks({}, { url: `${url}callbacks/wink` }).onClose("exit");
  }, receiver.url);
  const [first] = await receives(1);
  server.close();
  assert.equal(first.payload, "exit");
});
