// Driven by live_page.sh, which gives the working folder as argument.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { request as httpRequest } from "node:http";
import { createServer } from "node:net";
import { promisify } from "node:util";
import { ModelServer } from "./model_server.mjs";
import { Users } from "./users.mjs";

const { SCALE, SOURCE, SHOTS, MODULES, CHROMIUM } = process.env;
const modules = createRequire(`${MODULES}/package.json`);
const { chromium } = modules("playwright-core");
const axe = readFileSync(modules.resolve("axe-core/axe.min.js"), "utf8");
const pass = `${process.argv[2]}/pass`;

let passed = 0;
async function check(what, body) {
  try {
    await body();
    ++passed;
    console.log(`ok  ${what}`);
  } catch (failure) {
    console.error(`FAILED  ${what}`);
    throw failure;
  }
}

// Asks again until it holds: the page may be half a second behind.
async function soon(holds) {
  for (let tries = 0; ; ++tries) {
    try {
      return await holds();
    } catch (failure) {
      if (tries === 100) throw failure;
      await new Promise((resume) => setTimeout(resume, 100));
    }
  }
}

const run = promisify(execFile);
// Without blocking: the model servers live in this process.
const scale = async (...args) => (await run(SCALE, [...args, "--dir", pass])).stdout;

async function freePort() {
  const server = createServer();
  await new Promise((resume) => server.listen(0, "127.0.0.1", resume));
  const { port } = server.address();
  await new Promise((resume) => server.close(resume));
  return port;
}

