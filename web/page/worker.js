// The thread that trains. The page sends the compiled program first, then messages of its own (see wire.rs).
import init, { work } from "./l2t.js";

// The device, where somebody who debugs a lost one finds it.
if (globalThis.GPUAdapter) {
  const request = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (...args) {
    globalThis.device = await request.apply(this, args);
    return globalThis.device;
  };
}

onmessage = async (event) => {
  onmessage = null;
  try {
    // What it holds is where somebody who measures finds it.
    globalThis.memory = (await init({ module_or_path: event.data })).memory;
    work();
  } catch (error) {
    // Reaches the page as the worker's error, with its words.
    setTimeout(() => { throw error; });
  }
};
