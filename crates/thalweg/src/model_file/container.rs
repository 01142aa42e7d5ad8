//! The container: a safetensors file, proved in full before any of it is used.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::problem::ModelProblem;
use crate::error::{Error, Result};
use crate::real::{Precision, Real};
use crate::shape::Shape;
use crate::whole_file::write_whole;

/// The longest header that is read. The standard scaling of a million columns takes about 40 MB.
pub(super) const LONGEST_HEADER: u64 = 64 << 20;

/// The key of our own part of the metadata.
const KEY: &str = "thalweg";

/// The bytes of the header's length.
const LENGTH_BYTES: u64 = 8;

/// Beginnings of files that get mistaken for a model.
const FOREIGN: [(&[u8], &str); 7] = [
    (b"PK\x03\x04", "a zip archive (PyTorch's own files and NPZ are such)"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x1f\x8b", "a gzip file"),
    (b"version https://git-lfs", "a git-LFS pointer, not the file that it stands for"),
    (b"<", "a web page or XML"),
    (b"{", "plain JSON"),
];

/// A tensor to be written.
pub(super) struct Tensor<'a> {
    pub(super) name: &'a str,
    pub(super) shape: Vec<usize>,
    pub(super) precision: Precision,
    /// Little-endian values.
    pub(super) bytes: &'a [u8],
}

/// Writes tensors and our part of the metadata, whole or not at all.
pub(super) fn write(path: &Path, tensors: &[Tensor<'_>], metadata: &impl serde::Serialize) -> Result<()> {
    let failed = |error: String| Error::io(path, "write", std::io::Error::other(error));
    let json = serde_json::to_string(metadata).map_err(|error| failed(error.to_string()))?;
    let views = tensors.iter().map(|tensor| {
        let view = TensorView::new(dtype(tensor.precision), tensor.shape.clone(), tensor.bytes);
        view.map(|view| (tensor.name, view))
    });
    let views = views.collect::<Result<Vec<_>, _>>().map_err(|error| failed(error.to_string()))?;
    let metadata = HashMap::from([(KEY.to_owned(), json)]);
    let bytes = safetensors::serialize(views, Some(metadata)).map_err(|error| failed(error.to_string()))?;
    write_whole(path, |file| file.write_all(&bytes))
}

/// The bytes of a file that may be a safetensors file: what its first 8 bytes claim fits the file.
pub(super) fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    let failed = |error| Error::io(path, "read", error);
    let refuse = |problem| Error::Model { path: path.to_owned(), problem: Box::new(problem) };
    let mut file = File::open(path).map_err(failed)?;
    let about = file.metadata().map_err(failed)?;
    if !about.is_file() {
        return Err(refuse(ModelProblem::NotAFile));
    }
    let mut bytes = Vec::new();
    file.by_ref().take(LENGTH_BYTES + 24).read_to_end(&mut bytes).map_err(failed)?;
    check_start(&bytes, about.len()).map_err(refuse)?;
    bytes.reserve_exact(usize::try_from(about.len()).unwrap_or(usize::MAX).saturating_sub(bytes.len()));
    file.read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// Checks the first bytes of a file of `len` bytes.
fn check_start(bytes: &[u8], len: u64) -> Result<(), ModelProblem> {
    // Only a safetensors file has the header's brace here; the length before it can look like anything.
    let has_header = bytes.get(LENGTH_BYTES as usize) == Some(&b'{');
    let foreign = FOREIGN.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, found)| *found);
    // A pickle begins with its protocol (2 to 5) and goes on with one of a few opcodes.
    let is_pickle = matches!(bytes, [0x80, 2..=5, b'}' | b']' | b'c' | b'(' | 0x8a | 0x95 | b'X' | b'q', ..]);
    if let Some(found) = foreign.or(is_pickle.then_some("a Python pickle, which can run any code"))
        && !has_header
    {
        return Err(ModelProblem::Foreign { found });
    }
    let Some(length) = bytes.first_chunk::<{ LENGTH_BYTES as usize }>() else {
        return Err(ModelProblem::CutOff { claimed: 0, available: len.saturating_sub(LENGTH_BYTES) });
    };
    let (claimed, available) = (u64::from_le_bytes(*length), len - LENGTH_BYTES);
    if claimed > available {
        return Err(ModelProblem::CutOff { claimed, available });
    }
    if claimed > LONGEST_HEADER {
        return Err(ModelProblem::HeaderTooLong { claimed, limit: LONGEST_HEADER });
    }
    Ok(())
}

/// A safetensors file in memory whose layout is proved: every tensor lies inside, none overlaps, none is named twice.
pub(super) struct Container<'a> {
    tensors: SafeTensors<'a>,
    /// Our part of the metadata, if there is one.
    pub(super) metadata: Option<String>,
}

