// The thread that trains. The page sends the compiled program first, then messages of its own (see wire.rs).
import { contents, script } from "./load.js";

// A kernel that the browser refuses would write nothing, without a word: each is made inside an error scope.
for (const make of globalThis.GPUDevice ? ["createShaderModule", "createComputePipeline"] : []) {
  const made = GPUDevice.prototype[make];
  GPUDevice.prototype[make] = function (...args) {
    // What the browser refuses, and what its driver cannot compile.
    const kinds = ["validation", "internal"];
    for (const kind of kinds) this.pushErrorScope(kind);
    const result = made.apply(this, args);
    // Where the device is lost instead, that is noticed elsewhere.
    for (const _ of kinds) this.popErrorScope().then((error) => error && refused(error.message), () => {});
    return result;
  };
}

/** Ends the run: reaches the page as the worker's error, with these words. */
function refused(message) {
  const reason = message.split("\n").find((line) => line.includes("error:")) ?? message.split("\n")[0];
  // What follows from it, a device that refuses all else, is no news.
  globalThis.postMessage = () => {};
  reportError(new Error(`this browser refuses a kernel (${reason.trim()}): train on the CPU`));
}

onmessage = async (event) => {
  onmessage = null;
  try {
    const { default: init, work } = await script("l2t.js");
    // What it holds is where somebody who measures finds it.
    globalThis.memory = (await init({ module_or_path: event.data })).memory;
    work(contents);
  } catch (error) {
    // Reaches the page as the worker's error, with its words.
    setTimeout(() => { throw error; });
  }
};
