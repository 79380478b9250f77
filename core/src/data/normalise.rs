//! From bytes to what networks are fed: (value / 255 − mean) / standard deviation, per channel.

/// Mean of red, green and blue on the scale 0-1; ImageNet's, and used for every data set.
pub const MEAN: [f32; 3] = [0.485, 0.456, 0.406];

/// Standard deviation of red, green and blue on the scale 0-1; ImageNet's, and used for every data set.
pub const STD: [f32; 3] = [0.229, 0.224, 0.225];

/// The normalised value of one byte of channel `channel` (0 red, 1 green, 2 blue).
///
/// # Panics
/// If `channel` is not 0, 1 or 2.
pub fn normalised(byte: u8, channel: usize) -> f32 {
    (f32::from(byte) / 255.0 - MEAN[channel]) / STD[channel]
}

/// The byte that [`normalised`] turned into `value`; what lies outside 0-255 is clamped. For showing inputs.
///
/// # Panics
/// If `channel` is not 0, 1 or 2.
pub fn denormalised(value: f32, channel: usize) -> u8 {
    ((value * STD[channel] + MEAN[channel]) * 255.0).round().clamp(0.0, 255.0) as u8
}

/// All 256 values of each channel: a look-up is several times faster than the divisions, and gives the same bits.
pub(super) fn table() -> [[f32; 256]; 3] {
    std::array::from_fn(|channel| std::array::from_fn(|byte| normalised(byte as u8, channel)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_torchvisions() {
        // (v / 255 − mean) / std worked out by hand to seven digits.
        for (byte, channel, expected) in [
            (0, 0, -2.117_904),
            (0, 1, -2.035_714_3),
            (0, 2, -1.804_444_4),
            (255, 0, 2.248_908_4),
            (128, 1, 0.205_182_1),
        ] {
            assert!((normalised(byte, channel) - expected).abs() < 1e-6, "{byte} in channel {channel}");
            assert_eq!(table()[channel][usize::from(byte)], normalised(byte, channel));
        }
    }

    #[test]
    fn denormalised_brings_every_byte_back_and_clamps() {
        for channel in 0..3 {
            for byte in 0..=255 {
                assert_eq!(denormalised(normalised(byte, channel), channel), byte);
            }
        }
        assert_eq!((denormalised(-9.0, 0), denormalised(9.0, 2)), (0, 255));
    }
}
