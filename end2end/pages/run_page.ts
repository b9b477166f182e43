// A run's page: what a person reads there, as values.

import { execFileSync } from "node:child_process";

import { expect, type Locator, type Page } from "@playwright/test";

export class RunPage {
  constructor(readonly page: Page) {}

  async open(id: string): Promise<this> {
    await this.page.goto(`/runs/${id}`);
    return this;
  }

  get id(): string {
    const id = /\/runs\/([0-9A-Z]{26})/.exec(this.page.url())?.[1];
    if (id === undefined) throw new Error(`not a run's page: ${this.page.url()}`);
    return id;
  }

  /** The job's name at the engine, as the page shows it. */
  async jobName(): Promise<string> {
    return (await this.page.locator(".run-sub .copy-line code").innerText()).trim();
  }

  get state(): Locator {
    return this.page.locator(".run-state");
  }

  /** Waits until the badge says so, without reloading. */
  async is(badge: string, timeout = 60_000): Promise<this> {
    await expect(this.state.locator(".badge")).toHaveText(badge, { timeout });
    return this;
  }

  /** The figures under the head: "Training seconds", "Billable seconds", "Cost". */
  fact(label: string): Locator {
    const term = this.page.locator("dt").filter({ hasText: new RegExp(`^${label}$`) });
    return this.page.locator(".facts .fact").filter({ has: term }).locator(".fact-value");
  }

  /** Digits of a figure: `1,234` is 1234. */
  async number(label: string): Promise<number> {
    return Number((await this.fact(label).innerText()).replaceAll(",", ""));
  }

  /** The chart that holds a metric. */
  chart(metric: string): Locator {
    return this.page.locator("main svg[role=img]").filter({ hasText: `${metric}: ` }).first();
  }

  /** How many points of a metric its chart has, as the chart itself says to those who cannot see it. */
  async points(metric: string): Promise<number> {
    const text = (await this.chart(metric).textContent({ timeout: 1_000 }).catch(() => "")) ?? "";
    const escaped = metric.replaceAll(/[^\w:]/g, (it) => `\\${it}`);
    const count = new RegExp(`${escaped}: ([\\d,]+) points?`).exec(text)?.[1];
    return count === undefined ? 0 : Number(count.replaceAll(",", ""));
  }

  /** Waits until the curve has more points than now, without reloading; returns how many. */
  async grows(metric: string, timeout = 60_000): Promise<number> {
    const before = await this.points(metric);
    await expect.poll(() => this.points(metric), { timeout, message: `${metric} grows` }).toBeGreaterThan(before);
    return await this.points(metric);
  }

  /** The last value in the table of metrics. */
  async metric(name: string): Promise<number> {
    const row = this.page.locator(".metrics-table tbody tr").filter({ has: this.page.getByText(name, { exact: true }) });
    return Number((await row.locator("td").first().innerText()).replaceAll(",", ""));
  }

  /** Names and values of the hyperparameters on the overview. */
  async hyperparameter(name: string): Promise<string> {
    const table = this.page.locator("section").filter({ has: this.page.getByRole("heading", { name: "Hyperparameters" }) });
    const row = table.locator("tr").filter({ has: this.page.getByText(name, { exact: true }) });
    return await row.locator("td").first().innerText();
  }

  /** The secondary statuses in the order shown. */
  async phases(): Promise<string[]> {
    return await this.page.locator(".timeline-list li strong").allInnerTexts();
  }

  get log(): Locator {
    return this.page.locator(".log[role=region]");
  }

  async openTab(name: string): Promise<void> {
    const tabs = this.page.getByRole("navigation", { name: "Parts of this run" });
    await tabs.getByRole("link", { name, exact: true }).click();
    await expect(tabs.getByRole("link", { name, exact: true })).toHaveAttribute("aria-current", "page");
  }

  /** Downloads the model and returns one of its files. */
  async modelFile(name: string): Promise<string> {
    const downloading = this.page.waitForEvent("download");
    await this.page.getByRole("link", { name: "model.tar.gz" }).click();
    const download = await downloading;
    expect(download.suggestedFilename()).toMatch(/-model\.tar\.gz$/);
    const archive = await download.path();
    const names = execFileSync("tar", ["-tzf", archive], { encoding: "utf8" }).trim().split("\n");
    const entry = names.find((it) => it === name || it === `./${name}`);
    if (entry === undefined) throw new Error(`${name} is not in the model: ${names.join(", ")}`);
    return execFileSync("tar", ["-xzOf", archive, entry], { encoding: "utf8" });
  }

  /** Asks, then confirms. */
  async stop(): Promise<void> {
    await this.page.locator("details.confirm summary").click();
    await this.page.getByRole("button", { name: "Stop this run" }).click();
  }
}
