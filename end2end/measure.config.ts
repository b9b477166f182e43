// `cargo x measure`: the figures of the README, one after the other on a quiet machine.

import { join } from "node:path";

import { defineConfig } from "@playwright/test";

import { launchOptions, outputFolder } from "./fixtures/environment";

export default defineConfig({
  testDir: "measure",
  outputDir: join(outputFolder, "measure"),
  timeout: 180_000,
  workers: 1,
  reporter: [["line"]],
  use: { browserName: "chromium", launchOptions, locale: "en-GB", timezoneId: "UTC" },
});
