import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

from comparison import chart, session
from comparison.programs import PEERS, thalweg
from tests.made_session import measurement
from tests.made_session import session as made


class Files(unittest.TestCase):
    def test_are_named_by_date_and_processor(self):
        self.assertEqual(session.file_name(made([])), "2026-11-27-0430-some-cpu-2-0-ghz.json")

    def test_are_read_as_they_were_written(self):
        written = made([measurement("thalweg", "W5", 1, 0.1), measurement("jax-scan", "W5", 1, 0.2)])
        with tempfile.TemporaryDirectory() as folder:
            path = session.write(written, Path(folder))
            self.assertEqual(session.read(path), written)
            path = session.write(made([]), Path(folder))
            self.assertEqual(session.read(path), made([]))


class Turns(unittest.TestCase):
    def test_let_all_programs_do_a_work_before_the_next(self):
        programs = [peer for peer in PEERS if peer.name in ("jax-scan", "sklearn")]
        settings = session.Settings(["W0", "W1"], [1, 2], rounds=2, seconds=1.0)
        order = [(n, work, threads, p.name) for n, work, threads, p in session.turns(programs, settings)]
        self.assertEqual(
            order[:4],
            [
                (1, "W0", 1, "jax-scan"),  # scikit-learn lacks W0
                (1, "W0", 2, "jax-scan"),
                (1, "W1", 1, "jax-scan"),
                (1, "W1", 1, "sklearn"),
            ],
        )
        self.assertEqual(len(order), 12)

    def test_that_fail_are_kept_and_not_repeated(self):
        program = thalweg(Path("/nonexistent/thalweg"))
        settings = session.Settings(["W0"], [1], rounds=3, seconds=1.0)
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            found = session.run([program], {}, settings)
        self.assertEqual(len(found["failures"]), 1)
        self.assertEqual(found["measurements"], [])


class Charts(unittest.TestCase):
    def test_have_a_line_for_each_program_in_each_panel(self):
        measurements = [
            measurement(program, f"784-{hidden}-10@32", threads, hidden * 1e-7, unit="step")
            for program in ("thalweg", "jax-scan")
            for hidden in (8, 64, 512)
            for threads in (1, 2)
        ]
        root = ElementTree.fromstring(chart.svg(made(measurements)))
        lines = root.findall(".//{http://www.w3.org/2000/svg}polyline")
        self.assertEqual(len(lines), 4)
        self.assertTrue(all(len(line.get("points").split()) == 3 for line in lines))

    def test_take_medians(self):
        rounds = [measurement("thalweg", "784-8-10@32", 1, s) for s in (3e-6, 1e-6, 2e-6)]
        self.assertEqual(chart.series(rounds, 1), {"thalweg": {8: 2e-6}})

    def test_are_not_drawn_without_such_networks(self):
        self.assertIsNone(chart.svg(made([measurement("thalweg", "W5", 1, 0.1)])))


if __name__ == "__main__":
    unittest.main()