impl<'a> Container<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, ModelProblem> {
        check_start(&bytes[..bytes.len().min(32)], bytes.len() as u64)?;
        let header = |error: &dyn fmt::Display| ModelProblem::Header { reason: in_short(&error.to_string()) };
        let (length, metadata) = SafeTensors::read_metadata(bytes).map_err(|error| header(&error))?;
        let start = LENGTH_BYTES as usize;
        check_names(&bytes[start..start + length])?;
        let tensors = SafeTensors::deserialize(bytes).map_err(|error| header(&error))?;
        let metadata = metadata.metadata().as_ref().and_then(|metadata| metadata.get(KEY).cloned());
        Ok(Container { tensors, metadata })
    }

    /// Our part of the metadata.
    pub(super) fn own_metadata(&self) -> Result<&str, ModelProblem> {
        self.metadata.as_deref().ok_or(ModelProblem::NoMetadata)
    }

    /// The names of all tensors, sorted.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.tensors.names().into_iter().map(ToString::to_string).collect();
        names.sort();
        names
    }

    /// A tensor's shape and type, if it is there.
    pub(super) fn shape_and_type(&self, name: &str) -> Option<(Shape, Dtype)> {
        let view = self.tensors.tensor(name).ok()?;
        Some((Shape::from(view.shape()), view.dtype()))
    }

    /// A tensor's little-endian bytes, if it is there with this type and shape.
    pub(super) fn bytes(
        &self,
        name: &str,
        expected: &Shape,
        precision: Precision,
    ) -> Result<&'a [u8], ModelProblem> {
        let view = self.find(name)?;
        if view.dtype() != dtype(precision) {
            return Err(ModelProblem::TensorType {
                name: name.to_owned(),
                expected: precision.name(),
                found: view.dtype().to_string().to_lowercase(),
            });
        }
        let found = Shape::from(view.shape());
        if found != *expected {
            return Err(ModelProblem::TensorShape {
                name: name.to_owned(),
                expected: expected.clone(),
                found,
            });
        }
        Ok(view.data())
    }

    /// A tensor's values as `f64`, whichever type of floating point it has.
    pub(super) fn numbers(&self, name: &str) -> Result<(Shape, Vec<f64>), ModelProblem> {
        let view = self.find(name)?;
        let data = view.data();
        let values = match view.dtype() {
            Dtype::F32 => values::<f32>(data).map(f64::from).collect(),
            Dtype::F64 => values::<f64>(data).collect(),
            other => {
                return Err(ModelProblem::TensorType {
                    name: name.to_owned(),
                    expected: "f32 or f64",
                    found: other.to_string().to_lowercase(),
                });
            }
        };
        Ok((Shape::from(view.shape()), values))
    }

    fn find(&self, name: &str) -> Result<TensorView<'a>, ModelProblem> {
        self.tensors.tensor(name).map_err(|_| ModelProblem::MissingTensor { name: name.to_owned() })
    }
}

/// The numbers that these little-endian bytes are.
pub(super) fn values<R: Real>(bytes: &[u8]) -> impl Iterator<Item = R> + '_ {
    bytes.chunks_exact(size_of::<R>()).map(|bytes| {
        let mut bits = [0; 8];
        bits[..bytes.len()].copy_from_slice(bytes);
        R::from_bits(u64::from_le_bytes(bits))
    })
}

fn dtype(precision: Precision) -> Dtype {
    match precision {
        Precision::F32 => Dtype::F32,
        Precision::F64 => Dtype::F64,
    }
}

/// Refuses a header that has a key twice: JSON's readers keep one of them in silence.
fn check_names(header: &[u8]) -> Result<(), ModelProblem> {
    struct Keys;
    impl<'de> Visitor<'de> for Keys {
        type Value = Option<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let (mut seen, mut twice) = (BTreeSet::new(), None);
            while let Some((name, _)) = map.next_entry::<String, IgnoredAny>()? {
                if !seen.insert(name.clone()) {
                    twice.get_or_insert(name);
                }
            }
            Ok(twice)
        }
    }
    let read = serde_json::Deserializer::from_slice(header).deserialize_map(Keys);
    match read {
        Ok(None) => Ok(()),
        Ok(Some(name)) => Err(ModelProblem::Duplicate { name: in_short(&name) }),
        Err(error) => Err(ModelProblem::Header { reason: in_short(&error.to_string()) }),
    }
}

/// A library's message, or a name, as one line of at most 240 characters.
pub(super) fn in_short(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(240).collect();
    line
}
