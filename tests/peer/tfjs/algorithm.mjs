// One iteration of L2T-ww, written from the paper's equations: all virtual steps are unrolled, and the hypergradient is
// TensorFlow.js's gradient through its gradients. The source is evaluated once a batch.
import { logSoftmax } from "./derivatives.mjs";
import { regress, sourceFeatures, targetFeatures } from "./networks.mjs";

const { tf } = globalThis;

const linear = (x, p, name) => tf.matMul(x, p[`${name}.weight`], false, true).add(p[`${name}.bias`]);
const named = (names, values) => Object.fromEntries(names.map((name, nth) => [name, values[nth]]));

/** L_org and β L_wfm of one batch as functions of θ. */
export class Losses {
  constructor({ source, groups, layers, pairs }, beta, x, y, classes) {
    Object.assign(this, { layers, pairs, beta, x });
    this.labels = tf.oneHot(y, classes).toFloat();
    this.features = pairs.length ? sourceFeatures(source, groups, x) : [];
    this.pooled = this.features.map((feature) => feature.mean([1, 2]));
    this.resized = new Map();
  }

  /** w = softmax(f), λ = ReLU6(g) for every pair. */
  weights(phi) {
    const w = this.pairs.map(([m], k) => tf.softmax(linear(this.pooled[m], phi, `what.${k}`)));
    const lambda = this.pairs.map(([m], k) => tf.relu6(linear(this.pooled[m], phi, `where.${k}`)));
    return { w, lambda };
  }

  /** S^m at the size of a target layer. */
  source(m, size) {
    const key = `${m} ${size}`, feature = this.features[m];
    if (feature.shape[1] === size[0] && feature.shape[2] === size[1]) return feature;
    if (!this.resized.has(key)) {
      // Beyond the scope of the step that asks first.
      this.resized.set(key, tf.keep(tf.image.resizeBilinear(feature, size, false, true)));
    }
    return this.resized.get(key);
  }

  release() {
    for (const tensor of this.resized.values()) tensor.dispose();
  }

  matching(theta, taps, { w, lambda }) {
    const losses = this.pairs.map(([m, n], k) => {
      const r = regress(theta, k, taps[n]);
      const squared = r.sub(this.source(m, r.shape.slice(1, 3))).square().mean([1, 2]);
      return lambda[k].squeeze([1]).mul(w[k].mul(squared).sum(1)).mean();
    });
    return losses.reduce((sum, loss) => sum.add(loss)).mul(this.beta);
  }

  task(theta, last) {
    const logits = linear(last.mean([1, 2]), theta, "classifier");
    return logSoftmax(logits).mul(this.labels).sum(1).mean().neg();
  }

  /** [L_org, β L_wfm], either null where it was not asked for. */
  evaluate(theta, { weights = null, task = true, moments = null }) {
    const [taps, last] = targetFeatures(theta, this.layers, this.x, moments);
    return [task ? this.task(theta, last) : null, weights ? this.matching(theta, taps, weights) : null];
  }
}

/** L(θ) and its gradient in those weights that it touches. */
function gradient(loss, theta, touches) {
  const names = Object.keys(theta).filter((name) => touches.some((part) => name.startsWith(part)));
  const of = (...values) => loss({ ...theta, ...named(names, values) });
  const { value, grads } = tf.valueAndGrads(of)(names.map((name) => theta[name]));
  return [value, named(names, grads)];
}

const TASK = ["features.", "classifier."], MATCHING = ["features.", "regressor."];

/** v ← μ v + g + wd θ, θ ← θ − η v; a weight that the loss does not touch has a zero gradient. */
function sgd({ theta, velocity }, gradients, { rate, momentum, decay }) {
  const next = { theta: {}, velocity: {} };
  for (const [name, value] of Object.entries(theta)) {
    const decayed = value.mul(decay);
    const g = gradients[name] ? gradients[name].add(decayed) : decayed;
    next.velocity[name] = velocity[name].mul(momentum).add(g);
    next.theta[name] = value.sub(next.velocity[name].mul(rate));
  }
  return next;
}

