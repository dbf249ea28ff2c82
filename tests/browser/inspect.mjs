// Uses the inspector's pages in Chromium. `node inspect.mjs SCENARIO` prints a line for each step that
// held, and ends with an error at the first that did not.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { createRequire } from "node:module";
import puppeteer from "puppeteer-core";
import { naughty, scripts } from "./hostile.mjs";

const { WEBHOOK: program, CHROMIUM: executablePath } = process.env;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
// A page in the background paints nothing, so it is asked now and then.
const PATIENCE = { timeout: 60_000, polling: 20 };

// -- what runs beside the browser

const children = new Set();
process.on("exit", () => children.forEach((child) => child.kill("SIGKILL")));
// A test that dies closes stdin, and leaves nothing behind.
process.stdin.on("end", () => process.exit(1)).resume();

function spawned(args, output) {
  const child = spawn(program, args, { stdio: ["pipe", output, "inherit"] });
  children.add(child);
  child.on("exit", () => children.delete(child));
  return child;
}

async function start(...args) {
  const child = spawned([...args, "--json"], "pipe");
  const lines = createInterface(child.stdout);
  const [line] = await once(lines, "line");
  return { child, ...JSON.parse(line) };
}

async function run(args, input = "") {
  const child = spawned(args, "ignore");
  child.stdin.end(input);
  const [code] = await once(child, "exit");
  assert.equal(code, 0, args.join(" "));
}

const listen = (...args) => start("listen", "--port", "0", "--on-unsigned", "accept", ...args);
const inspect = (...args) => start("inspect", "--port", "0", ...args);

const post = (listener, body, fields = {}) =>
  fetch(`${listener.url}/hooks`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Cimplify-Signature": "0".repeat(64), ...fields },
    body: JSON.stringify(body),
  });
const order = (id, total = 1) => ({ id, type: "order.created", data: { total } });

// An app that answers what it is told to, as bytes: no library refuses what it writes.
async function app(answer) {
  const requests = [];
  const server = createServer((socket) => {
    let bytes = "";
    socket.on("error", () => {});
    socket.setEncoding("latin1").on("data", (data) => {
      bytes += data;
      const [head, body] = bytes.split("\r\n\r\n");
      const length = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      if (body === undefined || body.length < length) return;
      bytes = "";
      requests.push({ head, body });
      const { status = 200, fields = "", text = "" } = answer(requests.length - 1);
      const size = Buffer.byteLength(text);
      socket.end(`HTTP/1.1 ${status} X\r\nContent-Length: ${size}\r\n${fields}Connection: close\r\n\r\n${text}`);
    });
  });
  server.listen(0, "127.0.0.1").unref();
  await once(server, "listening");
  return { requests, url: `http://127.0.0.1:${server.address().port}/hooks` };
}

const capture = (id, more = {}, request = {}) =>
  JSON.stringify({
    v: 1,
    kind: "delivery",
    id,
    received_at: "2026-11-28T12:00:00Z",
    ...more,
    request: {
      method: "POST",
      target: "/hooks",
      version: "HTTP/1.1",
      headers: [["Content-Type", "application/json"]],
      body: "{}",
      body_encoding: "utf8",
      ...request,
    },
  });

const load = (captures) => run(["log", "import", "-"], captures.join("\n") + "\n");

// -- the browser

const browser = await puppeteer.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
  defaultViewport: { width: 1280, height: 800 },
  protocolTimeout: 120_000,
});
const faults = [];

async function tab(url, setUp = () => {}) {
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE.timeout);
  page.on("pageerror", (error) => faults.push(error.message));
  await setUp(page);
  await page.goto(url, { waitUntil: "load" });
  return page;
}

const until = (page, check, ...args) => page.waitForFunction(check, PATIENCE, ...args);
const says = (page, selector, text) =>
  until(page, (selector, text) => document.querySelector(selector)?.innerText.includes(text), selector, text);
const isLive = (page) => says(page, "#live", "live");
const count = (page, selector) => page.$$eval(selector, (all) => all.length);
const texts = (page, selector) => page.$$eval(selector, (all) => all.map((one) => one.textContent));

async function step(name, work) {
  try {
    await work();
    assert.deepEqual(faults, [], "errors in the page");
  } catch (error) {
    error.message = `${name}: ${error.message}`;
    throw error;
  }
  console.log(name);
}

// -- scenarios

