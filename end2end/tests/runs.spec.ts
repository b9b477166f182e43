// The run list: a search with its faults, columns, order, groups, a baseline, views, the archive, and files of it all.

import { serverWithRuns } from "../fixtures/many_runs";
import { expect, test } from "../fixtures/test";
import { Rest } from "../fixtures/rest";

const LOSS = { name: "loss", regex: "loss=([0-9.]+)" };

/** Loss falls from `start` to `start / 4`. */
const SCRIPT = `
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--start", type=float)
parser.add_argument("--optimizer")
args, _ = parser.parse_known_args()
for step in range(1, 5):
    print(f"epoch={step} loss={args.start / step:.4f}", flush=True)
`;

/** By their start: the one of 1 ends at 0.25, and so on. */
async function four(rest: Rest, experiment: string): Promise<Map<string, string>> {
  const source = await rest.source(SCRIPT);
  const ids = new Map<string, string>();
  for (const [start, optimizer] of [["1", "adam"], ["2", "adam"], ["4", "sgd"], ["8", "sgd"]] as const) {
    ids.set(start, await rest.launch(source, experiment, { start, optimizer }, [LOSS]));
  }
  for (const id of ids.values()) await rest.completed(id);
  return ids;
}

const LIST = (search: string, rest = ""): string => `/runs?search=${encodeURIComponent(search)}${rest}`;

test.describe("of four runs", () => {
  test("a search finds them, and says where it is wrong", async ({ page, request }) => {
    test.slow();
    await four(new Rest(request), "searched");
    const rows = page.locator("tr.grid-row");
    await page.goto(LIST("experiment = searched and (metrics.loss < 0.6 or params.optimizer = sgd) and not params.start = 8.0"));
    await expect(rows).toHaveCount(3);
    await expect(page.getByRole("status").filter({ hasText: "3 runs" })).toBeVisible();

    // Its parts can be left out one by one, and added by a form.
    const conditions = page.getByRole("list", { name: "Conditions" }).getByRole("listitem");
    await expect(conditions).toHaveCount(3);
    await conditions.filter({ hasText: "NOT" }).getByRole("link").click();
    await expect(rows).toHaveCount(4);
    await page.locator("summary", { hasText: "Condition" }).click();
    await page.getByLabel("Field", { exact: true }).fill("max(metrics.loss)");
    await page.getByLabel("Test").selectOption(">=");
    await page.getByLabel("Value", { exact: true }).fill("4");
    await page.getByRole("button", { name: "Add", exact: true }).first().click();
    await expect(rows).toHaveCount(2);
    await expect(page.getByRole("searchbox", { name: "Search" })).toHaveValue(/AND max\(metrics\.loss\) >= 4$/);
    await page.getByLabel("Status").selectOption("failed");
    await page.getByRole("button", { name: "Search", exact: true }).click();
    await expect(page.getByRole("heading", { name: "No run matches" })).toBeVisible();

    await page.getByRole("searchbox", { name: "Search" }).fill("metrics.loss < 0.6 and statu = failed");
    await page.getByRole("button", { name: "Search", exact: true }).click();
    const fault = page.getByRole("alert");
    await expect(fault).toContainText("did you mean");
    await expect(fault.locator("mark")).toHaveText("statu");
  });

  test("columns, order, groups and a baseline are in the URL", async ({ page, request }) => {
    test.slow();
    const ids = await four(new Rest(request), "arranged");
    await page.goto("/runs?experiment=arranged");
    const heads = page.locator("th.grid-head");
    // What the runs differ in has a column by itself.
    await expect(heads.filter({ hasText: "loss" })).toBeVisible();
    await expect(heads.filter({ hasText: "start" })).toBeVisible();

    await page.locator("summary", { hasText: "Columns" }).click();
    await page.getByLabel("Add a column").fill("min(metrics.loss)");
    await page.getByRole("button", { name: "Add", exact: true }).last().click();
    await expect(heads.last()).toHaveText("min loss");
    await heads.filter({ hasText: /^min loss/ }).getByRole("link").click();
    await expect(page.locator("th[aria-sort=descending]")).toContainText("min loss");
    const last = (row: number) => page.locator("tr.grid-row").nth(row).locator("td").last();
    await expect(last(0)).toContainText("2");
    await heads.filter({ hasText: /^min loss/ }).getByRole("link").click();
    await expect(last(0)).toContainText("0.25");
    await page.locator("summary", { hasText: "Columns" }).click();
    await page.getByRole("link", { name: "Leave out created" }).click();
    await expect(heads.filter({ hasText: "Created" })).toHaveCount(0);

    const base = ids.get("2") ?? "";
    await page.goto(`${page.url()}&base=${base}`);
    await expect(page.getByText("Differences are against")).toBeVisible();
    await expect(last(0)).toContainText("−0.25");
    await expect(page.locator("tr.is-base")).toHaveCount(1);

    await page.locator("summary", { hasText: "Group" }).click();
    await page.getByLabel("Put runs together by").fill("params.optimizer");
    await page.locator("details[open]").getByRole("button", { name: "Group" }).click();
    const groups = page.locator(".group-table tbody tr");
    await expect(groups).toHaveCount(2);
    const adam = groups.filter({ hasText: "adam" });
    await expect(adam).toContainText("0.375 ± 0.176777");
    await expect(adam).toContainText("0.25 – 0.5, n 2");
    await adam.getByRole("link").click();
    await expect(page.locator("tr.grid-row")).toHaveCount(2);
    await expect(page.getByRole("searchbox", { name: "Search" })).toHaveValue(/params\.optimizer = adam/);
  });

  test("a view is kept for everybody, and the list is a file", async ({ page, request }) => {
    test.slow();
    await four(new Rest(request), "kept");
    await page.goto(LIST("experiment = kept and params.start > 3", "&columns=params.start,metrics.loss&order=params.start"));
    await page.locator("summary", { hasText: "Views" }).click();
    await page.getByLabel("Name of this view").fill("The large ones");
    await page.getByRole("button", { name: "Keep" }).click();
    await expect(page.locator("summary", { hasText: "The large ones" })).toBeVisible();
    await page.goto("/runs");
    await page.locator("summary", { hasText: "Views" }).click();
    await page.getByRole("link", { name: "The large ones" }).click();
    await expect(page.locator("tr.grid-row")).toHaveCount(2);

    const file = async (name: string): Promise<string> => {
      await page.locator("summary", { hasText: "Export" }).click();
      const href = await page.getByRole("link", { name }).getAttribute("href");
      await page.locator("summary", { hasText: "Export" }).click();
      return await (await request.get(href ?? "")).text();
    };
    const csv = (await file("CSV")).trim().split(/\r?\n/);
    expect(csv).toHaveLength(3);
    expect(csv[1]).toMatch(/,4,1(\.0)?$/);
    expect(JSON.stringify(JSON.parse(await file("JSON")))).toContain('"params.start":"8"');

    await page.locator("summary", { hasText: "The large ones" }).click();
    await page.getByRole("button", { name: "Delete the view The large ones" }).click();
    await expect(page.locator("summary", { hasText: "Views" })).toBeVisible();
  });

  for (const javaScriptEnabled of [true, false]) {
    test.describe(javaScriptEnabled ? "with the script" : "without the script", () => {
      test.use({ javaScriptEnabled });

      test("ticked runs are archived, and found again only by name", async ({ page, request }) => {
        test.slow();
        const experiment = javaScriptEnabled ? "stored-away" : "stored-away-plainly";
        const ids = await four(new Rest(request), experiment);
        const list = LIST(`experiment = ${experiment}`);
        await page.goto(list);
        const tick = page.locator(`input.tick[value="${ids.get("1") ?? ""}"]`);
        if (javaScriptEnabled) {
          const basket = page.getByRole("region", { name: "Runs to compare" });
          await expect(async () => {
            if (!(await tick.isChecked())) await tick.check();
            await expect(basket).toBeVisible({ timeout: 1_000 });
          }).toPass();
          await basket.locator("summary").click();
          await basket.getByRole("button", { name: "Archive", exact: true }).click();
        } else {
          await tick.check();
          await page.getByRole("button", { name: "Archive them" }).click();
        }
        const rows = page.locator("tr.grid-row");
        await expect(rows).toHaveCount(3);
        await page.goto(LIST(`experiment = ${experiment} and archived = true`));
        await expect(rows).toHaveCount(1);
        await expect(rows).toHaveClass(/is-archived/);
      });
    });
  }
});

