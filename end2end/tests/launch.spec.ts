// The whole way: the form, the run that grows by itself, its end, its model, its cost.

import { cost, pricePerHour, shows } from "../fixtures/money";
import { counting, LOSS } from "../fixtures/scripts";
import { expect, test } from "../fixtures/test";
import { INSTANCE_COUNT, LaunchPage, MAX_RUNTIME, MAX_WAIT, METRICS, SPOT } from "../pages/launch_page";

test("a bundled sample is launched, watched and finished", async ({ page, server }) => {
  const form = await new LaunchPage(page).openSample("iris-stdlib");
  await form.fill("experiment", "iris by the book");
  const run = await form.launch();
  await run.is("Running");
  await page.evaluate(() => Object.assign(window, { neverReloaded: true }));
  const name = await run.jobName();

  // The curve grows while the script trains.
  const first = await run.grows("train:loss");
  const second = await run.grows("train:loss");
  expect(second).toBeGreaterThan(first);
  await expect(run.log).toContainText("loss");

  await run.is("Completed", 120_000);
  const job = await server.aws.waitForStatus(name, "Completed");
  expect(await page.evaluate(() => "neverReloaded" in window), "the page was not reloaded").toBe(true);

  // Every figure is SageMaker's own.
  const seconds = job.TrainingTimeInSeconds ?? -1;
  await expect.poll(() => run.number("Training seconds")).toBe(seconds);
  expect(await run.number("Billable seconds")).toBe(job.BillableTimeInSeconds);
  expect(job.BillableTimeInSeconds, "not a spot run").toBe(seconds);
  const { InstanceType: type, InstanceCount: count } = job.ResourceConfig;
  const shown = await run.fact("Cost").innerText();
  expect(shows(shown, cost(type, seconds, count)), `${shown} for ${seconds} s of ${type}`).toBe(true);
  expect(pricePerHour(type)).toBeGreaterThan(0n);

  const finals = job.FinalMetricDataList ?? [];
  expect(finals.length).toBeGreaterThan(0);
  for (const final of finals) {
    expect(await run.metric(final.MetricName), final.MetricName).toBeCloseTo(final.Value, 4);
  }
  const given = Object.entries(job.HyperParameters ?? {}).filter(([key]) => !key.startsWith("sagemaker_"));
  for (const [key, value] of given) expect(await run.hyperparameter(key)).toBe(value);
  expect(await run.phases()).toEqual(job.SecondaryStatusTransitions.map((it) => it.Status));

  // It is in its experiment's list, beside the others.
  await page.getByRole("link", { name: "iris by the book" }).first().click();
  await expect(page.getByRole("row").filter({ hasText: "Completed" })).toHaveCount(1);
});

test("an uploaded script leaves the model that it wrote", async ({ page, server }) => {
  const form = await new LaunchPage(page).open();
  await form.uploadScript(counting(4, 0.2));
  await form.fill("experiment", "uploads");
  await form.setRow(METRICS, LOSS.name, LOSS.regex);
  await form.setRow("HyperParameters", "learning-rate", "0.1");
  await form.fill(INSTANCE_COUNT, "1");
  const run = await form.launch();
  await run.is("Completed", 90_000);
  expect(JSON.parse(await run.modelFile("model.json"))).toEqual({ epochs: 4 });
  await expect.poll(() => run.points(LOSS.name)).toBe(4);
  await expect.poll(() => run.metric(LOSS.name)).toBeCloseTo(0.25, 5);
  expect(await run.hyperparameter("learning-rate")).toBe("0.1");
  const job = await server.aws.describe(await run.jobName());
  expect(job.HyperParameters?.["learning-rate"]).toBe("0.1");
});

test("a spot run that is interrupted goes on and shows what it saved", async ({ page, server }) => {
  const form = await new LaunchPage(page).open();
  await form.uploadScript(`
import os, time
path = os.environ.get("SM_CHECKPOINT_DIR", "/opt/ml/checkpoints")
os.makedirs(path, exist_ok=True)
path = os.path.join(path, "epoch")
start = int(open(path).read()) if os.path.exists(path) else 0
for epoch in range(start, 10):
    time.sleep(0.5)
    print(f"loss={1 / (epoch + 1):.6f}", flush=True)
    open(path, "w").write(str(epoch + 1))
`);
  await form.fill("experiment", "spot");
  await form.setRow(METRICS, LOSS.name, LOSS.regex);
  await form.check(SPOT, true);
  await form.fill(MAX_RUNTIME, "600");
  await form.fill(MAX_WAIT, "1200");
  await form.setRow("Environment", "TRAINYARD_LOCAL_SPOT_INTERRUPT_AFTER_SECONDS", "2");
  const run = await form.launch();
  await run.is("Completed", 120_000);

  const job = await server.aws.describe(await run.jobName());
  const phases = await run.phases();
  expect(phases).toContain("Interrupted");
  expect(phases.filter((it) => it === "Training")).toHaveLength(2);
  const training = job.TrainingTimeInSeconds ?? 0;
  const billable = job.BillableTimeInSeconds ?? 0;
  // Waiting for capacity is not billed. Both figures are whole seconds of clocks that tick finer.
  const waited = job.SecondaryStatusTransitions.filter((it) => it.Status === "Interrupted").reduce(
    (sum, it) => sum + (it.EndTime ?? it.StartTime) - it.StartTime,
    0,
  );
  expect(Math.abs(billable - (training - waited) * 0.3), "spot is billed as fewer seconds").toBeLessThanOrEqual(1);
  expect(await run.number("Training seconds")).toBe(training);
  expect(await run.number("Billable seconds")).toBe(billable);
  const savings = Number((await run.fact("Managed Spot Training savings").innerText()).replace("%", ""));
  expect(savings).toBeCloseTo(100 * (1 - billable / training), 1);
  const { InstanceType: type, InstanceCount: count } = job.ResourceConfig;
  const shown = await run.fact("Cost").innerText();
  expect(shows(shown, cost(type, billable, count)), `${shown} for ${billable} s of ${type}`).toBe(true);
});

test("a sample with packages of its own runs", async ({ page }) => {
  test.setTimeout(420_000);
  const form = await new LaunchPage(page).openSample("wine-sklearn");
  const run = await form.launch();
  await run.is("Completed", 360_000);
  expect((await run.phases()).at(-1)).toBe("Completed");
});
