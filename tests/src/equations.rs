//! One iteration of Algorithm 1 written from the paper's equations in scalar arithmetic, differentiated through the
//! unrolled loop by the [tape](crate::tape). Gives a fixture of the same form as the recorded ones.

use rand::{Rng, RngExt};

use crate::fixture::Fixture;
use crate::tape::{Tape, Var};

/// Sizes and rates of a made fixture.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Channels of the source's groups, one block each.
    pub source: Vec<usize>,
    /// Channels of the target's convolutions; a pooling follows each.
    pub target: Vec<usize>,
    /// Classes of the target task.
    pub classes: usize,
    /// Images.
    pub batch: usize,
    /// Side of an image in pixels.
    pub size: usize,
    /// lr, momentum, wd, β, T, meta lr, meta wd.
    pub hyper: [f64; 7],
    /// Whether the virtual matching steps minimise L_wfm, as in the paper's equations, and not β L_wfm, as in the authors'
    /// code.
    pub inner_beta_left_out: bool,
    /// Seed of all numbers.
    pub seed: u64,
}

/// A tensor of scalars.
#[derive(Debug, Clone)]
struct Array {
    shape: Vec<usize>,
    vars: Vec<Var>,
}

type Named = Vec<(String, Array)>;

fn find<'a>(named: &'a Named, name: &str) -> &'a Array {
    &named.iter().find(|(key, _)| key == name).unwrap_or_else(|| panic!("no {name}")).1
}

struct Maker {
    tape: Tape,
    rng: rand_chacha::ChaCha8Rng,
    fixture: Fixture,
}

impl Maker {
    fn random(&mut self, shape: &[usize], center: f64, spread: f64) -> Array {
        let count = shape.iter().product();
        let values: Vec<f64> = (0..count).map(|_| center + spread * (2.0 * self.rng.random::<f64>() - 1.0)).collect();
        Array { shape: shape.to_vec(), vars: values.into_iter().map(|v| self.tape.leaf(v)).collect() }
    }

    fn record(&mut self, name: impl Into<String>, array: &Array) {
        let values = array.vars.iter().map(|v| self.tape.value(*v)).collect();
        self.fixture.insert(name, array.shape.clone(), values);
    }

    fn record_all(&mut self, prefix: &str, named: &Named) {
        for (name, array) in named {
            self.record(format!("{prefix}.{name}"), array);
        }
    }

    fn record_scalar(&mut self, name: &str, v: Var) {
        let value = self.tape.value(v);
        self.fixture.insert(name, vec![], vec![value]);
    }

    /// y = W ∗ x + b with padding (K − 1)/2.
    fn conv(&mut self, x: &Array, w: &Array, b: Option<&Array>, stride: usize) -> Array {
        let (&[n, c, h, wd], &[o, _, k, _]) = (x.shape.as_slice(), w.shape.as_slice()) else { panic!("ranks") };
        let pad = (k - 1) / 2;
        let (oh, ow) = ((h + 2 * pad - k) / stride + 1, (wd + 2 * pad - k) / stride + 1);
        let mut vars = Vec::new();
        for image in 0..n {
            for out in 0..o {
                for i in 0..oh {
                    for j in 0..ow {
                        let mut sum = b.map(|b| b.vars[out]);
                        for ch in 0..c {
                            for ki in 0..k {
                                for kj in 0..k {
                                    let (y, z) = (i * stride + ki, j * stride + kj);
                                    if y < pad || z < pad || y - pad >= h || z - pad >= wd {
                                        continue;
                                    }
                                    let input = x.vars[((image * c + ch) * h + y - pad) * wd + z - pad];
                                    let product = self.tape.mul(input, w.vars[((out * c + ch) * k + ki) * k + kj]);
                                    sum = Some(match sum {
                                        Some(sum) => self.tape.add(sum, product),
                                        None => product,
                                    });
                                }
                            }
                        }
                        vars.push(sum.expect("a kernel overlaps its input"));
                    }
                }
            }
        }
        Array { shape: vec![n, o, oh, ow], vars }
    }

