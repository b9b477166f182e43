// Form and JSON follow each other, and nothing is lost between them.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { repository } from "../fixtures/environment";
import { counting } from "../fixtures/scripts";
import { expect, test } from "../fixtures/test";
import { INSTANCE_TYPE, LaunchPage, METRICS } from "../pages/launch_page";

/** Requests of AWS's documentation, examples and SDKs; their README names the sources. */
const folder = join(repository, "end2end/fixtures/requests");
const requests = readdirSync(folder).filter((it) => it.endsWith(".json"));

test("requests out of the world fill the form and come back as they were", async ({ page }) => {
  const form = await new LaunchPage(page).open();
  expect(requests.length).toBeGreaterThanOrEqual(20);
  for (const name of requests) {
    const request: unknown = JSON.parse(readFileSync(join(folder, name), "utf8"));
    await form.paste(JSON.stringify(request));
    await expect.poll(async () => await form.request(), { message: name }).toEqual(request);
  }
});

test("what is typed in the form is in the request, and what is typed in the request is in the form", async ({ page }) => {
  const form = await new LaunchPage(page).open();
  await form.setRow("HyperParameters", "epochs", "7");
  await form.setRow(METRICS, "loss", "loss=([0-9.]+)");
  await expect.poll(async () => (await form.request())["HyperParameters"]).toMatchObject({ epochs: "7" });

  const request = await form.request();
  await form.paste(JSON.stringify({ ...request, ResourceConfig: { InstanceType: "ml.g5.xlarge", InstanceCount: 2 } }));
  await expect(form.field(INSTANCE_TYPE)).toHaveValue("ml.g5.xlarge");
  await expect(form.cells("HyperParameters", 0).first()).toHaveValue("epochs");
});

test("a text that is no request says what is wrong and leaves the form alone", async ({ page }) => {
  const form = await new LaunchPage(page).open();
  await form.fill(INSTANCE_TYPE, "ml.g5.2xlarge");
  await form.paste("{ \"RoleArn\": ");
  await expect(form.jsonError).toContainText(/line 1/);
  await form.paste(JSON.stringify({ ResourceConfig: { Colour: "red" } }));
  await expect(form.jsonError).toContainText("ResourceConfig.Colour");
  await expect(form.field(INSTANCE_TYPE)).toHaveValue("ml.g5.2xlarge");
});

test("a member without a control is shown, sent, and refused where it is wrong", async ({ page, server }) => {
  const form = await new LaunchPage(page).open();
  await form.uploadScript(counting(2, 0.1));
  const request = await form.request();
  const rules = [{ RuleConfigurationName: "losses", RuleEvaluatorImage: "image" }];
  await form.paste(JSON.stringify({ ...request, DebugRuleConfigurations: rules, HyperParameters: { epochs: "2" } }));
  await form.field("source").and(page.locator('[value="upload"]')).check();
  await form.fill("entry_point", "train.py");
  const name = "DebugRuleConfigurations[0].RuleConfigurationName";
  await expect(form.field(name)).toHaveValue("losses");
  const run = await form.launch();
  const job = await server.aws.describe(await run.jobName());
  expect(job).toMatchObject({ DebugRuleConfigurations: rules });
});
