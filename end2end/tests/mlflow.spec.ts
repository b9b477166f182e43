// Runs that were logged with MLflow: found with its own language, read, and followed live; and a job that logs in its
// own run.

import { readFileSync } from "node:fs";

import { Mlflow } from "../fixtures/mlflow";
import { Rest } from "../fixtures/rest";
import { expect, test } from "../fixtures/test";

// A filter that is none is refused by the page, not by an error.
const WRONG = "metrics.loss < 0.5 or metrics.loss > 2";

test("logged runs are found, sorted, opened, and grow", async ({ page, request }) => {
  const mlflow = new Mlflow(request);
  const experiment = await mlflow.experiment("vision");
  const losses: [string, number][] = [["small", 0.9], ["large", 0.2], ["middle", 0.4]];
  const runs: Record<string, string> = {};
  for (const [name, loss] of losses) {
    const run = await mlflow.run(experiment, name, { lr: "0.1", size: name });
    await mlflow.metric(run, "loss", [1, (1 + loss) / 2, loss]);
    runs[name] = run;
  }
  const { small = "", large = "" } = runs;
  await mlflow.end(large);
  await mlflow.artifact(large, "notes/hello.txt", "hello");

  await page.goto("/runs");
  await page.getByRole("link", { name: "Logged with MLflow" }).click();
  const names = page.locator("tbody th[scope=row] a");
  await expect(names).toHaveText(["middle", "large", "small"]);

  await page.getByRole("columnheader", { name: "loss" }).getByRole("link").click();
  await expect(names).toHaveText(["small", "middle", "large"]);
  await page.getByRole("columnheader", { name: "loss" }).getByRole("link").click();
  await expect(names).toHaveText(["large", "middle", "small"]);
  await expect(page.getByRole("columnheader", { name: "loss" })).toHaveAttribute("aria-sort", "ascending");

  const filter = page.getByRole("searchbox", { name: "Filter" });
  await filter.fill("metrics.loss < 0.5 and params.size != 'middle'");
  await page.getByRole("button", { name: "Filter" }).click();
  await expect(names).toHaveText(["large"]);
  await filter.fill(WRONG);
  await page.getByRole("button", { name: "Filter" }).click();
  await expect(page.getByRole("alert")).toContainText("Invalid clause(s) in filter string");
  await expect(filter).toHaveValue(WRONG);
  await page.getByRole("link", { name: "Clear" }).click();
  await expect(names).toHaveText(["middle", "large", "small"]);
  await expect(page.locator(".light")).toHaveText("Live");
  await mlflow.run(experiment, "late", {});
  await expect(names, "the list follows by itself").toHaveText(["late", "middle", "large", "small"]);

  await page.getByRole("link", { name: "large" }).click();
  await expect(page.getByRole("heading", { name: "large", level: 1 })).toBeVisible();
  await expect(page.locator(".run-state")).toContainText("Completed");
  await expect(page.getByRole("row").filter({ hasText: "size" })).toContainText("large");
  await expect(page.getByRole("row").filter({ hasText: "stage" })).toContainText("try");
  await page.getByRole("link", { name: "notes/" }).click();
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "hello.txt" }).click();
  expect(readFileSync(await (await download).path(), "utf8")).toBe("hello");

  await page.goto(`/runs/mlflow/${small}`);
  await expect(page.locator(".light")).toHaveText("Live");
  const loss = page.locator(".metrics-table").getByRole("row").filter({ hasText: "loss" });
  await expect(loss).toContainText("0.9");
  await mlflow.metric(small, "loss", [0.75], 3);
  await expect(loss).toContainText("0.75");
  await mlflow.metric(small, "accuracy", [0.5]);
  await expect(page.locator(".chart-card, figure").filter({ hasText: "accuracy" }).first()).toBeVisible();
});

test("what a job's script logs stands in the job's run", async ({ page, request }) => {
  const rest = new Rest(request);
  // What MLflow's client does with these variables, without the client.
  const script = `
import json, os, urllib.request
def send(path, body):
    url = os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/runs/" + path
    body = json.dumps({"run_id": os.environ["MLFLOW_RUN_ID"], **body}).encode()
    urllib.request.urlopen(urllib.request.Request(url, body, {"Content-Type": "application/json"})).read()
send("log-parameter", {"key": "depth", "value": "12"})
for step in range(4):
    send("log-metric", {"key": "f1", "value": step / 4, "timestamp": 1700000000000 + step, "step": step})
`;
  const run = await rest.launch(await rest.source(script), "one-record", {});
  await rest.completed(run);
  await page.goto(`/runs/${run}?tab=charts`);
  await expect(page.getByRole("heading", { name: "f1" })).toBeVisible();
  await page.getByRole("link", { name: "Parameters" }).click();
  await expect(page.getByRole("region", { name: "Params logged with MLflow" })).toContainText("12");
  await page.getByRole("link", { name: "Its artifacts and datasets" }).click();
  await expect(page.getByRole("link", { name: "Its training job" })).toBeVisible();
  await expect(page.locator(".run-state")).toContainText("Completed");
});

test.describe("without script", () => {
  test.use({ javaScriptEnabled: false });

  test("the filter is a plain form, and a run is complete", async ({ page, request }) => {
    const mlflow = new Mlflow(request);
    const experiment = await mlflow.experiment("plain");
    const run = await mlflow.run(experiment, "plain run", { lr: "0.3" });
    await mlflow.metric(run, "loss", [2, 1]);
    await page.goto("/runs/mlflow");
    await page.getByRole("searchbox", { name: "Filter" }).fill("params.lr = '0.3'");
    await page.getByRole("button", { name: "Filter" }).click();
    await page.getByRole("link", { name: "plain run" }).click();
    await expect(page.locator("svg").filter({ hasText: "step" }).first()).toBeVisible();
    await expect(page.getByRole("row").filter({ hasText: "lr" })).toContainText("0.3");
  });
});