    /// γ (x − m)/√(v + 1e-5) + β, with the moments given or those of the batch, which are returned.
    fn batch_norm(
        &mut self,
        x: &Array,
        gamma: &Array,
        beta: &Array,
        fixed: Option<(&Array, &Array)>,
    ) -> (Array, Vec<(Var, Var)>) {
        let &[n, c, h, w] = x.shape.as_slice() else { panic!("rank") };
        let mut vars = x.vars.clone();
        let mut moments = Vec::new();
        for ch in 0..c {
            let places: Vec<usize> = (0..n).flat_map(|b| (0..h * w).map(move |p| (b * c + ch) * h * w + p)).collect();
            let values: Vec<Var> = places.iter().map(|p| x.vars[*p]).collect();
            let mean = match fixed {
                Some((mean, _)) => mean.vars[ch],
                None => self.tape.mean(&values),
            };
            let centred: Vec<Var> = values.iter().map(|v| self.tape.sub(*v, mean)).collect();
            let variance = match fixed {
                Some((_, variance)) => variance.vars[ch],
                None => {
                    let squares: Vec<Var> = centred.iter().map(|v| self.tape.mul(*v, *v)).collect();
                    self.tape.mean(&squares)
                }
            };
            let epsilon = self.tape.leaf(1e-5);
            let shifted = self.tape.add(variance, epsilon);
            let deviation = self.tape.sqrt(shifted);
            for (place, v) in places.into_iter().zip(centred) {
                let normalised = self.tape.div(v, deviation);
                let scaled = self.tape.mul(normalised, gamma.vars[ch]);
                vars[place] = self.tape.add(scaled, beta.vars[ch]);
            }
            moments.push((mean, variance));
        }
        (Array { shape: x.shape.clone(), vars }, moments)
    }

    fn relu(&mut self, x: &Array) -> Array {
        let vars = x.vars.iter().map(|v| self.tape.clamp(*v, 0.0, f64::INFINITY)).collect();
        Array { shape: x.shape.clone(), vars }
    }

    fn max_pool(&self, x: &Array) -> Array {
        let &[n, c, h, w] = x.shape.as_slice() else { panic!("rank") };
        let mut vars = Vec::new();
        for plane in 0..n * c {
            for i in 0..h / 2 {
                for j in 0..w / 2 {
                    let corner = (plane * h + 2 * i) * w + 2 * j;
                    let window = [corner, corner + 1, corner + w, corner + w + 1];
                    let best = window
                        .into_iter()
                        .max_by(|a, b| self.tape.value(x.vars[*a]).total_cmp(&self.tape.value(x.vars[*b])));
                    vars.push(x.vars[best.expect("four pixels")]);
                }
            }
        }
        Array { shape: vec![n, c, h / 2, w / 2], vars }
    }

    /// Mean over pixels: `[n][c]`.
    fn pooled(&mut self, x: &Array) -> Vec<Vec<Var>> {
        let &[n, c, h, w] = x.shape.as_slice() else { panic!("rank") };
        (0..n).map(|b| (0..c).map(|ch| self.tape.mean(&x.vars[(b * c + ch) * h * w..][..h * w])).collect()).collect()
    }

    /// A x + b for every row.
    fn linear(&mut self, x: &[Vec<Var>], w: &Array, b: &Array) -> Vec<Vec<Var>> {
        let inputs = w.shape[1];
        x.iter()
            .map(|row| {
                (0..w.shape[0])
                    .map(|o| {
                        let products: Vec<Var> =
                            row.iter().zip(&w.vars[o * inputs..]).map(|(x, w)| self.tape.mul(*x, *w)).collect();
                        let sum = self.tape.sum(products);
                        self.tape.add(sum, b.vars[o])
                    })
                    .collect()
            })
            .collect()
    }

    fn softmax(&mut self, row: &[Var]) -> Vec<Var> {
        let powers: Vec<Var> = row.iter().map(|v| self.tape.exp(*v)).collect();
        let total = self.tape.sum(powers.iter().copied());
        powers.into_iter().map(|v| self.tape.div(v, total)).collect()
    }

