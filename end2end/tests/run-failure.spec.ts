// A script that fails: its traceback is the first thing to see.

import { expect, test } from "../fixtures/test";
import { LaunchPage, METRICS } from "../pages/launch_page";

test("a failing sample shows its traceback and its reason", async ({ page, server }) => {
  const form = await new LaunchPage(page).openSample("failing");
  const run = await form.launch();
  await run.is("Failed", 90_000);
  const job = await server.aws.describe(await run.jobName());
  expect(job.TrainingJobStatus).toBe("Failed");
  const trouble = page.getByRole("region", { name: "What went wrong" });
  await expect(trouble.locator(".failure-reason")).toHaveText(job.FailureReason ?? "no reason");
  await expect(page.getByLabel("Traceback", { exact: true })).toContainText("Traceback (most recent call last)");
  expect(job.ModelArtifacts?.S3ModelArtifacts ?? "").toBe("");
});

test("hostile output is text and nothing else", async ({ page }) => {
  const form = await new LaunchPage(page).open();
  await form.uploadScript(`
import sys
print("<script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'>", flush=True)
print("\\x1b[31mred\\x1b[0m \\x1b]0;title\\x07 \\x1b[2J", flush=True)
raise RuntimeError("<b onmouseover=alert(1)>no</b>")
`);
  await form.fill("experiment", "hostile");
  const run = await form.launch();
  await run.is("Failed", 90_000);
  await run.openTab("Logs");
  await expect(run.log).toContainText("<script>window.hacked = 1</script>");
  await expect(run.log).toContainText("red");
  await expect(page.locator(".failure-reason")).toContainText("<b onmouseover=alert(1)>no</b>");
  expect(await page.evaluate(() => "hacked" in window)).toBe(false);
});

test("a script that floods its log harms neither server nor page", async ({ page, server }) => {
  const form = await new LaunchPage(page).open();
  await form.uploadScript(`
import os, sys
print("x" * 1_000_000, flush=True)
os.write(1, bytes(range(256)) * 4 + b"\\n")
for number in range(100_000):
    sys.stdout.write(f"line {number}\\n")
print("loss=0.5", flush=True)
`);
  await form.fill("experiment", "flood");
  await form.setRow(METRICS, "train:loss", "loss=([0-9.]+)");
  const run = await form.launch();
  await run.is("Completed", 120_000);
  await expect.poll(() => run.metric("train:loss"), { timeout: 30_000 }).toBeCloseTo(0.5, 6);
  await run.openTab("Logs");
  await expect(run.log).toContainText("loss=0.5");
  // The page keeps a bounded number of lines, each of bounded length.
  expect(await page.locator(".log-line").count()).toBeLessThan(10_000);
  expect((await fetch(`${server.url}/healthz`)).ok).toBe(true);
});
