// The report in a real browser. Driven by report_page.sh: argument 1 is a report, argument 2 one whose record is hostile.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { SHOTS, MODULES, CHROMIUM } = process.env;
const modules = createRequire(`${MODULES}/package.json`);
const { chromium } = modules("playwright-core");
const axe = readFileSync(modules.resolve("axe-core/axe.min.js"), "utf8");
const [report, hostile] = process.argv.slice(2);
mkdirSync(SHOTS, { recursive: true });

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });

// A page with everything that it says, asks for or runs into.
async function open(file, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1100, height: 900 }, ...options });
  const page = await context.newPage();
  const seen = { errors: [], requests: [], dialogs: 0 };
  page.on("console", (message) => message.type() === "error" && seen.errors.push(message.text()));
  page.on("pageerror", (error) => seen.errors.push(String(error)));
  page.on("request", (request) => seen.requests.push(request.url()));
  page.on("dialog", (dialog) => (++seen.dialogs, dialog.dismiss()));
  await page.goto(`file://${file}`);
  return { page, seen, close: () => context.close() };
}

async function accessible(page, what) {
  await page.evaluate(axe).catch(() => {});
  const violations = await page.evaluate(async () => (await globalThis.axe.run(document, { resultTypes: ["violations"] })).violations);
  assert.deepEqual(violations.map((one) => [one.id, one.nodes[0].html.slice(0, 120)]), [], what);
}

let passed = 0;
async function check(what, body) {
  await body();
  ++passed;
  console.log(`ok  ${what}`);
}

try {
  await check("every plot is drawn, named and loads nothing", async () => {
    const { page, seen, close } = await open(report);
    const plots = await page.locator("figure.chart").count();
    assert.ok(plots >= 10, `${plots} plots`);
    for (const figure of await page.locator("figure.chart").all()) {
      const kind = await figure.getAttribute("data-kind");
      const svg = figure.locator(".plot svg[role=img]");
      assert.equal(await svg.count(), 1, `${kind} is drawn`);
      assert.ok((await svg.getAttribute("aria-label")).length > 20, `${kind} is named`);
      assert.ok((await svg.locator("circle, path, rect").count()) >= 2, `${kind} has marks`);
      const { width } = await svg.boundingBox();
      assert.ok(width > 300 && width <= 1100, `${kind} is ${width} wide`);
    }
    assert.deepEqual(seen, { errors: [], requests: [`file://${report}`], dialogs: 0 });
    await page.screenshot({ path: `${SHOTS}/report-light.png`, fullPage: true });
    await close();
  });

  await check("the keyboard reads the marks of a plot one by one", async () => {
    const { page, close } = await open(report);
    const figure = page.locator('figure[data-kind="gate"]').first();
    await figure.locator(".plot").focus();
    const reading = figure.locator(".reading");
    assert.match(await reading.textContent(), /Arrow keys/);
    await page.keyboard.press("ArrowRight");
    assert.match(await reading.textContent(), /^1 of 8: kl_mean: PASS\. Loss 0\.0012 nats/);
    await page.keyboard.press("ArrowLeft");
    assert.match(await reading.textContent(), /^8 of 8: overall: PASS/);
    await page.keyboard.press("Home");
    assert.match(await reading.textContent(), /^1 of 8/);
    assert.equal(await reading.getAttribute("aria-live"), "polite");
    await close();
  });

  for (const colorScheme of ["light", "dark"]) {
    await check(`nothing for axe to complain of, ${colorScheme}`, async () => {
      const { page, close } = await open(report, { colorScheme, bypassCSP: true });
      await page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
      await accessible(page, colorScheme);
      await close();
    });
  }

  await check("a phone's width has no sideways scrolling of the page", async () => {
    const { page, close } = await open(report, { viewport: { width: 390, height: 800 }, colorScheme: "dark" });
    await page.waitForTimeout(300);
    const widths = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(widths[0] <= widths[1], String(widths));
    await page.screenshot({ path: `${SHOTS}/report-phone-dark.png`, fullPage: true });
    await close();
  });

  await check("without a script the tables say it all, and no empty figure shows", async () => {
    const { page, close } = await open(report, { javaScriptEnabled: false });
    assert.equal(await page.locator("figure.chart >> visible=true").count(), 0);
    assert.ok((await page.locator("table >> visible=true").count()) >= 10);
    await close();
  });

  await check("printing opens what is folded and folds it again", async () => {
    const { page, close } = await open(report);
    const folded = () => page.locator("details:not([open])").count();
    const before = await folded();
    assert.ok(before > 3);
    await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    assert.equal(await folded(), 0);
    await page.evaluate(() => dispatchEvent(new Event("afterprint")));
    assert.equal(await folded(), before);
    await page.pdf({ path: `${SHOTS}/report.pdf`, format: "A4" });
    await close();
  });

  await check("a hostile record runs nothing and loads nothing", async () => {
    const { page, seen, close } = await open(hostile);
    for (const plot of await page.locator(".plot svg").all()) await plot.hover({ force: true });
    assert.deepEqual(seen, { errors: [], requests: [`file://${hostile}`], dialogs: 0 });
    assert.equal(await page.locator("script:not([type='application/json'])").count(), 1);
    assert.equal(await page.locator("img, iframe, object, embed, link").count(), 0);
    await close();
  });
} finally {
  await browser.close();
}
console.log(`${passed} passed, 0 failed`);
