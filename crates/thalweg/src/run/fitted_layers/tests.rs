//! Tables with categories from the experiment file to the model and its predictions.

use std::fmt::Write as _;
use std::fs;

use super::super::tests::{check_resumed, ready, whole_run};
use super::super::{Prepared, prepare};
use super::*;
use crate::data::formats;
use crate::experiment::{Draft, Experiment};
use crate::layers::Embedding;
use crate::model_file::Model;
use tempfile::{TempDir, tempdir};

/// 90 rows: two numbers, two texts with gaps, a month; the price follows from all of them.
fn table(folder: &TempDir) -> String {
    let mut text = "size,town,age,kind,month,price\n".to_owned();
    for n in 0..90_u32 {
        let (size, age) = (20 + n * 37 % 91, n * 11 % 40);
        let town = ["Bern", "Basel", "Chur", "Genf"][(n * 7 % 4) as usize];
        let kind = ["", "house", "flat"][(n % 3) as usize];
        let price = size * 5 + n * 7 % 4 * 100 - age + n % 3 * 40;
        writeln!(text, "{size},{town},{age},{kind},{},{price}", n % 12).unwrap();
    }
    let path = folder.path().join("homes.csv");
    fs::write(&path, text).unwrap();
    path.to_string_lossy().into_owned()
}

/// Every new layer, each leaving to the data what it can.
fn experiment(table: &str) -> String {
    format!(
        r#"
name = "homes"
seed = 3
data = {{ source = "{table}", target = "price", scale_target = "standard", split = {{ validation = 0.2, test = 0.1 }} }}
network.layers = [
  {{ embedding = 3 }},
  {{ piecewise_linear = {{ bins = 4, dimension = 2 }} }},
  {{ dense = 8, activation = "relu" }},
  {{ residual = [{{ dense = 6, activation = "tanh" }}, {{ dropout = 0.2 }}, {{ dense = 8 }}, "batch_norm"], activation = "silu" }},
  {{ residual = [{{ dense = 4 }}, {{ residual = ["layer_norm", {{ dense = 4 }}] }}] }},
  {{ dense = 1 }},
]
training = {{ optimizer = "adam", batch_size = 16, epochs = 6, checkpoint_every = "7 steps", l2 = 1e-3 }}
"#
    )
}

