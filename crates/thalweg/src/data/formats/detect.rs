//! What a file is: by its first bytes, then by its name.

use std::path::Path;

use super::Format;

/// Something that is not read as data here, but that can be told by its content or its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Foreign {
    /// A PNG picture.
    Png,
    /// A JPEG picture.
    Jpeg,
    /// Another picture: GIF, BMP, TIFF, WebP.
    Picture,
    /// A web page.
    Html,
    /// A git-LFS pointer in place of a file.
    LfsPointer,
    /// A Python pickle.
    Pickle,
    /// A PyTorch file: a zip with a pickle.
    Torch,
    /// An Excel workbook.
    Excel,
    /// A zip container of something else.
    Zip,
    /// Parquet.
    Parquet,
    /// Arrow or Feather.
    Arrow,
    /// libsvm's sparse text.
    LibSvm,
    /// Weka's ARFF.
    Arff,
    /// JSON, or JSON lines.
    Json,
    /// MATLAB 5.
    Matlab5,
    /// safetensors.
    Safetensors,
    /// A packed file: bzip2, xz, zstd, 7z, rar, or tar.
    Packed,
    /// PDF, a program, a database.
    Other,
}

impl Foreign {
    /// What it is, with its article.
    pub const fn what(self) -> &'static str {
        match self {
            Foreign::Png => "a PNG picture, not a data file",
            Foreign::Jpeg => "a JPEG picture, not a data file",
            Foreign::Picture => "a picture, not a data file",
            Foreign::Html => "a web page (HTML) saved under the name of a data file",
            Foreign::LfsPointer => "a git-LFS pointer, which stands in place of the file",
            Foreign::Pickle => "a Python pickle, which is a program and is never loaded",
            Foreign::Torch => "a PyTorch file, which holds a pickle and is never loaded",
            Foreign::Excel => "an Excel workbook",
            Foreign::Zip => "a zip container without NumPy arrays",
            Foreign::Parquet => "a Parquet file, and Parquet is not supported yet",
            Foreign::Arrow => "an Arrow file, and Arrow is not supported yet",
            Foreign::LibSvm => "a libsvm file, and libsvm is not supported yet",
            Foreign::Arff => "an ARFF file, and ARFF is not supported yet",
            Foreign::Json => "JSON, which is not read",
            Foreign::Matlab5 => "a MATLAB 5 file, which is not read",
            Foreign::Safetensors => "a safetensors file, which holds a model, not data",
            Foreign::Packed => "a packed file (bzip2, xz, zstd, 7z, rar or tar)",
            Foreign::Other => "a document, a program or a database, not a data file",
        }
    }

    /// What to do about it.
    pub const fn cure(self) -> &'static str {
        match self {
            Foreign::Png | Foreign::Jpeg | Foreign::Picture => {
                "pictures are not supported yet: save them as one array in an NPY file"
            }
            Foreign::Html => "the download failed: open the address in a browser and fetch the file itself",
            Foreign::LfsPointer => "fetch the file itself with `git lfs pull`",
            Foreign::Pickle | Foreign::Torch => "save the arrays with numpy.savez instead",
            Foreign::Excel => "export the sheet as CSV",
            Foreign::Zip => "unpack it and name the data file in it",
            Foreign::Parquet | Foreign::Arrow | Foreign::LibSvm | Foreign::Arff | Foreign::Json => {
                "save the table as CSV or NPY"
            }
            Foreign::Matlab5 => "save it with -v7.3, which is HDF5, or as CSV",
            Foreign::Safetensors => "give it where a model is meant",
            Foreign::Packed => "unpack it first, or pack it with gzip",
            Foreign::Other => "give a CSV, TSV, NPY, NPZ, IDX or HDF5 file",
        }
    }
}

/// What a file seems to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A format that is read here.
    Known(Format),
    /// Something else.
    Foreign(Foreign),
}

/// The first eight bytes of every HDF5 file, at byte 0 or after a user block of 512, 1024, 2048 ... bytes.
pub(super) const HDF5_SIGNATURE: [u8; 8] = *b"\x89HDF\r\n\x1a\n";

