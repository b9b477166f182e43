// The launch form, by the names that its fields have in the form: the contract of page, server and store.

import { expect, type Locator, type Page } from "@playwright/test";

import { RunPage } from "./run_page";

/** Lists with two columns, by their paths in the request, and the columns' names. */
const COLUMNS = {
  HyperParameters: ["name", "value"],
  Environment: ["name", "value"],
  Tags: ["Key", "Value"],
  "AlgorithmSpecification.MetricDefinitions": ["Name", "Regex"],
} as const;

export type Rows = keyof typeof COLUMNS;

export const METRICS = "AlgorithmSpecification.MetricDefinitions";
export const INSTANCE_TYPE = "ResourceConfig.InstanceType";
export const INSTANCE_COUNT = "ResourceConfig.InstanceCount";
export const MAX_RUNTIME = "StoppingCondition.MaxRuntimeInSeconds";
export const MAX_WAIT = "StoppingCondition.MaxWaitTimeInSeconds";
export const SPOT = "EnableManagedSpotTraining";

interface File {
  name: string;
  mimeType: string;
  buffer: Buffer;
}

export class LaunchPage {
  constructor(readonly page: Page) {}

  /** The empty form, for an upload. */
  async open(): Promise<this> {
    await this.page.goto("/launch");
    return await this.ready();
  }

  /** As a user gets there: from the overview, by the Launch link, then the sample's card. */
  async openSample(name: string): Promise<this> {
    await this.page.goto("/");
    await this.page.getByRole("banner").getByRole("link", { name: "Launch" }).click();
    await this.page.locator(`a[data-sample="${name}"]`).click();
    await expect(this.page.locator('input[name="source"]:checked')).toHaveValue(`sample:${name}`);
    return await this.ready();
  }

  field(name: string): Locator {
    return this.page.locator(`form.launch [name="${name}"]:not([type="hidden"])`);
  }

  /** All cells of one column. */
  cells(rows: Rows, column: 0 | 1): Locator {
    return this.page.locator(`form.launch [name^="${rows}["][name$="].${COLUMNS[rows][column]}"]`);
  }

  async fill(name: string, text: string): Promise<this> {
    await this.unfold(this.field(name));
    await this.field(name).fill(text);
    return this;
  }

  async check(name: typeof SPOT | "checkpoints", on: boolean): Promise<this> {
    await this.field(name).setChecked(on);
    return this;
  }

  /** Sets a row: the one of that name, else the first blank one. */
  async setRow(rows: Rows, name: string, value: string): Promise<this> {
    const index = await this.rowIndex(rows, name);
    await this.cells(rows, 0).nth(index).fill(name);
    await this.cells(rows, 1).nth(index).fill(value);
    return this;
  }

  /** Adds blank rows by the button until there are so many. */
  async growRows(rows: Rows, count: number): Promise<this> {
    const names = this.cells(rows, 0);
    const add = this.page.locator(`#f-${rows.replaceAll(".", "-")}`).getByRole("button", { name: /^Add / });
    while ((await names.count()) < count) await add.click();
    return this;
  }

  /** What runs: `upload`, `script`, `git`, `s3`, `image`. */
  async chooseSource(source: string): Promise<this> {
    await this.page.locator(`form.launch input[name="source"][value="${source}"]`).check();
    return this;
  }

  async upload(file: File | string): Promise<this> {
    await this.field("source_file").setInputFiles(file);
    return this;
  }

  /** A single script under the name `train.py`. */
  async uploadScript(text: string): Promise<this> {
    return await this.upload({ name: "train.py", mimeType: "text/x-python", buffer: Buffer.from(text) });
  }

  async press(): Promise<void> {
    await this.page.locator("form.launch").getByRole("button", { name: "Launch", exact: true }).click();
  }

  /** Presses Launch and is on the run's page. */
  async launch(): Promise<RunPage> {
    await this.press();
    await this.page.waitForURL(/\/runs\/[0-9A-Z]{26}$/);
    return new RunPage(this.page);
  }

  /** The message beside a field: `HyperParameters[3].value`. */
  errorOf(field: string): Locator {
    const words = field.split(/[^A-Za-z0-9]+/).filter((it) => it !== "");
    return this.page.locator(`#f-${words.join("-")}-error`);
  }

  /** Puts a text into the request beside the form, as somebody pastes it, and leaves it. */
  async paste(text: string): Promise<this> {
    const json = this.page.getByRole("textbox", { name: "The request as JSON" });
    await json.fill(text);
    await json.blur();
    return this;
  }

  /** The request that the form makes. */
  async request(): Promise<Record<string, unknown>> {
    const text = await this.page.getByRole("textbox", { name: "The request as JSON" }).inputValue();
    return JSON.parse(text) as Record<string, unknown>;
  }

  get jsonError(): Locator {
    return this.page.locator("#json-error");
  }

  /** What the job costs: likely, with spot, at most. */
  get quote(): Locator {
    return this.page.getByRole("table", { name: "What the job costs" });
  }

  quoted(column: "likely" | "spot" | "at-most"): Locator {
    return this.quote.locator(`[data-quote="${column}"]`);
  }

  /** The list of all errors above the form. */
  get summary(): Locator {
    return this.page.getByRole("alert").filter({ hasText: "Nothing was launched" });
  }

  private async ready(): Promise<this> {
    await expect(this.page.getByRole("heading", { level: 1, name: "Launch a training job" })).toBeVisible();
    return this;
  }

  private async rowIndex(rows: Rows, name: string): Promise<number> {
    const names = this.cells(rows, 0);
    const given = await names.evaluateAll((inputs) => inputs.map((it) => (it as HTMLInputElement).value));
    const index = given.includes(name) ? given.indexOf(name) : given.indexOf("");
    expect(index, `no row for ${name} in ${rows}`).toBeGreaterThanOrEqual(0);
    return index;
  }

  /** A folded field is typed into only when its fold is open. */
  private async unfold(field: Locator): Promise<void> {
    const fold = this.page.locator("details.fold:not([open])").filter({ has: field });
    if ((await fold.count()) > 0) await fold.first().locator("summary").first().click();
  }
}
