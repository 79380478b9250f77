// What the command calls in this page.
import { begin, iteration, Losses, plainStep } from "./algorithm.mjs";
import { registerMissing } from "./derivatives.mjs";
import { check } from "./fixture.mjs";
import { randomNetworks } from "./networks.mjs";

const { tf } = globalThis;
const CLASSES = 10;

/** Makes `backend` compute what follows; how it differs from what is usual, in words. */
async function open(backend) {
  tf.wasm.setWasmPaths(new URL("node_modules/@tensorflow/tfjs-backend-wasm/dist/", location.href).href);
  if (!(await tf.setBackend(backend))) throw new Error(`TensorFlow.js cannot open its backend ${backend}`);
  await tf.ready();
  registerMissing();
  return `TensorFlow.js ${tf.version_core ?? tf.version["tfjs-core"]}, ${tf.getBackend()}`;
}

/** Seconds of `count` steps, one after the other, on one batch; the state goes on from call to call. */
class Run {
  constructor({ width, batch, plain }) {
    this.step = plain ? plainStep : iteration;
    this.networks = randomNetworks({ width, depth: 20, classes: CLASSES });
    // No source: nothing is matched.
    if (plain) {
      const theta = Object.entries(this.networks.theta).filter(([name]) => !name.startsWith("regressor."));
      Object.assign(this.networks, { pairs: [], phi: {}, theta: Object.fromEntries(theta) });
    }
    this.state = begin(this.networks);
    this.x = tf.randomNormal([batch, 32, 32, 3]);
    this.y = tf.tensor1d(Array.from({ length: batch }, (_, nth) => nth % CLASSES), "int32");
    this.rule = { rate: 0.1, momentum: 0.9, decay: 1e-4, steps: 2, metaRate: 1e-4, metaDecay: 1e-4 };
  }

  async time(count) {
    const seconds = [];
    for (let nth = 0; nth < count; nth += 1) {
      const since = performance.now();
      const old = this.state;
      const out = tf.tidy(() => this.step(new Losses(this.networks, 0.5, this.x, this.y, CLASSES), old, this.rule));
      this.state = out.next;
      // What is read last was computed last.
      await Promise.all([out.next.theta["classifier.bias"], Object.values(out.next.meta.phi)[0]].map((t) => t?.data()));
      tf.dispose([out.recorded, old]);
      seconds.push((performance.now() - since) / 1000);
    }
    return seconds;
  }
}

globalThis.peer = { open, check, begin: (sizes) => { globalThis.run = new Run(sizes); }, time: (count) => globalThis.run.time(count) };