async function use() {
  const secret = ["--secret", "cimplify=whsec_browser"];
  const listener = await listen(...secret);
  let inspector = await inspect(...secret);
  const page = await tab(inspector.url);
  const target = await app((number) => ({ status: number === 0 ? 500 : 200, text: `answer ${number}` }));

  await step("a row comes while it is received", async () => {
    await says(page, "#empty", "Nothing was received yet");
    await isLive(page);
    await post(listener, order("evt_one", 1));
    await says(page, "#rows", "evt_one");
    await post(listener, order("evt_two", 200));
    await says(page, "#rows", "evt_two");
    assert.equal(await count(page, "#rows tr"), 2);
    assert.equal(await count(page, "#empty"), 0);
  });

  await step("the filter completes, filters, and says what is wrong with it", async () => {
    await page.keyboard.press("/");
    await page.keyboard.type("verdict:mis");
    await until(page, () => [...document.querySelectorAll("#terms option")].some((one) => one.value === "verdict:mismatch"));
    await page.$eval("#filter", (field) => (field.value = "body.data.total>100"));
    await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
    assert.equal(await count(page, "#rows tr"), 1);
    await isLive(page);
    // What is being typed is not in force yet.
    await page.type("#filter", " evnt:x");
    await post(listener, order("evt_small", 3));
    await post(listener, order("evt_large", 300));
    await says(page, "#rows", "evt_large");
    assert.equal(await count(page, "#rows tr"), 2);
    await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
    await says(page, "#wrong", "there is no field `evnt`");
    await says(page, "#live", "paused");
    await Promise.all([page.waitForNavigation(), page.click(".name")]);
    assert.equal(await count(page, "#rows tr"), 4);
  });

  await step("deliveries are opened by click and by keys", async () => {
    await isLive(page);
    await page.click("#rows tr:nth-child(2) td.verdict");
    await says(page, "#detail", "evt_small");
    await page.keyboard.press("j");
    await says(page, "#detail", "evt_two");
    await page.keyboard.press("k");
    await page.keyboard.press("k");
    await says(page, "#detail", "evt_large");
    assert.equal(await count(page, "#rows tr[aria-current=true]"), 1);
    await page.keyboard.press("?");
    await page.waitForSelector("dialog[open]");
    await page.keyboard.press("Escape");
    await until(page, () => !document.querySelector("dialog[open]"));
    assert.equal(await count(page, "#detail article"), 1, "Escape closes the keys alone");
    await page.keyboard.press("Escape");
    await until(page, () => !document.querySelector("#detail article"));
    assert.equal(new URL(page.url()).pathname, "/");
    await page.keyboard.press("Enter");
    await says(page, "#detail", "evt_large");
    await page.click("#detail a[href$='view=hex']");
    await says(page, "#detail pre.hex", "00000000  7b 22");
  });

  await step("a delivery is replayed until the app takes it", async () => {
    await page.click("#rows tr:last-child td.verdict");
    await says(page, "#detail", "evt_one");
    await page.type("#replay [name=url]", target.url);
    await page.click("#replay [type=submit]");
    await says(page, ".attempts", "answer 0");
    await says(page, "#rows tr:last-child td.answer", "500");
    await page.focus("#detail");
    await page.keyboard.press("r");
    await says(page, ".attempts", "fixed");
    await says(page, "#rows tr:last-child td.answer", "200");
    assert.equal(target.requests.length, 2);
    assert.equal(target.requests[0].body, target.requests[1].body);
  });

  await step("a delivery is changed and sent", async () => {
    await page.keyboard.press("e");
    await page.waitForSelector("#edit");
    const was = await page.$eval("#edit [name=body]", (field) => field.value);
    await page.click("[data-indent]");
    const indented = await page.$eval("#edit [name=body]", (field) => field.value);
    assert.equal(indented, JSON.stringify(JSON.parse(was), null, 2));
    await page.focus("#edit [name=body]");
    await page.keyboard.down("Control");
    await page.keyboard.press("End");
    await page.keyboard.up("Control");
    await page.keyboard.press("Backspace");
    await says(page, "#json-error", "This is no JSON");
    await page.keyboard.type(', "note": "changed"}');
    await until(page, () => document.querySelector("#json-error").hidden);
    await page.click("#edit [type=submit]");
    await until(page, () => document.querySelectorAll(".attempts > li").length === 3);
    assert.equal(JSON.parse(target.requests[2].body).note, "changed");
    assert.equal(JSON.parse(target.requests[2].body).id, "evt_one");
  });

  await step("two deliveries are compared", async () => {
    await page.focus("#detail");
    await page.keyboard.press("c");
    await says(page, "#said", "Marked");
    await page.keyboard.press("k");
    await says(page, "#detail", "evt_two");
    await page.keyboard.press("c");
    await says(page, "article.compare", "data.total");
    await page.click("article.compare .close");
    await until(page, () => !document.querySelector("article.compare"));
  });

  await step("what is shown goes on where an inspector is started anew", async () => {
    await page.click("#rows tr:last-child td.verdict");
    await says(page, "#detail", "evt_one");
    await isLive(page);
    // The page goes on with the filter in force, not with what is being typed.
    await page.type("#filter", "evnt:x");
    inspector.child.kill("SIGKILL");
    await says(page, "#live", "ended");
    inspector = await start("inspect", "--port", String(inspector.port), ...secret);
    await says(page, "#said", "open the URL that it printed");
    const other = await tab(inspector.url);
    await isLive(other);
    await isLive(page);
    await post(listener, order("evt_three"));
    for (const one of [page, other]) await says(one, "#rows", "evt_three");
    await says(page, "#detail", "evt_one");
    await until(page, () => document.querySelector("#said").hidden);
    await page.bringToFront();
    // What the form carries was given by the inspector before.
    const proof = await other.evaluate(async () => {
      const page = await (await fetch(document.querySelector("#rows a").href)).text();
      return /name="proof" value="(\w+)"/.exec(page)[1];
    });
    await until(page, (proof) => document.querySelector("[name=proof]").value === proof, proof);
    await page.click("#replay [type=submit]");
    await until(page, () => document.querySelectorAll(".attempts > li").length === 4);
    await says(other, "#rows tr:last-child td.answer", "×4");
  });

  await step("a body is sent as it came where nobody changed it", async () => {
    const body = "\n{\"id\": 1}\r\n\r";
    await load([capture("dlv_lines", {}, { body })]);
    const origin = new URL(inspector.url).origin;
    await page.goto(`${origin}/d/dlv_lines/edit`, { waitUntil: "load" });
    await page.type("#edit [name=url]", target.url);
    await page.click("#edit [type=submit]");
    await page.waitForSelector(".attempts > li");
    assert.equal(target.requests.at(-1).body, body);
  });
}

