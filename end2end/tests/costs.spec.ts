// The review of a month's costs: sums equal what the runs cost, and every sum leads to what it is made of.

import { expect, test } from "../fixtures/test";
import { Rest } from "../fixtures/rest";

const SCRIPT = `
import time
print("loss=1", flush=True)
time.sleep(1.2)
`;

/** Nano-dollars, exactly. */
async function cost(request: import("@playwright/test").APIRequestContext, id: string): Promise<bigint> {
  const run = (await (await request.get(`/api/v1/runs/${id}`)).json()) as { cost: { total_nanousd: number } };
  return BigInt(run.cost.total_nanousd);
}

/** As the page writes amounts below a dollar: four decimals, rounded half up. */
function shown(nanousd: bigint): string {
  const rounded = (nanousd + 50_000n) / 100_000n;
  return `$${rounded / 10_000n}.${String(rounded % 10_000n).padStart(4, "0")}`;
}

function exact(nanousd: bigint): string {
  const text = `${nanousd / 1_000_000_000n}.${String(nanousd % 1_000_000_000n).padStart(9, "0")}`;
  return text.replace(/\.?0+$/, "");
}

test("a month's sums are those of its runs, down to each of them", async ({ page, request }) => {
  test.slow();
  const rest = new Rest(request);
  const source = await rest.source(SCRIPT);
  const launched = async (experiment: string): Promise<bigint> => {
    const id = await rest.launch(source, experiment, {});
    await rest.completed(id);
    return await cost(request, id);
  };
  const first = await launched("costs-a");
  const [ofA, ofB] = [first + (await launched("costs-a")), await launched("costs-b")];

  await page.goto("/");
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Costs" }).click();
  await expect(page.getByRole("heading", { name: "Costs", level: 1 })).toBeVisible();
  const row = (name: string) => page.getByRole("row").filter({ has: page.getByRole("rowheader", { name, exact: true }) });
  await expect(row("costs-a")).toContainText(shown(ofA));
  await expect(row("costs-b")).toContainText(shown(ofB));
  const total = await page.locator('[data-fact="spent"] .fact-value').innerText();
  await expect(page.locator("tfoot")).toContainText(total);
  await expect(page.locator("[data-days] .bar-settled").first()).toBeVisible();

  await row("costs-a").getByRole("link").click();
  await expect(page.getByRole("list", { name: "Only these runs" })).toContainText("costs-a");
  await expect(page.locator('[data-fact="spent"] .fact-value')).toHaveText(shown(ofA));
  await expect(page.locator("tbody tr")).toHaveCount(2);
  await expect(page.locator("tbody")).toContainText(shown(first));
  await page.getByRole("navigation", { name: "Put together by" }).getByRole("link", { name: "Spot or on demand" }).click();
  await expect(row("on demand")).toContainText(shown(ofA));
  await page.getByRole("link", { name: "Leave this choice" }).click();
  await expect(row("costs-b")).toBeVisible();

  const href = (await page.getByRole("link", { name: "CSV" }).getAttribute("href")) ?? "no link";
  const table = await (await request.get(href)).text();
  expect(table, "exact, where the page rounds").toContain(`,experiment,costs-b,USD,${exact(ofB)},`);

  await page.getByRole("link", { name: "Earlier" }).click();
  await expect(page).toHaveURL(/month=\d{4}-\d{2}/);
  await expect(page.getByText("Nothing was spent")).toBeVisible();
});
