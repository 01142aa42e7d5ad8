import unittest

from comparison.goals import ANY, ROWS, Row
from comparison.summary import figure, figures, is_reached, losses, ratios
from tests.made_session import measurement

W5 = Row("W5", "f32", "an epoch", {1: 1.65, 2: 2.0})
W2 = Row("W2", "f32", "an epoch", {ANY: 4.0})


class Figures(unittest.TestCase):
    def test_are_medians_with_their_spread(self):
        rounds = [measurement("jax-scan", "W5", 1, s, number=n) for n, s in enumerate([0.3, 0.2, 0.9], 1)]
        found = figure(rounds, "jax-scan", W5, 1)
        self.assertEqual((found.seconds, found.fastest, found.slowest, found.rounds), (0.3, 0.2, 0.9, 3))

    def test_count_the_rounds_that_others_disturbed(self):
        rounds = [measurement("jax-scan", "W5", 1, 0.3, other_cpu=others) for others in (0.0, 0.5, 0.05)]
        self.assertEqual(figure(rounds, "jax-scan", W5, 1).disturbed, 1)

    def test_keep_precisions_threads_and_works_apart(self):
        rounds = [
            measurement("candle", "W3", 1, 1.0, precision="f64"),
            measurement("candle", "W3", 1, 2.0),
            measurement("candle", "W3", 2, 3.0),
            measurement("candle", "W3L", 1, 4.0),
        ]
        row = Row("W3", "f32", "", {1: 7.0})
        self.assertEqual({t: f.seconds for t, f in figures(rounds, "candle", row).items()}, {1: 2.0, 2: 3.0})

    def test_of_ours_keep_the_forms_of_the_input_apart(self):
        rounds = [
            measurement("thalweg", "W4", 1, 1.0, input="u8"),
            measurement("thalweg", "W4", 1, 2.0, input="f32"),
            measurement("jax-scan", "W4", 1, 3.0),
        ]
        from_u8, from_f32 = [row for row in ROWS if row.work == "W4"]
        self.assertEqual(figure(rounds, "thalweg", from_u8, 1).seconds, 1.0)
        self.assertEqual(figure(rounds, "thalweg", from_f32, 1).seconds, 2.0)
        self.assertEqual(figure(rounds, "jax-scan", from_u8, 1).seconds, 3.0)

    def test_are_none_where_nothing_was_measured(self):
        self.assertIsNone(figure([], "jax-scan", W5, 1))


class Ratios(unittest.TestCase):
    def test_compare_the_same_number_of_threads(self):
        rounds = [
            measurement("thalweg", "W5", 1, 0.1),
            measurement("thalweg", "W5", 2, 0.05),
            measurement("jax-scan", "W5", 1, 0.2),
            measurement("jax-scan", "W5", 2, 0.075),
        ]
        found = ratios(rounds, W5, "jax-scan")
        self.assertAlmostEqual(found[1], 2.0)
        self.assertAlmostEqual(found[2], 1.5)
        self.assertFalse(is_reached(W5, found))
        self.assertTrue(is_reached(W5, {1: 1.65, 2: 2.0}))

    def test_take_our_best_where_the_goal_is_one_figure(self):
        rounds = [
            measurement("thalweg", "W2", 1, 0.05),
            measurement("thalweg", "W2", 2, 0.04),
            measurement("jax-scan", "W2", 1, 0.16),
            measurement("jax-scan", "W2", 2, 0.2),
        ]
        found = ratios(rounds, W2, "jax-scan")
        self.assertAlmostEqual(found[1], 4.0)
        self.assertAlmostEqual(found[2], 5.0)
        self.assertTrue(is_reached(W2, found))
        self.assertFalse(is_reached(W2, {1: 3.9, 2: 5.0}))

    def test_without_measurements_give_no_verdict(self):
        self.assertIsNone(is_reached(W5, ratios([], W5, "jax-scan")))

    def test_below_one_are_losses(self):
        rounds = [measurement("thalweg", "W5", 1, 0.2), measurement("numpy", "W5", 1, 0.1)]
        self.assertEqual(losses(rounds, (W5, W2), ["numpy", "candle"]), [(W5, "numpy", 1, 0.5)])


if __name__ == "__main__":
    unittest.main()
