// Times the page against a TensorFlow.js page in the same Chromium, alternately, and prints medians, spread and ratios.
// `cargo xtask web --tfjs FOLDER` runs it; see README.md.
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { browser, hash, Tab, URL as PAGE } from "../browser/support.mjs";
import { shared } from "./quiet.mjs";

const { values: options, positionals: [folder] } = parseArgs({
  allowPositionals: true,
  options: {
    rows: { type: "string", default: "cpu-plain,cpu-iteration,gpu-plain,gpu-iteration" },
    rounds: { type: "string", default: "3" },
    /** Backends of TensorFlow.js to leave out: some take minutes a step. */
    without: { type: "string", default: "" },
    /** Measure on a busy machine, too. */
    anyway: { type: "boolean", default: false },
  },
});
const MODULES = resolve(folder ?? "", "node_modules");
if (!folder || !existsSync(MODULES)) throw new Error("name the folder that TensorFlow.js was installed in: see tests/peer/README.md");

const HERE = fileURLToPath(new URL("tfjs", import.meta.url));
const FIXTURE = readFileSync(fileURLToPath(new URL("../fixtures/momentum_T2.safetensors", import.meta.url)));
/** Of the whole machine, as in compare.py. */
const MOST_BUSY = 0.08;
const ATTEMPTS = 5;
/** Single precision through forty layers, as tests/browser/parity.test.mjs has it. */
const TOLERANCE = 1e-3;

/** Seconds that nothing timed here takes on a machine that computes at all. */
const LIMIT = 1800;

// How many steps of ours are timed a round; of TensorFlow.js as many as take about as long.
const ROWS = {
  "cpu-plain": { gpu: false, width: 0.25, batch: 30, plain: true, ours: 20, peers: { wasm: 10, cpu: 1 } },
  "cpu-iteration": { gpu: false, width: 0.25, batch: 30, plain: false, ours: 4, peers: { wasm: 1 } },
  "gpu-plain": { gpu: true, width: 0.25, batch: 30, plain: true, ours: 1, peers: { webgpu: 1, webgl: 1 } },
  "gpu-iteration": { gpu: true, width: 0.03125, batch: 8, plain: false, ours: 2, peers: { webgpu: 1, webgl: 2 } },
};

/** The page: what trains is its worker. */
class Ours {
  static async open(context, { gpu, width, batch, plain }) {
    const set = [`target.width=${width}`, `train.batch_size=${batch}`, "meta.matching_steps=2", "data.per_class=150", "train.epochs=400"];
    if (plain) set.push("method.name=scratch");
    const tab = await Tab.open(context, hash({ set, device: gpu ? "software-gpu" : "cpu" }));
    const { device } = await tab.waiting();
    return Object.assign(new Ours(), { tab, about: device });
  }

  /** Mean seconds of `count` iterations within an epoch. */
  async time(count) {
    await this.tab.page.bringToFront();
    await this.tab.press("Train");
    const seconds = await this.tab.page.evaluate(async (count) => {
      let [last, spent, done] = [null, 0, 0];
      while (done < count) {
        await new Promise((next) => { setTimeout(next, 10); });
        const { epoch, iteration } = JSON.parse(globalThis.l2t.state()), at = performance.now();
        // The first that arrives begins the clock.
        if (last?.epoch === epoch && last.iteration < iteration) {
          if (last.at) [spent, done] = [spent + at - last.at, done + iteration - last.iteration];
          last = { epoch, iteration, at };
        } else if (last?.epoch !== epoch) last = { epoch, iteration, at: null };
      }
      return spent / done / 1000;
    }, count);
    await this.tab.press("Pause");
    await this.tab.waiting();
    return seconds;
  }

  /** Seconds from the press to the first iteration, compiling included. */
  async first() {
    await this.tab.page.bringToFront();
    const since = performance.now();
    await this.tab.press("Train");
    await this.tab.until("the first iteration", (state) => state.iteration >= 1 || state.epoch > 0);
    const seconds = (performance.now() - since) / 1000;
    await this.tab.press("Pause");
    await this.tab.waiting();
    return seconds;
  }
}

