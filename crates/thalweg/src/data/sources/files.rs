//! Rows from a user's files: tables, arrays by name, images with labels.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::data::array::Array;
use crate::data::arrays::parts_of_arrays;
use crate::data::formats::{self, Contents, Format};
use crate::data::notice::DataNotice;
use crate::data::problem::{DataProblem, nearest};
use crate::data::raw::{
    RawData, RawInputs, append, inputs_of_array, table_of_matrix, target_of_array, target_of_columns,
    weights_of_column,
};
use crate::data::table::{Column, Table};
use crate::error::{Error, Result};

use super::{Choice, SourceRows, default_scale, named};

/// Names by which a target column is known when nobody says which one it is; the first that occurs is taken.
pub(crate) const TARGET_NAMES: [&str; 8] =
    ["target", "label", "labels", "class", "y", "species", "outcome", "output"];

/// What reading files gives: contents (none for a folder of four IDX files), hashes and notices.
type Contained = (Option<Contents>, Vec<(PathBuf, String)>, Vec<DataNotice>);

/// Reads the files of a source as a source of rows.
pub(super) fn read(paths: &[PathBuf], choice: Choice<'_>, name: &str) -> Result<SourceRows> {
    let fail = |problem| Error::Data { source_name: name.to_owned(), problem };
    let mut paths = expanded(paths).map_err(fail)?;
    if let [folder] = paths.as_slice()
        && folder.is_dir()
    {
        return named::four_idx(&named::idx_folder(folder).map_err(fail)?);
    }
    let mut notices = Vec::new();
    if let [images] = paths.as_slice()
        && let Some(labels) = labels_beside(images)
    {
        notices.push(DataNotice::LabelsBeside { path: labels.clone() });
        paths.push(labels);
    }
    let mut files = Vec::new();
    let contents = read_all(&paths, choice.format, name, &mut files, &mut notices)?;
    let mut rows = match contents {
        Read::Table(columns) => {
            let train = table(columns, choice, &mut notices).map_err(fail)?;
            SourceRows::whole(train)
        }
        Read::Arrays(arrays) => {
            let parts = parts_of_arrays(&arrays, choice.features, choice.target, choice.weight, choice.part)
                .map_err(fail)?;
            let mut rows = SourceRows::whole(parts.train);
            rows.is_cut = parts.validation.is_none() && parts.test.is_none();
            rows.validation = parts.validation;
            rows.test = parts.test;
            rows
        }
        Read::Pair(features, targets) => {
            let inputs = inputs_of_array(None, features).map_err(fail)?;
            let target = target_of_array("label", targets, inputs.rows());
            SourceRows::whole(RawData { inputs, target, weights: None }.checked().map_err(fail)?)
        }
        Read::Array(array) => SourceRows::whole(matrix(array, choice, &mut notices).map_err(fail)?),
    };
    rows.files = files;
    rows.notices = notices;
    Ok(rows)
}

impl SourceRows {
    /// A source without parts.
    fn whole(train: RawData) -> SourceRows {
        let scale = default_scale(&train.inputs);
        SourceRows {
            train,
            validation: None,
            test: None,
            scale,
            is_cut: true,
            files: Vec::new(),
            notices: Vec::new(),
        }
    }
}

/// Reads the files of a source for a model that decides itself what is what.
pub(super) fn contents(paths: &[PathBuf], format: Option<&str>, name: &str) -> Result<Contained> {
    let fail = |problem| Error::Data { source_name: name.to_owned(), problem };
    let paths = expanded(paths).map_err(fail)?;
    if paths.iter().any(|path| path.is_dir()) {
        return Ok((None, Vec::new(), Vec::new()));
    }
    let (mut files, mut notices) = (Vec::new(), Vec::new());
    let contents = match read_all(&paths, format, name, &mut files, &mut notices)? {
        Read::Table(columns) => Contents::Table(Table::new(columns)),
        Read::Arrays(arrays) => Contents::Arrays(arrays),
        Read::Array(array) => Contents::Array(array),
        Read::Pair(features, targets) => {
            Contents::Arrays(vec![("x".to_owned(), features), ("y".to_owned(), targets)])
        }
    };
    Ok((Some(contents), files, notices))
}