    /// Bilinear, half-pixel centres, no antialiasing.
    fn resize(&mut self, x: &Array, to: usize) -> Array {
        let &[n, c, h, _] = x.shape.as_slice() else { panic!("rank") };
        let sample = |i: usize| {
            let at = ((i as f64 + 0.5) * h as f64 / to as f64 - 0.5).clamp(0.0, h as f64 - 1.0);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to valid pixels")]
            let low = at.floor() as usize;
            (low, (low + 1).min(h - 1), at - low as f64)
        };
        let mut vars = Vec::new();
        for plane in 0..n * c {
            for i in 0..to {
                for j in 0..to {
                    let ((y0, y1, fy), (x0, x1, fx)) = (sample(i), sample(j));
                    let corners = [
                        (y0, x0, 1.0 - fy, 1.0 - fx),
                        (y0, x1, 1.0 - fy, fx),
                        (y1, x0, fy, 1.0 - fx),
                        (y1, x1, fy, fx),
                    ];
                    let terms: Vec<Var> = corners
                        .iter()
                        .map(|&(y, z, a, b)| self.tape.scale(a * b, x.vars[(plane * h + y) * h + z]))
                        .collect();
                    vars.push(self.tape.sum(terms));
                }
            }
        }
        Array { shape: vec![n, c, to, to], vars }
    }

    fn bn_params(&mut self, named: &mut Named, prefix: &str, channels: usize) {
        named.push((format!("{prefix}.weight"), self.random(&[channels], 1.0, 0.4)));
        named.push((format!("{prefix}.bias"), self.random(&[channels], 0.0, 0.3)));
        named.push((format!("{prefix}.running_mean"), self.random(&[channels], 0.0, 0.2)));
        named.push((format!("{prefix}.running_var"), self.random(&[channels], 1.0, 0.4)));
    }

    fn fixed_norm(&mut self, p: &Named, prefix: &str, x: &Array) -> Array {
        let get = |what: &str| find(p, &format!("{prefix}.{what}")).clone();
        let (mean, var) = (get("running_mean"), get("running_var"));
        self.batch_norm(x, &get("weight"), &get("bias"), Some((&mean, &var))).0
    }

    fn source(&mut self, setting: &Setting) -> Named {
        let mut p = Named::new();
        let first = setting.source[0];
        p.push(("conv1.weight".into(), self.random(&[first, 3, 3, 3], 0.0, 0.3)));
        self.bn_params(&mut p, "bn1", first);
        let mut inputs = first;
        for (group, &width) in setting.source.iter().enumerate() {
            let block = format!("block{}", group + 1);
            p.push((format!("{block}.conv1.weight"), self.random(&[width, inputs, 3, 3], 0.0, 0.3)));
            self.bn_params(&mut p, &format!("{block}.bn1"), width);
            p.push((format!("{block}.conv2.weight"), self.random(&[width, width, 3, 3], 0.0, 0.3)));
            self.bn_params(&mut p, &format!("{block}.bn2"), width);
            if group > 0 {
                p.push((format!("{block}.downsample.0.weight"), self.random(&[width, inputs, 1, 1], 0.0, 0.5)));
                self.bn_params(&mut p, &format!("{block}.downsample.1"), width);
            }
            inputs = width;
        }
        p.push(("fc.weight".into(), self.random(&[7, inputs], 0.0, 0.3)));
        p.push(("fc.bias".into(), self.random(&[7], 0.0, 0.3)));
        p
    }

    fn source_features(&mut self, setting: &Setting, p: &Named, x: &Array) -> Vec<Array> {
        let mut h = self.conv(x, find(p, "conv1.weight"), None, 1);
        h = self.fixed_norm(p, "bn1", &h);
        h = self.relu(&h);
        let mut features = Vec::new();
        for group in 0..setting.source.len() {
            let (block, stride) = (format!("block{}", group + 1), if group == 0 { 1 } else { 2 });
            let mut y = self.conv(&h, find(p, &format!("{block}.conv1.weight")), None, stride);
            y = self.fixed_norm(p, &format!("{block}.bn1"), &y);
            y = self.relu(&y);
            y = self.conv(&y, find(p, &format!("{block}.conv2.weight")), None, 1);
            y = self.fixed_norm(p, &format!("{block}.bn2"), &y);
            let shortcut = if group == 0 {
                h.clone()
            } else {
                let projected = self.conv(&h, find(p, &format!("{block}.downsample.0.weight")), None, 2);
                self.fixed_norm(p, &format!("{block}.downsample.1"), &projected)
            };
            let vars = y.vars.iter().zip(&shortcut.vars).map(|(a, b)| self.tape.add(*a, *b)).collect();
            h = self.relu(&Array { shape: y.shape, vars });
            features.push(h.clone());
        }
        features
    }
}