/** A page of TensorFlow.js, beside ours on the same host. */
class Peer {
  static async open(context, backend, sizes) {
    const page = await context.newPage();
    page.setDefaultTimeout(0);
    page.on("pageerror", (error) => console.error(String(error)));
    await page.goto(`${PAGE}tfjs/index.html`);
    await page.waitForFunction(() => globalThis.peer);
    const about = await page.evaluate((backend) => globalThis.peer.open(backend), backend);
    const { compared, worst, where, hypergradient } = await page.evaluate((text) =>
      globalThis.peer.check(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer), FIXTURE.toString("base64"));
    console.log(`${about}: ${compared} tensors of a recorded iteration, largest relative error ${worst.toExponential(1)} `
      + `(${where}), of the hypergradient ${hypergradient.toExponential(1)}`);
    if (!(worst < TOLERANCE)) throw new Error(`${about} computes something else: ${worst} at ${where}`);
    await page.evaluate((sizes) => globalThis.peer.begin(sizes), sizes);
    return Object.assign(new Peer(), { page, about });
  }

  async time(count) {
    await this.page.bringToFront();
    const seconds = await this.page.evaluate((count) => globalThis.peer.time(count), count);
    return seconds.reduce((sum, value) => sum + value) / count;
  }

  first() {
    return this.time(1);
  }
}

const pause = (seconds) => new Promise((done) => { setTimeout(done, 1000 * seconds); });
const percent = (share) => `${(100 * share).toFixed(0)} %`;

/** What `work` gives, or an error that names `what` where that does not come: a page that stands still must not hold the command. */
async function within(what, work) {
  let timer;
  const late = new Promise((_, fail) => {
    timer = setTimeout(() => fail(new Error(`${what}: nothing came for ${LIMIT / 60} minutes`)), 1000 * LIMIT);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function untilQuiet() {
  for (;;) {
    const [, share] = await shared(() => pause(2));
    if (share < MOST_BUSY) return;
    console.error(`other programs take ${percent(share)} of the machine: waiting (--anyway does not)`);
  }
}

/** Seconds, and the share of the machine that others took: alone, or with --anyway however busy it is. */
async function alone(work) {
  if (options.anyway) return shared(work);
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    await untilQuiet();
    const [seconds, share] = await shared(work);
    if (share < MOST_BUSY) return [seconds, share];
    console.error(`other programs took ${percent(share)} of the machine: once more`);
  }
  throw new Error("the machine is not quiet enough to compare anything: --anyway compares all the same");
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b), middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const spread = (values, digits) => `(${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)})`;

function report(name, contenders) {
  const [ours, ...peers] = contenders;
  console.log(`\n${name}, ${ours.seconds.length} rounds`);
  for (const { about, first, seconds, shares } of contenders) {
    console.log(`${about.padEnd(40)} ${median(seconds).toFixed(3).padStart(8)} s ${spread(seconds, 3)}   first ${first.toFixed(1)} s`
      + `   others took ${percent(median(shares))} of the machine`);
  }
  for (const { about, seconds } of peers) {
    const ratios = ours.seconds.map((mine, round) => mine / seconds[round]);
    console.log(`ours / ${about}: ${median(ratios).toFixed(2)} ${spread(ratios, 2)}`);
  }
}

async function compare(name, row) {
  const chromium = await browser(row.gpu);
  try {
    await chromium.context.route(`${PAGE}tfjs/**`, (route) => {
      const path = new URL(route.request().url()).pathname.replace("/tfjs/", "");
      return route.fulfill({ path: path.startsWith("node_modules/") ? resolve(folder, path) : resolve(HERE, path) });
    });
    const contenders = [{ name: "ours", count: row.ours, at: await Ours.open(chromium.context, row) }];
    for (const [backend, count] of Object.entries(row.peers)) {
      if (options.without.split(",").includes(backend)) continue;
      const at = await within(`TensorFlow.js, ${backend}`, () => Peer.open(chromium.context, backend, row));
      contenders.push({ name: backend, count, at });
    }
    for (const contender of contenders) {
      Object.assign(contender, { about: contender.at.about, seconds: [], shares: [], first: await within(contender.at.about, () => contender.at.first()) });
    }
    for (let round = 0; round < Number(options.rounds); round += 1) {
      for (const { at, count, seconds, shares } of contenders) {
        const [taken, share] = await alone(() => within(at.about, () => at.time(count)));
        seconds.push(taken);
        shares.push(share);
      }
    }
    report(`${name}: width ${row.width}, batch ${row.batch}`, contenders);
  } finally {
    await chromium.close();
  }
}

for (const name of options.rows.split(",")) {
  if (!(name in ROWS)) throw new Error(`there is no row ${name}: ${Object.keys(ROWS).join(", ")}`);
  await compare(name, ROWS[name]);
}
