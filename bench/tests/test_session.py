import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from comparison import chart, session
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