/// θ of the oracle, in the order of the fixture's names.
fn initial_theta(m: &mut Maker, setting: &Setting) -> (Named, Named) {
    let (mut params, mut stats) = (Named::new(), Named::new());
    let mut inputs = 3;
    for (nth, &width) in setting.target.iter().enumerate() {
        let at = 4 * nth;
        params.push((format!("target.features.{at}.weight"), m.random(&[width, inputs, 3, 3], 0.0, 0.4)));
        params.push((format!("target.features.{at}.bias"), m.random(&[width], 0.0, 0.2)));
        let mut norm = Named::new();
        m.bn_params(&mut norm, &format!("target.features.{}", at + 1), width);
        stats.extend(norm.split_off(2));
        params.extend(norm);
        inputs = width;
    }
    params.push(("target.classifier.weight".into(), m.random(&[setting.classes, inputs], 0.0, 0.5)));
    params.push(("target.classifier.bias".into(), m.random(&[setting.classes], 0.0, 0.2)));
    for (s, &to) in setting.source.iter().enumerate() {
        for (t, &from) in setting.target.iter().enumerate() {
            let pair = s * setting.target.len() + t;
            params.push((format!("regressor.{pair}.weight"), m.random(&[to, from, 1, 1], 0.0, 0.5)));
            params.push((format!("regressor.{pair}.bias"), m.random(&[to], 0.0, 0.4)));
        }
    }
    (params, stats)
}

/// What the meta-networks say, as nodes that depend on φ.
struct Weights {
    /// Per pair `[n][c]`.
    channel: Vec<Vec<Vec<Var>>>,
    /// Per pair `[n]`.
    pair: Vec<Vec<Var>>,
}

struct Losses {
    task: Var,
    /// β L_wfm.
    matching: Var,
    /// What the virtual matching steps minimise.
    inner: Var,
    moments: Vec<Vec<(Var, Var)>>,
}

/// L_org and L_wfm at θ.
fn losses(
    m: &mut Maker,
    setting: &Setting,
    theta: &Named,
    x: &Array,
    y: &[usize],
    resized: &[Array],
    w: &Weights,
) -> Losses {
    let (mut h, mut taps, mut moments) = (x.clone(), Vec::new(), Vec::new());
    for nth in 0..setting.target.len() {
        let get = |name: String| find(theta, &name).clone();
        let (weight, bias) =
            (get(format!("target.features.{}.weight", 4 * nth)), get(format!("target.features.{}.bias", 4 * nth)));
        let norm = format!("target.features.{}", 4 * nth + 1);
        h = m.conv(&h, &weight, Some(&bias), 1);
        let (normalised, found) = m.batch_norm(&h, &get(format!("{norm}.weight")), &get(format!("{norm}.bias")), None);
        moments.push(found);
        h = m.relu(&normalised);
        taps.push(h.clone());
        h = m.max_pool(&h);
    }
    let pooled = m.pooled(&h);
    let logits = m.linear(&pooled, find(theta, "target.classifier.weight"), find(theta, "target.classifier.bias"));
    let mut terms = Vec::new();
    for (row, &label) in logits.iter().zip(y) {
        let p = m.softmax(row);
        let log = m.tape.ln(p[label]);
        terms.push(m.tape.scale(-1.0, log));
    }
    let task = m.tape.mean(&terms);

    let mut per_image = vec![Vec::new(); setting.batch];
    for pair in 0..resized.len() {
        let tap = &taps[pair % setting.target.len()];
        let (weight, bias) =
            (find(theta, &format!("regressor.{pair}.weight")), find(theta, &format!("regressor.{pair}.bias")));
        let r = m.conv(tap, weight, Some(bias), 1);
        let (c, area) = (r.shape[1], r.shape[2] * r.shape[3]);
        for (image, terms) in per_image.iter_mut().enumerate() {
            let mut channels = Vec::new();
            for ch in 0..c {
                let at = (image * c + ch) * area;
                let squares: Vec<Var> = (at..at + area)
                    .map(|i| {
                        let d = m.tape.sub(r.vars[i], resized[pair].vars[i]);
                        m.tape.mul(d, d)
                    })
                    .collect();
                let mean = m.tape.mean(&squares);
                channels.push(m.tape.mul(mean, w.channel[pair][image][ch]));
            }
            let sum = m.tape.sum(channels);
            terms.push(m.tape.mul(sum, w.pair[pair][image]));
        }
    }
    let sums: Vec<Var> = per_image.into_iter().map(|terms| m.tape.sum(terms)).collect();
    let mean = m.tape.mean(&sums);
    let matching = m.tape.scale(setting.hyper[3], mean);
    Losses { task, matching, inner: if setting.inner_beta_left_out { mean } else { matching }, moments }
}

