//! Against numbers printed by NumPy 2.4 on x86-64 Linux; every expected value is a line of Python's answer to the call named.

use super::*;

struct Expected {
    seed: u32,
    rand: [f64; 4],
    randn: [f64; 5],
    randint_0_256: [i64; 8],
    /// A range that needs 64 bits.
    randint_wide: [i64; 4],
    /// The full range of 32 bits, where nothing is rejected.
    randint_32: [i64; 3],
    permutation: [usize; 10],
    /// `np.random.shuffle(np.arange(7) * 10)`.
    shuffle: [i32; 7],
    /// `rand(), randn(), randint(0, 10), randn(), random()` in one go.
    mixed: (f64, f64, i64, f64, f64),
    /// Exclusive or of the bits of `rand(100_000)`.
    rand_bits: u64,
}

const EXPECTED: [Expected; 4] = [
    Expected {
        seed: 0,
        rand: [0.5488135039273248, 0.7151893663724195, 0.6027633760716439, 0.5448831829968969],
        randn: [
            1.764052345967664,
            0.4001572083672233,
            0.9787379841057392,
            2.240893199201458,
            1.8675579901499675,
        ],
        randint_0_256: [172, 47, 117, 192, 67, 251, 195, 103],
        randint_wide: [741280623146, 506137267387, 841157541218, 41332891342],
        randint_32: [2357136044, 2546248239, 3071714933],
        permutation: [2, 8, 4, 9, 1, 6, 7, 3, 0, 5],
        shuffle: [60, 20, 10, 30, 0, 50, 40],
        mixed: (0.5488135039273248, 0.7415917408091613, 3, 1.5529137219128164, 0.8472517387841254),
        rand_bits: 0x1301470a2495e21,
    },
    Expected {
        seed: 1,
        rand: [0.417022004702574, 0.7203244934421581, 0.00011437481734488664, 0.30233257263183977],
        randn: [
            1.6243453636632417,
            -0.6117564136500754,
            -0.5281717522634557,
            -1.0729686221561705,
            0.8654076293246785,
        ],
        randint_0_256: [37, 235, 140, 72, 255, 137, 203, 133],
        randint_wide: [163196666086, 1095766950788, 876169207424, 620178591868],
        randint_32: [1791095845, 4282876139, 3093770124],
        permutation: [2, 9, 6, 4, 0, 3, 1, 7, 8, 5],
        shuffle: [60, 20, 10, 0, 40, 30, 50],
        mixed: (0.417022004702574, -0.8021728386486427, 0, -0.4488778077207725, 0.3965807272960261),
        rand_bits: 0xdb540637c431d7,
    },
    Expected {
        seed: 42,
        rand: [0.3745401188473625, 0.9507143064099162, 0.7319939418114051, 0.5986584841970366],
        randn: [
            0.4967141530112327,
            -0.13826430117118466,
            0.6476885381006925,
            1.5230298564080254,
            -0.23415337472333597,
        ],
        randint_0_256: [102, 179, 92, 14, 106, 71, 188, 20],
        randint_wide: [441507790254, 458615280706, 810017303567, 440001501300],
        randint_32: [1608637542, 3421126067, 4083286876],
        permutation: [8, 1, 5, 0, 7, 2, 9, 4, 3, 6],
        shuffle: [0, 10, 50, 20, 40, 30, 60],
        mixed: (0.3745401188473625, -1.1118801180469204, 2, 0.31890218468938336, 0.09997491581800289),
        rand_bits: 0x1a0c405d15f7fa0,
    },
    Expected {
        seed: 12345,
        rand: [0.9296160928171479, 0.3163755545817859, 0.18391881167709445, 0.2045602785530397],
        randn: [
            -0.20470765948471295,
            0.47894333805754824,
            -0.5194387150567381,
            -0.55573030434749,
            1.9657805725027142,
        ],
        randint_0_256: [226, 229, 29, 129, 164, 169, 254, 126],
        randint_wide: [128661371644, 508790099308, 452577545302, 1061522527601],
        randint_32: [3992670690, 3823185381, 1358822685],
        permutation: [0, 7, 3, 9, 6, 4, 1, 8, 5, 2],
        shuffle: [60, 30, 40, 0, 10, 50, 20],
        mixed: (0.9296160928171479, -0.9678381828411187, 5, -0.5622566484317844, 0.5320779204036645),
        rand_bits: 0x73b0975d3bac6f,
    },
];

#[test]
fn every_call_gives_numpys_numbers() {
    for expected in &EXPECTED {
        let start = NumpyRandom::new(expected.seed);
        let mut random = start.clone();
        let mut rand = [0.0; 4];
        random.fill_random(&mut rand);
        assert_eq!(rand, expected.rand);

        random = start.clone();
        let mut randn = [0.0; 5];
        random.fill_randn(&mut randn);
        assert_eq!(randn, expected.randn);

        random = start.clone();
        let mut integers = [0; 8];
        random.fill_randint(0, 256, &mut integers);
        assert_eq!(integers, expected.randint_0_256);

        random = start.clone();
        assert_eq!(expected.randint_wide.map(|_| random.randint(-5, 1 << 40)), expected.randint_wide);

        random = start.clone();
        assert_eq!(expected.randint_32.map(|_| random.randint(0, 1 << 32)), expected.randint_32);

        random = start.clone();
        assert_eq!(random.permutation(10), expected.permutation);

        random = start.clone();
        let mut values = [0, 10, 20, 30, 40, 50, 60];
        random.shuffle(&mut values);
        assert_eq!(values, expected.shuffle);

        random = start.clone();
        let mixed = (random.random(), random.randn(), random.randint(0, 10), random.randn(), random.random());
        assert_eq!(mixed, expected.mixed);

        random = start;
        let bits = (0..100_000).fold(0, |bits, _| bits ^ random.random().to_bits());
        assert_eq!(bits, expected.rand_bits);
    }
}