async function look() {
  const target = await app(() => ({ status: 500, text: "no" }));
  const listener = await listen("--secret", "cimplify=whsec_browser", "--forward-to", target.url);
  await post(listener, order("evt_wrong"));
  const name = "a-name.without_any-space/".repeat(12);
  await post(listener, { id: name, type: name, [name]: [name, { [name]: [1, null] }] }, { [`X-${"Long".repeat(20)}`]: name });
  await post(listener, { ...order("evt_last"), list: [[], {}, true] });
  const inspector = await inspect();
  const page = await tab(inspector.url);
  const { origin } = new URL(inspector.url);
  const links = await page.$$eval("#rows a", (all) => all.map((one) => one.href));
  const ids = await page.$$eval("#rows tr", (all) => all.map((one) => one.dataset.id));
  const [first, , last] = links;
  const pages = {
    list: `${origin}/`,
    "wrong filter": `${origin}/?filter=evnt:x`,
    detail: first,
    "long detail": links[1],
    mismatch: last,
    hex: `${first}?view=hex`,
    edit: `${first}/edit`,
    compare: `${origin}/compare?left=${ids[0]}&right=${ids[1]}`,
    nowhere: `${origin}/d/none`,
    keys: `${origin}/`,
  };
  for (const scheme of ["light", "dark"]) {
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    for (const width of [380, 1280, 1920]) {
      await page.setViewport({ width, height: 900 });
      for (const [name, url] of Object.entries(pages)) {
        await step(`${name}, ${width} px, ${scheme}`, async () => {
          await page.goto(url, { waitUntil: "load" });
          if (name === "keys") await page.click("#help");
          const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          assert.ok(wide <= 0, `${wide} px do not fit`);
          for (const pane of ["#list", "#detail"]) {
            if (!(await page.$(pane))) continue;
            const more = await page.$eval(pane, (one) => one.scrollWidth - one.clientWidth);
            assert.ok(more <= 0, `${more} px of ${pane} do not fit`);
          }
          await page.evaluate(axe);
          const { violations } = await page.evaluate(() => axe.run({ resultTypes: ["violations"] }));
          const grave = violations.filter((one) => ["serious", "critical"].includes(one.impact));
          assert.deepEqual(grave.map((one) => [one.id, one.nodes.map((node) => node.html.slice(0, 200))]), []);
        });
      }
    }
  }
}

