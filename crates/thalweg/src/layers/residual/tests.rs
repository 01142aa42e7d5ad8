//! Residual blocks by themselves: shapes, names, random numbers, and against PyTorch.

use std::collections::BTreeSet;

use super::super::tests::{agrees_flat, irregular, run};
use super::super::{BatchNorm, Dense, Dropout, Embedding};
use super::*;
use crate::activations::Activation;

fn dense(out_features: usize) -> Layer {
    Dense::new(out_features).into()
}

fn names(layer: &Layer, input: impl Into<Shape>) -> Vec<String> {
    layer.parameters(&input.into()).into_iter().map(|parameter| parameter.name).collect()
}

#[test]
fn a_straight_block_agrees_with_pytorch() {
    agrees_flat(
        Residual::new(vec![dense(4), Activation::Tanh.into(), dense(3)]).into(),
        3,
        &irregular(12),
        &[
            -0.5822502058478596,
            0.2606635253916575,
            0.23845873614140345,
            0.4839067963069782,
            -0.36547589365426547,
            -0.5699047957097036,
            -0.43354982389877217,
            0.43303818734672883,
            0.4622956807169527,
            0.6270499323482668,
            -0.1898875023654506,
            -0.3422608417589337,
        ],
        &[
            0.1974972238976726,
            -0.12729810540944897,
            -0.2956227400513993,
            -0.4868266068228194,
            0.8090424385385432,
            0.6039371193793868,
            -0.017784600590741023,
            -0.27425924521911793,
            -0.4783891002377132,
            -0.7010930803675628,
            0.6612295273286288,
            0.42225635790427396,
        ],
        &[
            -0.271153990588365,
            0.47670360519961363,
            -0.21827425262385575,
            0.30492141030591,
            0.23668039539153116,
            -0.37757904269747805,
            0.17452501835451378,
            -0.2386103039972375,
            0.2784043212690803,
            -0.7406755152311211,
            0.22381641374545813,
            -0.2168327499744559,
            -0.1375798732367553,
            1.1972690875374048,
            -0.16253273839693747,
            -0.07180899349342024,
            0.9440419057493583,
            -0.7872426505452481,
            -0.6120629210729839,
            0.4762704505791856,
            -0.4690986776986533,
            0.22075697893524043,
            -0.837710103986418,
            0.728311698989619,
            0.5423887225128008,
            -0.3049945523906612,
            0.27475427951255565,
            -0.12930787012457534,
            -1.4588701684836471,
            1.3280475718533202,
            0.11496531219028716,
        ],
    );
}

#[test]
fn a_projected_block_agrees_with_pytorch() {
    agrees_flat(
        Residual::new(vec![dense(4), Activation::Tanh.into()]).into(),
        3,
        &irregular(12),
        &[
            0.4125540018144165,
            -0.5548131068130406,
            0.05847831890242726,
            0.9461757845828831,
            -0.47536098706251506,
            -0.3498193166614929,
            0.6275575015099664,
            -0.02735362154987553,
            0.42944205900765997,
            -0.5453014175774773,
            -0.07380358668251213,
            0.9997433372416582,
            -0.44740599636897077,
            -0.3255175594061881,
            0.5025007615408823,
            0.03282630392857555,
        ],
        &[
            0.00022138920194403333,
            -0.4298660214407688,
            -0.09650046469984444,
            -0.013189886360971015,
            0.1086901029181061,
            -0.06571333282112193,
            -0.23058208725458482,
            0.3374749287048288,
            0.6999775073856445,
            0.3957513651628626,
            -0.3499603544461062,
            -0.355972519380931,
        ],
        &[
            0.6175532471183154,
            0.8130136943199873,
            -0.0033696579058003773,
            -0.9635994218659346,
            -0.6792577247547669,
            -0.5841807104125499,
            -0.18839730203722158,
            0.9480303147410798,
            -0.3417485492309621,
            -0.6244551745804173,
            -0.26174291976805153,
            0.6908380676215503,
            -1.1128979022990817,
            0.13280043903718386,
            0.24184878526276915,
            0.8480620174627618,
            0.5950823166329594,
            1.5786445282840953,
            0.021076908418878215,
            -1.175737490435437,
            -0.721846297102097,
            -1.1900153327682181,
            -0.19931419995069147,
            1.152140153877737,
            -0.3341168335328917,
            -1.0409348568532366,
            -0.2888827116899343,
            0.8239226544842699,
        ],
    );
}

#[test]
fn a_shortcut_beside_a_batch_norm_agrees_with_pytorch() {
    agrees_flat(
        Residual::new(vec![dense(2), BatchNorm::default().into()]).with_shortcut(vec![dense(2)]).into(),
        3,
        &irregular(12),
        &[
            0.4163574569364017,
            -0.36000499939072594,
            -0.2894169897975387,
            -0.11500541015901944,
            0.4054116896298701,
            -0.3743387579376252,
            -0.3003627571040703,
            -0.12933916870591874,
        ],
        &[
            0.21373031879269122,
            -0.2474501670236225,
            -0.09427868996481051,
            -0.23944165509096788,
            0.2962979935528144,
            -0.22174293770921114,
            -0.33256249703295027,
            -0.01777324526420236,
            0.1963533003464127,
            0.14795068615531448,
            -0.09231725252592073,
            -0.2840696856595699,
        ],
        &[
            0.012026463175238394,
            0.014460983756256415,
            0.06690761277395851,
            0.023701185023838292,
            0.06690761277395847,
            0.023701185023838306,
            -1.1102230246251565e-16,
            0.0,
            0.7315854993995214,
            -0.7680483809384863,
            -1.6392467789890983,
            1.1476709613478693,
            0.0,
            0.0,
            0.0,
            0.0,
            0.20735285306375428,
            -0.8090849352851099,
            -0.14784088888801578,
            0.7774489456143472,
            0.3492944078123451,
            0.42939412482896744,
            -1.6392467789890983,
            1.1476709613478693,
        ],
    );
}

