//! The shapes of a network's convolutions.

use l2t_shaders::conv::Geometry;

use super::graph::{Network, Op};

/// A convolution of a network, for one image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConvolutionShape {
    /// `[C, H, W]` of its input.
    pub input: [usize; 3],
    /// `[O, C, K, K]` of its weight.
    pub weight: [usize; 4],
    /// Stride and padding.
    pub geometry: Geometry,
}

impl Network {
    /// Those of maps of more than one pixel, every shape once, in the order of the network.
    pub fn convolutions(&self) -> Vec<ConvolutionShape> {
        let mut found = vec![];
        for node in &self.nodes {
            let Op::Conv { kernel, geometry, .. } = node.op else { continue };
            let input = self.nodes[node.inputs[0]].shape;
            let shape = ConvolutionShape { input, weight: [node.shape[0], input[0], kernel, kernel], geometry };
            if input[1] * input[2] > 1 && !found.contains(&shape) {
                found.push(shape);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use crate::network::vgg::{Layer, VggConfig};

    use super::*;

    #[test]
    fn every_shape_is_there_once_and_the_classifier_is_not() {
        let layers = vec![Layer::Conv(3), Layer::Conv(3), Layer::Conv(3), Layer::Pool];
        let network = VggConfig { layers, classes: Some(5), size: 6 }.build().unwrap();
        let geometry = Geometry { stride: 1, padding: 1 };
        let shape = |weight| ConvolutionShape { input: [3, 6, 6], weight, geometry };
        assert_eq!(network.convolutions(), [shape([3, 3, 3, 3])]);
        let deeper = VggConfig { layers: vec![Layer::Conv(4), Layer::Conv(3), Layer::Pool], classes: Some(5), size: 6 };
        let found = deeper.build().unwrap().convolutions();
        let second = ConvolutionShape { input: [4, 6, 6], weight: [3, 4, 3, 3], geometry };
        assert_eq!(found, [shape([4, 3, 3, 3]), second]);
    }
}