async function many() {
  const COUNT = 10_000;
  await load(Array.from({ length: COUNT }, (_, number) => capture(`dlv_${number}`, { event: `event.${number}` })));
  const listener = await listen();
  const inspector = await inspect();
  const page = await tab(inspector.url + "&filter=source:all");

  await step(`${COUNT} deliveries are paged through`, async () => {
    const { domContentLoadedEventEnd } = await page.evaluate(() => performance.getEntriesByType("navigation")[0].toJSON());
    console.log(`  shown after ${Math.round(domContentLoadedEventEnd)} ms`);
    const seen = new Set();
    let pages = 0;
    for (;;) {
      const ids = await page.$$eval("#rows tr", (all) => all.map((one) => one.dataset.id));
      assert.ok(ids.length <= 100, `${ids.length} rows`);
      ids.forEach((id) => seen.add(id));
      pages++;
      if (!(await page.$(".older:not([hidden])"))) break;
      await Promise.all([page.waitForNavigation(), page.click(".older")]);
    }
    assert.equal(seen.size, COUNT);
    assert.equal(pages, COUNT / 100);
  });

  await step("a page that stays open drops rows, and the link goes on behind them", async () => {
    await page.goto(`${new URL(inspector.url).origin}/?filter=source:all`);
    await isLive(page);
    for (let batch = 0; batch < 20; batch++) {
      const ids = Array.from({ length: 50 }, (_, number) => `evt_${batch * 50 + number}.`);
      await Promise.all(ids.map((id) => post(listener, order(id))));
      await until(page, (ids) => ids.every((id) => document.querySelector("#rows").textContent.includes(id)), ids);
    }
    assert.equal(await count(page, "#rows tr"), 1000);
    const place = () => page.$$eval("#rows tr", (all) => [all[0], all.at(-1)].map((one) => Number(one.dataset.place)));
    const [, before] = await place();
    await Promise.all([page.waitForNavigation(), page.click(".older")]);
    assert.equal((await place())[0], before - 1);
  });

  await step("what comes while somebody reads waits for them", async () => {
    await page.goto(`${new URL(inspector.url).origin}/?filter=source:all`);
    await isLive(page);
    await page.$eval("#list", (list) => (list.scrollTop = 500));
    await post(listener, order("evt_late"));
    await says(page, "#new", "1 new");
    assert.ok(!(await page.$eval("#rows", (rows) => rows.innerText.includes("evt_late"))));
    await page.click("#new");
    await says(page, "#rows tr:first-child", "evt_late");
  });
}

// The elements that these pages are made of: any other comes from a payload.
const OWN = `A ARTICLE BODY BUTTON CODE DATALIST DD DEL DETAILS DIALOG DIV DL DT FORM H1 H2 HEADER HEAD HTML INPUT INS KBD
  LABEL LI LINK MAIN META NAV OL OPTION P PRE SCRIPT SECTION SELECT SPAN SUMMARY TABLE TBODY TD TEXTAREA TH THEAD TIME
  TITLE TR UL`.split(/\s+/);

// What an element of a payload would look like, and whether a script of one ran.
async function assertWhole(page, name) {
  const found = await page.evaluate((own) => {
    const all = [...document.querySelectorAll("*")];
    const foreign = all.filter((one) => !own.includes(one.tagName));
    const active = all.filter((one) =>
      [...one.attributes].some(({ name, value }) => /^(on|style$|srcdoc$)/i.test(name) || /^\s*(javascript|vbscript):/i.test(value) && name !== "value"),
    );
    const scripts = all.filter((one) => one.tagName === "SCRIPT" && !/^\/assets\/\w+\.js$/.test(one.getAttribute("src")));
    const odd = [...foreign, ...active, ...scripts].map((one) => one.outerHTML.slice(0, 200));
    const frames = ["#list", "#rows", "#detail", "#keys", "header.top"].filter((one) => document.querySelectorAll(one).length !== 1);
    return { odd, frames, hasRun: window.hasRun === true };
  }, OWN);
  assert.deepEqual(found, { odd: [], frames: [], hasRun: false }, name);
}