#[test]
fn parameters_are_named_by_their_place_inside() {
    let inner = Residual::new(vec![dense(4)]);
    let block: Layer = Residual::new(vec![dense(2), Activation::Relu.into(), inner.into()]).into();
    let expected =
        ["0.weight", "0.bias", "2.0.weight", "2.0.bias", "2.projection.weight", "projection.weight"];
    assert_eq!(names(&block, 3), expected);
    let block: Layer = Residual::new(vec![dense(2)]).with_shortcut(vec![dense(2)]).into();
    assert_eq!(names(&block, 3), ["0.weight", "0.bias", "shortcut.0.weight", "shortcut.0.bias"]);
}

#[test]
fn a_block_of_any_shape_goes_straight_around() {
    let block: Layer = Residual::new(vec![Activation::Relu.into()]).into();
    let passes = run(&block, &Shape::from([2, 2]), 1, &[1.0, -1.0, 2.0, -2.0], &mut []);
    assert_eq!(passes.y, [2.0, -1.0, 4.0, -2.0]);
    assert_eq!(passes.y, passes.inference);
    let dy = irregular(4);
    assert_eq!(passes.dx, [2.0 * dy[0], dy[1], 2.0 * dy[2], dy[3]]);
}

#[test]
fn a_second_shape_is_worked_out_anew() {
    let block: Layer = Residual::new(vec![Activation::Relu.into()]).into();
    assert_eq!(block.output_shape(&Shape::from(2)).unwrap(), Shape::from(2));
    assert_eq!(block.output_shape(&Shape::from([3, 3])).unwrap(), Shape::from([3, 3]));
    assert_eq!(run(&block, &Shape::from(3), 1, &[1.0, 2.0, -3.0], &mut []).y, [2.0, 4.0, -3.0]);
}

#[test]
fn what_cannot_be_added_is_refused_with_its_cure() {
    let refuse =
        |block: Residual, input: Shape| Layer::from(block).output_shape(&input).unwrap_err().to_string();
    insta::assert_snapshot!(
        refuse(Residual::new(Vec::new()), Shape::from(2)),
        @"has no layers inside; give it at least one, such as { residual = [{ dense = 8 }] }"
    );
    insta::assert_snapshot!(
        refuse(Residual::new(vec![Layer::Flatten]), Shape::from([2, 2])),
        @"gives [4] by its inner layers and [2, 2] by the way around them, which cannot be added; give it a `shortcut` of layers that ends in [4] too"
    );
    insta::assert_snapshot!(
        refuse(Residual::new(vec![dense(3)]).with_shortcut(vec![dense(4)]), Shape::from(2)),
        @"gives [3] by its inner layers and [4] by the way around them, which cannot be added; give it a `shortcut` of layers that ends in [3] too"
    );
    insta::assert_snapshot!(
        refuse(Residual::new(vec![dense(3), dense(0)]), Shape::from(2)),
        @"cannot be made: its inner layer 1 (dense) has 0 outputs; give it at least 1"
    );
    insta::assert_snapshot!(
        refuse(Residual::new(vec![Embedding::new(vec![2], 1).into()]), Shape::from(1)),
        @"cannot be made: its inner layer 0 (embedding) cannot stand inside a residual block, which would add its ids to something; put it first in the network"
    );
}

#[test]
fn inner_layers_have_numbers_of_their_own() {
    let mut numbers: BTreeSet<u32> = (0..10_000).collect();
    let mut expected = numbers.len();
    for block in 0..1000 {
        for place in 0..10 {
            let inner = inner_number(block, place);
            numbers.extend([inner, inner_number(inner, 0), inner_number(inner, 1)]);
            expected += 3;
        }
    }
    assert_eq!(numbers.len(), expected);
}

#[test]
fn two_dropouts_inside_and_one_outside_draw_different_masks() {
    let dropout = || Layer::from(Dropout { dropout: 0.5 });
    let block: Layer = Residual::new(vec![dropout(), dropout()]).into();
    let (width, x) = (64, vec![1.0; 64]);
    let outside = run(&dropout(), &Shape::from(width), 1, &x, &mut []);
    let inside = run(&block, &Shape::from(width), 1, &x, &mut []);
    // Two masks of 0 or 2 on 1: 0 or 4, beside 1. The same mask twice would leave half of the values; different ones a quarter.
    let left = inside.y.iter().filter(|&&y| y == 5.0).count();
    assert!((8..=24).contains(&left), "{left}");
    assert!(inside.y.iter().all(|&y| y == 5.0 || y == 1.0));
    let of_one = outside.y.iter().zip(&inside.y).filter(|(out, y)| **out == 0.0 && **y == 5.0).count();
    assert!(of_one > 0);
}

#[test]
fn its_extent_is_that_of_its_layers() {
    assert_eq!(Layer::from(Residual::new(vec![dense(2)])).extent(), Extent::Row);
    let inner = Residual::new(vec![BatchNorm::default().into()]);
    assert_eq!(Layer::from(Residual::new(vec![inner.into()])).extent(), Extent::Batch);
}
