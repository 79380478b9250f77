// Many small linear layers, y_k = W_k x_k + b_k: an invocation an output, layers along y and images along z.

struct Sizes {
    // Columns of x and of y.
    inputs: u32,
    outputs: u32,
    unused0: u32,
    unused1: u32,
    layers: array<Layer, PLACES>,
}

@group(0) @binding(0) var<storage, {{ read }}> parameters: array<f32>;
@group(0) @binding(1) var<storage, {{ read }}> x: array<f32>; // [B, M]
@group(0) @binding(2) var<storage, read_write> y: array<f32>; // [B, N]
@group(0) @binding(3) var<uniform> sizes: Sizes;

@compute @workgroup_size({{ workgroup }})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let layer = sizes.layers[id.y];
    if id.x >= layer.outputs {
        return;
    }
    let weight = layer.weight + id.x * layer.inputs;
    let first = id.z * sizes.inputs + layer.first_input;
    var sum = parameters[layer.bias + id.x];
    for (var i = 0u; i < layer.inputs; i++) {
        sum += parameters[weight + i] * x[first + i];
    }
    y[id.z * sizes.outputs + layer.first_output + id.x] = sum;
}