async function hostile() {
  const all = [...scripts, ...naughty];
  const trap = () => {
    window.ran = window.alert = window.confirm = window.prompt = () => (window.hasRun = true);
  };
  // Without the policy: what is shown must be harmless by itself.
  const unguarded = async (page) => {
    await page.setBypassCSP(true);
    await page.evaluateOnNewDocument(trap);
    page.on("dialog", (dialog) => faults.push(`a dialog: ${dialog.message()}`));
  };

  await step("the scripts would run where a page did not escape them", async () => {
    const page = await tab("about:blank", unguarded);
    let effective = 0;
    for (const script of scripts) {
      await page.goto("about:blank");
      await page.evaluate(trap);
      await page.setContent(`<p title="${script}">${script}</p>`);
      effective += await page.evaluate(() => new Promise((done) => setTimeout(() => done(window.hasRun === true)))) ? 1 : 0;
    }
    console.log(`  ${effective} of ${scripts.length} ran`);
    assert.ok(effective > scripts.length / 4, `${effective} ran`);
    await page.close();
    faults.length = 0;
  });

  const body = JSON.stringify({ ...Object.fromEntries(all.map((one) => [one, one])), nested: [all, { all }] });
  const headers = [["Content-Type", "application/json"], ...all.map((one) => [`X-${one}`, one])];
  await load([
    capture("dlv_all", {}, { headers, body }),
    capture("dlv_form", {}, { headers: [["Content-Type", "application/x-www-form-urlencoded"]], body: new URLSearchParams(all.map((one) => [one, one])).toString() }),
    capture("dlv_text", {}, { body: all.join("\n") }),
    capture("dlv_answers"),
    ...all.map((one, number) =>
      capture(`${number} ${one}`, { event: one, event_id: one, provider: one }, { method: one || "POST", target: `/${one}?a=${one}`, body: JSON.stringify(one) }),
    ),
  ]);
  const answers = Array.from({ length: Math.ceil(all.length / 5) }, (_, number) => all.slice(number * 5, number * 5 + 5));
  const target = await app((number) => {
    const fields = answers[number].map((one) => `X-Answer: ${one.replace(/\p{Cc}/gu, " ")}\r\n`);
    return { fields: fields.join(""), text: answers[number].join("\n") };
  });
  for (const _ of answers) await run(["replay", "dlv_answers", "--url", target.url, "--quiet"]);
  const inspector = await inspect();
  const { origin } = new URL(inspector.url);
  const page = await tab(`${inspector.url}&filter=source:all`, unguarded);

  await step("every field of the list is text", async () => {
    const shown = [];
    for (;;) {
      await assertWhole(page, page.url());
      shown.push(...(await texts(page, "#rows td.event > a")));
      for (const cells of await page.$$eval("#rows tr", (rows) => rows.map((row) => row.cells.length))) assert.equal(cells, 5);
      if (!(await page.$(".older:not([hidden])"))) break;
      await Promise.all([page.waitForNavigation(), page.click(".older")]);
    }
    const asParsed = (text) => text.replace(/\r\n?/g, "\n").replace(/\0/g, "");
    const events = all.map(asParsed).reverse();
    assert.deepEqual(shown.map(asParsed).slice(0, all.length), events);
  });

  await step("every delivery is opened as text", async () => {
    await page.goto(`${origin}/?filter=source:all`, { waitUntil: "load" });
    let left = all.length;
    while (left > 0) {
      for (let here = await count(page, "#rows tr"); here > 0 && left > 0; here--, left--) {
        const id = `${left - 1} ${all[left - 1]}`.replace(/\r\n?/g, "\n").replace(/\0/g, "");
        await page.keyboard.press("j");
        await until(page, (number) => document.querySelector("#detail article")?.dataset.id.startsWith(`${number} `), left - 1);
        await assertWhole(page, id);
        assert.equal(await count(page, "#detail > article > .panel"), 2, id);
      }
      if (left > 0) {
        await page.goto(await page.$eval(".older", (one) => one.href), { waitUntil: "load" });
      }
    }
  });

  for (const path of ["d/dlv_all", "d/dlv_all?view=raw", "d/dlv_all?view=hex", "d/dlv_all/edit", "d/dlv_form", "d/dlv_text", "d/dlv_text/edit", "d/dlv_answers", "compare?left=dlv_all&right=dlv_text", "compare?left=dlv_text&right=dlv_form"]) {
    await step(`what /${path} shows is text`, async () => {
      await page.goto(`${origin}/${path}`, { waitUntil: "load" });
      await assertWhole(page, path);
      if (path === "d/dlv_answers") assert.equal(await count(page, ".attempts > li"), answers.length);
      if (path === "d/dlv_all") assert.equal(await count(page, "table.headers tr"), headers.length);
    });
  }

  await step("every filter is text", async () => {
    for (const one of all) {
      await page.goto(`${origin}/?${new URLSearchParams({ filter: one })}`, { waitUntil: "load" });
      await assertWhole(page, one);
    }
  });
}

const scenario = { use, look, many, hostile }[process.argv[2]];
try {
  await scenario();
  await browser.close();
  console.log("done");
  process.exit(0);
} catch (error) {
  console.error(error);
  await browser.close();
  process.exit(1);
}
