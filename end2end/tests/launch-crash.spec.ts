// The server dies at any moment of a launch: afterwards there is one job for one press of the button, never two.

import { counting } from "../fixtures/scripts";
import { Server } from "../fixtures/server";
import { expect, test } from "../fixtures/test";
import { waitFor } from "../fixtures/wait";
import { INSTANCE_COUNT, INSTANCE_TYPE, MAX_RUNTIME } from "../pages/launch_page";

const IMAGE = "AlgorithmSpecification.TrainingImage";
const OUTPUT_PATH = "OutputDataConfig.S3OutputPath";

/** Milliseconds between pressing the button and the kill. */
const MOMENTS = [0, 5, 20, 60, 150, 400];

/** What the killed server was at is looked up at once: long before its lease of 30 s would have run out. */
const TAKEN_UP_MS = 20_000;

test("killed during a launch, and the button pressed again", async ({ playwright }, info) => {
  const server = await Server.start(`crash-${info.workerIndex}`);
  try {
    for (const [index, moment] of MOMENTS.entries()) {
      const request = await playwright.request.newContext({ baseURL: server.url });
      const form = await (await request.get("/launch")).text();
      const key = /name="idempotency_key"[^>]*value="([^"]+)"|value="([^"]+)"[^>]*name="idempotency_key"/.exec(form);
      expect(key, "the form carries its key").not.toBeNull();
      const value = (name: string): string =>
        new RegExp(`<input[^>]*name="${name.replaceAll(".", "\\.")}"[^>]*value="([^"]*)"`).exec(form)?.[1] ?? "";
      const press = () =>
        request.post("/launch", {
          headers: { origin: server.url },
          maxRedirects: 0,
          multipart: {
            idempotency_key: key?.[1] ?? key?.[2] ?? "",
            experiment: `crash-${index}`,
            source: "upload",
            entry_point: "train.py",
            [IMAGE]: value(IMAGE),
            RoleArn: value("RoleArn"),
            [OUTPUT_PATH]: value(OUTPUT_PATH),
            [INSTANCE_TYPE]: "ml.m5.large",
            [INSTANCE_COUNT]: "1",
            [MAX_RUNTIME]: "60",
            source_file: { name: "train.py", mimeType: "text/x-python", buffer: Buffer.from(counting(2, 0.1)) },
          },
        });
      const answer = press().catch(() => undefined);
      await new Promise((resume) => setTimeout(resume, moment));
      await server.kill();
      await answer;
      await server.startAgain();

      // What a person does: the page did not come, so the button is pressed again.
      const again = await press();
      expect(again.status(), await again.text()).toBe(303);
      expect(again.headers()["location"]).toMatch(/^\/runs\/[0-9A-Z]{26}$/);
      await request.dispose();
    }
    for (const [index, moment] of MOMENTS.entries()) {
      const [name = "", ...more] = await waitFor(`the job of moment ${moment}`, async () => {
        const found = (await server.aws.jobNames()).filter((it) => it.startsWith(`crash-${index}-`));
        return found.length > 0 ? found : undefined;
      }, TAKEN_UP_MS);
      expect(more, `killed after ${moment} ms: one job`).toEqual([]);
      await server.aws.waitForStatus(name, "Completed");
    }
    // Nothing was sent twice later on either.
    expect(await server.aws.jobNames()).toHaveLength(MOMENTS.length);
  } finally {
    await server.dispose();
  }
});
