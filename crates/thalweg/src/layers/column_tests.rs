//! Embeddings of categories and numbers by themselves: small cases by hand, and against PyTorch.

use super::tests::{agrees_flat, irregular, run};
use super::*;

fn piecewise(dimension: Option<usize>) -> Layer {
    let edges = vec![vec![-0.9, -0.5, 0.1, 0.8], vec![-0.3, 0.4]];
    PiecewiseLinear { edges, dimension, ..PiecewiseLinear::default() }.into()
}

fn shares_x() -> Vec<f64> {
    irregular(8).iter().map(|value| 1.5 * value).collect()
}

#[test]
fn embedding_agrees_with_pytorch() {
    agrees_flat(
        Embedding { columns: Some(vec![0, 2]), ..Embedding::new(vec![3, 2], 2) }.into(),
        3,
        &[2.0, 0.5, 1.0, 0.0, -1.5, 1.0, -1.0, 0.25, 0.0, 2.0, 1.0, -1.0],
        &[
            0.5,
            -0.10654112983151637,
            -0.2581764122893955,
            0.28691774033696726,
            0.1352824578790882,
            -1.5,
            -0.5,
            0.34836471754212095,
            0.28691774033696726,
            0.1352824578790882,
            0.25,
            0.0,
            0.0,
            -0.4098116947472745,
            0.4385530227948464,
            1.0,
            -0.10654112983151637,
            -0.2581764122893955,
            0.0,
            0.0,
        ],
        &[
            0.0,
            0.4509415262636274,
            0.0,
            0.0,
            -0.032705649157581784,
            0.0,
            0.0,
            -0.516352824578791,
            0.0,
            0.0,
            -1.0,
            0.0,
        ],
        &[
            -0.33597621407334,
            -0.6392467789890981,
            0.0,
            0.0,
            0.8444003964321112,
            0.23785926660059453,
            0.5738354806739345,
            0.2705649157581764,
            -1.4013875123885033,
            -0.007928642220019877,
        ],
    );
}

#[test]
fn waves_agree_with_pytorch() {
    agrees_flat(
        Periodic { frequencies: 2, ..Periodic::default() }.into(),
        2,
        &irregular(6),
        &[
            1.2246467991473532e-16,
            -0.8150135498050821,
            -1.0,
            -0.5794418984109786,
            0.7586370230447439,
            0.1961281148439488,
            0.6515135204013872,
            0.9805782796736622,
            -0.9445059970594548,
            0.7586370230447439,
            0.32849417273176257,
            0.6515135204013872,
            0.11124986755475649,
            0.025550715102037807,
            0.9937924667499997,
            0.9996735271866383,
            0.6205294322884679,
            -0.44967638168630486,
            0.7841831569625503,
            0.893191553785364,
            -0.5957966988500029,
            -0.14577944135497944,
            0.8031352897485199,
            0.9893171152255631,
        ],
        &[
            -0.6983391470706939,
            0.6190498495184178,
            0.44859247025444593,
            -1.1592005669031387,
            4.681525629836297,
            -0.9236632376343069,
        ],
        &[2.6942583293422864, 3.514767359384707, 3.3080696473653424, 3.3908025149168295],
    );
}

#[test]
fn waves_with_layers_of_their_own_agree_with_pytorch() {
    agrees_flat(
        Periodic { frequencies: 2, dimension: Some(3), columns: Some(vec![1, 2]), ..Periodic::default() }
            .into(),
        3,
        &irregular(9),
        &[
            -1.0,
            0.7670532939220774,
            0.7142037262269587,
            0.6156031162871888,
            0.0,
            0.0,
            0.704141968414487,
            0.09018830525272548,
            0.0,
            0.018445105550889573,
            0.0,
            0.0,
            0.0,
            0.876393492752642,
            -0.819623389494549,
            0.8827605158966385,
            0.4960635064469691,
            0.45137036972201783,
            0.0,
            0.0,
            0.6925314997659265,
        ],
        &[
            0.7542120911793855,
            0.3558281628618082,
            -0.08801737017163053,
            0.8771060455896929,
            0.3356813216643987,
            0.21213691788318909,
            -1.0,
            -0.48751129321390674,
            0.027417901513856993,
        ],
        &[
            1.0206756753721242,
            0.7438381168276943,
            -0.888933170917311,
            1.0299333896336391,
            -0.6298855638150943,
            -0.1006221581458555,
            0.0928542603781867,
            1.1051849679026222,
            0.395582405628924,
            -0.0706868519859809,
            -0.9067384697868567,
            -0.23789114889215054,
            0.006611272397449006,
            -0.2176531202221612,
            0.11385794054127285,
            -0.037963593706996625,
            0.0,
            0.0,
            0.4645475108178666,
            0.0,
            0.0,
            0.10869824077504117,
            0.0,
            0.0,
            -0.5526896756470383,
            0.0,
            0.0,
            -0.812475297160206,
            1.1476709613478693,
            0.8116947472745293,
            -0.06541129831516357,
            0.0,
            0.0,
            -0.8275520317145689,
        ],
    );
}

