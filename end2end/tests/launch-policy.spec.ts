// What a team allows itself: shown while the form is typed, offered where it can be, refused with the cure.

import { counting } from "../fixtures/scripts";
import { expect, test } from "../fixtures/test";
import { INSTANCE_COUNT, INSTANCE_TYPE, LaunchPage } from "../pages/launch_page";

const POLICY = `
[[policy]]
experiments = "vision-*"
required_tags = ["cost-center"]
allowed_instance_types = ["ml.c5.*", "ml.m5.xlarge"]
max_instances = 1
message = "Ask ann@example.com for more."
`;

test.use({ serverConfig: POLICY });

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with the script" : "without the script", () => {
    test.use({ javaScriptEnabled });

    test("a policy is refused by field, and a form that fits is launched", async ({ page, server }) => {
      const form = await new LaunchPage(page).open();
      await form.uploadScript(counting(1, 0.1));
      await form.fill("experiment", "vision-1");
      await form.fill(INSTANCE_TYPE, "ml.g5.xlarge");
      await form.fill(INSTANCE_COUNT, "2");
      const notice = page.getByRole("region", { name: "Policy" });
      const add = notice.getByRole("button", { name: "Add tag cost-center" });
      if (javaScriptEnabled) {
        await expect(notice).toContainText("ml.c5.*");
        const offer = page.getByRole("button", { name: /^ml\.g5\.xlarge/ });
        await expect(offer).toContainText("not allowed for experiments vision-*");
      }
      await form.press();
      if (!javaScriptEnabled) await page.waitForURL(/\/launch\?draft=/);
      for (const [field, words] of [
        ["Tags", "requires the tag `cost-center`"],
        [INSTANCE_TYPE, "does not allow `ml.g5.xlarge`: choose one of `ml.c5.*`, `ml.m5.xlarge`"],
        [INSTANCE_COUNT, "at most 1 instance together"],
      ] as const) {
        await expect(form.errorOf(field)).toContainText(words);
        await expect(form.errorOf(field)).toContainText("Ask ann@example.com for more.");
      }
      await expect(notice).toContainText("Ask ann@example.com");

      await form.fill(INSTANCE_TYPE, "ml.c5.xlarge");
      await form.fill(INSTANCE_COUNT, "1");
      if (javaScriptEnabled) {
        await expect(form.errorOf(INSTANCE_TYPE)).toHaveCount(0);
        await add.click();
        await expect(add).toHaveCount(0);
        await expect(form.cells("Tags", 1).first()).toBeFocused();
        await page.keyboard.type("42");
      } else {
        await form.upload({ name: "train.py", mimeType: "text/x-python", buffer: Buffer.from(counting(1, 0.1)) });
        await form.setRow("Tags", "cost-center", "42");
      }
      const run = await form.launch();
      const job = await server.aws.describe(await run.jobName());
      expect(job.ResourceConfig.InstanceType).toBe("ml.c5.xlarge");
    });
  });
}

test("a program is refused, too, and other experiments are free", async ({ server }) => {
  const launch = async (experiment: string): Promise<Response> =>
    await fetch(`${server.url}/api/v1/runs`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        request: {
          AlgorithmSpecification: { TrainingInputMode: "File" },
          ResourceConfig: { InstanceType: "ml.m5.large", InstanceCount: 1, VolumeSizeInGB: 5 },
          StoppingCondition: { MaxRuntimeInSeconds: 600 },
        },
        experiment,
        source: { sample: "iris-stdlib" },
        entry_point: "train.py",
      }),
    });
  const refused = await launch("vision-2");
  expect(refused.status).toBe(422);
  expect(await refused.text()).toContain("requires the tag `cost-center`");
  const free = await launch("speech-1");
  expect(free.status, await free.text()).toBe(201);
});
