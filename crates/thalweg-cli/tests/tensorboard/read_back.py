"""Reads a folder of event files as TensorBoard does and prints what it found as JSON.

Run: python3 read_back.py FOLDER (with TensorBoard installed)
"""

import json
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

board = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "histograms": 0, "images": 0})
board.Reload()
tags = board.Tags()
json.dump(
    {
        "scalars": {tag: [[event.step, event.value] for event in board.Scalars(tag)] for tag in tags["scalars"]},
        "histograms": {
            tag: [
                [event.step, event.histogram_value.num, event.histogram_value.sum]
                for event in board.Histograms(tag)
            ]
            for tag in tags["histograms"]
        },
        "images": {tag: [[event.step, event.width, event.height] for event in board.Images(tag)] for tag in tags["images"]},
    },
    sys.stdout,
)
