//! Sets known by name: `digits` and `iris` from the binary; `mnist`, `fashion-mnist` and `cats` from the user's files.

use std::path::{Path, PathBuf};

use crate::data::arrays::PartName;
use crate::data::embedded;
use crate::data::preprocessing::InputScale;
use crate::data::problem::{DataProblem, nearest};
use crate::data::settings::Scaling;
use crate::error::{Error, Result};

use super::{Choice, SourceRows, data_folders, default_scale, files};

/// The names of the sets.
pub const NAMED: [&str; 5] = ["mnist", "fashion-mnist", "cats", "digits", "iris"];

/// The files of MNIST and of sets in its form: training images and labels, test images and labels.
const IDX_FILES: [&str; 4] = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
];

const CAT_FILES: [&str; 2] = ["train_catvnoncat.h5", "test_catvnoncat.h5"];

/// A set whose files the user has.
struct FileSet {
    files: &'static [&'static str],
    /// Folders below each data folder, in order.
    folders: &'static [&'static str],
    cure: &'static str,
}

fn file_set(name: &str) -> Option<FileSet> {
    Some(match name {
        "mnist" => FileSet {
            files: &IDX_FILES,
            folders: &["mnist", ""],
            cure: "To download them: thalweg data fetch mnist",
        },
        // Its files are named as MNIST's: beside them only its own folder tells which is meant.
        "fashion-mnist" => FileSet {
            files: &IDX_FILES,
            folders: &["fashion-mnist", ""],
            cure: "To download them: thalweg data fetch fashion-mnist",
        },
        "cats" => FileSet {
            files: &CAT_FILES,
            folders: &["catvnoncat", "cats", ""],
            cure: "They are homework files of a deep-learning course (week 2 of its first part); no licence is stated, so \
                   they cannot be offered here. Put your copies into one of these folders",
        },
        _ => return None,
    })
}

/// Reads a set known by name.
pub(super) fn read(name: &str, choice: Choice<'_>, data_folder: Option<&Path>) -> Result<SourceRows> {
    let fail = |problem| Error::Data { source_name: name.to_owned(), problem };
    match name {
        "digits" => Ok(SourceRows {
            train: embedded::digits(),
            validation: None,
            test: None,
            scale: InputScale::Divide(embedded::BRIGHTEST),
            is_cut: true,
            files: Vec::new(),
            notices: Vec::new(),
        }),
        "iris" => {
            let species = ["species".to_owned()];
            let target = if choice.target.is_empty() { &species } else { choice.target };
            let mut notices = Vec::new();
            let train =
                files::table(embedded::iris(), Choice { target, ..choice }, &mut notices).map_err(fail)?;
            Ok(SourceRows {
                train,
                validation: None,
                test: None,
                scale: InputScale::Fit(Scaling::Standard),
                is_cut: true,
                files: Vec::new(),
                notices,
            })
        }
        "cats" => {
            let paths = named_files(name, data_folder)?;
            let part = |path: &PathBuf, part| {
                let choice = Choice {
                    features: &[],
                    target: &[],
                    weight: None,
                    format: Some("hdf5"),
                    part: Some(part),
                };
                files::read(std::slice::from_ref(path), choice, &path.display().to_string())
            };
            let mut train = part(&paths[0], PartName::Train)?;
            let test = part(&paths[1], PartName::Test)?;
            train.files.extend(test.files);
            train.notices.extend(test.notices);
            Ok(SourceRows { test: Some(test.train), validation: None, ..train })
        }
        _ => {
            let paths = named_files(name, data_folder)?;
            four_idx(&paths)
        }
    }
}

/// The files of a set known by name, all from the first folder that has them all.
///
/// # Errors
/// [`Error::Data`] with what is missing, where it was looked for, and how to get it; or for a name that is not known or
/// has no files.
pub fn named_files(name: &str, data_folder: Option<&Path>) -> Result<Vec<PathBuf>> {
    located(name, &data_folders(data_folder), data_folder).map(|(_, files)| files)
}

/// The data folder in which, or below which, the files of a set known by name are found; `None` for a set that has no
/// files, or none here.
pub(crate) fn named_folder(name: &str, data_folder: Option<&Path>) -> Option<PathBuf> {
    located(name, &data_folders(data_folder), data_folder).ok().map(|(folder, _)| folder)
}

