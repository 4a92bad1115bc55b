// Signs inputs.tsv with Node's crypto: node node.mjs > node.tsv
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";

console.log(`# made by: node node.mjs > node.tsv (Node ${process.version})`);
const inputs = readFileSync(new URL("inputs.tsv", import.meta.url), "utf8");
for (const line of inputs.split("\n")) {
  if (line === "" || line.startsWith("#")) continue;
  const [vendor, secret, timestamp, hex] = line.split("\t");
  const key = Buffer.from(secret, "hex");
  const body = Buffer.from(hex === "-" ? "" : hex, "hex");
  console.log(
    vendor === "smile-api"
      ? createHmac("sha512", key).update(body).digest("hex")
      : createHmac("sha256", key).update(`${timestamp}.`).update(body).digest("base64"),
  );
}
