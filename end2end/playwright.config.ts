// The browser specs. Each worker has a server of its own: the release binary, free ports, an empty data folder.

import { join } from "node:path";

import { defineConfig } from "@playwright/test";

import { launchOptions, outputFolder } from "./fixtures/environment";

export default defineConfig({
  testDir: "tests",
  outputDir: join(outputFolder, "results"),
  // Jobs really run, on a machine that may be small and busy. Every wait inside has a deadline of its own.
  timeout: 180_000,
  expect: { timeout: 20_000 },
  workers: 2,
  retries: 0,
  forbidOnly: process.env.CI !== undefined,
  reporter: [["list"], ["./fixtures/closing_line.ts"]],
  use: {
    browserName: "chromium",
    launchOptions,
    trace: "retain-on-failure",
    screenshot: "only-on-failure",
    locale: "en-GB",
    timezoneId: "UTC",
  },
});
