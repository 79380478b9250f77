// What TensorFlow.js lacks for this: second derivatives of its convolution and its pooling on every backend, and on the
// WebAssembly backend the first derivative of a convolution in its filter.
const { tf } = globalThis;

/** Gradients of the gradients; their kernels are TensorFlow.js's own. */
function registerSecondDerivatives() {
  tf.registerGradient({
    kernelName: "Conv2DBackpropFilter",
    inputsToSave: ["x", "dy"],
    // The gradient in the filter is bilinear in x and dy.
    gradFunc: (g, [x, dy], { strides, pad }) => ({
      x: () => tf.conv2dTranspose(dy, g, x.shape, strides, pad),
      dy: () => tf.conv2d(x, g, strides, pad),
    }),
  });
  tf.registerGradient({
    kernelName: "MaxPoolGrad",
    inputsToSave: ["dy", "input", "output"],
    // Linear in dy: its transpose gathers from where the maxima were. Where several are equal they are ReLU's zeros, and
    // what is gathered there is zero. The windows do not overlap.
    gradFunc: (g, [dy, x, y], { filterSize, strides }) => ({
      dy: () => {
        const maxima = tf.equal(x, tf.image.resizeNearestNeighbor(y, x.shape.slice(1, 3))).toFloat();
        return tf.avgPool(g.mul(maxima), filterSize, strides, "valid").mul(x.shape[1] * x.shape[2] / (y.shape[1] * y.shape[2]));
      },
      input: () => tf.zerosLike(x),
      output: () => tf.zerosLike(y),
    }),
  });
}

/** dW[i, j, c, d] = Σ_{b,h,w} x[b, h+i, w+j, c] dy[b, h, w, d]: a convolution in which the batch stands for the channels. */
function registerFilterGradient(backendName) {
  tf.registerKernel({
    kernelName: "Conv2DBackpropFilter",
    backendName,
    kernelFunc: ({ inputs: { x, dy }, attrs: { pad } }) => tf.tidy(() => {
      const images = tf.transpose(x, [3, 1, 2, 0]);
      const filter = tf.transpose(dy, [1, 2, 0, 3]);
      return tf.transpose(tf.conv2d(images, filter, 1, pad), [1, 2, 0, 3]);
    }),
  });
}

/** log softmax over classes. TensorFlow.js's own keeps its output for the gradient, and records that before the operation
 * itself: whatever should flow back through the output is lost without a word, and 2 to 81 % of the hypergradient of the recorded fixtures with it. */
export const logSoftmax = tf.customGrad((z, save) => {
  save([z]);
  return { value: tf.logSoftmax(z), gradFunc: (dy, [z]) => dy.sub(dy.sum(1, true).mul(tf.softmax(z))) };
});

export function registerMissing() {
  registerSecondDerivatives();
  if (!tf.getKernel("Conv2DBackpropFilter", "wasm")) registerFilterGradient("wasm");
}