// As a client that says what it likes, Host included. With `key`, as the operator.
function ask(method, path, { headers = {}, body = "", key } = {}) {
  return new Promise((resume, reject) => {
    const [host, port] = address.split(":");
    const sent = httpRequest({ host, port, method, path, headers: { ...(key ? { Authorization: `Bearer ${key}` } : {}), ...headers } }, (reply) => {
      let text = "";
      reply.on("data", (piece) => {
        text += piece;
        if (reply.headers["content-type"]?.startsWith("text/event-stream") && text.includes("\n\n")) reply.destroy();
      });
      reply.on("close", () => resume({ status: reply.statusCode, headers: reply.headers, text }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

async function snapshot() {
  const { text } = await ask("GET", "/scale/v1/events", { key });
  return JSON.parse(/^data: (.*)$/m.exec(text)[1]);
}

// Once what was served is counted: two looks, half a second and more apart, that say the same.
async function settled() {
  const counted = ({ evidence, live, arms }) => ({ evidence, live, arms });
  let last = await snapshot();
  await soon(async () => {
    await new Promise((resume) => setTimeout(resume, 700));
    const [before, now] = [last, (last = await snapshot())];
    assert.deepEqual(counted(now), counted(before));
  });
  return last;
}

const entries = () => readFileSync(`${pass}/.scale/record.jsonl`, "utf8").trim().split("\n").map((line) => JSON.parse(line));

// --- The rollout.
const original = await new ModelServer("a").start();
const candidate = await new ModelServer("b", { pace: [13, 2] }).start();
const port = await freePort();
mkdirSync(pass, { recursive: true });
writeFileSync(`${pass}/original.gguf`, "original");
writeFileSync(`${pass}/candidate.gguf`, "candidate");
await run("python3", [
  `${SOURCE}/tests/support/rollout_pass.py`, pass, `listen="127.0.0.1:${port}"`, "steps=[200000, 400000]", "min_step_seconds=3",
  "min_step_users=40", 'guardrails=["thumbs_down", "escalation", "server_error"]', `original_url="${original.url}"`, `candidate_url="${candidate.url}"`,
]);
await scale("evaluate", "start");
const { url } = JSON.parse(await scale("evaluate", "live", "--json"));
const address = new URL(url).host;
const key = new URLSearchParams(new URL(url).hash.slice(1)).get("key");
const users = new Users(address);

await check("without the operator's key nothing is shown and nothing can be done", async () => {
  for (const wrong of [undefined, "0".repeat(64)]) {
    assert.equal((await ask("GET", "/scale/v1/events", { key: wrong })).status, 401);
    for (const action of ["rollback", "promote", "pause", "resume", "stop"])
      assert.equal((await ask("POST", `/scale/v1/${action}`, { key: wrong })).status, 401);
  }
  const page = await ask("GET", "/scale/live");
  assert.equal(page.status, 200);
  assert.ok(!page.text.includes(key));
});

await check("another site's page, or a name that was pointed here, is refused even with the key", async () => {
  const json = { "Content-Type": "application/json" };
  assert.equal((await ask("POST", "/scale/v1/rollback", { key, headers: { Origin: "http://evil.example" } })).status, 403);
  assert.equal((await ask("POST", "/scale/v1/rollback", { key, headers: { Host: "rebound.example", ...json } })).status, 403);
  assert.equal((await ask("GET", "/scale/v1/events", { key, headers: { Host: `rebound.example:${port}` } })).status, 403);
  assert.equal((await ask("POST", "/scale/v1/rollback", { key, headers: { "Content-Type": "text/plain" }, body: "{}" })).status, 415);
  assert.equal((await snapshot()).state.status, "canary");
});

// --- The browser.
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
const complaints = [];
function watch(page) {
  page.on("pageerror", (failure) => complaints.push(`${failure}`));
  page.on("console", (message) => {
    // The wrong key's 401 and the restart's refused connections are the test's own.
    if (message.type() === "error" && !/Failed to load resource/.test(message.text())) complaints.push(message.text());
  });
  return page;
}
async function accessible(page, what) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  assert.deepEqual(violations.map((one) => `${what}: ${one.id}: ${one.nodes.map((node) => node.target).join("; ")}`), []);
}
const shot = (page, name, fullPage = true) => page.screenshot({ path: `${SHOTS}/${name}.png`, fullPage });

const desktop = await browser.newContext({ viewport: { width: 1240, height: 900 }, colorScheme: "light", reducedMotion: "reduce" });
const page = watch(await desktop.newPage());
await check("the page asks for the key, refuses a wrong one, and shows the rollout for the right one", async () => {
  await page.goto(`http://${address}/scale/live`);
  await page.getByLabel("Operator's key").fill("wrong");
  await page.keyboard.press("Enter");
  await page.getByText("refuses this key").waitFor();
  assert.equal(await page.getByRole("heading", { name: "Arms" }).count(), 0);
  await accessible(page, "key form");
  await page.getByLabel("Operator's key").fill(key);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Arms" }).waitFor();
  await page.getByText("Slice open").waitFor();
});

await check("traffic shows, and the share rises by itself", async () => {
  await users.many(1200, { grumbling: 0.03, until: async () => (await page.getByText("Step 2 of 2").count()) > 0 });
  await page.getByText("Step 2 of 2").waitFor();
  await users.many(160, { grumbling: 0.03 });
  assert.equal(await users.one("break"), 500);
  // Both the page and the snapshot may be behind what was served.
  await soon(async () => {
    const figures = await page.locator(".arm.candidate dd").first().innerText();
    assert.equal(Number(figures.replace(/,/g, "")), (await snapshot()).arms.candidate.users);
  });
  assert.ok(candidate.served > 40);
  await page.getByText("server error").first().waitFor();
});

const rowOf = (name) => page.getByRole("row").filter({ has: page.getByRole("rowheader", { name }) });
await check("harm builds up on the page towards its limit", async () => {
  candidate.harm = 0.12;
  const before = (await snapshot()).evidence.guardrails.thumbs_down.harm.log_e;
  await users.many(1200, {
    at_once: 2,
    grumbling: 0.03,
    until: async () => {
      const now = (await snapshot()).evidence.guardrails.thumbs_down.harm;
      return now.log_e > Math.log(6) && now.log_e > before;
    },
  });
  candidate.harm = 0;
  const now = await snapshot();
  assert.equal(now.state.status, "canary", "the gateway should not have rolled back yet");
  assert.ok(now.evidence.guardrails.thumbs_down.harm.log_e > Math.log(6) && !now.evidence.guardrails.thumbs_down.harm.reached);
  await soon(async () => {
    const shown = await rowOf("thumbs down").locator(".meter.harm span").first().innerText();
    assert.match(shown, /of 100$/);
    const { figure, decimals } = /^(?<figure>\d+(\.(?<decimals>\d+))?)/.exec(shown).groups;
    const { harm } = (await snapshot()).evidence.guardrails.thumbs_down;
    // Half a unit of the last figure shown: rounded twice, 7.249 would not be 7.25.
    const off = Math.abs(Number(figure) - Math.exp(harm.log_e));
    assert.ok(off <= 0.5001 * 10 ** -(decimals?.length ?? 0), `${shown} for E ${Math.exp(harm.log_e)}`);
  });
  assert.ok(now.live.history.time_ms.length > 10);
  assert.match(await page.getByRole("img", { name: /Evidence of harm over time/ }).getAttribute("aria-label"), /Farthest: thumbs down/);
  await page.getByText("makes no sense").first().waitFor();
  await shot(page, "live-desktop");
  await accessible(page, "light");
});

await check("the other tests, and the dark colours, are as readable", async () => {
  await page.getByText("Safety", { exact: true }).click();
  await page.getByRole("img", { name: /Evidence of safety over time/ }).waitFor();
  await page.emulateMedia({ colorScheme: "dark" });
  await accessible(page, "dark");
  await shot(page, "live-dark");
  await page.emulateMedia({ colorScheme: "light" });
  await page.getByText("Harm", { exact: true }).click();
});

await check("on a phone everything fits, and rollback is within reach", async () => {
  const phone = await browser.newContext({ viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true });
  const small = watch(await phone.newPage());
  await small.goto(url);
  await small.getByRole("heading", { name: "Arms" }).waitFor();
  assert.ok(!small.url().includes("key"), "the key stays in the address");
  const width = await small.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= 390, `the page is ${width} pixels wide`);
  const button = await small.getByRole("button", { name: "Roll back" }).boundingBox();
  assert.ok(button.y + button.height <= 844 && button.height >= 40 && button.width >= 80, JSON.stringify(button));
  await accessible(small, "phone");
  await shot(small, "live-phone", false);
  await small.getByRole("button", { name: "Roll back" }).tap();
  await small.getByRole("dialog").waitFor();
  await shot(small, "live-phone-dialog", false);
  await phone.close();
});

async function act(name, who, why) {
  await page.getByRole("button", { name, exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Your name").fill(who);
  await dialog.getByLabel("Why").fill(why);
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "detached" });
}

await check("pause and resume ask who and why, and escape does nothing", async () => {
  await page.getByRole("button", { name: "Pause", exact: true }).click();
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Enter"); // without a name and a reason
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.equal((await snapshot()).state.status, "canary");
  await act("Pause", "Ann", "looking into feedback");
  await page.locator("header").getByText("Paused").waitFor();
  assert.equal((await snapshot()).state.changed_by, "Ann (live page)");
  await act("Resume", "Ann", "looked into it");
  await page.locator("header").getByText("Slice open").waitFor();
});

await check("promotion without shown safety says so before it is confirmed", async () => {
  await page.getByRole("button", { name: "Promote", exact: true }).click();
  await page.getByRole("dialog").getByText("not shown to be safe").waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
});

await check("one button rolls back, traffic moves, and the record says who and why", async () => {
  await users.many(20);
  const before = candidate.served;
  assert.ok(before > 0);
  await act("Roll back", "Ann", "users complain <b>loudly</b>");
  await page.locator("header").getByText("Rolled back").waitFor();
  await page.getByText("rolled back: all traffic goes to the original").waitFor();
  const served = [original.served, candidate.served];
  await users.many(60);
  assert.equal(candidate.served, served[1], "the candidate still gets traffic");
  assert.equal(original.served, served[0] + 60);
  const row = page.locator(".audit tbody tr").first();
  await row.getByText("Ann (live page)").waitFor();
  assert.match(await row.innerText(), /rolled back[\s\S]*users complain <b>loudly<\/b>/);
  const entry = entries().findLast((one) => one.kind === "rolled_back");
  assert.equal(entry.payload.by, "Ann (live page)");
  assert.equal(entry.payload.reason, "users complain <b>loudly</b>");
  assert.equal(entry.payload.harm, false);
  assert.ok(await page.getByRole("button", { name: "Roll back", exact: true }).isDisabled());
  await shot(page, "live-rolled-back");
});

await check("after a restart of the gateway the page comes back by itself, history and all", async () => {
  const before = await settled();
  await scale("evaluate", "stop");
  await page.getByText("no connection").waitFor();
  await scale("evaluate", "start", "--original-only");
  await page.locator(".link.on").waitFor();
  const after = await snapshot();
  const experiment = (shown) => shown.audit.filter((entry) => entry.experiment === shown.state.experiment);
  assert.deepEqual(after.live.history, before.live.history);
  assert.deepEqual(after.live.feedback.map((one) => [one.id, one.arm, one.counted]), before.live.feedback.map((one) => [one.id, one.arm, one.counted]));
  assert.deepEqual(after.evidence, before.evidence);
  assert.deepEqual(experiment(after).map((one) => [one.kind, one.by, one.reason]), experiment(before).map((one) => [one.kind, one.by, one.reason]));
  await page.locator("header").getByText("Rolled back").waitFor();
  await page.getByRole("img", { name: /Evidence of harm over time/ }).waitFor();
});

await check("the browser had nothing to complain about", async () => assert.deepEqual(complaints, []));

await browser.close();
await scale("evaluate", "stop");
original.stop();
candidate.stop();
console.log(`${passed} passed, 0 failed`);
