//! Colour maps, and maps laid over their images.

use burn_tensor::{DType, Device, Tensor, TensorData};
use l2t_shaders::saliency;

use crate::error::Result;
use crate::network::weights::read;

/// Which colours stand for 0 to 1. All of them grow lighter evenly, so that they can be read in print and with any
/// colour vision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColourMap {
    /// From black over red to light yellow (matplotlib's, 11 of its 256 colours).
    Inferno,
    /// From dark violet over green to yellow (matplotlib's, 11 of its 256 colours).
    Viridis,
    /// From black to white.
    Grey,
}

const INFERNO: [u32; 11] = [
    0x00_00_04, 0x16_0b_39, 0x42_0a_68, 0x6a_17_6e, 0x93_26_67, 0xbc_37_54, 0xdd_51_3a, 0xf3_78_19, 0xfc_a5_0a,
    0xf6_d7_46, 0xfc_ff_a4,
];
const VIRIDIS: [u32; 11] = [
    0x44_01_54, 0x48_24_75, 0x41_44_87, 0x35_5f_8d, 0x2a_78_8e, 0x21_91_8c, 0x22_a8_84, 0x44_bf_70, 0x7a_d1_51,
    0xbd_df_26, 0xfd_e7_25,
];
const GREY: [u32; 2] = [0x00_00_00, 0xff_ff_ff];

impl ColourMap {
    /// The colours at 0, …, 1 at even steps: red, green and blue.
    pub fn colours(self) -> Pixels {
        let codes: &[u32] = match self {
            Self::Inferno => &INFERNO,
            Self::Viridis => &VIRIDIS,
            Self::Grey => &GREY,
        };
        codes.iter().map(|code| [2, 1, 0].map(|byte| code.to_le_bytes()[byte])).collect()
    }

    /// The same as numbers of 0…1.
    fn table(self) -> Vec<[f64; 3]> {
        self.colours().into_iter().map(|colour| colour.map(|byte| f64::from(byte) / 255.0)).collect()
    }
}

/// Pixels of one picture in reading order, red, green and blue.
pub type Pixels = Vec<[u8; 3]>;

/// A batch of maps to be laid over images.
#[derive(Debug, Clone, Copy)]
pub struct Overlay<'a> {
    /// Height and width of every image.
    pub size: [usize; 2],
    /// Which colours.
    pub colours: ColourMap,
    /// Opacity of the colours over the grey image, 0 to 1.
    pub alpha: f64,
    /// Where to compute.
    pub device: &'a Device,
    /// In which precision.
    pub dtype: DType,
}

impl Overlay<'_> {
    /// `(1 − α) grey + α colour(m)` for `images` (planar bytes, 3·H·W each) and maps (0…1, H·W each).
    ///
    /// # Errors
    /// When the device cannot be read.
    ///
    /// # Panics
    /// When images and maps differ in number or size.
    pub async fn draw(&self, images: &[&[u8]], maps: &[&[f64]]) -> Result<Vec<Pixels>> {
        let ([height, width], count) = (self.size, images.len());
        if count == 0 {
            return Ok(Vec::new());
        }
        let at = (self.device, self.dtype);
        let bytes: Vec<f64> = images.iter().flat_map(|image| image.iter().map(|b| f64::from(*b) / 255.0)).collect();
        let image: Tensor<4> = Tensor::from_data(TensorData::new(bytes, [count, 3, height, width]), at);
        let map: Tensor<3> = Tensor::from_data(TensorData::new(maps.concat(), [count, height, width]), at);
        let table = self.colours.table();
        let colours: Tensor<2> = Tensor::from_data(TensorData::new(table.concat(), [table.len(), 3]), at);
        let over = read(&saliency::overlay(&image, &map, &colours, self.alpha)).await?;
        Ok(over.chunks(4 * height * width).map(|image| image.chunks(4).map(pixel).collect()).collect())
    }
}

/// The bytes of red, green and blue of 0…1; opacity behind them is left out.
fn pixel(rgba: &[f64]) -> [u8; 3] {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte")]
    let byte = |value: f64| (255.0 * value).round().clamp(0.0, 255.0) as u8;
    [byte(rgba[0]), byte(rgba[1]), byte(rgba[2])]
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_lite::future::block_on;

    #[test]
    fn the_colours_grow_lighter_and_end_as_published() {
        for colours in [ColourMap::Inferno, ColourMap::Viridis, ColourMap::Grey] {
            let light: Vec<f64> =
                colours.table().iter().map(|[r, g, b]| 0.2126 * r + 0.7152 * g + 0.0722 * b).collect();
            assert!(light.windows(2).all(|pair| pair[1] > pair[0]), "{colours:?}: {light:?}");
        }
        assert_eq!(ColourMap::Viridis.table()[0].map(|value| value * 255.0), [68.0, 1.0, 84.0]);
    }

    #[test]
    fn a_map_alone_is_its_colours_and_without_it_the_image_is_grey() {
        let (device, dtype) = (Device::flex(), DType::F32);
        let draw = |alpha| {
            let colours = ColourMap::Viridis;
            let overlay = Overlay { size: [1, 2], colours, alpha, device: &device, dtype };
            block_on(overlay.draw(&[&[255, 0, 255, 0, 255, 255]], &[&[0.0, 1.0]])).unwrap()
        };
        assert_eq!(draw(1.0), [vec![[68, 1, 84], [253, 231, 37]]]);
        assert_eq!(draw(0.0), [vec![[255; 3], [29; 3]]]);
    }
}
