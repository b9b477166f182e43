// A git repository as the source: the run keeps its commit, whatever becomes of the branch.

import { GitHost } from "../fixtures/git_host";
import { counting, LOSS } from "../fixtures/scripts";
import { expect, test } from "../fixtures/test";
import { LaunchPage, METRICS } from "../pages/launch_page";

const REQUEST = {
  AlgorithmSpecification: { TrainingInputMode: "File" },
  ResourceConfig: { InstanceType: "ml.m5.large", InstanceCount: 1, VolumeSizeInGB: 5 },
  StoppingCondition: { MaxRuntimeInSeconds: 600 },
};

let host: GitHost;

test.beforeAll(async () => {
  host = await GitHost.start();
  host.push({ "README.md": "# Models\n", "vision/train.py": counting(2, 0.1) });
});

test.afterAll(async () => {
  await host.stop();
});

async function typeSource(form: LaunchPage, reference: string, folder: string): Promise<void> {
  await form.chooseSource("git");
  await form.fill("git_url", host.url);
  await form.fill("git_ref", reference);
  await form.fill("git_folder", folder);
}

test("a branch is launched at its commit, and its clone launches that commit again", async ({ page, server }) => {
  const commit = host.push({ "vision/train.py": counting(3, 0.1) });
  const form = await new LaunchPage(page).open();
  await typeSource(form, "main", "vision");
  await form.fill("experiment", "from git");
  await form.setRow(METRICS, LOSS.name, LOSS.regex);
  const first = await form.launch();
  await first.is("Completed", 90_000);
  await expect.poll(() => first.points(LOSS.name)).toBe(3);
  const firstId = first.id;
  await first.openTab("Files");
  const source = page.getByRole("region", { name: "Source" });
  await expect(source).toContainText(commit);
  await expect(source).toContainText(host.url);
  await expect(source.getByRole("row")).toHaveCount(2);
  await first.openTab("Capsule");
  await expect(page.getByRole("region", { name: "Everything else" })).toContainText(commit);
  const job = await server.aws.describe(await first.jobName());
  expect(job.HyperParameters?.sagemaker_program).toBe("train.py");

  // The branch moves on; the run does not.
  const later = host.push({ "vision/train.py": counting(4, 0.1) });
  await page.getByRole("link", { name: "Clone", exact: true }).click();
  const clone = new LaunchPage(page);
  await expect(clone.field("git_ref")).toHaveValue(commit);
  await expect(clone.field("git_url")).toHaveValue(host.url);
  await expect(clone.field("git_folder")).toHaveValue("vision");
  await expect(page.getByText("Nothing is changed yet")).toBeVisible();
  const second = await clone.launch();
  expect(second.id).not.toBe(firstId);
  await second.is("Completed", 90_000);
  await expect.poll(() => second.points(LOSS.name)).toBe(3);

  // With the branch's name in its place it is the new one, and the form says that this is a change.
  await page.goto(`/launch?clone=${firstId}`);
  await clone.fill("git_ref", "main");
  await expect(page.getByRole("region", { name: /^Clone of/ }).locator("ins")).toContainText("at main");
  const third = await clone.launch();
  await third.openTab("Files");
  await expect(page.getByRole("region", { name: "Source" })).toContainText(later);
});

test("a program launches it, too", async ({ server }) => {
  const commit = host.push({ "vision/train.py": counting(2, 0.2) });
  const launch = async (key: string, git: object): Promise<Response> =>
    await fetch(`${server.url}/api/v1/runs`, {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": key },
      body: JSON.stringify({ request: REQUEST, experiment: "from git", source: { git }, entry_point: "train.py" }),
    });
  const launched = await launch("git-1", { url: host.url, ref: "main", folder: "vision" });
  const run = (await launched.json()) as { id: string; git: object };
  expect(launched.status, JSON.stringify(run)).toBe(201);
  expect(run.git).toEqual({ url: host.url, commit, folder: "vision" });
  host.push({ "vision/train.py": counting(2, 0.3) });
  const again = await launch("git-1", { url: host.url, ref: "main", folder: "vision" });
  expect([again.status, ((await again.json()) as { id: string }).id]).toEqual([200, run.id]);
  const wrong = await launch("git-2", { url: host.url, ref: "nope" });
  expect(wrong.status).toBe(422);
  expect(await wrong.text()).toContain("git_ref");
});

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with the script" : "without the script", () => {
    test.use({ javaScriptEnabled });

    test("what is wrong with a repository is said beside its field", async ({ page }) => {
      const form = await new LaunchPage(page).open();
      await typeSource(form, "nope", "vision");
      await form.fill("experiment", "kept as typed");
      await form.press();
      await page.waitForURL(/\/launch\?draft=/);
      await expect(form.errorOf("git_ref")).toContainText("no branch, tag or commit `nope`");
      await expect(form.summary).toContainText("Git ref");
      await expect(form.field("git_url")).toHaveValue(host.url);
      await expect(form.field("experiment")).toHaveValue("kept as typed");

      await form.fill("git_ref", "main");
      await form.fill("git_folder", "speech");
      await form.press();
      await expect(form.errorOf("git_folder")).toContainText("it has `vision`");
      await expect(form.errorOf("git_ref")).toHaveCount(0);

      // What needs no network is said while it is typed, where there is a script.
      await form.fill("git_url", "https://ann:secret@example.com/models");
      if (javaScriptEnabled) await form.field("git_url").blur();
      else await form.press();
      await expect(form.errorOf("git_url")).toContainText("leave name and password out", { ignoreCase: true });

      await form.fill("git_url", host.url);
      await form.fill("git_folder", "vision");
      const run = await form.launch();
      await expect(run.state).toBeVisible();
    });
  });
}
