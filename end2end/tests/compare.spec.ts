// Runs side by side: chosen in a list, their curves over each other, a table of differences, money against a metric.

import { readFileSync } from "node:fs";

import { expect, test } from "../fixtures/test";
import { Rest } from "../fixtures/rest";
import { LOSS } from "../fixtures/scripts";

/** Loss falls from `start` to `start / 20`; `score` rises. */
const SCRIPT = `
import argparse, time
parser = argparse.ArgumentParser()
parser.add_argument("--start", type=float)
parser.add_argument("--pause", type=float)
args, _ = parser.parse_known_args()
for epoch in range(1, 21):
    print(f"epoch={epoch} loss={args.start / epoch:.6f} score={epoch / 20:.4f} zeta={epoch}", flush=True)
    time.sleep(args.pause)
`;
const SCORE = { name: "score", regex: "score=([0-9.]+)" };
/** The third by name: not among the charts of the first paint. */
const ZETA = { name: "zeta", regex: "zeta=([0-9]+)" };

async function three(rest: Rest, experiment: string): Promise<string[]> {
  const source = await rest.source(SCRIPT);
  const ids: string[] = [];
  for (const start of ["1", "2", "4"]) {
    ids.push(await rest.launch(source, experiment, { start, pause: "0.05" }, [LOSS, SCORE, ZETA]));
  }
  for (const id of ids) await rest.completed(id);
  return ids;
}

test("runs are chosen in the list, compared, and left out again", async ({ page, request }) => {
  test.slow();
  const ids = await three(new Rest(request), "compare-me");
  await page.goto("/runs?experiment=compare-me");
  for (const id of ids) {
    const tick = page.locator(`input.tick[value="${id}"]`);
    await expect(tick).toBeEnabled();
    // The basket is there once the script is.
    await expect(async () => {
      if (!(await tick.isChecked())) await tick.check();
      await expect(page.getByRole("region", { name: "Runs to compare" })).toBeVisible({ timeout: 1_000 });
    }).toPass();
  }
  const basket = page.getByRole("region", { name: "Runs to compare" });
  await expect(basket).toContainText("3 runs chosen");
  await page.goto("/");
  await expect(basket, "the basket is kept while pages change").toContainText("3 runs chosen");
  await basket.getByRole("link", { name: "Compare" }).click();
  await page.waitForURL(/\/compare\?run=/);

  const key = page.getByRole("list", { name: "Compared runs" }).getByRole("listitem");
  await expect(key).toHaveCount(3);
  await expect(key.nth(1)).toContainText("start=2");
  await expect(key.nth(0)).toContainText("base");

  const loss = page.locator('.chart-card[data-chart="train:loss"]');
  await expect(loss).toHaveAttribute("data-points", "60");
  await expect(loss.locator(".chart-legend li")).toHaveCount(3);
  await expect(loss.locator(".chart-legend li").nth(2)).toContainText("start=4");
  await expect(loss.locator(".chart-legend li").nth(2)).toContainText("0.2");
  await expect(page.locator('.chart-card[data-chart="score"]')).toHaveAttribute("data-points", "60");

  await page.getByRole("link", { name: "Dollars" }).click();
  await expect(page).toHaveURL(/x=dollars/);
  await expect(loss.locator(".chart-axis-name")).toHaveText("dollars spent");
  await page.getByPlaceholder("Metric contains").fill("sco");
  await page.getByRole("button", { name: "Filter" }).click();
  await expect(loss).toBeHidden();
  await expect(page.locator('.chart-card[data-chart="score"]')).toBeVisible();
  await expect(page).toHaveURL(/metric=sco/);
  await expect(page, "what else was chosen stays").toHaveURL(/x=dollars/);

  for (const tab of ["Table", "Scatter", "Curves"]) {
    await page.getByRole("navigation", { name: "Parts of this comparison" }).getByRole("link", { name: tab }).click();
    await expect(page.getByRole("heading", { name: tab, level: 2 })).toBeAttached();
  }
  await expect(page).toHaveURL(/x=dollars/);
  await key.nth(2).getByRole("link", { name: "Leave this run out" }).click();
  await expect(key).toHaveCount(2);
});

test("the table shows what differs, and by how much from the base", async ({ page, request }) => {
  test.slow();
  const ids = await three(new Rest(request), "compare-table");
  await page.goto(`/compare?run=${ids.join(",")}&tab=table&base=${ids[1]}`);
  const row = (name: string) => page.getByRole("row").filter({ has: page.getByRole("rowheader", { name, exact: true }) });
  await expect(row("start").getByRole("cell")).toHaveText(["1", "2", "4"]);
  await expect(row("pause"), "equal for all").toHaveCount(0);
  await expect(row("score"), "equal for all").toHaveCount(0);
  // 1/20, 2/20, 4/20; the distance from the base is 0.05 less and 0.1 more.
  await expect(row("train:loss").getByRole("cell").nth(0)).toHaveText(/lowest 0\.05-0\.05/);
  await expect(row("train:loss").getByRole("cell").nth(1)).toHaveText(/^0\.1$/);
  await expect(row("train:loss").getByRole("cell").nth(2)).toHaveText(/highest 0\.2\+0\.1/);
  await page.getByRole("link", { name: "All rows" }).click();
  await expect(row("pause").getByRole("cell")).toHaveText(["0.05", "0.05", "0.05"]);
  await page.getByRole("link", { name: "Highest" }).click();
  await expect(row("train:loss").getByRole("cell").nth(2)).toHaveText(/highest 4\+2/);
});

