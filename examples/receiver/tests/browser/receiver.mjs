// A receiver in a process of its own, and a sender that signs with Node's crypto.

import { spawn } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";

const SECRETS = { "smile-api": "an api secret", "smile-io": "an io secret" };

/** Starts the program that the variable RECEIVER names. */
export async function start(framework, { listen = "127.0.0.1:0", flags = [], given = true } = {}) {
  const secrets = given
    ? ["--smile-api-secret", SECRETS["smile-api"], "--smile-io-secret", SECRETS["smile-io"]]
    : [];
  const child = spawn(
    process.env.RECEIVER,
    ["--framework", framework, "--listen", listen, ...secrets, ...flags],
    { stdio: ["ignore", "pipe", "ignore"] },
  );
  for await (const line of createInterface({ input: child.stdout })) {
    const [, address] = line.match(/^listening on http:\/\/(.*)$/) ?? [];
    if (address === undefined) continue;
    child.stdout.resume();
    return {
      address,
      url: `http://${address}/`,
      stop: async () => {
        child.kill("SIGTERM");
        if (child.exitCode === null) await once(child, "exit");
      },
    };
  }
  throw new Error("the receiver did not start");
}

/** Delivers a body, an object or text, and answers with the status. */
export async function send(receiver, vendor, body, { secret = SECRETS[vendor], headers = {} } = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const now = Math.floor(Date.now() / 1000);
  const signed = vendor === "smile-io"
    ? {
        "smile-timestamp": String(now),
        "smile-signature": createHmac("sha256", secret).update(`${now}.${text}`).digest("base64"),
      }
    : { "smile-signature": createHmac("sha512", secret).update(text).digest("hex") };
  const response = await fetch(`${receiver.url}webhooks/${vendor}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...signed, ...headers },
    body: text,
  });
  await response.arrayBuffer();
  return response.status;
}

/** A new event of Smile API. */
export function event(type = "ACCOUNT_CONNECTED", data = {}) {
  return {
    id: `et-${randomBytes(8).toString("hex")}`,
    version: 1,
    type,
    createdAt: new Date().toISOString(),
    data: { userId: "u-1", accountId: "a-1", providers: ["abccorp"], ...data },
  };
}

/** A new state of a customer of Smile.io. */
export function customer() {
  const id = Number.parseInt(randomBytes(4).toString("hex"), 16);
  return {
    topic: "customer/updated",
    account_id: 1,
    data: { customer: { id, first_name: "Jane", points_balance: 100, updated_at: new Date().toISOString() } },
  };
}
