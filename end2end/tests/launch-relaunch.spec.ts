// A run is launched again as it was: what changed is said before, whether it came out the same is said after.

import { LOSS } from "../fixtures/scripts";
import { expect, test } from "../fixtures/test";
import { LaunchPage, METRICS } from "../pages/launch_page";
import type { RunPage } from "../pages/run_page";

const DATA = "relaunch-data/";
/** Its loss is the sum of the numbers in its channel, over the epoch. */
const SUMMING = `
import glob, os
files = sorted(glob.glob(os.environ["SM_CHANNEL_TRAIN"] + "/**/*.csv", recursive=True))
total = sum(float(it) for file in files for it in open(file).read().split(","))
for epoch in range(1, 4):
    print(f"epoch={epoch} loss={total / epoch:.6f}", flush=True)
`;

/** From the run's page, by its button; returns when the new run has ended. */
async function relaunch(run: RunPage, button: string): Promise<void> {
  const before = run.id;
  await run.page.getByRole("link", { name: "Relaunch", exact: true }).first().click();
  await run.page.getByRole("button", { name: button }).click();
  await run.page.waitForURL((url) => /\/runs\/[0-9A-Z]{26}$/.test(url.pathname) && !url.pathname.endsWith(before));
  await run.is("Completed", 90_000);
  await run.page.getByRole("link", { name: "Capsule", exact: true }).click();
}

test("a seeded sample comes out the same, to the last bit", async ({ page }) => {
  const form = await new LaunchPage(page).openSample("iris-stdlib");
  await form.setRow("HyperParameters", "epochs", "5");
  await form.setRow("HyperParameters", "epoch-seconds", "0.1");
  const run = await form.launch();
  await run.is("Completed", 90_000);
  await relaunch(run, "Launch again");

  const parent = page.getByRole("region", { name: /^Beside/ });
  await expect(parent.locator(".verdict")).toHaveText("Reproduced");
  await parent.getByRole("link", { name: "exact" }).click();
  await expect(parent.getByRole("link", { name: "exact" })).toHaveAttribute("aria-current", "true");
  await expect(parent.locator(".verdict")).toHaveText("Reproduced");
  await expect(parent.getByRole("row").filter({ hasText: "train:loss" })).toContainText("within at all 5 steps");
});

test("changed data is said before the launch, and what came of it after", async ({ page, server }) => {
  await server.aws.putObject("trainyard", `${DATA}a.csv`, "1,2");
  await server.aws.putObject("trainyard", `${DATA}b.csv`, "3");
  const form = await new LaunchPage(page).open();
  await form.uploadScript(SUMMING);
  await form.setRow(METRICS, LOSS.name, LOSS.regex);
  const request = await form.request();
  const source = { S3DataType: "S3Prefix", S3Uri: `s3://trainyard/${DATA}` };
  await form.paste(JSON.stringify({ ...request, InputDataConfig: [{ ChannelName: "train", DataSource: { S3DataSource: source } }] }));
  const run = await form.launch();
  const first = run.id;
  await run.is("Completed", 90_000);

  await page.getByRole("link", { name: "Capsule", exact: true }).click();
  await expect(page.getByRole("region", { name: "Inputs" })).toContainText("2 objects");

  await test.step("nothing has changed", async () => {
    await page.goto(`/runs/${first}/relaunch`);
    await expect(page.locator(".drift-same").filter({ hasText: "Data of train" })).toContainText("Unchanged: 2 objects");
    await expect(page.getByRole("button", { name: "Launch again" })).toBeVisible();
  });

  await server.aws.putObject("trainyard", `${DATA}b.csv`, "4");
  await server.aws.putObject("trainyard", `${DATA}c.csv`, "5");
  await page.goto(`/runs/${first}`);
  await page.getByRole("link", { name: "Relaunch", exact: true }).first().click();
  const drift = page.locator(".drift-changed").filter({ hasText: "Data of train" });
  await expect(drift).toContainText("1 changed, 0 removed, 1 added");
  await drift.locator("summary").click();
  await expect(drift).toContainText(`changed: ${DATA}b.csv`);
  await page.goBack();

  await relaunch(run, "Launch with what is there now");
  const parent = page.getByRole("region", { name: /^Beside/ });
  await expect(parent.locator(".verdict")).toHaveText("Not reproduced");
  await expect(parent.getByRole("row").filter({ hasText: LOSS.name })).toContainText("first at 1");

  await parent.getByRole("link", { name: "All differences" }).click();
  await expect(page.getByRole("region", { name: "Parameters" })).toContainText("both asked for the same job");
  await expect(page.getByRole("region", { name: "Data" })).toContainText("1 changed, 0 removed, 1 added");

  await test.step("the capsule is one archive", async () => {
    const archive = await page.request.get(`/runs/${first}/capsule.tar.gz`);
    expect(archive.status()).toBe(200);
    expect((await archive.body()).subarray(0, 2).toString("hex"), "gzip").toBe("1f8b");
  });
});

test.describe("without the script", () => {
  test.use({ javaScriptEnabled: false });

  test("a relaunch is a plain form", async ({ page, server }) => {
    const form = await new LaunchPage(page).open();
    await form.uploadScript(`print("loss=0.5")`);
    await form.setRow(METRICS, LOSS.name, LOSS.regex);
    const run = await form.launch();
    const first = run.id;
    await server.aws.waitForStatus(await run.jobName(), "Completed");
    await page.goto(`/runs/${first}/relaunch`);
    await page.getByRole("button", { name: "Launch again" }).click();
    await page.waitForURL((url) => /\/runs\/[0-9A-Z]{26}$/.test(url.pathname) && !url.pathname.endsWith(first));
    await server.aws.waitForStatus(await run.jobName(), "Completed");
  });
});
