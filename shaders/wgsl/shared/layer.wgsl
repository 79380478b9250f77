// A linear layer whose weights lie in a vector with those of others.
const PLACES: u32 = {{ places }}u;

struct Layer {
    // Columns of x.
    first_input: u32,
    inputs: u32,
    // Columns of y.
    first_output: u32,
    outputs: u32,
    // Places in the vector.
    weight: u32,
    bias: u32,
    unused0: u32,
    unused1: u32,
}