/// What the files of one source hold together.
enum Read {
    Table(Vec<Column>),
    Arrays(Vec<(String, Array)>),
    Array(Array),
    /// Features and targets.
    Pair(Array, Array),
}

fn read_all(
    paths: &[PathBuf],
    format: Option<&str>,
    name: &str,
    files: &mut Vec<(PathBuf, String)>,
    notices: &mut Vec<DataNotice>,
) -> Result<Read> {
    let fail = |problem| Error::Data { source_name: name.to_owned(), problem };
    let format = match format {
        None => None,
        Some(name) => Some(Format::from_name(name).ok_or_else(|| {
            let known = Format::ALL.map(|format| format.name().to_owned()).into();
            fail(DataProblem::UnknownFormat { format: name.to_owned(), known })
        })?),
    };
    let mut all: Vec<(&PathBuf, Contents)> = Vec::with_capacity(paths.len());
    for path in paths {
        let reading = formats::read(path, format)?;
        notices.extend(
            reading.notices.into_iter().map(|notice| DataNotice::File { path: path.clone(), notice }),
        );
        files.push((path.clone(), sha256(path)?));
        all.push((path, reading.contents));
    }
    if let [(_, Contents::Array(_)), (_, Contents::Array(_))] = all.as_slice() {
        let mut arrays = all.into_iter().filter_map(|(_, contents)| match contents {
            Contents::Array(array) => Some(array),
            _ => None,
        });
        if let (Some(first), Some(second)) = (arrays.next(), arrays.next()) {
            // Images have more axes than labels; of equals the first is meant.
            let in_order = first.shape().len() >= second.shape().len();
            return Ok(if in_order { Read::Pair(first, second) } else { Read::Pair(second, first) });
        }
        return Err(fail(DataProblem::NoRows));
    }
    let several = all.len() > 1;
    let mut table: Option<Vec<Column>> = None;
    for (path, contents) in all {
        match contents {
            Contents::Array(array) if !several => return Ok(Read::Array(array)),
            Contents::Arrays(arrays) if !several => return Ok(Read::Arrays(arrays)),
            Contents::Table(more) => match &mut table {
                None => table = Some(more.into_columns()),
                Some(table) => join(table, more, path).map_err(fail)?,
            },
            _ => return Err(fail(DataProblem::NotATable { path: path.clone() })),
        }
    }
    table.map(Read::Table).ok_or_else(|| fail(DataProblem::NoRows))
}

fn join(table: &mut [Column], more: Table, path: &Path) -> Result<(), DataProblem> {
    let names = |columns: &[Column]| columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>();
    let (expected, found) = (names(table), names(more.columns()));
    if expected != found {
        return Err(DataProblem::ColumnsDiffer { path: path.to_owned(), expected, found });
    }
    append(table, more)
}