/// The files of a set known by name and the data folder that has them all: the first of `folders`, of which `given` is the
/// one that the user named.
fn located(name: &str, folders: &[PathBuf], given: Option<&Path>) -> Result<(PathBuf, Vec<PathBuf>)> {
    let fail = |problem| Error::Data { source_name: name.to_owned(), problem };
    let Some(set) = file_set(name) else {
        let known: Vec<String> = NAMED.map(str::to_owned).into();
        return Err(fail(DataProblem::UnknownName { nearest: nearest(name, &known), known }));
    };
    let mut looked = Vec::new();
    let mut missing: Vec<&str> = set.files.to_vec();
    for data_folder in folders {
        let is_given = given == Some(data_folder.as_path());
        for below in set.folders {
            if below.is_empty() && name == "fashion-mnist" && !is_given {
                continue;
            }
            let folder = if below.is_empty() { data_folder.clone() } else { data_folder.join(below) };
            let found: Vec<Option<PathBuf>> = set.files.iter().map(|file| find(&folder, file)).collect();
            let absent = set.files.iter().zip(&found).filter(|(_, found)| found.is_none());
            let absent: Vec<&str> = absent.map(|(file, _)| *file).collect();
            if absent.is_empty() {
                return Ok((data_folder.clone(), found.into_iter().flatten().collect()));
            }
            if absent.len() < missing.len() {
                missing = absent;
            }
            looked.push(folder);
        }
    }
    let missing = missing.into_iter().map(str::to_owned).collect();
    Err(fail(DataProblem::NotFound { missing, looked, cure: set.cure }))
}

/// A file of a folder, plain or gzipped, also with a dot for the first hyphen before "idx" as some copies have it.
fn find(folder: &Path, file: &str) -> Option<PathBuf> {
    let dotted = file.replace("-idx", ".idx");
    [file.to_owned(), format!("{file}.gz"), dotted.clone(), format!("{dotted}.gz")]
        .into_iter()
        .map(|name| folder.join(name))
        .find(|path| path.is_file())
}

/// The four files of MNIST's form in one folder, if it has them.
pub(super) fn idx_folder(folder: &Path) -> Result<Vec<PathBuf>, DataProblem> {
    let found: Vec<Option<PathBuf>> = IDX_FILES.iter().map(|file| find(folder, file)).collect();
    let absent = IDX_FILES.iter().zip(&found).filter(|(_, found)| found.is_none());
    let missing: Vec<String> = absent.map(|(file, _)| (*file).to_owned()).collect();
    if missing.is_empty() {
        Ok(found.into_iter().flatten().collect())
    } else {
        Err(DataProblem::Folder { missing })
    }
}

/// Training and test part from the four files of MNIST's form.
pub(super) fn four_idx(paths: &[PathBuf]) -> Result<SourceRows> {
    let choice = Choice { features: &[], target: &[], weight: None, format: Some("idx"), part: None };
    let part = |pair: &[PathBuf]| files::read(pair, choice, &pair[0].display().to_string());
    let mut train = part(&paths[..2])?;
    let test = part(&paths[2..])?;
    train.files.extend(test.files);
    train.notices.extend(test.notices);
    let scale = default_scale(&train.train.inputs);
    Ok(SourceRows { test: Some(test.train), scale, is_cut: false, ..train })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_that_has_the_files_is_found_and_leads_to_them_alone() {
        let (empty, full) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let below = full.path().join("catvnoncat");
        std::fs::create_dir(&below).unwrap();
        for file in CAT_FILES {
            std::fs::write(below.join(file), b"").unwrap();
        }
        // As with `--data` on the empty folder and `THALWEG_DATA` on the full one.
        let folders = [empty.path().to_owned(), full.path().to_owned()];
        let (folder, files) = located("cats", &folders, Some(empty.path())).unwrap();
        assert_eq!(folder, full.path());
        assert_eq!(files, CAT_FILES.map(|file| below.join(file)));
        // What was found is enough to find it again.
        assert_eq!(located("cats", std::slice::from_ref(&folder), Some(&folder)).unwrap().1, files);
        assert_eq!(named_folder("cats", Some(full.path())), Some(folder));
        assert_eq!(named_folder("iris", Some(full.path())), None);
    }
}