fn embedding(prepared: &Prepared) -> Embedding {
    match &prepared.experiment.network.layers[0] {
        Layer::Embedding(embedding) => embedding.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn layers_find_their_columns_categories_and_edges_in_the_data() {
    let folder = tempdir().unwrap();
    let prepared = ready(&experiment(&table(&folder)));
    let found = embedding(&prepared);
    assert_eq!((found.columns, found.categories), (Some(vec![1, 3]), vec![4, 2]));
    let Layer::PiecewiseLinear(piecewise) = &prepared.experiment.network.layers[1] else { panic!() };
    // Size, age and month, which the embedding lets by first.
    assert_eq!(piecewise.columns, Some(vec![0, 1, 2]));
    assert!(piecewise.edges.iter().all(|edges| edges.len() == 5), "{:?}", piecewise.edges);
    // The edges are those of the training rows, scaled.
    let sizes: Vec<f64> = (0..prepared.train.rows())
        .map(|row| prepared.train.scale().apply(0, prepared.train.feature(row, 0)))
        .collect();
    assert_eq!(piecewise.edges[0][0], sizes.iter().copied().fold(f64::INFINITY, f64::min));
    assert_eq!(piecewise.edges[0][4], sizes.iter().copied().fold(f64::NEG_INFINITY, f64::max));
}

#[test]
fn the_runs_own_file_trains_the_same_again_and_the_model_predicts() {
    let folder = tempdir().unwrap();
    let (run, result) = whole_run(&experiment(&table(&folder)), &folder);
    let again = fs::read_to_string(run.path().join("experiment.toml")).unwrap();
    assert!(again.contains("categories = [4, 2]") && again.contains("edges = [["), "{again}");
    let (_, second) = whole_run(&again, &folder);
    assert_eq!(second.summary.parameters_sha256, result.summary.parameters_sha256);

    let model = Model::load(run.path().join("model.safetensors")).unwrap();
    let preprocessing = model.preprocessing.as_ref().unwrap();
    let row = |town: &str, kind: &str| {
        let path = folder.path().join("new.csv");
        fs::write(&path, format!("size,town,age,kind,month\n60,{town},5,{kind},3\n")).unwrap();
        let contents = formats::read(&path, None).unwrap().contents;
        let (dataset, notices) = preprocessing.apply(contents, "new.csv").unwrap();
        let crate::network::AnyNetwork::F32(network) = &model.network else { panic!("f32") };
        (network.predict(model.loss.as_ref().unwrap(), &dataset).unwrap()[0], notices)
    };
    let (bern, none) = row("Bern", "flat");
    assert_eq!(none, []);
    let (paris, notices) = row("Paris", "flat");
    assert!(notices[0].to_string().contains("count as none of its categories"), "{notices:?}");
    let (lyon, _) = row("Lyon", "flat");
    assert!(bern != paris && paris == lyon && paris.is_finite(), "all unknown towns are none of them");
}

#[test]
fn a_run_with_all_of_them_that_is_killed_goes_on_to_the_same_bits_and_lines() {
    let folder = tempdir().unwrap();
    let text = experiment(&table(&folder));
    check_resumed(&text, &[3, 7, 16]);
    let waves = "{ periodic = { frequencies = 3, sigma = 0.2, dimension = 2 } }";
    check_resumed(&text.replace("{ piecewise_linear = { bins = 4, dimension = 2 } }", waves), &[9]);
}

#[test]
fn a_column_of_numbers_is_embedded_where_it_is_listed() {
    let folder = tempdir().unwrap();
    let text = experiment(&table(&folder));
    let listed = "{ embedding = { dimension = 2, columns = [1, 4], categories = [4, 12] } }";
    let prepared = ready(&text.replace("{ embedding = 3 }", listed));
    assert_eq!(prepared.train.scale().apply(4, 7.0), 7.0, "a month stays a month");
    assert_ne!(prepared.train.scale().apply(0, 7.0), 7.0);
}

#[test]
fn what_does_not_fit_the_data_is_one_sentence() {
    let folder = tempdir().unwrap();
    let path = table(&folder);
    let text = experiment(&path);
    let refuse = |layer: &str| {
        let text = text.replace("{ embedding = 3 }", layer);
        let experiment = Draft::parse(&text, None).unwrap().check().unwrap();
        prepare(experiment, None).unwrap_err().to_string().replace(&path, "homes.csv")
    };
    insta::assert_snapshot!(
        refuse("{ embedding = { dimension = 2, columns = [1, 4], categories = [4, 11] } }"),
        @r#"row 23 (counted from 0) has 11 in column "month", where an embedding takes whole numbers from 0 to 10, and -1 for none of the categories; leave the column unscaled, or give it more `categories`"#
    );
    insta::assert_snapshot!(
        refuse("{ embedding = { dimension = 2, columns = [4] } }"),
        @"layer 0 (embedding) finds no columns of categories in the data; give it `categories` too, one count for each of its `columns`"
    );
    insta::assert_snapshot!(
        refuse("{ embedding = { dimension = 2, columns = [9], categories = [2] } }"),
        @"layer 0 (embedding) works on the columns [9], which must be ascending and from 0 to 4; leave `columns` out for all that fit"
    );
    insta::assert_snapshot!(
        refuse("{ dense = 2 }, { embedding = { dimension = 2, columns = [0], categories = [2] } }"),
        @"layer 1 (embedding) takes ids of categories as the data has them, but column 0 of its input is computed by the layers before; put it first"
    );
    let iris = |layer: &str| {
        let text = format!("data.source = \"iris\"\nnetwork.layers = [{layer}, {{ dense = 3 }}]");
        prepare(Experiment::parse(&text, None).unwrap(), None).unwrap_err().to_string()
    };
    insta::assert_snapshot!(
        iris("{ embedding = 2 }"),
        @"layer 0 (embedding) finds no columns of categories in the data; leave it out, or give it `columns` and `categories`"
    );
    insta::assert_snapshot!(
        iris("\"periodic\", \"periodic\""),
        @"layer 1 (periodic) finds no columns of numbers in the data; leave it out"
    );
}

#[test]
fn a_batch_cut_into_shards_gives_the_same_but_for_rounding() {
    let folder = tempdir().unwrap();
    let text = experiment(&table(&folder)).replace("seed = 3", "seed = 3\nprecision = \"f64\"");
    // Without the normalisation over the batch, so that blocks are cut.
    let text = text.replace(", \"batch_norm\"]", "]");
    let trained = |text: &str| {
        let mut prepared = ready(text);
        prepared.train(Vec::new(), None, None).unwrap();
        prepared.network.to_f64().parameters().to_vec()
    };
    let whole = trained(&text);
    let cut = trained(&text.replace("epochs = 6", "epochs = 6, shards = 3"));
    assert_ne!(whole, cut);
    for (a, b) in whole.iter().zip(&cut) {
        assert!((a - b).abs() < 1e-9, "{a} and {b}");
    }
}

#[test]
fn a_wrong_id_in_memory_is_named() {
    let network = crate::Network::<f32>::builder(2)
        .layer(Embedding { columns: Some(vec![1]), ..Embedding::new(vec![3], 2) })
        .dense(1)
        .build(0)
        .unwrap();
    let mut predictor = network.predictor(&crate::Loss::HalfSquares).unwrap();
    let error = predictor.predict(&[0.0, 2.0, 0.0, 2.5], &mut [0.0; 2]).unwrap_err().to_string();
    insta::assert_snapshot!(
        error,
        @"row 1 (counted from 0) has 2.5 in column 1, where an embedding takes whole numbers from 0 to 2, and -1 for none of the categories; leave the column unscaled, or give it more `categories`"
    );
}
