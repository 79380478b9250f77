//! Files of safetensors: read into a [`WeightMap`] and written from one.

use std::collections::{BTreeMap, HashMap};

use half::f16;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensorError, SafeTensors};

use super::weights::{HostTensor, WeightMap, one_line};
use crate::error::{Error, Result};

/// Key of the notes in a file's metadata; one key with all of them as TOML, because the library writes keys in no order.
const NOTES: &str = "l2t.source";

/// What is wrong with a file, in words; `None` for what reading one never says.
fn wrong(error: &SafeTensorError) -> Option<String> {
    Some(match error {
        SafeTensorError::HeaderTooSmall => "it is cut off within its first 8 bytes".into(),
        SafeTensorError::InvalidHeaderLength => "it is cut off within its header, the list of its tensors".into(),
        SafeTensorError::MetadataIncompleteBuffer => "it is cut off, or longer than its tensors".into(),
        SafeTensorError::HeaderTooLarge => "its header, the list of its tensors, would be larger than 100 MB".into(),
        SafeTensorError::InvalidHeader(_) => "its header, the list of its tensors, is damaged: it is no text".into(),
        SafeTensorError::InvalidHeaderDeserialization(reason) | SafeTensorError::JsonError(reason) => {
            format!("its header, the list of its tensors, is damaged ({})", one_line(reason))
        }
        SafeTensorError::InvalidOffset(name) => {
            format!("the numbers of {name} do not begin where those of the tensor before it end")
        }
        SafeTensorError::TensorInvalidInfo => "a tensor has more or fewer bytes than its shape and type take".into(),
        SafeTensorError::ValidationOverflow => "a tensor is larger than any memory by its shape".into(),
        SafeTensorError::MisalignedSlice => "a tensor of numbers smaller than a byte ends within one".into(),
        SafeTensorError::TensorNotFound(_) | SafeTensorError::IoError(_) | SafeTensorError::InvalidTensorView(..) => {
            return None;
        }
    })
}

impl WeightMap {
    /// Reads the contents of a safetensors file; errors call it `origin`.
    ///
    /// # Errors
    /// When it is cut off, damaged or none.
    pub fn from_safetensors(origin: impl Into<String>, bytes: &[u8]) -> Result<Self> {
        let origin = origin.into();
        let broken = |error: SafeTensorError| {
            let reason = wrong(&error).unwrap_or_else(|| one_line(&error));
            Error::file(&origin, format!("is no whole safetensors file: {reason}; download or copy it again"))
        };
        let file = SafeTensors::deserialize(bytes).map_err(broken)?;
        let (_, header) = SafeTensors::read_metadata(bytes).expect("it was read as a whole");
        let mut map = Self::new(&origin);
        if let Some(notes) = header.metadata().as_ref().and_then(|metadata| metadata.get(NOTES)) {
            let broken = |e: toml::de::Error| Error::file(&origin, format!("has broken notes: {}", e.message()));
            let notes: BTreeMap<String, String> = toml::from_str(notes).map_err(broken)?;
            notes.into_iter().for_each(|(key, note)| map.note(&key, note));
        }
        for (name, view) in file.tensors() {
            map.take(&name, &format!("{:?}", view.dtype()), view.shape().to_vec(), view.data());
        }
        Ok(map)
    }

    /// The contents of a safetensors file, in single precision (what PyTorch and our own reader expect of weights).
    pub fn to_safetensors(&self) -> Vec<u8> {
        written(self.named().map(|(name, tensor)| (name, tensor, Dtype::F32)), None)
    }

    /// The contents of a safetensors file that is half as large, with the [notes](Self::notes): matrices and kernels in
    /// half precision (relative error 2⁻¹¹, or absolute 3e-8 below 6e-5), vectors, which hold the variances, in single.
    ///
    /// # Panics
    /// If a weight is beyond 65504, the largest number of half precision.
    pub fn to_safetensors_half(&self) -> Vec<u8> {
        let notes = toml::to_string(self.notes()).expect("notes are plain text");
        let dtype = |tensor: &HostTensor| if tensor.shape.len() > 1 { Dtype::F16 } else { Dtype::F32 };
        let tensors = self.named().map(|(name, tensor)| (name, tensor, dtype(tensor)));
        written(tensors, Some(HashMap::from([(NOTES.to_owned(), notes)])))
    }

    fn named(&self) -> impl Iterator<Item = (&str, &HostTensor)> {
        self.names().map(|name| (name, self.get(name).expect("it is named")))
    }
}

