//! How long a GPU's kernels take, one family beside the other, on the shapes of the networks here, beside a plain matrix product: so that
//! the choice between them ([`conv::family`]) can be held against hardware that we do not have.

use burn_tensor::{DType, Device, Distribution, Tensor};
use l2t_shaders::AdapterClass;
use l2t_shaders::conv::{self, Family, Shape};
use serde::Serialize;
use web_time::Instant;

use crate::device::OpenDevice;
use crate::error::{Error, Result};
use crate::network::architecture::{Wanted, named};
use crate::network::convolutions::ConvolutionShape;
use crate::network::weights::read;

/// What is timed: the name of a network, pixels along the side of its images, and how many of them.
const HARDWARE: [(&str, usize, usize); 3] = [("vgg9", 32, 32), ("resnet32", 32, 32), ("resnet18", 224, 8)];
/// On a driver in software, which is a hundred times slower.
const SOFTWARE: [(&str, usize, usize); 2] = [("vgg9", 32, 1), ("resnet32", 32, 1)];
/// A measurement lasts so long, or takes so many launches.
const LONG_ENOUGH: f64 = 0.05;
const MOST_LAUNCHES: usize = 64;

/// The three products of a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Product {
    /// `y = W ∗ x`.
    Value,
    /// `x̄` from `ȳ`.
    InputGradient,
    /// `W̄` from `ȳ`.
    WeightGradient,
}

impl Product {
    const ALL: [Self; 3] = [Self::Value, Self::InputGradient, Self::WeightGradient];

    /// What to call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::InputGradient => "input gradient",
            Self::WeightGradient => "weight gradient",
        }
    }
}

/// What one family took.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FamilyTime {
    /// [`Family::name`].
    pub family: &'static str,
    /// Milliseconds a launch.
    pub ms: f64,
    /// Billions of operations a second, two a multiply-add.
    pub gflops: f64,
}

/// One product with the times of the families that compute it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProductTimes {
    /// The network whose convolution it is of.
    pub network: &'static str,
    /// Which product.
    pub product: Product,
    /// `[B, C, H, W]`.
    pub x: [usize; 4],
    /// `[O, C, K, K]`.
    pub w: [usize; 4],
    /// Of the convolution.
    pub stride: usize,
    /// The family that a run would take.
    pub chosen: &'static str,
    /// The times, the fastest first.
    pub times: Vec<FamilyTime>,
}

impl ProductTimes {
    /// How many times as long as the fastest the chosen family takes.
    pub fn loss(&self) -> f64 {
        let of_chosen = self.times.iter().find(|time| time.family == self.chosen);
        of_chosen.zip(self.times.first()).map_or(1.0, |(chosen, fastest)| chosen.ms / fastest.ms)
    }

    fn line(&self) -> String {
        let shape = |dims: [usize; 4]| dims.map(|n| n.to_string()).join("×");
        let times =
            self.times.iter().map(|time| format!("{} {:.3} ({:.0} GFLOP/s)", time.family, time.ms, time.gflops));
        format!(
            "{:<10} {:<16} {:<18} {:<18} {:<10} {}",
            self.network,
            self.product.name(),
            shape(self.x),
            format!("{} / {}", shape(self.w), self.stride),
            self.chosen,
            times.collect::<Vec<_>>().join(", ")
        )
    }
}

/// All of it, as it is sent to us.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KernelReport {
    /// The adapter, as its driver calls it.
    pub device: String,
    /// Version of this program.
    pub version: &'static str,
    /// Billions of operations a second of a 1024³ product of matrices by Burn's kernel.
    pub matrix_product_gflops: f64,
    /// The products.
    pub products: Vec<ProductTimes>,
}

