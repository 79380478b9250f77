// Writes up to seven vectors into one, each at its place, with zeros behind it up to where the next one begins.

struct Piece {
    begin: u32,
    length: u32,
    // Where the zeros end.
    end: u32,
    unused: u32,
}

struct Sizes {
    invocations: u32,
    unused0: u32,
    unused1: u32,
    unused2: u32,
    pieces: array<Piece, 7>,
}

@group(0) @binding(0) var<storage, {{ read }}> x0: array<f32>;
@group(0) @binding(1) var<storage, {{ read }}> x1: array<f32>;
@group(0) @binding(2) var<storage, {{ read }}> x2: array<f32>;
@group(0) @binding(3) var<storage, {{ read }}> x3: array<f32>;
@group(0) @binding(4) var<storage, {{ read }}> x4: array<f32>;
@group(0) @binding(5) var<storage, {{ read }}> x5: array<f32>;
@group(0) @binding(6) var<storage, {{ read }}> x6: array<f32>;
@group(0) @binding(7) var<storage, read_write> out: array<f32>;
@group(0) @binding(8) var<uniform> sizes: Sizes;

@compute @workgroup_size({{ workgroup }})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    for (var nth = 0u; nth < 7u; nth++) {
        let piece = sizes.pieces[nth];
        for (var i = id.x; i < piece.end - piece.begin; i += sizes.invocations) {
            var value = 0.0;
            if i < piece.length {
                switch nth {
                    case 0u: { value = x0[i]; }
                    case 1u: { value = x1[i]; }
                    case 2u: { value = x2[i]; }
                    case 3u: { value = x3[i]; }
                    case 4u: { value = x4[i]; }
                    case 5u: { value = x5[i]; }
                    default: { value = x6[i]; }
                }
            }
            out[piece.begin + i] = value;
        }
    }
}
