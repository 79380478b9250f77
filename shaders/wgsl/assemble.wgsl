// Writes pieces of a vector, each a sum of up to three terms at its place, with zeros behind it up to where the next one begins. A term
// is a factor times the sum of some rows, which lie one behind another in one of up to seven buffers.

const MOST_TERMS: u32 = 3u;
const MOST_PIECES: u32 = 16u;

struct Term {
    buffer: u32,
    // Where its first row begins.
    first: u32,
    rows: u32,
    factor: f32,
}

struct Piece {
    begin: u32,
    // Of the piece, and of every row.
    length: u32,
    // Where the zeros end.
    end: u32,
    terms: u32,
    term: array<Term, MOST_TERMS>,
}

struct Sizes {
    invocations: u32,
    pieces: u32,
    unused0: u32,
    unused1: u32,
    piece: array<Piece, MOST_PIECES>,
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

fn entry(buffer: u32, at: u32) -> f32 {
    switch buffer {
        case 0u: { return x0[at]; }
        case 1u: { return x1[at]; }
        case 2u: { return x2[at]; }
        case 3u: { return x3[at]; }
        case 4u: { return x4[at]; }
        case 5u: { return x5[at]; }
        default: { return x6[at]; }
    }
}

@compute @workgroup_size({{ workgroup }})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    for (var nth = 0u; nth < sizes.pieces; nth++) {
        let begin = sizes.piece[nth].begin;
        let length = sizes.piece[nth].length;
        let end = sizes.piece[nth].end;
        let terms = sizes.piece[nth].terms;
        for (var i = id.x; i < end - begin; i += sizes.invocations) {
            var value = 0.0;
            if i < length {
                for (var t = 0u; t < terms; t++) {
                    let term = sizes.piece[nth].term[t];
                    var sum = 0.0;
                    for (var row = 0u; row < term.rows; row++) {
                        sum += entry(term.buffer, term.first + row * length + i);
                    }
                    value += term.factor * sum;
                }
            }
            out[begin + i] = value;
        }
    }
}
