import unittest

from comparison.table import duration, markdown, span
from tests.made_session import measurement, session


class Durations(unittest.TestCase):
    def test_have_three_digits_and_a_unit(self):
        for seconds, text in [
            (5.49, "5.49 s"),
            (0.9996, "1.00 s"),
            (0.265, "265 ms"),
            (0.0591, "59.1 ms"),
            (1.1e-6, "1.10 µs"),
            (99.96e-6, "100 µs"),
            (81e-9, "81.0 ns"),
        ]:
            self.assertEqual(duration(seconds), text)

    def test_share_a_unit_where_they_can(self):
        self.assertEqual(span(0.0591, 0.0612), "59.1 to 61.2 ms")
        self.assertEqual(span(0.00099, 0.0012), "990 µs to 1.20 ms")


class Tables(unittest.TestCase):
    def setUp(self):
        self.text = markdown(
            session(
                [
                    measurement("thalweg", "W5", 1, 0.15),
                    measurement("thalweg", "W5", 2, 0.08, other_cpu=0.7),
                    measurement("jax-scan", "W5", 1, 0.3),
                    measurement("jax-scan", "W5", 2, 0.12),
                    measurement("numpy", "W5", 1, 0.1),
                ]
            )
        )

    def test_say_whether_a_goal_is_reached(self):
        line = next(line for line in self.text.splitlines() if line.startswith("| **W5**"))
        self.assertIn("| 2.00x / 1.50x | 1.65x / 2x | **missed** |", line)

    def test_mark_disturbed_figures(self):
        self.assertIn("| W5 | 150 ms / ~80.0 ms | 300 ms / 120 ms | 100 ms |", self.text)

    def test_state_losses_and_what_is_missing(self):
        self.assertIn("- W5, 1 thread: NumPy is 1.50 times as fast.", self.text)
        self.assertIn("- Burn: not installed.", self.text)
        self.assertIn("- scikit-learn, W0: it has no such output.", self.text)

    def test_leave_out_works_that_were_not_measured(self):
        self.assertNotIn("W8", self.text)

    def test_have_as_many_cells_in_each_line(self):
        tables = [part for part in self.text.split("\n\n") if part.startswith("| ")]
        self.assertEqual(len(tables), 3)
        for table in tables:
            self.assertEqual(len({line.count("|") for line in table.splitlines()}), 1)

    def test_without_thalweg_give_no_verdict(self):
        text = markdown(session([measurement("jax-scan", "W5", 1, 0.3)]))
        self.assertIn("| not measured |", text)
        self.assertIn("Thalweg was not measured.", text)


if __name__ == "__main__":
    unittest.main()
