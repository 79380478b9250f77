// The page on a software WebGPU adapter: slow, and the same program as on a graphics card.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { pictures } from "./files.mjs";
import { browser, hash, inWorkers, SMALL, Tab } from "./support.mjs";

let chromium;
before(async () => {
  chromium = await browser(true);
});
after(() => chromium.close());

const GPU = { device: "software-gpu" };

describe("on WebGPU", () => {
  it("trains, counts what is compiled, and lowers the loss", async () => {
    const tab = await Tab.open(chromium.context, hash({ set: [...SMALL, "train.epochs=3"], ...GPU }));
    await tab.waiting();
    await tab.press("Train");
    const state = await tab.finished();
    // "compiling k of n" stands there only for as long as it takes; what it came to stays.
    const counted = (await tab.controls()).find((control) => control.name.endsWith("kernels compiled")).name;
    assert.ok(Number(counted.match(/, (\d+) kernels/)[1]) > 20, `a run has dozens of kernels: ${counted}`);
    assert.match(state.device, /WebGPU/);
    assert.ok(state.epochs[2] < state.epochs[0], `the loss falls: ${state.epochs}`);
    assert.equal(state.lambda.length, 15);
    assert.ok(state.memory > 0);
    await tab.picture("gpu-finished");
    await tab.close();
  });

  it("times its kernels on request, and says how far it is", async () => {
    const tab = await Tab.open(chromium.context, hash({ set: [...SMALL, "method.name=scratch"], ...GPU }));
    await tab.waiting();
    await tab.press("About this device");
    await tab.press("Time its kernels");
    // Of all of them a software driver takes minutes.
    const some = () => JSON.parse(globalThis.l2t.controls()).some(({ name }) => /^[1-9]\d* of \d+ products$/.test(name));
    await tab.page.waitForFunction(some, null, { timeout: 240_000 });
    await tab.picture("gpu-timing");
    await tab.close();
  });

  it("draws the window with WebGPU, too, where a graphics card does", async () => {
    const tab = await Tab.open(chromium.context, hash({ set: [...SMALL, "method.name=scratch"], device: "gpu" }));
    const state = await tab.waiting();
    assert.match(state.device, /WebGPU/);
    await tab.press("Losses");
    await tab.picture("gpu-drawn");
    await tab.close();
  });

  it("says that the device was lost, and goes on from the last epoch with another", async () => {
    const undo = await inWorkers(chromium.context, `
      const request = GPUAdapter.prototype.requestDevice;
      GPUAdapter.prototype.requestDevice = async function (...args) {
        return globalThis.device = await request.apply(this, args);
      };`);
    const tab = await Tab.open(chromium.context, hash({ set: [...SMALL, "method.name=scratch", "train.epochs=4"], ...GPU }));
    await tab.waiting();
    await tab.press("Train");
    await tab.until("an epoch", (state) => state.epochs.length > 0);
    await tab.page.workers()[0].evaluate(() => globalThis.device.destroy());
    const lost = await tab.until("the banner", (state) => state.stage.startsWith("Failed"));
    assert.match(lost.stage, /lost/);
    await tab.picture("gpu-lost");
    await tab.press(`Go on from the end of epoch ${lost.epochs.length}`);
    const state = await tab.finished();
    assert.equal(state.epochs.length, 4);
    assert.deepEqual(state.epochs.slice(0, lost.epochs.length), lost.epochs, "what was done is kept");
    tab.errors = tab.errors.filter((error) => !/lost/.test(error));
    await tab.close();
    await undo();
  });

  it("ends a run whose kernels the browser refuses, with its words", async () => {
    const undo = await inWorkers(chromium.context, `
      const make = GPUDevice.prototype.createShaderModule;
      GPUDevice.prototype.createShaderModule = function (description) {
        return make.call(this, { ...description, code: description.code + " nonsense" });
      };`);
    const tab = await Tab.open(chromium.context, hash({ set: [...SMALL, "method.name=scratch"], ...GPU }));
    // Nobody has to press Train: what the networks see of the first picture is computed at once.
    const { stage } = await tab.until("the banner", (state) => state.stage.startsWith("Failed"));
    assert.match(stage, /refuses a kernel \(.+\): train on the CPU/);
    tab.errors = [];
    await tab.close();
    await undo();
  });

  it("takes the width that fits the adapter, and says so", async () => {
    // 64 channels of 1,024 × 1,024 pixels are 256 MiB. This adapter binds 1 GiB, others no more than WebGPU asks for: 128 MiB.
    const least = `Object.defineProperty(GPUSupportedLimits.prototype, "maxStorageBufferBindingSize", { get: () => 2 ** 27 });`;
    const undo = await inWorkers(chromium.context, least);
    const set = ["method.name=scratch", "target.width=1", "data.size=1024", "data.validation=0", "data.per_class=0",
      "train.batch_size=2", "train.epochs=1"];
    const tab = await Tab.open(chromium.context, hash({ set, ...GPU }));
    await tab.until("that none are drawn as large", (state) => state.stage.startsWith("Failed"));
    await tab.drop(["colours.zip", await pictures(tab.page, 2)]);
    await tab.saysSoon("colours.zip has the pictures of the next run");
    await tab.press("Start a new run with these");
    const { experiment, notices } = await tab.until("the dropped classes", (state) => state.stage === "Waiting");
    assert.match(experiment, /target\.width%3D0\.5/);
    assert.ok(notices.some((notice) => notice.includes("256 MiB") && notice.includes("width 0.5")), String(notices));
    await tab.until("the address", () => decodeURIComponent(tab.page.url()).includes("target.width=0.5"));
    await tab.picture("gpu-narrowed");
    await tab.close();
    await undo();
  });
});
