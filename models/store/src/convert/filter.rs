//! Convolution filters: from TensorFlow's order to ONNX's, and TensorFlow's padding.

use super::ConvertError;

/// TensorFlow's two padding rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// Output size = ceil(input / stride); an odd amount puts the larger half after.
    Same,
    /// No padding.
    Valid,
}

impl Padding {
    /// Output size along one axis, and the padding before and after.
    ///
    /// # Errors
    /// When the kernel is larger than an unpadded axis.
    pub fn extent(
        self,
        size: usize,
        kernel: usize,
        stride: usize,
    ) -> Result<(usize, i64, i64), ConvertError> {
        if stride == 0 || kernel == 0 || (self == Self::Valid && kernel > size) {
            return Err(ConvertError::Graph(format!(
                "a window of {kernel} with stride {stride} does not fit {size}"
            )));
        }
        match self {
            Self::Valid => Ok(((size - kernel) / stride + 1, 0, 0)),
            Self::Same => {
                let output = size.div_ceil(stride);
                let needed = ((output.max(1) - 1) * stride + kernel).saturating_sub(size);
                let before = needed / 2;
                Ok((output, before as i64, (needed - before) as i64))
            }
        }
    }
}

/// A convolution: weights as outputs x inputs/groups x height x width, one bias an output.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    pub weights: Vec<f32>,
    pub bias: Vec<f32>,
    pub outputs: usize,
    pub inputs: usize,
    pub groups: usize,
    pub kernel: (usize, usize),
    pub stride: (usize, usize),
    pub padding: Padding,
}

impl Filter {
    /// An ordinary convolution from `values` of shape height x width x inputs x outputs,
    /// stride 1, padding `Same`, without bias.
    pub fn full(values: &[f32], shape: [usize; 4]) -> Self {
        let [height, width, inputs, outputs] = shape;
        let mut weights = Vec::with_capacity(values.len());
        for output in 0..outputs {
            for input in 0..inputs {
                for y in 0..height {
                    for x in 0..width {
                        weights.push(values[((y * width + x) * inputs + input) * outputs + output]);
                    }
                }
            }
        }
        Self {
            weights,
            bias: vec![0.0; outputs],
            outputs,
            inputs,
            groups: 1,
            kernel: (height, width),
            stride: (1, 1),
            padding: Padding::Same,
        }
    }

    /// A depthwise convolution from `values` of shape height x width x inputs x multiplier.
    pub fn depthwise(values: &[f32], shape: [usize; 4]) -> Self {
        let [height, width, inputs, multiplier] = shape;
        // Output c x multiplier + m of group c: the same order as one "input" of inputs x multiplier outputs.
        let outputs = inputs * multiplier;
        let mut filter = Self::full(values, [height, width, 1, outputs]);
        filter.inputs = inputs;
        filter.groups = inputs;
        filter
    }

    /// The same filter with this stride.
    pub fn stride(mut self, stride: usize) -> Self {
        self.stride = (stride, stride);
        self
    }

    /// The same filter without padding.
    pub fn valid(mut self) -> Self {
        self.padding = Padding::Valid;
        self
    }

    /// Adds one number an output.
    pub fn plus(mut self, bias: &[f32]) -> Self {
        for (own, more) in self.bias.iter_mut().zip(bias) {
            *own = (f64::from(*own) + f64::from(*more)) as f32;
        }
        self
    }

    /// Multiplies each output by one number and adds another: folds a scale or a normalisation
    /// that follows the convolution. Computed in double precision, rounded once.
    pub fn then_affine(mut self, scale: &[f64], shift: &[f64]) -> Self {
        let stride = self.weights.len() / self.outputs.max(1);
        for (index, (scale, shift)) in scale.iter().zip(shift).enumerate() {
            for weight in &mut self.weights[index * stride..(index + 1) * stride] {
                *weight = (f64::from(*weight) * scale) as f32;
            }
            self.bias[index] = (f64::from(self.bias[index]) * scale + shift) as f32;
        }
        self
    }

    /// Whether the filter fits a map of `channels`.
    ///
    /// # Errors
    /// When it does not.
    pub fn check(&self, channels: usize) -> Result<(), ConvertError> {
        let expected =
            self.outputs * (self.inputs / self.groups.max(1)) * self.kernel.0 * self.kernel.1;
        if self.inputs == channels && self.weights.len() == expected {
            return Ok(());
        }
        Err(ConvertError::Graph(format!(
            "a filter for {} channels with {} weights on a map of {channels}",
            self.inputs,
            self.weights.len()
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_padding_puts_the_odd_pixel_after() {
        assert_eq!(Padding::Same.extent(512, 3, 2).unwrap(), (256, 0, 1));
        assert_eq!(Padding::Same.extent(192, 3, 2).unwrap(), (96, 0, 1));
        assert_eq!(Padding::Same.extent(7, 3, 2).unwrap(), (4, 1, 1));
        assert_eq!(Padding::Same.extent(16, 5, 2).unwrap(), (8, 1, 2));
        assert_eq!(Padding::Same.extent(16, 2, 2).unwrap(), (8, 0, 0));
        assert_eq!(Padding::Same.extent(1, 3, 2).unwrap(), (1, 1, 1));
    }

    #[test]
    fn valid_padding_needs_room() {
        assert_eq!(Padding::Valid.extent(150, 7, 2).unwrap(), (72, 0, 0));
        assert!(Padding::Valid.extent(2, 3, 1).is_err());
    }

    #[test]
    fn weights_are_reordered() {
        // 1x2 kernel, 2 inputs, 2 outputs: value = 100 x + 10 input + output.
        let values = [0.0, 1.0, 10.0, 11.0, 100.0, 101.0, 110.0, 111.0];
        let filter = Filter::full(&values, [1, 2, 2, 2]);
        let expected = [0.0, 100.0, 10.0, 110.0, 1.0, 101.0, 11.0, 111.0];
        assert_eq!(filter.weights, expected);
        // The same numbers as a depthwise filter of 2 inputs with multiplier 2.
        let filter = Filter::depthwise(&values, [1, 2, 2, 2]);
        let expected = [0.0, 100.0, 1.0, 101.0, 10.0, 110.0, 11.0, 111.0];
        assert_eq!(filter.weights, expected);
        assert_eq!((filter.outputs, filter.groups), (4, 2));
    }

    #[test]
    fn an_affine_step_is_folded() {
        let filter = Filter::full(&[1.0, 2.0], [1, 1, 1, 2])
            .plus(&[0.5, 0.5])
            .then_affine(&[2.0, 3.0], &[1.0, -1.0]);
        assert_eq!(filter.weights, [2.0, 6.0]);
        assert_eq!(filter.bias, [2.0, 0.5]);
        assert!(filter.check(1).is_ok());
        assert!(filter.check(2).is_err());
    }
}
