"""State dictionaries as PyTorch's, and networks as its modules."""

import numpy as np
import pytest

from conftest import needs
from thalweg import MLPClassifier, Network


def test_names_and_shapes_are_a_sequentials():
    net = Network([{"dense": 4}, "relu", {"dense": 3}], 2)
    shapes = {name: values.shape for name, values in net.state_dict().items()}
    assert shapes == {"0.weight": (4, 2), "0.bias": (4,), "2.weight": (3, 4), "2.bias": (3,)}
    other = Network([{"dense": 4}, "relu", {"dense": 3}], 2, seed=9)
    other.load_state_dict(net.state_dict())
    x = np.ones((2, 2), dtype=np.float32)
    assert np.array_equal(other.predict(x), net.predict(x))
    with pytest.raises(ValueError, match="there is no '0.weight'"):
        other.load_state_dict({})


@needs("torch")
def test_torch_says_the_same(blobs):
    import torch

    x, y = blobs
    mlp = MLPClassifier((8, 4), activation="tanh", random_state=0, max_iter=10).fit(x, y)
    logits = mlp.to_torch()(torch.from_numpy(x))
    assert np.allclose(torch.softmax(logits, dim=1).detach().numpy(), mlp.predict_proba(x), rtol=1e-9)
    module = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Tanh(), torch.nn.Linear(8, 4), torch.nn.Tanh(), torch.nn.Linear(4, 3)).double()
    module.load_state_dict({name: torch.from_numpy(values) for name, values in mlp.state_dict().items()})