#[test]
fn shares_agree_with_pytorch() {
    agrees_flat(
        piecewise(None),
        2,
        &shares_x(),
        &[
            -1.4999999999999998,
            0.0,
            0.0,
            1.9215630751805186,
            1.0,
            1.0,
            0.7002690075038933,
            0.6218320826844117,
            1.0,
            0.30062768417575153,
            0.0,
            -0.677898909811695,
            -0.8235877106045588,
            0.0,
            0.0,
            2.308084383406485,
        ],
        &[
            -1.5981169474727452,
            0.6442021803766106,
            -0.04672235593940254,
            -0.47996602010477146,
            -0.8605880409646516,
            1.2530086365567041,
            -2.5,
            0.1288404360753221,
        ],
        &[],
    );
}

#[test]
fn shares_with_layers_of_their_own_agree_with_pytorch() {
    agrees_flat(
        piecewise(Some(3)),
        2,
        &shares_x(),
        &[
            0.43037661050545084,
            0.0,
            0.08201189296333011,
            0.48542453891193343,
            0.042412496788425645,
            0.0,
            0.0,
            0.07767000576855582,
            0.5165786696455669,
            0.3095937356654333,
            0.06366676970833227,
            0.0,
            0.0,
            0.0,
            0.4962205037385695,
            0.13376293241893322,
            0.08492104262823888,
            0.0360791528375444,
            0.09217046580773036,
            0.0,
            0.21508210054013388,
            0.5377140915113827,
            0.036091781639041656,
            0.0,
        ],
        &[
            1.033240478900991,
            0.11434537835678807,
            -0.28135285895719503,
            0.08369948672341115,
            -0.24691797607459526,
            0.1336821782493591,
            1.4435123531428244,
            0.022407703456657328,
        ],
        &[
            1.5118929633300295,
            -0.9425173439048563,
            -0.39788337077305225,
            0.0,
            -0.9425173439048563,
            0.9267229228322696,
            0.0,
            -0.6600156849714595,
            0.5281513525376241,
            1.518274086246576,
            0.25254993042231955,
            0.22775790924297784,
            -1.4588701684836471,
            -0.9425173439048563,
            2.65609514370664,
            1.4430128840436076,
            0.22993062438057477,
            -0.33597621407334,
        ],
    );
}

#[test]
fn an_embedding_is_a_dense_layer_over_columns_of_0_and_1_to_the_bit() {
    let (rows, categories, dimension) = (5000, 17, 9); // two blocks of rows, no lanes
    let ids: Vec<f64> = (0..rows).map(|n| ((n * 7919) % (categories + 1)) as f64 - 1.0).collect();
    let mut one_hot = vec![0.0; rows * categories];
    for (n, &id) in ids.iter().enumerate().filter(|(_, id)| **id >= 0.0) {
        one_hot[n * categories + id as usize] = 1.0;
    }
    let mut table = irregular(categories * dimension);
    let embedded =
        run(&Embedding::new(vec![categories], dimension).into(), &Shape::from(1), rows, &ids, &mut table);
    table.extend(vec![0.0; dimension]);
    let dense = run(&Dense::new(dimension).into(), &Shape::from(categories), rows, &one_hot, &mut table);
    assert_eq!(embedded.y, dense.y);
    assert_eq!(embedded.inference, dense.inference);
    assert_eq!(embedded.dparameters, dense.dparameters[..categories * dimension]);
}

#[test]
fn an_id_that_is_none_of_them_gives_no_number() {
    let mut table = [1.0, 2.0];
    let passes = run(&Embedding::new(vec![2], 1).into(), &Shape::from(1), 3, &[1.0, 0.5, 2.0], &mut table);
    assert_eq!(passes.y[0], 2.0);
    assert!(passes.y[1].is_nan() && passes.y[2].is_nan());
}

