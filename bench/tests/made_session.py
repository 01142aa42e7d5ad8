"""A session made by hand, for the tests."""


def measurement(program, work, threads, seconds, number=1, precision="f32", unit="epoch", **more):
    """One row of a session."""
    row = {"round": number, "program": program, "threads": threads, "work": work, "precision": precision}
    return row | {"unit": unit, "seconds": seconds, "other_cpu": 0.0} | more


def session(measurements):
    """A session of these."""
    return {
        "format": 1,
        "started": "2026-11-27T04:30:00+00:00",
        "cpu": "Some CPU @ 2.0 GHz",
        "processors": 2,
        "system": "Linux",
        "settings": {"works": [], "threads": [1, 2], "rounds": 3, "seconds": 2.0},
        "versions": {"thalweg": "thalweg 0.1.0", "jax-scan": "jax 1.0"},
        "missing": {"burn": "not installed"},
        "lacking": {"sklearn": {"W0": "it has no such output"}},
        "failures": [],
        "measurements": measurements,
    }
