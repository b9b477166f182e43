// Every page in both themes, on a desk and on phones: nothing overflows, nothing complains, axe finds nothing, and there
// is a picture.

import { mkdirSync } from "node:fs";
import { join } from "node:path";

import AxeBuilder from "@axe-core/playwright";

import { outputFolder } from "../fixtures/environment";
import { Mlflow } from "../fixtures/mlflow";
import { counting, LOSS } from "../fixtures/scripts";
import { expect, test } from "../fixtures/test";
import { LaunchPage, METRICS } from "../pages/launch_page";

const WIDTHS = [1280, 390, 320];
const screenshots = join(outputFolder, "screenshots");

test.use({
  // The address that leads nowhere answers 404, and the browser says so.
  expectedComplaints: /status of 404.*no-such-page/,
  // One budget with room, one that is exceeded at once.
  serverConfig: `
[[budget]]
name = "Everything"
usd_per_month = "250"
hard = true
[[budget]]
name = "A name that somebody made rather long"
experiments = "a name that is long*"
usd_per_month = "0.0001"
`,
});

test("both themes, three widths, every page", async ({ browser, page, server, complaints }) => {
  test.setTimeout(900_000);
  mkdirSync(screenshots, { recursive: true });
  const form = await new LaunchPage(page).open();
  await form.uploadScript(counting(30, 0.1));
  await form.fill("experiment", "a name that is long enough to need a second line on a phone");
  await form.setRow(METRICS, LOSS.name, LOSS.regex);
  await form.setRow("HyperParameters", "a-hyperparameter-with-a-rather-long-name", "x".repeat(120));
  const run = await form.launch();
  await run.is("Completed", 90_000);

  const mlflow = new Mlflow(page.request);
  const tracked = await mlflow.run(await mlflow.experiment("an experiment"), "a run that was logged", { lr: "0.1" });
  await mlflow.metric(tracked, "loss", [1, 0.5, 0.25]);
  await mlflow.artifact(tracked, "a-folder/a-file.txt", "text");

  const pages: [name: string, path: string][] = [
    ["overview", "/"],
    ["launch", "/launch"],
    ["launch-sample", "/launch?sample=iris-stdlib"],
    ["launch-clone", `/launch?clone=${run.id}`],
    ["experiments", "/experiments"],
    ["runs", "/runs"],
    ["runs-found", `/runs?search=${encodeURIComponent("metrics.`train:loss` < 9 and cost >= 0")}&base=${run.id}&order=cost`],
    ["runs-groups", "/runs?by=experiment"],
    ["runs-wrong", "/runs?search=statu%20%3D%20failed"],
    ["run", `/runs/${run.id}`],
    ["run-charts", `/runs/${run.id}?tab=charts`],
    ["run-system", `/runs/${run.id}?tab=system`],
    ["run-logs", `/runs/${run.id}?tab=logs`],
    ["run-config", `/runs/${run.id}?tab=config`],
    ["run-files", `/runs/${run.id}?tab=files`],
    ["run-capsule", `/runs/${run.id}?tab=capsule`],
    ["relaunch", `/runs/${run.id}/relaunch`],
    ["diff", `/runs/${run.id}/diff?with=${run.id}`],
    ["sweeps", "/sweeps"],
    ["compare-nothing", "/compare"],
    ["compare", `/compare?run=${run.id}`],
    ["compare-table", `/compare?run=${run.id}&tab=table&equal=1`],
    ["compare-scatter", `/compare?run=${run.id}&tab=scatter`],
    ["costs", "/costs"],
    ["costs-runs", "/costs?by=run"],
    ["mlflow", "/runs/mlflow"],
    ["mlflow-wrong", "/runs/mlflow?filter=loss%20or"],
    ["mlflow-run", `/runs/mlflow/${tracked}`],
    ["not-found", "/no-such-page"],
  ];
  for (const colorScheme of ["light", "dark"] as const) {
    for (const width of WIDTHS) {
      const context = await browser.newContext({
        baseURL: server.url,
        colorScheme,
        viewport: { width, height: width < 500 ? 844 : 900 },
      });
      const view = await context.newPage();
      view.on("console", (message) => {
        if (message.type() === "error") complaints.push(`${view.url()}: ${message.text()} (${message.location().url})`);
      });
      view.on("pageerror", (error) => complaints.push(`${view.url()}: ${error.message}`));
      for (const [name, path] of pages) {
        await view.goto(path);
        await expect(view.getByRole("main")).toBeVisible();
        const shape = await view.evaluate(() => ({
          content: document.documentElement.scrollWidth,
          screen: document.documentElement.clientWidth,
        }));
        expect(shape.content, `${path} at ${width} px, ${colorScheme}`).toBeLessThanOrEqual(shape.screen);
        if (width !== WIDTHS[1]) {
          const { violations } = await new AxeBuilder({ page: view }).analyze();
          const found = violations.map((it) => `${it.id}: ${it.nodes.map((node) => node.target.join(" ")).join(", ")}`);
          expect(found, `axe on ${path} at ${width} px, ${colorScheme}`).toEqual([]);
        }
        await view.screenshot({ path: join(screenshots, `${name}-${width}-${colorScheme}.png`), fullPage: true });
      }
      await context.close();
    }
  }
});

test("a chosen theme stays", async ({ page }) => {
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto("/");
  const background = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await background();
  await page.getByRole("button", { name: "Dark theme" }).click();
  await expect.poll(background).not.toBe(light);
  const dark = await background();
  await page.reload();
  expect(await background(), "before the script has loaded").toBe(dark);
  await expect(page.getByRole("button", { name: "Dark theme" })).toHaveAttribute("aria-pressed", "true");
});

test("the page is guarded by its policy", async ({ page, server }) => {
  const answer = await page.goto("/");
  const headers = answer?.headers() ?? {};
  const policy = headers["content-security-policy"] ?? "";
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).toContain("'nonce-");
  expect(policy).not.toContain("'unsafe-inline'");
  expect(headers["x-content-type-options"]).toBe("nosniff");
  // Another name for this address is another site: DNS rebinding gets nothing.
  const rebound = await page.request.get(server.url, { headers: { host: "evil.example" } });
  expect(rebound.status()).toBeGreaterThanOrEqual(400);
  // A form of another site changes nothing.
  const foreign = await page.request.post("/launch", {
    headers: { origin: "https://evil.example", "sec-fetch-site": "cross-site" },
    multipart: { experiment: "x" },
  });
  expect(foreign.status()).toBe(403);
});