/// v ← μ v + g + wd θ, θ ← θ − lr v.
fn sgd(m: &mut Maker, hyper: &[f64; 7], theta: &Named, velocity: &Named, loss: Var) -> (Named, Named, Named) {
    let flat: Vec<Var> = theta.iter().flat_map(|(_, array)| array.vars.clone()).collect();
    let mut gradient = m.tape.gradient(loss, &flat).into_iter();
    let (mut next, mut moved, mut slopes) = (Named::new(), Named::new(), Named::new());
    for ((name, array), (_, v)) in theta.iter().zip(velocity) {
        let g: Vec<Var> = gradient.by_ref().take(array.vars.len()).collect();
        let (mut vs, mut ts) = (Vec::new(), Vec::new());
        for ((&g, &v), &theta) in g.iter().zip(&v.vars).zip(&array.vars) {
            let (a, b) = (m.tape.scale(hyper[1], v), m.tape.scale(hyper[2], theta));
            let sum = m.tape.sum([a, g, b]);
            let step = m.tape.scale(-hyper[0], sum);
            vs.push(sum);
            ts.push(m.tape.add(theta, step));
        }
        let shaped = |vars| Array { shape: array.shape.clone(), vars };
        next.push((name.clone(), shaped(ts)));
        moved.push((name.clone(), shaped(vs)));
        slopes.push((name.clone(), shaped(g)));
    }
    (next, moved, slopes)
}

/// Constants with the values of `named`: the iteration's step 1 does not pass derivatives on to the virtual steps.
fn detached(m: &mut Maker, named: &Named) -> Named {
    named
        .iter()
        .map(|(name, array)| {
            let vars = array.vars.iter().map(|v| m.tape.value(*v)).collect::<Vec<_>>();
            let vars = vars.into_iter().map(|v| m.tape.leaf(v)).collect();
            (name.clone(), Array { shape: array.shape.clone(), vars })
        })
        .collect()
}

/// The first step of Adam with weight decay in the gradient.
fn adam(hyper: &[f64; 7], phi: f64, gradient: f64) -> f64 {
    let g = gradient + hyper[6] * phi;
    let (first, second) = (0.1 * g / (1.0 - 0.9), 0.001 * g * g / (1.0 - 0.999));
    phi - hyper[5] * first / (second.sqrt() + 1e-8)
}