impl KernelReport {
    /// The report as a file has it.
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a report is plain data")
    }

    /// The report for people: a line for every product.
    pub fn text(&self) -> String {
        let mut lines = vec![
            format!("device  {} (l2t {})", self.device, self.version),
            format!("a 1024³ matrix product by Burn's kernel: {:.1} GFLOP/s", self.matrix_product_gflops),
            String::new(),
            format!(
                "{:<10} {:<16} {:<18} {:<18} {:<10} ms by family",
                "network", "product", "x", "w / stride", "chosen"
            ),
        ];
        lines.extend(self.products.iter().map(ProductTimes::line));
        let wrong = self.products.iter().filter(|product| product.loss() > 1.1).count();
        lines.push(String::new());
        lines.push(format!(
            "{wrong} of {} products would take over a tenth longer than by the family that was fastest here",
            self.products.len()
        ));
        lines.join("\n") + "\n"
    }
}

/// Times all families on `device`; `progress` is told how many of how many products are done, and says whether to go on.
///
/// # Errors
/// Where the device is no GPU, or is lost; [`Error::Stopped`] where `progress` says so.
pub async fn kernels(device: &OpenDevice, mut progress: impl FnMut(usize, usize) -> bool) -> Result<KernelReport> {
    if device.gpu.is_none() {
        return Err(Error::Device(format!("{} has no kernels to time: they are those of a GPU", device.name)));
    }
    let (adapter, networks) = if device.is_software() {
        (AdapterClass::Software, &SOFTWARE[..])
    } else {
        (AdapterClass::Hardware, &HARDWARE[..])
    };
    let mut all = vec![];
    for &(network, size, batch) in networks {
        let wanted = Wanted { name: network, width: 1.0, classes: 10, size };
        all.extend(named(&wanted)?.build()?.convolutions().into_iter().map(|shape| (network, batch, shape)));
    }
    let count = Product::ALL.len() * all.len();
    let mut products = Vec::with_capacity(count);
    for (network, batch, shape) in all {
        let timed = Timed::new(&device.device, batch, shape);
        for product in Product::ALL {
            if !progress(products.len(), count) {
                return Err(Error::Stopped);
            }
            products.push(timed.times(network, adapter, product).await?);
        }
    }
    progress(count, count);
    let matrix_product_gflops = matrix_product(&device.device).await?;
    Ok(KernelReport {
        device: device.name.clone(),
        version: env!("CARGO_PKG_VERSION"),
        matrix_product_gflops,
        products,
    })
}

/// A convolution with its operands.
struct Timed {
    shape: ConvolutionShape,
    x: Tensor<4>,
    w: Tensor<4>,
    y: Tensor<4>,
}

impl Timed {
    fn new(device: &Device, batch: usize, shape: ConvolutionShape) -> Self {
        let ConvolutionShape { input: [channels, height, width], weight, geometry } = shape;
        let random = |dims: [usize; 4]| Tensor::random(dims, Distribution::Default, (device, DType::F32));
        let out = |length| geometry.output(length, weight[2]);
        Self {
            shape,
            x: random([batch, channels, height, width]),
            w: random(weight),
            y: random([batch, weight[0], out(height), out(width)]),
        }
    }

    fn launch(&self, family: Family, product: Product) -> Option<Tensor<4>> {
        let geometry = self.shape.geometry;
        match product {
            Product::Value => conv::convolve_by(family, &[(&self.x, &self.w)], geometry),
            Product::InputGradient => conv::input_gradient_by(family, &[(&self.y, &self.w)], &self.x, geometry),
            Product::WeightGradient => conv::weight_gradient_by(family, &[(&self.x, &self.y)], &self.w, geometry),
        }
    }

    fn matrix(&self, product: Product) -> Shape {
        let (x, w, geometry) = (self.x.dims(), self.w.dims(), self.shape.geometry);
        match product {
            Product::Value => Shape::of_convolve(x, w, geometry),
            Product::InputGradient => Shape::of_input_gradient(x, w),
            Product::WeightGradient => Shape::of_weight_gradient(x, w, geometry),
        }
    }