#[test]
fn the_whole_range_of_int64() {
    let mut random = NumpyRandom::new(0);
    assert_eq!(random.randint(i64::MIN, i64::MAX), 900450186894289455);
    assert_eq!(random.randint(i64::MIN, i64::MAX), 3969543146641149120);
    assert_eq!(random.randint(3, 4), 3);
}

/// The reference trajectories' starts, drawn as their scripts draw them.
#[test]
fn the_curves_start() {
    let mut random = NumpyRandom::new(0);
    let mut noise = [0.0; 30];
    random.fill_random(&mut noise);
    let w0: Vec<f64> = (0..5).map(|_| random.randn() * 0.01).collect();
    assert_eq!(
        w0,
        [
            0.008644361988595058,
            -0.00742165020406442,
            0.022697546239876076,
            -0.014543656745987649,
            0.0004575851730144607
        ]
    );
    let b0: Vec<f64> = (0..5).map(|_| random.randn()).collect();
    assert_eq!(
        b0,
        [-0.1871838500258336, 1.5327792143584575, 1.469358769900285, 0.1549474256969163, 0.37816251960217356]
    );
    let w1: Vec<f64> = (0..5).map(|_| random.randn() * 0.01).collect();
    assert_eq!(
        w1,
        [
            -0.008877857476301128,
            -0.01980796468223927,
            -0.003479121493261526,
            0.0015634896910398006,
            0.012302906807277207
        ]
    );
    assert_eq!(random.randn(), 1.2023798487844113);
}

#[test]
fn the_spirals_weights_come_after_its_300_angles() {
    let mut random = NumpyRandom::new(0);
    random.fill_randn(&mut [0.0; 300]);
    let w0: Vec<f64> = (0..200).map(|_| 0.01 * random.randn()).collect();
    assert_eq!(w0[..3], [-0.013065268517353165, 0.01658130679618188, -0.0011816404512856977]);
    assert_eq!(w0[199], -0.0007785475594085076);
    let w1: Vec<f64> = (0..300).map(|_| 0.01 * random.randn()).collect();
    assert_eq!(w1[299], -0.008299645975379619);
}

#[test]
fn the_regressions_start() {
    let mut random = NumpyRandom::new(0);
    let mut x = vec![0.0; 2700];
    random.fill_randn(&mut x);
    assert_eq!([x[0], x[1], x[2699]], [1.764052345967664, 0.4001572083672233, 0.10481160807228165]);
    random.fill_randn(&mut [0.0; 81]);
    let mut w0 = [0.0; 243];
    random.fill_randn(&mut w0);
    assert_eq!([w0[0], w0[1], w0[242]], [0.23497719288905192, 0.6289995874568216, -0.23469435432292007]);
    let mut b0 = [0.0; 900];
    random.fill_randn(&mut b0);
    assert_eq!(b0[..2], [0.8997308125715531, -1.578530185941114]);
    let mut w1 = [0.0; 27];
    random.fill_randn(&mut w1);
    assert_eq!(w1[26], -0.7035153156202221);
}

#[test]
fn the_networks_data_and_weights_share_one_stream() {
    let mut random = NumpyRandom::new(0);
    let mut x = [0.0; 512];
    random.fill_random(&mut x);
    assert_eq!(x[511], 0.3484759890334971);
    let mut labels = [0; 64];
    random.fill_randint(0, 4, &mut labels);
    assert_eq!(
        labels,
        [
            0, 3, 2, 0, 0, 1, 1, 2, 1, 0, 3, 2, 1, 3, 0, 1, 2, 1, 2, 2, 1, 2, 2, 2, 3, 2, 1, 2, 2, 2, 3, 2,
            0, 1, 1, 3, 0, 1, 0, 1, 3, 1, 3, 3, 2, 0, 3, 0, 1, 0, 2, 1, 1, 2, 0, 0, 1, 1, 2, 0, 0, 0, 2, 2
        ]
    );
    assert_eq!(random.randn(), 0.9295051114795281);
}

#[test]
fn a_saved_generator_goes_on_where_it_was() {
    let mut random = NumpyRandom::new(42);
    for _ in 0..801 {
        random.randn();
    }
    assert!(random.spare.is_some());
    let mut resumed = NumpyRandom::from_words(&random.to_words()).unwrap();
    assert_eq!(resumed, random);
    for _ in 0..1000 {
        assert_eq!(resumed.randn(), random.randn());
    }
}

#[test]
fn words_that_are_no_generator_are_refused() {
    let words = NumpyRandom::new(1).to_words();
    assert_eq!(words.len(), SAVED);
    assert!(NumpyRandom::from_words(&words).is_some());
    assert!(NumpyRandom::from_words(&words[1..]).is_none());
    assert!(NumpyRandom::from_words(&[]).is_none());
    let mut wrong = words.clone();
    wrong[WORDS] = 625;
    assert!(NumpyRandom::from_words(&wrong).is_none());
    let mut wrong = words;
    wrong[WORDS + 1] = 2;
    assert!(NumpyRandom::from_words(&wrong).is_none());
}