/// Tells inputs and target of a table apart.
pub(super) fn table(
    columns: Vec<Column>,
    choice: Choice<'_>,
    notices: &mut Vec<DataNotice>,
) -> Result<RawData, DataProblem> {
    let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    let find = |name: &String, role| {
        let mut places = (0..names.len()).filter(|&place| names[place] == *name);
        match (places.next(), places.count()) {
            (Some(place), 0) => Ok(place),
            (Some(_), others) => {
                Err(DataProblem::AmbiguousColumn { role, name: name.clone(), count: 1 + others })
            }
            (None, _) => Err(DataProblem::UnknownColumn {
                role,
                name: name.clone(),
                nearest: nearest(name, &names),
                available: names.clone(),
            }),
        }
    };
    let find_all = |wanted: &[String], role| -> Result<Vec<usize>, DataProblem> {
        if let Some(name) = first_twice(wanted) {
            return Err(DataProblem::NamedTwice { role, name: name.clone() });
        }
        wanted.iter().map(|name| find(name, role)).collect()
    };
    let targets: Vec<usize> = if choice.target.is_empty() {
        let by_name = TARGET_NAMES
            .iter()
            .find_map(|known| names.iter().position(|name| name.to_lowercase() == **known));
        let place = by_name.ok_or_else(|| DataProblem::NoTarget { columns: names.clone() })?;
        let place = find(&names[place], "target column")?;
        notices.push(DataNotice::TargetByName { target: names[place].clone() });
        vec![place]
    } else {
        find_all(choice.target, "target column")?
    };
    let weight = choice.weight.map(|name| find(&name.to_owned(), "weight column")).transpose()?;
    let features: Vec<usize> = if choice.features.is_empty() {
        (0..columns.len()).filter(|place| !targets.contains(place) && weight != Some(*place)).collect()
    } else {
        find_all(choice.features, "feature column")?
    };
    if let Some(&both) = features.iter().find(|place| targets.contains(place)) {
        return Err(DataProblem::TargetAmongFeatures { name: names[both].clone() });
    }
    if let Some(weight) = weight {
        for (places, role) in [(&targets, "the target"), (&features, "a feature")] {
            if places.contains(&weight) {
                return Err(DataProblem::WeightTwice { name: names[weight].clone(), role });
            }
        }
    }
    if features.is_empty() {
        return Err(DataProblem::NoFeatures);
    }
    // A table is small beside what training needs: the columns are copied rather than taken apart.
    let pick = |places: &[usize]| places.iter().map(|&place| columns[place].clone()).collect::<Vec<Column>>();
    let inputs = RawInputs::Columns(pick(&features));
    let weights = weight.map(|place| weights_of_column(columns[place].clone())).transpose()?;
    RawData { inputs, target: target_of_columns(pick(&targets))?, weights }.checked()
}

/// The first name that comes a second time.
fn first_twice(names: &[String]) -> Option<&String> {
    names.iter().enumerate().find_map(|(place, name)| names[..place].contains(name).then_some(name))
}

/// A single array: a matrix whose columns have numbers for names, or inputs without targets.
fn matrix(array: Array, choice: Choice<'_>, notices: &mut Vec<DataNotice>) -> Result<RawData, DataProblem> {
    if array.shape().len() != 2 {
        return Err(DataProblem::NoLabels);
    }
    let RawInputs::Array { features, shape, .. } = inputs_of_array(None, array)? else {
        return Err(DataProblem::NoFeatures);
    };
    table(table_of_matrix(&features, shape.iter().product()), choice, notices)
}

/// Paths with patterns expanded, in alphabetical order each. A file that has a pattern's very name is that file.
fn expanded(paths: &[PathBuf]) -> Result<Vec<PathBuf>, DataProblem> {
    let mut all = Vec::with_capacity(paths.len());
    for path in paths {
        let text = path.to_string_lossy();
        if !text.contains(['*', '?', '[']) || path.exists() {
            all.push(path.clone());
            continue;
        }
        let matches =
            glob::glob(&text).map_err(|error| DataProblem::BadPattern { reason: error.msg.to_owned() })?;
        let before = all.len();
        all.extend(matches.filter_map(Result::ok).filter(|path| path.is_file()));
        if all.len() == before {
            return Err(DataProblem::NoMatch);
        }
    }
    if all.is_empty() { Err(DataProblem::NoRows) } else { Ok(all) }
}

/// The file of labels that goes with a file of images by MNIST's names, if it is there.
fn labels_beside(images: &Path) -> Option<PathBuf> {
    let name = images.file_name()?.to_str()?;
    let labels = name.replace("images", "labels").replace("idx3", "idx1");
    if labels == name || !name.contains("idx") {
        return None;
    }
    let plain = labels.strip_suffix(".gz").unwrap_or(&labels).to_owned();
    [labels, plain.clone(), format!("{plain}.gz")]
        .into_iter()
        .map(|labels| images.with_file_name(labels))
        .find(|path| path.is_file())
}

/// The SHA-256 of a file's bytes in hexadecimal.
fn sha256(path: &Path) -> Result<String> {
    let mut file = std::fs::File::open(path).map_err(|error| Error::io(path, "read", error))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = file.read(&mut buffer).map_err(|error| Error::io(path, "read", error))?;
        if count == 0 {
            break;
        }
        hash.update(&buffer[..count]);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
