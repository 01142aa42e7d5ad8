import unittest

from comparison.goals import ROWS, hidden_units, size_names, work_names
from peers.works import named


class Works(unittest.TestCase):
    def test_of_the_table_are_all_defined(self):
        for row in ROWS:
            self.assertIn(row.precision, [work.precision for work in named(row.work)], row)
        self.assertEqual(work_names()[0], "W0")

    def test_may_be_given_by_their_sizes(self):
        (work,) = named("784-256-10@64")
        self.assertEqual((work.sizes, work.batch_size, work.unit), ((784, 256, 10), 64, "step"))
        self.assertEqual(named("784-256-10")[0].batch_size, 32)
        self.assertEqual([hidden_units(name) for name in size_names()][:3], [8, 16, 32])
        self.assertIsNone(hidden_units("W5"))
        self.assertIsNone(hidden_units("784-30-30-10"))

    def test_that_are_unknown_are_refused(self):
        for name in ["W11", "784", "784-@32", ""]:
            with self.subTest(name), self.assertRaises(ValueError):
                named(name)

    def test_count_steps_and_units(self):
        (adam,) = named("W5")
        self.assertEqual((adam.sample_steps, adam.sample_rows, adam.units_in(1875)), (1875, 60_000, 1.0))
        (wider,) = named("W6")
        self.assertEqual(wider.sample_steps, 469)  # the last batch has 96 rows
        (widest,) = named("W8")
        self.assertEqual(widest.units_in(10), 1.0)
        (sized,) = named("784-2048-10")
        self.assertEqual((sized.sample_steps, sized.sample_rows), (61, 61 * 32))
        (single,) = named("INF1")
        self.assertTrue(single.predicts)
        self.assertEqual(single.units_in(100), 100.0)

    def test_are_told_to_the_peers_in_rust(self):
        arguments = named("W5")[0].arguments()
        self.assertIn("sizes=784-128-10", arguments)
        self.assertIn("optimizer=adam", arguments)


if __name__ == "__main__":
    unittest.main()