/// The first bytes of every NPY file.
pub(super) const NPY_MAGIC: [u8; 6] = *b"\x93NUMPY";

/// What the first bytes alone prove, `None` if they prove nothing (text, IDX).
pub(super) fn by_content(bytes: &[u8]) -> Option<Kind> {
    let known = |format| Some(Kind::Known(format));
    let foreign = |what| Some(Kind::Foreign(what));
    let starts = |magic: &[u8]| bytes.starts_with(magic);

    if starts(&NPY_MAGIC) {
        return known(Format::Npy);
    }
    if hdf5_at(bytes).is_some() {
        return known(Format::Hdf5);
    }
    if starts(b"PK\x03\x04") || starts(b"PK\x05\x06") {
        return Some(zip_kind(bytes));
    }
    if starts(b"\x89PNG\r\n\x1a\n") {
        return foreign(Foreign::Png);
    }
    if starts(&[0xff, 0xd8, 0xff]) {
        return foreign(Foreign::Jpeg);
    }
    let picture = starts(b"GIF87a")
        || starts(b"GIF89a")
        || starts(b"II*\0")
        || starts(b"MM\0*")
        || (starts(b"RIFF") && bytes.get(8..12) == Some(b"WEBP"))
        || (starts(b"BM") && bytes.get(6..10) == Some(&[0; 4]));
    if picture {
        return foreign(Foreign::Picture);
    }
    if starts(b"PAR1") {
        return foreign(Foreign::Parquet);
    }
    if starts(b"ARROW1") || starts(b"FEA1") {
        return foreign(Foreign::Arrow);
    }
    if starts(b"version https://git-lfs") {
        return foreign(Foreign::LfsPointer);
    }
    if starts(b"MATLAB 5.0 MAT-file") {
        return foreign(Foreign::Matlab5);
    }
    // Protocol 2 and later: opcode PROTO, a version from 2 to 5, then an opcode.
    if bytes.len() > 2 && bytes[0] == 0x80 && (2..=5).contains(&bytes[1]) {
        return foreign(Foreign::Pickle);
    }
    let packed = starts(b"BZh")
        || starts(b"\xfd7zXZ\0")
        || starts(&[0x28, 0xb5, 0x2f, 0xfd])
        || starts(b"7z\xbc\xaf\x27\x1c")
        || starts(b"Rar!")
        || bytes.get(257..262) == Some(b"ustar");
    if packed {
        return foreign(Foreign::Packed);
    }
    if starts(b"%PDF") || starts(b"\x7fELF") || starts(b"SQLite format 3\0") {
        return foreign(Foreign::Other);
    }
    // safetensors: a small length, then a JSON object.
    if bytes.len() > 9 && bytes[8] == b'{' && bytes[5..8] == [0; 3] {
        return foreign(Foreign::Safetensors);
    }
    text_kind(bytes).map(Kind::Foreign)
}

/// Where an HDF5 signature lies, if the bytes reach that far.
fn hdf5_at(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    while bytes.len() >= at + HDF5_SIGNATURE.len() {
        if bytes[at..].starts_with(&HDF5_SIGNATURE) {
            return Some(at);
        }
        at = if at == 0 { 512 } else { at * 2 };
    }
    None
}

/// What a zip holds, by the names near its beginning.
fn zip_kind(bytes: &[u8]) -> Kind {
    let holds = |name: &[u8]| bytes.windows(name.len()).any(|window| window == name);
    if holds(b"[Content_Types].xml") || holds(b"docProps/") || holds(b"xl/") {
        Kind::Foreign(Foreign::Excel)
    } else if holds(b"data.pkl") {
        Kind::Foreign(Foreign::Torch)
    } else {
        Kind::Known(Format::Npz)
    }
}

/// Texts that are something else than a table.
fn text_kind(bytes: &[u8]) -> Option<Foreign> {
    let start =
        bytes.iter().position(|byte| !byte.is_ascii_whitespace() && !b"\xef\xbb\xbf".contains(byte))?;
    let lower: Vec<u8> = bytes[start..].iter().take(16).map(u8::to_ascii_lowercase).collect();
    if [&b"<!doctype"[..], b"<html", b"<head", b"<?xml"].iter().any(|tag| lower.starts_with(tag)) {
        return Some(Foreign::Html);
    }
    if lower.starts_with(b"@relation") {
        return Some(Foreign::Arff);
    }
    if lower.starts_with(b"{\"") || lower.starts_with(b"[{") || lower.starts_with(b"[[") {
        return Some(Foreign::Json);
    }
    None
}