/** Adam with weight decay added to the gradient. */
function adam({ phi, first, second, count }, gradients, { metaRate, metaDecay }) {
  const next = { phi: {}, first: {}, second: {}, count: count + 1 };
  for (const [name, value] of Object.entries(phi)) {
    const g = gradients[name].add(value.mul(metaDecay));
    next.first[name] = first[name].mul(0.9).add(g.mul(0.1));
    next.second[name] = second[name].mul(0.999).add(g.square().mul(0.001));
    const [m, v] = [next.first[name].div(1 - 0.9 ** next.count), next.second[name].div(1 - 0.999 ** next.count)];
    next.phi[name] = value.sub(m.mul(metaRate).div(v.sqrt().add(1e-8)));
  }
  return next;
}

/** The running moments, a tenth nearer to the batch's; the variance as an unbiased estimate. */
function track(running, moments) {
  const next = {};
  for (const [name, [mean, variance, count]] of Object.entries(moments)) {
    const towards = (old, value) => old.mul(0.9).add(value.mul(0.1));
    next[`${name}.running_mean`] = towards(running[`${name}.running_mean`], mean);
    next[`${name}.running_var`] = towards(running[`${name}.running_var`], variance.mul(count / (count - 1)));
    tf.dispose([mean, variance]);
  }
  return next;
}

/** What a run begins with. */
export function begin({ theta, running, phi }) {
  const zeros = (p) => Object.fromEntries(Object.entries(p).map(([name, value]) => [name, tf.zerosLike(value)]));
  return { theta, velocity: zeros(theta), running, meta: { phi, first: zeros(phi), second: zeros(phi), count: 0 } };
}

/** The state behind one iteration, and what the fixtures record of it. */
export function iteration(losses, state, rule) {
  const { theta, meta } = state, moments = {};
  // 1. The ordinary step on L_total; only this pass updates the running statistics.
  const fixed = losses.weights(meta.phi);
  let task, matching;
  const [, grads] = gradient((at) => {
    [task, matching] = losses.evaluate(at, { weights: fixed, moments }).map((loss) => tf.keep(loss));
    return task.add(matching);
  }, theta, [...TASK, ...MATCHING]);
  const stepped = sgd(state, grads, rule);
  // 2. T virtual steps on L_wfm, 3. one on L_org; φ enters through w and λ. 4. L_org(θ_{T+1}).
  const inner = [];
  let adapted;
  const [adaptedTask, hypergradient] = gradient((phi) => {
    const weights = losses.weights(phi);
    let at = stepped;
    for (let t = 0; t < rule.steps; t += 1) {
      const [loss, g] = gradient((theta) => losses.evaluate(theta, { weights, task: false })[1], at.theta, MATCHING);
      inner.push(tf.keep(loss));
      at = sgd(at, g, rule);
    }
    const [, g] = gradient((theta) => losses.evaluate(theta, {})[0], at.theta, TASK);
    adapted = sgd(at, g, rule).theta;
    for (const value of Object.values(adapted)) tf.keep(value);
    return losses.evaluate(adapted, {})[0];
  }, meta.phi, ["what.", "where."]);
  losses.release();
  // 5. Adam on φ.
  const next = { ...stepped, running: track(state.running, moments), meta: adam(meta, hypergradient, rule) };
  return { next, recorded: { task, matching, grads, inner, adapted, adaptedTask, hypergradient } };
}

/** One ordinary step on L_org alone. */
export function plainStep(losses, state, rule) {
  const moments = {};
  const [, grads] = gradient((at) => losses.evaluate(at, { moments })[0], state.theta, TASK);
  return { next: { ...sgd(state, grads, rule), running: track(state.running, moments), meta: state.meta }, recorded: {} };
}