#[test]
fn shares_go_on_beyond_the_outer_edges_alone() {
    let layer: Layer =
        PiecewiseLinear { edges: vec![vec![0.0, 1.0, 3.0]], ..PiecewiseLinear::default() }.into();
    let passes = run(&layer, &Shape::from(1), 4, &[-0.5, 0.5, 2.0, 7.0], &mut []);
    assert_eq!(passes.y, [-0.5, 0.0, 0.5, 0.0, 1.0, 0.5, 1.0, 3.0]);
}

#[test]
fn what_passes_by_comes_first_and_is_known() {
    let layer: Layer = Embedding { columns: Some(vec![0, 2, 3]), ..Embedding::new(vec![2; 3], 2) }.into();
    let input = Shape::from(6);
    let origins: Vec<_> = (0..9).map(|value| layer.origin(&input, value)).collect();
    let [a, b, c] = [1, 4, 5].map(Some);
    assert_eq!(origins, [a, b, c, None, None, None, None, None, None]);
    let all: Layer = Embedding::new(vec![2], 2).into();
    assert_eq!(all.origin(&Shape::from(1), 0), None);
    assert_eq!(Layer::Flatten.origin(&Shape::from([2, 2]), 3), Some(3));
    assert_eq!(dense_of(2).origin(&Shape::from(2), 0), None);
}

fn dense_of(out_features: usize) -> Layer {
    Dense::new(out_features).into()
}

#[test]
fn quantiles_by_hand() {
    assert_eq!(quantiles(vec![4.0, 0.0, 1.0, 3.0, 2.0], 4), [0.0, 1.0, 2.0, 3.0, 4.0]);
    assert_eq!(quantiles(vec![0.0, 10.0], 4), [0.0, 2.5, 5.0, 7.5, 10.0]);
    assert_eq!(quantiles(vec![1.0, 1.0, 1.0, 5.0], 2), [1.0, 5.0]);
    assert_eq!(quantiles(vec![7.0, 7.0], 3), [7.0, 8.0]); // a constant column
}

#[test]
fn what_does_not_fit_is_refused_with_its_cure() {
    let refuse = |layer: Layer, input: Shape| layer.output_shape(&input).unwrap_err().to_string();
    insta::assert_snapshot!(
        refuse(Embedding::new(vec![3], 2).into(), Shape::from([2, 2])),
        @r#"takes a row of values, but its input has the shape [2, 2]; put "flatten" before it"#
    );
    insta::assert_snapshot!(
        refuse(Embedding::new(vec![3], 2).into(), Shape::from(2)),
        @"has 2 columns of ids and the counts of categories [3]; give as many counts as columns, each 1 or more, together at most 16777216"
    );
    insta::assert_snapshot!(
        refuse(Embedding { columns: Some(vec![1, 1]), ..Embedding::new(vec![3, 3], 2) }.into(), Shape::from(2)),
        @"works on the columns [1, 1], which must be ascending and from 0 to 1; leave `columns` out for all that fit"
    );
    insta::assert_snapshot!(
        refuse(Embedding::new(vec![3], 0).into(), Shape::from(1)),
        @"has dimension = 0; give it at least 1"
    );
    insta::assert_snapshot!(
        refuse(Embedding::new(vec![3], 1 << 31).into(), Shape::from(1)),
        @"makes 2147483648 numbers of each of 1 columns, and a row has at most 1073741824; make them fewer"
    );
    insta::assert_snapshot!(
        refuse(Periodic { frequencies: 0, ..Periodic::default() }.into(), Shape::from(1)),
        @"has frequencies = 0; give it at least 1"
    );
    insta::assert_snapshot!(
        refuse(Periodic { sigma: 0.0, ..Periodic::default() }.into(), Shape::from(1)),
        @"has sigma = 0; it must be a finite number above 0"
    );
    insta::assert_snapshot!(
        refuse(PiecewiseLinear::default().into(), Shape::from(2)),
        @"has edges for 0 columns but works on 2; give a list of edges for each"
    );
    insta::assert_snapshot!(
        refuse(PiecewiseLinear { edges: vec![vec![1.0, 1.0]], ..PiecewiseLinear::default() }.into(), Shape::from(1)),
        @"has edges for column 0 that make no bins; give two or more finite numbers, ascending"
    );
}