/// What the name says, without a `.gz` at its end.
pub(super) fn by_name(path: &Path) -> Option<Kind> {
    let name = path.file_name()?.to_string_lossy().to_ascii_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    Some(match extension {
        "csv" => Kind::Known(Format::Csv),
        "tsv" | "tab" => Kind::Known(Format::Tsv),
        "npy" => Kind::Known(Format::Npy),
        "npz" => Kind::Known(Format::Npz),
        "h5" | "hdf5" | "hdf" | "he5" => Kind::Known(Format::Hdf5),
        "parquet" => Kind::Foreign(Foreign::Parquet),
        "arrow" | "feather" => Kind::Foreign(Foreign::Arrow),
        "svm" | "libsvm" => Kind::Foreign(Foreign::LibSvm),
        "arff" => Kind::Foreign(Foreign::Arff),
        "pkl" | "pickle" => Kind::Foreign(Foreign::Pickle),
        "pt" | "pth" => Kind::Foreign(Foreign::Torch),
        "xls" | "xlsx" => Kind::Foreign(Foreign::Excel),
        "json" | "jsonl" => Kind::Foreign(Foreign::Json),
        "mat" => Kind::Foreign(Foreign::Matlab5),
        "png" => Kind::Foreign(Foreign::Png),
        "jpg" | "jpeg" => Kind::Foreign(Foreign::Jpeg),
        "gif" | "bmp" | "tif" | "tiff" | "webp" | "ppm" | "pgm" | "pbm" => Kind::Foreign(Foreign::Picture),
        // "train-images-idx3-ubyte", "train-images.idx3-ubyte", "labels.idx"
        _ if extension == "idx"
            || ["idx1", "idx2", "idx3", "idx4"].iter().any(|part| name.contains(part)) =>
        {
            Kind::Known(Format::Idx)
        }
        _ => return None,
    })
}

/// What a file is. A content that proves something wins over the name, the name over a guess.
pub(super) fn detect(bytes: &[u8], path: &Path) -> Kind {
    by_content(bytes).or_else(|| by_name(path)).unwrap_or_else(|| {
        let idx = bytes.len() >= 4 && bytes[..2] == [0, 0] && super::idx::is_type(bytes[2]) && bytes[3] > 0;
        Kind::Known(if idx { Format::Idx } else { Format::Csv })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_wins_over_the_name() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
        assert_eq!(detect(png, Path::new("table.csv")), Kind::Foreign(Foreign::Png));
        assert_eq!(detect(b"\x93NUMPY\x01\0", Path::new("table.csv")), Kind::Known(Format::Npy));
        assert_eq!(detect(b"  <!DOCTYPE html>", Path::new("a.h5")), Kind::Foreign(Foreign::Html));
    }

    #[test]
    fn names_of_mnist_are_known_with_and_without_gz() {
        for name in ["train-images-idx3-ubyte", "train-images.idx3-ubyte.gz", "labels.idx", "x.idx.gz"] {
            assert_eq!(by_name(Path::new(name)), Some(Kind::Known(Format::Idx)), "{name}");
        }
        assert_eq!(by_name(Path::new("a.csv.gz")), Some(Kind::Known(Format::Csv)));
    }

    #[test]
    fn what_proves_nothing_is_a_table_or_idx() {
        assert_eq!(detect(b"1 2\n3 4\n", Path::new("points")), Kind::Known(Format::Csv));
        assert_eq!(detect(&[0, 0, 8, 1, 0, 0, 0, 1, 7], Path::new("labels")), Kind::Known(Format::Idx));
    }

    #[test]
    fn hdf5_is_found_behind_a_user_block() {
        let mut bytes = vec![0; 1024];
        bytes.extend(HDF5_SIGNATURE);
        assert_eq!(by_content(&bytes), Some(Kind::Known(Format::Hdf5)));
    }
}
