// An iteration that a recorded fixture describes, and how far this one is from it.
import { begin, iteration, Losses } from "./algorithm.mjs";

const { tf } = globalThis;

const TYPES = { F64: Float64Array, F32: Float32Array, I64: BigInt64Array };

function readSafetensors(bytes) {
  const length = Number(new DataView(bytes).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 8, length)));
  delete header.__metadata__;
  return Object.fromEntries(Object.entries(header).map(([name, { dtype, shape, data_offsets: [from, to] }]) => {
    const values = new TYPES[dtype](bytes.slice(8 + length + from, 8 + length + to));
    return [name, { shape, values: Array.from(values, Number) }];
  }));
}

/** As TensorFlow.js has it: filters [k, k, C, D], images [B, H, W, C]. */
function tensor(name, { shape, values }) {
  const t = tf.tensor(values, shape, "float32");
  if (shape.length !== 4) return t;
  return name === "x" ? t.transpose([0, 2, 3, 1]) : t.transpose([2, 3, 1, 0]);
}

/** As PyTorch has it. */
async function values(name, t) {
  if (t.shape.length !== 4) return t.data();
  return t.transpose(name.includes("source_features") ? [0, 3, 1, 2] : [3, 2, 0, 1]).data();
}

function below(fixture, ...prefixes) {
  const found = {};
  for (const prefix of prefixes) {
    for (const [name, value] of Object.entries(fixture)) {
      if (name.startsWith(prefix)) found[name.slice(prefix.length)] = tensor(name, value);
    }
  }
  return found;
}

/** Convolutions stand three apart, four where a pooling lies between; one pooling ends the network. */
function vggLayers(theta) {
  const filters = Object.keys(theta).filter((name) => name.startsWith("features.") && theta[name].shape.length === 4);
  const indices = filters.map((name) => Number(name.split(".")[1])).sort((a, b) => a - b);
  return indices.flatMap((index, nth) => (indices[nth + 1] === index + 3 ? [index] : [index, "M"]));
}

function networks(fixture) {
  const target = below(fixture, "init.target."), meta = below(fixture, "init.");
  const pick = (p, wanted) => Object.fromEntries(Object.entries(p).filter(([name]) => wanted(name)));
  const theta = pick(target, (name) => !name.includes(".running_"));
  const layers = vggLayers(theta);
  for (const [name, value] of Object.entries(below(fixture, "init.regressor."))) theta[`regressor.${name}`] = value;
  return {
    source: below(fixture, "source."),
    groups: [["block1"], ["block2"], ["block3"]],
    pairs: [0, 1, 2].flatMap((m) => [0, 1, 2].map((n) => [m, n])),
    phi: pick(meta, (name) => /^(what|where)\./.test(name)),
    running: pick(target, (name) => name.includes(".running_")),
    theta,
    layers,
  };
}

/** By the names of the fixture. */
function byName({ next, recorded, features }, momentum) {
  const found = {
    "first.task_loss": recorded.task,
    "first.beta_matching_loss": recorded.matching,
    "inner.beta_matching_loss": tf.stack(recorded.inner),
    "adapted.task_loss": recorded.adaptedTask,
  };
  const add = (prefix, tensors) => {
    for (const [name, t] of Object.entries(tensors)) found[prefix + name] = t;
  };
  features.forEach((feature, m) => { found[`first.source_features.${m}`] = feature; });
  add("theta0.target.", next.running);
  add("hypergradient.", recorded.hypergradient);
  add("after.", next.meta.phi);
  const kinds = [["first.grad.", recorded.grads], ["theta0.", next.theta], ["adapted.", recorded.adapted]];
  // Without momentum the velocity is recorded as zero, because nothing depends on it.
  if (momentum) kinds.push(["theta0.velocity.", next.velocity]);
  for (const [prefix, tensors] of kinds) {
    for (const [name, t] of Object.entries(tensors)) found[prefix + (name.startsWith("regressor.") ? name : `target.${name}`)] = t;
  }
  return found;
}

/** The largest relative error over everything that is recorded, over the hypergradient alone, and where the first is. */
export async function check(bytes) {
  const fixture = readSafetensors(bytes);
  const [rate, momentum, decay, beta, steps, metaRate, metaDecay] = fixture.hyper.values;
  const found = networks(fixture);
  const classes = fixture["init.target.classifier.bias"].shape[0];
  const losses = new Losses(found, beta, tensor("x", fixture.x), tf.tensor1d(fixture.y.values, "int32"), classes);
  const out = iteration(losses, begin(found), { rate, momentum, decay, steps, metaRate, metaDecay });
  const result = { compared: 0, worst: 0, where: "nothing", hypergradient: 0 };
  const norm = (numbers) => Math.hypot(...numbers);
  // A bias before a normalisation has no gradient but rounding noise, so a tensor counts as no smaller than a thousandth of
  // the largest of its kind.
  const kind = (name) => name.match(/^(first\.grad|theta0\.velocity|[^.]+)/)[0], largest = {};
  for (const [name, { values }] of Object.entries(fixture)) {
    largest[kind(name)] = Math.max(largest[kind(name)] ?? 0, norm(values));
  }
  for (const [name, t] of Object.entries(byName({ ...out, features: losses.features }, momentum))) {
    const expected = fixture[name].values, got = await values(name, t);
    const size = Math.max(norm(expected), 1e-3 * largest[kind(name)]);
    const error = norm(expected.map((value, nth) => got[nth] - value)) / size;
    result.compared += 1;
    if (name.startsWith("hypergradient.")) result.hypergradient = Math.max(result.hypergradient, error);
    if (!(error <= result.worst)) Object.assign(result, { worst: error, where: name });
  }
  return result;
}