/// Runs one iteration and records everything that the recorded fixtures hold.
pub fn make(setting: &Setting) -> Fixture {
    use rand_chacha::rand_core::SeedableRng;
    let rng = rand_chacha::ChaCha8Rng::seed_from_u64(setting.seed);
    let mut maker = Maker { tape: Tape::default(), rng, fixture: Fixture::new("equations") };
    let m = &mut maker;
    m.fixture.insert("hyper", vec![7], setting.hyper.to_vec());
    m.fixture.insert("inner_beta_left_out", vec![1], vec![f64::from(u8::from(setting.inner_beta_left_out))]);
    let x = m.random(&[setting.batch, 3, setting.size, setting.size], 0.0, 1.5);
    m.record("x", &x);
    let y: Vec<usize> = (0..setting.batch).map(|_| m.rng.next_u32() as usize % setting.classes).collect();
    m.fixture.insert("y", vec![setting.batch], y.iter().map(|y| *y as f64).collect());
    let source = m.source(setting);
    m.record_all("source", &source);
    let features = m.source_features(setting, &source, &x);
    for (nth, feature) in features.iter().enumerate() {
        m.record(format!("first.source_features.{nth}"), feature);
    }
    let (theta, _) = iteration_start(m, setting);
    let (phi, weights, resized) = meta_weights(m, setting, &features);
    run(m, setting, &theta, &phi, &weights, &resized, &x, &y);
    maker.fixture
}

fn iteration_start(m: &mut Maker, setting: &Setting) -> (Named, Named) {
    let (theta, stats) = initial_theta(m, setting);
    m.record_all("init", &theta);
    m.record_all("init", &stats);
    (theta, stats)
}

fn meta_weights(m: &mut Maker, setting: &Setting, features: &[Array]) -> (Named, Weights, Vec<Array>) {
    let (mut phi, mut resized) = (Named::new(), Vec::new());
    let mut weights = Weights { channel: vec![], pair: vec![] };
    for (s, feature) in features.iter().enumerate() {
        let channels = setting.source[s];
        for t in 0..setting.target.len() {
            let pair = s * setting.target.len() + t;
            let (a, b) = (m.random(&[channels, channels], 0.0, 0.6), m.random(&[channels], 0.0, 0.5));
            let (c, d) = (m.random(&[1, channels], 0.0, 0.5), m.random(&[1], 1.0, 0.2));
            let pooled = m.pooled(feature);
            let rows = m.linear(&pooled, &a, &b);
            let w: Vec<Vec<Var>> = rows.iter().map(|row| m.softmax(row)).collect();
            let lambda: Vec<Var> =
                m.linear(&pooled, &c, &d).into_iter().map(|row| m.tape.clamp(row[0], 0.0, 6.0)).collect();
            m.record(
                format!("first.channel_weights.{pair}"),
                &Array { shape: vec![setting.batch, channels], vars: w.concat() },
            );
            m.record(
                format!("first.pair_weights.{pair}"),
                &Array { shape: vec![setting.batch, 1], vars: lambda.clone() },
            );
            weights.channel.push(w);
            weights.pair.push(lambda);
            resized.push(m.resize(feature, setting.size >> t));
            for (name, array) in [("what", (a, b)), ("where", (c, d))] {
                phi.push((format!("{name}.{pair}.weight"), array.0));
                phi.push((format!("{name}.{pair}.bias"), array.1));
            }
        }
    }
    m.record_all("init", &phi);
    (phi, weights, resized)
}

