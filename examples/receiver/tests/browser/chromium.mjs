// Chromium, driven by Playwright. Both come from outside: see `.ci/run`.

import { createRequire } from "node:module";

const require = createRequire(`${process.env.NODE_MODULES}/`);
const { chromium } = require("playwright-core");

export const axe = require("axe-core").source;

export const launch = () => chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  // As root, as in a container, there is no sandbox.
  args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
});