    async fn times(&self, network: &'static str, adapter: AdapterClass, product: Product) -> Result<ProductTimes> {
        let (x, w) = (self.x.dims(), self.w.dims());
        // As many for each of the three.
        let gflop = 2e-9 * self.y.dims().into_iter().chain([w[1], w[2], w[3]]).map(|n| n as f64).product::<f64>();
        let mut times = vec![];
        for family in Family::ALL {
            if let Some(secs) = seconds(|| self.launch(family, product)).await? {
                times.push(FamilyTime { family: family.name(), ms: 1e3 * secs, gflops: gflop / secs });
            }
        }
        times.sort_by(|a, b| a.ms.total_cmp(&b.ms));
        let chosen = conv::family(adapter, self.matrix(product)).name();
        Ok(ProductTimes { network, product, x, w, stride: self.shape.geometry.stride, chosen, times })
    }
}

/// Seconds that a launch takes, behind one that compiles the kernel; `None` where there is none.
async fn seconds<const D: usize>(launch: impl Fn() -> Option<Tensor<D>>) -> Result<Option<f64>> {
    let Some(first) = launch() else { return Ok(None) };
    wait(&first).await?;
    let mut launches = 1;
    loop {
        let start = Instant::now();
        let mut last = first.clone();
        for _ in 0..launches {
            last = launch().unwrap_or(last);
        }
        wait(&last).await?;
        let elapsed = start.elapsed().as_secs_f64();
        if elapsed >= LONG_ENOUGH || launches >= MOST_LAUNCHES {
            return Ok(Some(elapsed / launches as f64));
        }
        launches *= 4;
    }
}

/// Until `x` is there: one of its numbers is read.
async fn wait<const D: usize>(x: &Tensor<D>) -> Result<()> {
    let len = x.dims().iter().product::<usize>();
    read(&x.clone().reshape([len]).slice([0..1])).await.map(drop)
}

/// GFLOP/s of a large product of matrices.
async fn matrix_product(device: &Device) -> Result<f64> {
    const N: usize = 1024;
    let random = || Tensor::<2>::random([N, N], Distribution::Default, (device, DType::F32));
    let (a, b) = (random(), random());
    let secs = seconds(|| Some(a.clone().matmul(b.clone()))).await?;
    Ok(secs.map_or(0.0, |secs| 2e-9 * (N as f64).powi(3) / secs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cpu_has_none_and_says_so() {
        let device =
            OpenDevice { device: Device::flex(), name: "CPU (2 threads)".into(), reason: String::new(), gpu: None };
        let error = futures_lite::future::block_on(kernels(&device, |_, _| true)).unwrap_err();
        assert_eq!(error.to_string(), "device: CPU (2 threads) has no kernels to time: they are those of a GPU");
    }

    #[test]
    fn a_wrong_choice_shows_as_a_loss() {
        let time = |family: Family, ms| FamilyTime { family: family.name(), ms, gflops: 1.0 };
        let times = vec![time(Family::Tiled, 2.0), time(Family::Registers, 5.0)];
        let of = |chosen: Family| ProductTimes {
            network: "vgg9",
            product: Product::Value,
            x: [1; 4],
            w: [1; 4],
            stride: 1,
            chosen: chosen.name(),
            times: times.clone(),
        };
        assert_eq!((of(Family::Registers).loss(), of(Family::Tiled).loss()), (2.5, 1.0));
        let report = KernelReport {
            device: "a card".into(),
            version: "1",
            matrix_product_gflops: 12.25,
            products: vec![of(Family::Registers), of(Family::Tiled)],
        };
        let text = report.text();
        assert!(
            text.starts_with("device  a card (l2t 1)\na 1024³ matrix product by Burn's kernel: 12.2 GFLOP/s\n"),
            "{text}"
        );
        assert!(
            text.contains("1×1×1×1 / 1        registers  tiled 2.000 (1 GFLOP/s), registers 5.000 (1 GFLOP/s)"),
            "{text}"
        );
        assert!(
            text.ends_with(
                "\n1 of 2 products would take over a tenth longer than by the family that was fastest here\n"
            )
        );
    }
}