test("a list that is open shows what is launched meanwhile", async ({ page, request }) => {
  test.slow();
  const rest = new Rest(request);
  const source = await rest.source(SCRIPT);
  await rest.completed(await rest.launch(source, "watched", { start: "1", optimizer: "adam" }, [LOSS]));
  await page.goto("/runs?experiment=watched");
  const rows = page.locator("tr.grid-row");
  await expect(rows).toHaveCount(1);
  const id = await rest.launch(source, "watched", { start: "2", optimizer: "adam" }, [LOSS]);
  await expect(rows).toHaveCount(2);
  await rest.completed(id);
  await expect(rows.first()).toContainText("Completed");
  await expect(rows.first()).toContainText("0.5");
});

test("a long list scrolls through all of its runs, and is a page of cards on a phone", async ({ browser, playwright }) => {
  test.slow();
  const server = await serverWithRuns("long-list", 1_000, playwright);
  try {
    const page = await browser.newPage({ baseURL: server.url, viewport: { width: 1280, height: 900 } });
    await page.goto("/runs");
    const grid = page.locator("table.grid");
    const rows = page.locator("tr.grid-row");
    await expect(grid).toHaveClass(/is-scrolled/);
    await expect(grid).toHaveAttribute("aria-rowcount", "1002");
    await expect(page.getByRole("row").filter({ hasText: "exp-49-999" })).toBeVisible();
    const scroll = async (part: number): Promise<void> => {
      await page.locator(".grid-scroll").evaluate((list, part) => { list.scrollTop = list.scrollHeight * part; }, part);
    };
    await scroll(1);
    await expect(page.getByRole("row").filter({ hasText: "exp-0-0" })).toBeVisible();
    await scroll(0.5);
    await expect(rows.nth(20)).not.toContainText("…");
    expect(await rows.count(), "little is in the document").toBeLessThan(80);

    // Too narrow for a grid: one page of the list, where the reader was.
    await page.setViewportSize({ width: 390, height: 844 });
    await expect(rows).toHaveCount(100);
    await expect(page.getByRole("navigation", { name: "Pages of the list" })).toContainText("of 1,001 runs");
    await page.setViewportSize({ width: 1280, height: 900 });
    await expect(grid).toHaveClass(/is-scrolled/);

    await page.goto("/runs?search=params.lr%20%3D%201e-3%20and%20metrics.loss%20%3C%200.09&order=metrics.loss&page=2");
    await expect(page.getByRole("status").filter({ hasText: /^\d+ runs$/ })).toBeVisible();
    const values = (await page.locator('td[data-label="loss"]').allInnerTexts()).map(Number);
    expect(values.length).toBeGreaterThan(10);
    expect(values).toEqual(values.toSorted((a, b) => a - b));
    await page.close();
  } finally {
    await server.dispose();
  }
});
