//! Scalar automatic differentiation of any order.
//!
//! Every number is a node; the gradient of a node is made of further nodes, so it can be differentiated again. Slow and
//! simple: it shares nothing with the code that it is compared with.

/// A number on the tape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Var(u32);

#[derive(Debug, Clone, Copy)]
enum Op {
    Leaf,
    Add(Var, Var),
    Sub(Var, Var),
    Mul(Var, Var),
    Div(Var, Var),
    Exp(Var),
    Ln(Var),
    Sqrt(Var),
}

/// All numbers computed so far.
#[derive(Debug, Default)]
pub struct Tape {
    ops: Vec<Op>,
    values: Vec<f64>,
}

impl Tape {
    fn push(&mut self, op: Op, value: f64) -> Var {
        self.ops.push(op);
        self.values.push(value);
        Var(u32::try_from(self.values.len() - 1).expect("a tape has fewer than 2³² nodes"))
    }

    /// A number that nothing was computed from.
    pub fn leaf(&mut self, value: f64) -> Var {
        self.push(Op::Leaf, value)
    }

    /// Its value.
    pub fn value(&self, v: Var) -> f64 {
        self.values[v.0 as usize]
    }

    /// `a + b`.
    pub fn add(&mut self, a: Var, b: Var) -> Var {
        self.push(Op::Add(a, b), self.value(a) + self.value(b))
    }

    /// `a − b`.
    pub fn sub(&mut self, a: Var, b: Var) -> Var {
        self.push(Op::Sub(a, b), self.value(a) - self.value(b))
    }

    /// `a b`.
    pub fn mul(&mut self, a: Var, b: Var) -> Var {
        self.push(Op::Mul(a, b), self.value(a) * self.value(b))
    }

    /// `a / b`.
    pub fn div(&mut self, a: Var, b: Var) -> Var {
        self.push(Op::Div(a, b), self.value(a) / self.value(b))
    }

    /// `eᵃ`.
    pub fn exp(&mut self, a: Var) -> Var {
        self.push(Op::Exp(a), self.value(a).exp())
    }

    /// `ln a`.
    pub fn ln(&mut self, a: Var) -> Var {
        self.push(Op::Ln(a), self.value(a).ln())
    }

    /// `√a`.
    pub fn sqrt(&mut self, a: Var) -> Var {
        self.push(Op::Sqrt(a), self.value(a).sqrt())
    }

    /// `k a` for a constant.
    pub fn scale(&mut self, k: f64, a: Var) -> Var {
        let k = self.leaf(k);
        self.mul(k, a)
    }

    /// Sum of all.
    pub fn sum(&mut self, terms: impl IntoIterator<Item = Var>) -> Var {
        let mut total: Option<Var> = None;
        for term in terms {
            total = Some(match total {
                Some(sum) => self.add(sum, term),
                None => term,
            });
        }
        total.unwrap_or_else(|| self.leaf(0.0))
    }

    /// Mean of all.
    pub fn mean(&mut self, terms: &[Var]) -> Var {
        let sum = self.sum(terms.iter().copied());
        self.scale(1.0 / terms.len() as f64, sum)
    }

    /// `min(max(a, low), high)`, with derivative 0 at and beyond both ends.
    pub fn clamp(&mut self, a: Var, low: f64, high: f64) -> Var {
        match self.value(a) {
            value if value <= low => self.leaf(low),
            value if value >= high => self.leaf(high),
            _ => a,
        }
    }

    /// `∂y/∂x` for every x, as nodes that can be differentiated again.
    pub fn gradient(&mut self, y: Var, wrt: &[Var]) -> Vec<Var> {
        let mut bars: Vec<Option<Var>> = vec![None; y.0 as usize + 1];
        bars[y.0 as usize] = Some(self.leaf(1.0));
        for at in (0..=y.0 as usize).rev() {
            let Some(bar) = bars[at] else { continue };
            let node = Var(u32::try_from(at).expect("node indices fit"));
            for (input, contribution) in self.local(node, bar) {
                let sum = match bars[input.0 as usize] {
                    Some(sum) => self.add(sum, contribution),
                    None => contribution,
                };
                bars[input.0 as usize] = Some(sum);
            }
        }
        let zero = self.leaf(0.0);
        wrt.iter().map(|x| bars.get(x.0 as usize).copied().flatten().unwrap_or(zero)).collect()
    }

    fn local(&mut self, node: Var, bar: Var) -> Vec<(Var, Var)> {
        match self.ops[node.0 as usize] {
            Op::Leaf => vec![],
            Op::Add(a, b) => vec![(a, bar), (b, bar)],
            Op::Sub(a, b) => {
                let minus = self.scale(-1.0, bar);
                vec![(a, bar), (b, minus)]
            }
            Op::Mul(a, b) => {
                let (to_a, to_b) = (self.mul(bar, b), self.mul(bar, a));
                vec![(a, to_a), (b, to_b)]
            }
            Op::Div(a, b) => {
                let to_a = self.div(bar, b);
                let product = self.mul(to_a, node);
                let to_b = self.scale(-1.0, product);
                vec![(a, to_a), (b, to_b)]
            }
            Op::Exp(a) => vec![(a, self.mul(bar, node))],
            Op::Ln(a) => vec![(a, self.div(bar, a))],
            Op::Sqrt(a) => {
                let half = self.scale(0.5, bar);
                vec![(a, self.div(half, node))]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// f = √x · ln y / (x − y) + eˣʸ at (2, 3): first and second derivatives worked out by hand.
    #[test]
    fn first_and_second_derivatives() {
        let mut t = Tape::default();
        let (x, y) = (t.leaf(2.0), t.leaf(3.0));
        let (root, log) = (t.sqrt(x), t.ln(y));
        let product = t.mul(root, log);
        let difference = t.sub(x, y);
        let quotient = t.div(product, difference);
        let xy = t.mul(x, y);
        let power = t.exp(xy);
        let f = t.add(quotient, power);
        let first = t.gradient(f, &[x, y]);
        let second = t.gradient(first[0], &[x, y]);
        let (r2, l3, e6) = (2f64.sqrt(), 3f64.ln(), 6f64.exp());
        // ∂f/∂x = ln y (1/(2√x (x−y)) − √x/(x−y)²) + y eˣʸ
        assert!((t.value(first[0]) - (l3 * (-1.0 / (2.0 * r2) - r2) + 3.0 * e6)).abs() < 1e-9);
        // ∂²f/∂x² = ln y (−1/(4 x√x (x−y)) − 1/(√x (x−y)²) + 2√x/(x−y)³) + y² eˣʸ
        let xx = l3 * (1.0 / (8.0 * r2) - 1.0 / r2 - 2.0 * r2) + 9.0 * e6;
        assert!((t.value(second[0]) - xx).abs() < 1e-9);
        // ∂²f/∂x∂y = 1/y (1/(2√x (x−y)) − √x/(x−y)²) + ln y (1/(2√x (x−y)²) − 2√x/(x−y)³) + (1 + xy) eˣʸ
        let xy = (-1.0 / (2.0 * r2) - r2) / 3.0 + l3 * (1.0 / (2.0 * r2) + 2.0 * r2) + 7.0 * e6;
        assert!((t.value(second[1]) - xy).abs() < 1e-8);
    }
}
