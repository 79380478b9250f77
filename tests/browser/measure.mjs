// What the page costs: loading, the first step, an iteration, the longest task of the page's thread, memory over time.
// `cargo xtask web --measure` prints it; nothing here passes or fails.
import { browser, hash, PATIENCE, Tab } from "./support.mjs";

const seconds = (millis) => `${(millis / 1000).toFixed(2)} s`;
const mebibytes = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

function say(what, value) {
  console.log(`${what.padEnd(64)} ${value}`);
}

/** Longest tasks of the page's thread since the last call. */
const watchTasks = (page) => page.evaluate(() => {
  globalThis.tasks = [];
  new PerformanceObserver((list) => globalThis.tasks.push(...list.getEntries().map((entry) => entry.duration)))
    .observe({ type: "longtask" });
});

async function load(context, link, what) {
  const page = await context.newPage();
  const tab = new Tab(page);
  const since = Date.now();
  await page.goto(`${process.env.L2T_URL}#${link}`, { waitUntil: "commit" });
  await tab.started();
  say(`${what}: the window`, seconds(Date.now() - since));
  const [painted] = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint").map((e) => e.startTime));
  say(`${what}: something to read`, seconds(painted));
  await tab.waiting();
  say(`${what}: ready to train`, seconds(Date.now() - since));
  return tab;
}

/** What the page's thread spends in our code and not in the browser's, from a profile: all of it, and the longest stretch
 * without a break. On a machine without a graphics card the browser draws on that thread's time. */
function own(profile) {
  const names = new Map(profile.nodes.map((node) => [node.id, node.callFrame.functionName]));
  let [all, stretch, longest] = [0, 0, 0];
  profile.samples.forEach((node, nth) => {
    if (["(idle)", "(program)", "(root)"].includes(names.get(node))) {
      stretch = 0;
      return;
    }
    // The time from this sample to the next.
    const millis = (profile.timeDeltas[nth + 1] ?? 0) / 1000;
    all += millis;
    stretch += millis;
    longest = Math.max(longest, stretch);
  });
  return { all, longest, whole: (profile.endTime - profile.startTime) / 1000 };
}

async function profile(page, millis) {
  const session = await page.context().newCDPSession(page);
  await session.send("Profiler.enable");
  await session.send("Profiler.setSamplingInterval", { interval: 500 });
  await session.send("Profiler.start");
  await page.waitForTimeout(millis);
  return (await session.send("Profiler.stop")).profile;
}

/** Trains for a while: first iteration, rate, longest tasks, memory. */
async function train(tab, what, iterations) {
  const memory = async () => ({
    page: await tab.page.evaluate(() => globalThis.l2tMemory.buffer.byteLength),
    worker: await tab.page.workers()[0].evaluate(() => globalThis.memory.buffer.byteLength),
    gpu: (await tab.state()).memory,
  });
  const done = (state) => state.epoch * state.iterations + state.iteration;
  await watchTasks(tab.page);
  const since = Date.now();
  await tab.press("Train");
  await tab.until("the first iteration", (state) => done(state) >= 1);
  say(`${what}: first iteration, from the press`, seconds(Date.now() - since));
  // How long the thread that trains does not listen: what the page would stand still for if it trained itself.
  const blocked = tab.page.workers()[0].evaluate(() => new Promise((resolve) => {
    let [worst, last] = [0, performance.now()];
    const timer = setInterval(() => {
      const now = performance.now();
      worst = Math.max(worst, now - last);
      last = now;
    }, 0);
    setTimeout(() => { clearInterval(timer); resolve(worst); }, 12_000);
  }));
  for (const count of iterations) {
    const state = await tab.until(`${count} iterations`, (now) => done(now) >= count, 8 * PATIENCE);
    const { page, worker, gpu } = await memory();
    say(`${what}: memory after ${count} iterations: page, worker, GPU`,
      `${mebibytes(page)}, ${mebibytes(worker)}, ${gpu ? mebibytes(gpu) : "none"}`);
    say(`${what}: an iteration, smoothed`, seconds(1000 * state.iteration_secs));
  }
  const tasks = (await tab.page.evaluate(() => globalThis.tasks)).sort((a, b) => b - a);
  say(`${what}: tasks of the page's thread above 50 ms, longest`,
    `${tasks.length}, ${tasks.slice(0, 3).map((task) => `${task.toFixed(0)} ms`).join(", ") || "none"}`);
  const { all, longest, whole } = own(await profile(tab.page, 12_000));
  say(`${what}: our code in the page's thread, and its longest stretch`,
    `${(100 * all / whole).toFixed(1)} % of the time, ${longest.toFixed(0)} ms`);
  say(`${what}: longest that the training thread did not listen`, `${(await blocked).toFixed(0)} ms`);
  const pressed = Date.now();
  await tab.press("Pause");
  await tab.waiting();
  say(`${what}: from Pause to the run that waits`, seconds(Date.now() - pressed));
}

const demo = (device) => hash({ set: ["train.epochs=400"], device });

const cpu = await browser(false);
try {
  const cold = await load(cpu.context, demo("cpu"), "cold");
  await cold.close();
  const warm = await load(cpu.context, demo("cpu"), "warm");
  await train(warm, "CPU, demo (width 0.25, batch 30)", [20, 50, 300]);
  await warm.close();
} finally {
  await cpu.close();
}
const gpu = await browser(true);
try {
  // A software driver computes on the CPU: small runs, and for memory over time one of a second an iteration.
  const small = ["target.width=0.03125", "data.per_class=8", "train.batch_size=8", "train.epochs=400"];
  const tab = await load(gpu.context, hash({ set: small, device: "software-gpu" }), "software GPU");
  await train(tab, "software GPU (width 0.03125, batch 8)", [10]);
  await tab.close();
  const smallest = [...small, "train.batch_size=2", "meta.matching_steps=1", "method.pairs=one-to-one"];
  const long = await load(gpu.context, hash({ set: smallest, device: "software-gpu" }), "software GPU, smallest");
  await train(long, "software GPU (width 0.03125, batch 2, T = 1, one-to-one)", [50, 300]);
} finally {
  await gpu.close();
}
