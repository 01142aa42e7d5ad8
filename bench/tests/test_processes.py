import json
import os
import stat
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path
from unittest import mock

from comparison.processes import Failure, measure, parse_rows, pinned
from comparison.programs import PEERS, thalweg

ROW = {"work": "W5", "precision": "f32", "threads": 1, "unit": "epoch", "seconds": 0.15}


class Rows(unittest.TestCase):
    def test_are_read_from_one_object(self):
        output = json.dumps({"cpu": {}, "limits": [], "rows": [ROW, ROW | {"work": "W6"}]}, indent=2)
        self.assertEqual(parse_rows(output, "W5"), [ROW])

    def test_are_read_from_lines(self):
        output = json.dumps(ROW | {"precision": "f64"}) + "\n" + json.dumps(ROW) + "\n"
        self.assertEqual([row["precision"] for row in parse_rows(output, "W5")], ["f64", "f32"])
        self.assertEqual(parse_rows(json.dumps(ROW), "W5"), [ROW])

    def test_that_cannot_be_used_are_failures(self):
        for output in [
            "",
            "no JSON",
            "{broken",
            json.dumps({"rows": []}),
            json.dumps(ROW | {"seconds": 0}),
            json.dumps(ROW | {"seconds": None}),
            json.dumps({key: value for key, value in ROW.items() if key != "unit"}),
        ]:
            with self.subTest(output), self.assertRaises(Failure):
                parse_rows(output, "W5")


class Measurements(unittest.TestCase):
    def stub(self, script):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = Path(folder.name) / "thalweg"
        path.write_text("#!/bin/sh\n" + script)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return thalweg(path)

    def test_tell_what_others_used(self):
        program = self.stub(f"echo '{json.dumps({'rows': [ROW]})}'\n")
        (row,) = measure(program, "W5", 1, 0.1)
        self.assertEqual(row["seconds"], 0.15)
        self.assertGreaterEqual(row["other_cpu"], 0.0)

    def test_that_fail_say_why(self):
        program = self.stub("echo 'no such verb' >&2\nexit 2\n")
        with self.assertRaisesRegex(Failure, "status 2: no such verb"):
            measure(program, "W5", 1, 0.1)

    def test_are_pinned(self):
        self.assertEqual(pinned(["x"], 1), ["taskset", "-c", "0", "x"])
        self.assertEqual(pinned(["x"], 2), ["taskset", "-c", "0,1", "x"])


class Programs(unittest.TestCase):
    def peer(self, name):
        return next(peer for peer in PEERS if peer.name == name)

    def test_run_in_an_environment_of_our_choice(self):
        preset = {"OPENBLAS_CORETYPE": "Haswell", "OPENBLAS_L2_SIZE": "512", "OMP_NUM_THREADS": "9"}
        with mock.patch.dict(os.environ, preset):
            environment = self.peer("jax-scan").environment(1)
        self.assertNotIn("OPENBLAS_CORETYPE", environment)
        self.assertNotIn("OPENBLAS_L2_SIZE", environment)
        self.assertEqual(environment["OMP_NUM_THREADS"], "1")
        self.assertIn("eigen=false", environment["XLA_FLAGS"])
        self.assertNotIn("XLA_FLAGS", self.peer("jax-scan").environment(2))

    def test_are_told_nothing_about_works_that_they_lack(self):
        self.assertEqual(self.peer("sklearn").commands("W0", 1, 1.0), [])
        self.assertEqual(len(self.peer("candle").commands("W3", 1, 1.0)), 2)
        (command,) = self.peer("burn").commands("W3", 1, 1.0)
        self.assertIn("precision=f32", command)
        self.assertEqual(self.peer("burn").commands("W3L", 1, 1.0), [])

    def test_have_each_their_own_name(self):
        names = [peer.name for peer in PEERS]
        self.assertEqual(len(names), len(set(names)))
        self.assertEqual(replace(PEERS[0], name="other").variant, PEERS[0].variant)


if __name__ == "__main__":
    unittest.main()