/// A file of these tensors, each in the type that stands with it.
fn written<'a>(
    tensors: impl Iterator<Item = (&'a str, &'a HostTensor, Dtype)>,
    metadata: Option<HashMap<String, String>>,
) -> Vec<u8> {
    let bytes: Vec<_> =
        tensors.map(|(name, tensor, dtype)| (name, tensor, dtype, rounded(name, &tensor.values, dtype))).collect();
    let views = bytes.iter().map(|(name, tensor, dtype, bytes)| {
        let view = TensorView::new(*dtype, tensor.shape.clone(), bytes);
        (*name, view.expect("shape and bytes come from one tensor"))
    });
    safetensors::serialize(views, metadata).expect("names and views are valid")
}

#[expect(clippy::cast_possible_truncation, reason = "weights are trained in single precision")]
fn rounded(name: &str, values: &[f64], dtype: Dtype) -> Vec<u8> {
    if dtype == Dtype::F32 {
        return values.iter().flat_map(|v| (*v as f32).to_le_bytes()).collect();
    }
    let half = |v: &f64| {
        let half = f16::from_f64(*v);
        assert!(half.is_finite(), "{name} holds {v}, too large for half precision");
        half.to_le_bytes()
    };
    values.iter().flat_map(half).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_precision_rounds_kernels_only_and_keeps_the_notes() {
        let mut map = WeightMap::new("memory");
        let values: Vec<f64> = (1..=15).map(|n| (f64::from(n) * 0.37).sin() / f64::from(n)).collect();
        map.insert("kernel", vec![5, 3], values.clone());
        map.insert("variance", vec![3], vec![1e-7, 70_000.0, 3.25]);
        map.note("task", "things");
        map.note("classes", "\"quoted\", and\nbroken");
        let bytes = map.to_safetensors_half();
        let read = WeightMap::from_safetensors("memory", &bytes).unwrap();
        assert_eq!(read.notes(), map.notes());
        assert_eq!(read.shape("kernel"), Some(&[5, 3][..]));
        for (rounded, value) in read.get("kernel").unwrap().values.iter().zip(&values) {
            // Half of a unit in the last of 11 binary digits.
            assert!((rounded - value).abs() <= value.abs() / 2048.0 && rounded != value, "{rounded} for {value}");
        }
        let vector = &read.get("variance").unwrap().values;
        assert_eq!(vector, &[1e-7f32, 70_000.0, 3.25].map(f64::from));
        assert_eq!(bytes, map.to_safetensors_half());
    }

    /// A file with this header and as many bytes of numbers.
    fn file(header: &[u8], numbers: usize) -> Vec<u8> {
        [&(header.len() as u64).to_le_bytes()[..], header, &vec![0; numbers]].concat()
    }

    #[test]
    fn what_is_no_whole_file_is_refused_in_words() {
        let header = br#"{"fc.bias":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}"#;
        let whole = file(header, 12);
        assert_eq!(WeightMap::from_safetensors("some file", &whole).unwrap().shape("fc.bias"), Some(&[3][..]));
        let changed = |from: &str, to: &str| {
            let text = String::from_utf8(header.to_vec()).unwrap();
            assert!(text.contains(from), "{from}");
            file(text.replace(from, to).as_bytes(), 12)
        };
        let cases: [(Vec<u8>, &str); 11] = [
            (whole[..5].to_vec(), "it is cut off within its first 8 bytes"),
            (whole[..40].to_vec(), "it is cut off within its header"),
            (whole[..whole.len() - 1].to_vec(), "it is cut off, or longer than its tensors"),
            (file(header, 13), "it is cut off, or longer than its tensors"),
            (u64::MAX.to_le_bytes().to_vec(), "would be larger than 100 MB"),
            (file(&[0xff; 20], 0), "is damaged: it is no text"),
            (changed("shape", "shade"), "is damaged (missing field `shape`"),
            (changed("[0,12]", "[4,12]"), "the numbers of fc.bias do not begin where"),
            (changed("[3]", "[4]"), "has more or fewer bytes than its shape"),
            (changed("[3]", "[18446744073709551615,3]"), "larger than any memory by its shape"),
            (changed("\"F32\",\"shape\":[3]", "\"F4\",\"shape\":[3]"), "numbers smaller than a byte ends within one"),
        ];
        for (bytes, words) in cases {
            let error = WeightMap::from_safetensors("some file", &bytes).expect_err(words).to_string();
            assert!(error.starts_with("some file: is no whole safetensors file: ") && error.contains(words), "{error}");
            assert!(error.ends_with("; download or copy it again"), "{error}");
        }
        // By whatever way it comes, every cut is one clear line.
        for len in 0..whole.len() {
            let error = WeightMap::from_bytes("some.safetensors", &whole[..len]).expect_err("it is cut off");
            let error = error.to_string();
            assert!(["cut off", "is empty"].iter().any(|words| error.contains(words)), "{len}: {error}");
        }
    }
}
