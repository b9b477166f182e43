// The engine goes away under a server that is running: the form says so, keeps what was typed, and launches later.

import { counting } from "../fixtures/scripts";
import { Server } from "../fixtures/server";
import { expect, test } from "../fixtures/test";
import { LaunchPage } from "../pages/launch_page";

test("an engine that cannot be reached is named, and nothing is launched", async ({ browser }, info) => {
  // Its endpoint plays AWS for a second server, which outlives it.
  const engine = await Server.start(`engine-${info.workerIndex}`);
  const role = "arn:aws:iam::000000000000:role/TrainyardLocal";
  const server = await Server.start(`away-${info.workerIndex}`, ["--engine", "aws", "--bucket", "trainyard", "--role-arn", role], {
    AWS_ENDPOINT_URL: engine.awsUrl,
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
    AWS_REGION: "us-east-1",
    AWS_EC2_METADATA_DISABLED: "true",
  });
  const page = await browser.newPage({ baseURL: server.url });
  try {
    const form = await new LaunchPage(page).open();
    await form.uploadScript(counting(2, 0.1));
    await form.fill("experiment", "away");
    await form.fill("job_name", "away");
    await engine.kill();
    await form.press();
    await expect(form.summary).toContainText("nothing was launched");
    await expect(form.errorOf("engine")).toContainText(/cannot be reached.*credentials/);
    await expect(form.field("experiment")).toHaveValue("away");
    await expect(page.getByText("train.py").first()).toBeVisible();

    await engine.startAgain();
    expect(await engine.aws.jobNames(), "nothing was sent").toEqual([]);
    await (await form.launch()).is("Completed");
    expect(await engine.aws.jobNames()).toHaveLength(1);
  } finally {
    await page.close();
    await server.stop();
    await engine.dispose();
    await server.dispose();
  }
});