test("what nobody beats is joined by a line, and every dot leads to its run", async ({ page, request }) => {
  test.slow();
  const ids = await three(new Rest(request), "compare-scatter");
  await page.goto(`/compare?run=${ids.join(",")}&tab=scatter&sx=p:start&sy=m:train:loss`);
  const card = page.locator(".scatter-card");
  await expect(card).toHaveAttribute("data-dots", "3");
  await expect(card.locator(".scatter-front"), "a parameter is no price").toHaveCount(0);
  await page.getByLabel("Across").selectOption("cost");
  await page.getByRole("button", { name: "Show" }).click();
  await expect(page).toHaveURL(/sx=cost/);
  await expect(card).toHaveAttribute("data-dots", "3");
  await expect(card.locator(".scatter-dot.is-front").first()).toBeVisible();
  await card.getByRole("link", { name: /start=4/ }).click();
  await expect(page).toHaveURL(new RegExp(`/runs/${ids[2]}$`));
});

test("curves of running runs grow", async ({ page, request }) => {
  test.slow();
  const rest = new Rest(request);
  const source = await rest.source(SCRIPT);
  const ids = [
    await rest.launch(source, "compare-live", { start: "1", pause: "0.05" }),
    await rest.launch(source, "compare-live", { start: "2", pause: "0.5" }),
  ];
  await page.goto(`/compare?experiment=compare-live`);
  const loss = page.locator('.chart-card[data-chart="train:loss"]');
  await expect(loss).toHaveAttribute("data-points", "40", { timeout: 90_000 });
  await expect(page.getByRole("list", { name: "Compared runs" })).toHaveAttribute("data-runs", ids.join(","));
});

test.describe("without the script", () => {
  test.use({ javaScriptEnabled: false });

  test("ticked runs are compared", async ({ page, request }) => {
    test.slow();
    const ids = await three(new Rest(request), "compare-plain");
    await page.goto("/runs?experiment=compare-plain");
    for (const id of ids.slice(0, 2)) await page.locator(`input.tick[value="${id}"]`).check();
    await page.getByRole("button", { name: "Compare the ticked runs" }).click();
    await expect(page.locator('.chart-card[data-chart="train:loss"]')).toHaveAttribute("data-points", "40");
    const zeta = page.locator('.chart-card[data-chart="zeta"]');
    await expect(zeta).toHaveCount(0);
    await page.getByPlaceholder("Metric contains").fill("zeta");
    await page.getByRole("button", { name: "Filter" }).click();
    await expect(zeta, "what was asked for is drawn").toHaveAttribute("data-points", "40");
    await page.getByRole("link", { name: "Table" }).click();
    await expect(page.getByRole("rowheader", { name: "start", exact: true })).toBeVisible();
  });
});

test("a chart is looked at closer, with every point, and saved", async ({ page, request }) => {
  test.slow();
  const rest = new Rest(request);
  // More points than a page holds, one of them far above the others.
  const script = `
for step in range(1, 6001):
    print(f"step={step} loss={900 if step == 4321 else 1 / step:.6f}")
`;
  const id = await rest.launch(await rest.source(script), "looked-at", {}, [LOSS]);
  await rest.completed(id);
  await page.goto(`/runs/${id}?tab=charts`);
  const chart = page.locator('.chart-card[data-chart="loss"]');
  const frame = chart.getByRole("group", { name: /arrow keys/ });
  await expect(chart).not.toHaveAttribute("data-points", "6000");

  const whole = page.getByRole("link", { name: "Whole axis" });
  await expect(async () => {
    const box = (await frame.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
    await page.mouse.move(box.x + box.width * 0.7, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.76, box.y + box.height / 2, { steps: 5 });
    await page.mouse.up();
    await expect(whole).toBeVisible({ timeout: 1_000 });
  }).toPass();
  await expect(page).toHaveURL(/zoom=\d/);

  const saved = async (kind: string): Promise<Buffer> => {
    await chart.locator("summary").click();
    const [download] = await Promise.all([page.waitForEvent("download"), chart.getByRole("button", { name: kind }).click()]);
    await chart.locator("summary").click();
    expect(download.suggestedFilename()).toBe(`loss.${kind.toLowerCase()}`);
    return readFileSync(await download.path());
  };
  await page.goto(`/runs/${id}?tab=charts&zoom=4300,4340`);
  // The curve is read closer: every step between.
  const steps = async (): Promise<number[]> => {
    const rows = (await saved("CSV")).toString().trim().split("\r\n").slice(1);
    return rows.map((it) => Number(it.split(",")[1]));
  };
  await expect(async () => {
    expect(await steps()).toEqual(Array.from({ length: 43 }, (_, at) => 4299 + at));
  }).toPass();
  expect((await saved("SVG")).toString()).toMatch(/^<svg xmlns.*>loss<.*<\/svg>$/s);
  expect((await saved("PNG")).subarray(1, 4).toString()).toBe("PNG");

  await whole.click();
  await expect(page).not.toHaveURL(/zoom=/);
  await frame.focus();
  await page.keyboard.press("+");
  await expect(page).toHaveURL(/zoom=/);
});