#[expect(clippy::too_many_arguments, reason = "the state of one iteration, spelled out")]
fn run(
    m: &mut Maker,
    setting: &Setting,
    theta: &Named,
    phi: &Named,
    weights: &Weights,
    resized: &[Array],
    x: &Array,
    y: &[usize],
) {
    let hyper = &setting.hyper;
    let zero: Named = {
        let zeros = |array: &Array| Array {
            shape: array.shape.clone(),
            vars: vec![Var::clone(&array.vars[0]); array.vars.len()],
        };
        let mut named: Named = theta.iter().map(|(name, array)| (name.clone(), zeros(array))).collect();
        let nought = m.tape.leaf(0.0);
        named.iter_mut().for_each(|(_, array)| array.vars.fill(nought));
        named
    };
    let first = losses(m, setting, theta, x, y, resized, weights);
    let total = m.tape.add(first.task, first.matching);
    m.record_scalar("first.task_loss", first.task);
    m.record_scalar("first.beta_matching_loss", first.matching);
    m.record_scalar("first.total_loss", total);
    let (theta0, velocity0, gradient) = sgd(m, hyper, theta, &zero, total);
    m.record_all("first.grad", &gradient);
    m.record_all("theta0", &theta0);
    m.record_all("theta0.velocity", &velocity0);
    record_running(m, setting, &first.moments);

    let (mut at, mut velocity) = (detached(m, &theta0), detached(m, &velocity0));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "T is a small count")]
    let steps = hyper[4] as usize;
    let mut inner = Vec::new();
    for t in 0..=steps {
        let found = losses(m, setting, &at, x, y, resized, weights);
        let loss = if t < steps { found.inner } else { found.task };
        if t < steps {
            inner.push(m.tape.value(loss));
        }
        (at, velocity, _) = sgd(m, hyper, &at, &velocity, loss);
    }
    m.fixture.insert("inner.beta_matching_loss", vec![inner.len()], inner);
    m.record_all("adapted", &at);
    let measured = losses(m, setting, &at, x, y, resized, weights).task;
    m.record_scalar("adapted.task_loss", measured);

    let flat: Vec<Var> = phi.iter().flat_map(|(_, array)| array.vars.clone()).collect();
    let mut slopes = m.tape.gradient(measured, &flat).into_iter();
    for (name, array) in phi {
        let values: Vec<f64> = slopes.by_ref().take(array.vars.len()).map(|v| m.tape.value(v)).collect();
        let after = array.vars.iter().zip(&values).map(|(v, g)| adam(hyper, m.tape.value(*v), *g)).collect();
        m.fixture.insert(format!("hypergradient.{name}"), array.shape.clone(), values);
        m.fixture.insert(format!("after.{name}"), array.shape.clone(), after);
    }
    for (name, array) in &theta0 {
        if name.starts_with("target.") {
            m.record(format!("after.{name}"), array);
        }
    }
}

/// Running statistics after step 1: 0.9 old + 0.1 new, the variance unbiased.
fn record_running(m: &mut Maker, setting: &Setting, moments: &[Vec<(Var, Var)>]) {
    for (nth, moments) in moments.iter().enumerate() {
        let area = (setting.size >> nth).pow(2);
        let n = (setting.batch * area) as f64;
        let prefix = format!("target.features.{}", 4 * nth + 1);
        for (what, new) in [
            ("running_mean", moments.iter().map(|(mean, _)| m.tape.value(*mean)).collect::<Vec<_>>()),
            ("running_var", moments.iter().map(|(_, var)| m.tape.value(*var) * n / (n - 1.0)).collect()),
        ] {
            let old = m.fixture.get(&format!("init.{prefix}.{what}")).to_vec();
            let blended = old.iter().zip(&new).map(|(old, new)| 0.9 * old + 0.1 * new).collect();
            m.fixture.insert(format!("theta0.{prefix}.{what}"), vec![new.len()], blended);
        }
    }
}

/// Momentum and weight decay or not, β in the matching steps or not, T = 0 … 3, odd sizes, rates that are not the usual ones.
pub fn made() -> Vec<(Setting, Fixture)> {
    [
        ([0.1, 0.9, 1e-2, 0.5, 2.0, 1e-3, 1e-2], false, 1),
        ([0.2, 0.0, 0.0, 0.7, 2.0, 1e-3, 0.0], false, 2),
        ([0.05, 0.8, 3e-2, 1.3, 0.0, 1e-3, 1e-2], false, 3),
        ([0.15, 0.5, 1e-2, 0.4, 1.0, 1e-2, 1e-2], false, 4),
        ([0.1, 0.9, 1e-3, 0.5, 3.0, 1e-4, 1e-4], false, 5),
        ([0.2, 0.0, 0.0, 0.5, 2.0, 1e-3, 0.0], true, 6),
        ([0.1, 0.9, 1e-2, 0.3, 1.0, 1e-3, 1e-2], true, 7),
    ]
    .into_iter()
    .map(|(hyper, inner_beta_left_out, seed)| {
        let (source, target) = (vec![3, 5], vec![4, 2, 3]);
        let setting = Setting { source, target, classes: 3, batch: 5, size: 8, hyper, inner_beta_left_out, seed };
        let fixture = make(&setting);
        (setting, fixture)
    })
    .collect()
}

/// What failures call a made fixture.
pub fn made_name(setting: &Setting) -> String {
    format!("equations T = {} seed {}", setting.hyper[4], setting.seed)
}
