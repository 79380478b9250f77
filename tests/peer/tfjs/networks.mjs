// The networks as functions of an object of weights, named as in checkpoints. Images and features are [B, H, W, C], filters
// [k, k, C, D], as TensorFlow.js has them.
const { tf } = globalThis;

const EPSILON = 1e-5;

const convolve = (x, filter, stride = 1) => tf.conv2d(x, filter, stride, (filter.shape[0] - 1) / 2);

/** Batch normalisation by given moments. */
function standardise(p, name, x, mean, variance) {
  const scale = p[`${name}.weight`].div(variance.add(EPSILON).sqrt());
  return x.sub(mean).mul(scale).add(p[`${name}.bias`]);
}

/** By the batch's moments, which are added to `moments` where somebody keeps the running ones. */
function normalise(p, name, x, moments) {
  const mean = x.mean([0, 1, 2]);
  const variance = x.sub(mean).square().mean([0, 1, 2]);
  if (moments) moments[name] = [tf.keep(tf.clone(mean)), tf.keep(tf.clone(variance)), x.size / mean.size];
  return standardise(p, name, x, mean, variance);
}

/** The output of the last block of every group of a frozen ResNet. */
export function sourceFeatures(p, groups, x) {
  const frozen = (name, y) => standardise(p, name, y, p[`${name}.running_mean`], p[`${name}.running_var`]);
  x = tf.relu(frozen("bn1", convolve(x, p["conv1.weight"])));
  return groups.map((blocks, group) => {
    blocks.forEach((name, nth) => {
      const stride = group > 0 && nth === 0 ? 2 : 1;
      let y = tf.relu(frozen(`${name}.bn1`, convolve(x, p[`${name}.conv1.weight`], stride)));
      y = frozen(`${name}.bn2`, convolve(y, p[`${name}.conv2.weight`]));
      const shorter = p[`${name}.downsample.0.weight`];
      if (shorter) x = frozen(`${name}.downsample.1`, convolve(x, shorter, stride));
      x = tf.relu(x.add(y));
    });
    return x;
  });
}

/** The features of a VGG before every pooling, and what the last pooling gives. `layers`: convolutions and "M". */
export function targetFeatures(p, layers, x, moments) {
  const taps = [];
  for (const layer of layers) {
    if (layer === "M") {
      taps.push(x);
      x = tf.maxPool(x, 2, 2, "valid");
    } else {
      x = convolve(x, p[`features.${layer}.weight`]).add(p[`features.${layer}.bias`]);
      x = tf.relu(normalise(p, `features.${layer + 1}`, x, moments));
    }
  }
  return [taps, x];
}

export const regress = (p, k, tap) => convolve(tap, p[`regressor.${k}.weight`]).add(p[`regressor.${k}.bias`]);

const random = (shape, deviation) => tf.randomNormal(shape, 0, deviation);

function randomSource(depth) {
  const p = {}, groups = [], blocks = (depth - 2) / 6;
  const conv = (name, k, into, out) => { p[`${name}.weight`] = random([k, k, into, out], Math.sqrt(2 / (k * k * out))); };
  const norm = (name, count) => {
    for (const what of ["weight", "running_var"]) p[`${name}.${what}`] = tf.ones([count]);
    for (const what of ["bias", "running_mean"]) p[`${name}.${what}`] = tf.zeros([count]);
  };
  let channels = 16;
  conv("conv1", 3, 3, channels);
  norm("bn1", channels);
  [16, 32, 64].forEach((out, group) => {
    groups.push(Array.from({ length: blocks }, (_, nth) => `group${group}.${nth}`));
    for (const name of groups[group]) {
      conv(`${name}.conv1`, 3, channels, out);
      conv(`${name}.conv2`, 3, out, out);
      norm(`${name}.bn1`, out);
      norm(`${name}.bn2`, out);
      if (out !== channels) {
        conv(`${name}.downsample.0`, 1, channels, out);
        norm(`${name}.downsample.1`, out);
      }
      channels = out;
    }
  });
  return { source: p, groups };
}

/** A ResNet of 16, 32, 64 channels, the paper's VGG-9 at `width`, and for fifteen pairs regressors and meta-networks. */
export function randomNetworks({ width, depth, classes }) {
  const theta = {}, running = {}, layers = [], taps = [], phi = {};
  let channels = 3, index = 0;
  for (const layer of [64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"]) {
    if (layer === "M") {
      taps.push(channels);
      layers.push("M");
      index += 1;
      continue;
    }
    const out = Math.max(Math.round(layer * width), 1);
    theta[`features.${index}.weight`] = random([3, 3, channels, out], Math.sqrt(2 / (9 * out)));
    theta[`features.${index}.bias`] = tf.zeros([out]);
    theta[`features.${index + 1}.weight`] = tf.ones([out]);
    theta[`features.${index + 1}.bias`] = tf.zeros([out]);
    running[`features.${index + 1}.running_mean`] = tf.zeros([out]);
    running[`features.${index + 1}.running_var`] = tf.ones([out]);
    layers.push(index);
    [channels, index] = [out, index + 3];
  }
  theta["classifier.weight"] = random([classes, channels], 0.01);
  theta["classifier.bias"] = tf.zeros([classes]);
  const pairs = [0, 1, 2].flatMap((m) => taps.map((_, n) => [m, n]));
  pairs.forEach(([m, n], k) => {
    const into = taps[n], out = [16, 32, 64][m];
    theta[`regressor.${k}.weight`] = random([1, 1, into, out], Math.sqrt(1 / into));
    theta[`regressor.${k}.bias`] = tf.zeros([out]);
    phi[`what.${k}.weight`] = tf.zeros([out, out]);
    phi[`what.${k}.bias`] = tf.zeros([out]);
    phi[`where.${k}.weight`] = random([1, out], Math.sqrt(1 / out));
    phi[`where.${k}.bias`] = tf.ones([1]);
  });
  return { ...randomSource(depth), theta, running, layers, pairs, phi };
}
