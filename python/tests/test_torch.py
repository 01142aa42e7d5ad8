"""State dictionaries as PyTorch's, and networks as its modules."""

import pickle

import numpy as np
import pytest

from conftest import needs
from thalweg import MLPClassifier, Network, train
from thalweg import layers as L


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


NETWORKS = [
    ([L.conv2d(4, kernel_size=3, padding="same", stride=2)], [3, 16, 15]),
    ([L.conv2d(4, kernel_size=2, padding="same")], [3, 7, 8]),
    ([L.conv2d(3, kernel_size=[2, 1], padding=[[0, 1], [2, 0]], dilation=2)], [2, 5, 5]),
    ([L.conv2d(6, kernel_size=3, groups=3, dilation=2, padding=[1, 0])], [3, 9, 9]),
    ([L.conv1d(4, kernel_size=4, padding="same"), "relu", L.global_average_pool()], [2, 16]),
    ([L.conv1d(4, kernel_size=3, padding=[0, 2], stride=2), L.channel_dropout(0.3), L.batch_norm()], [2, 16]),
    ([L.max_pool2d(2, padding=1), L.average_pool2d(2, padding=1)], [4, 8, 8]),
    ([L.max_pool2d(3, padding="same", stride=2), L.average_pool2d(3, padding="same", stride=2)], [4, 9, 9]),
    ([L.max_pool2d(3, padding=2)], [4, 8, 8]),
    ([L.batch_norm(), L.group_norm(2), L.upsample(2), L.layer_norm(), L.adaptive_average_pool2d([3, 4])], [4, 5, 6]),
    ([L.conv_transpose2d(4, kernel_size=3, stride=2, padding=1, output_padding=1, groups=2)], [4, 6, 5]),
    ([L.conv_transpose2d(4, kernel_size=4, stride=2, padding="same")], [4, 6, 5]),
    (["softmax", "flatten", L.scale(2.5), {"dense": 3, "activation": "gelu"}], [2, 3, 3]),
    ([L.residual([{"dense": 4}, "relu", {"dense": 3}]), L.residual([{"dense": 5}, L.batch_norm()]), "relu"], [3]),
    (
        [
            L.residual(
                [L.conv2d(4, kernel_size=3, padding="same"), L.batch_norm(), L.residual([L.conv2d(4, kernel_size=1)])],
                shortcut=[L.conv2d(4, kernel_size=1), L.group_norm(2)],
            ),
            L.global_average_pool(),
            {"dense": 2},
        ],
        [3, 4, 4],
    ),
]


def with_any_parameters(layers, shape, seed):
    """A network none of whose parameters is what it would start with."""
    network = Network(layers, shape, precision="f64")
    random = np.random.default_rng(seed)
    for name in network:
        values = random.normal(size=network[name].shape)
        network[name] = np.abs(values) + 0.1 if name.endswith("variance") else values
    return network


@needs("torch")
@pytest.mark.parametrize(("layers", "shape"), NETWORKS)
def test_every_translated_layer_says_the_same(layers, shape):
    import torch

    network = with_any_parameters(layers, shape, 0)
    x = np.random.default_rng(1).normal(size=(3, *shape))
    module = network.to_torch()
    said = module(torch.from_numpy(x)).detach().numpy()
    assert np.allclose(said.reshape(3, -1), network.predict(x).reshape(3, -1), rtol=1e-9, atol=1e-12)
    again = pickle.loads(pickle.dumps(module))
    assert torch.equal(again(torch.from_numpy(x)), module(torch.from_numpy(x)))
    other = with_any_parameters(layers, shape, 2)
    other.load_state_dict(module.state_dict())
    assert np.array_equal(other.predict(x), network.predict(x))


@needs("torch")
def test_layers_without_a_twin_are_named():
    for layers, shape, text in [
        ([L.noise(0.1)], [4], r"layer 0 \(noise\) is not translated to PyTorch"),
        ([L.embedding(3, categories=[4, 5], columns=[0, 2])], [4], r"layer 0 \(embedding\) is not translated"),
        ([L.average_pool2d(3, padding="same", stride=2)], [4, 8, 8], "an average pool with more around it at one end"),
        ([L.conv_transpose2d(4, kernel_size=3, stride=2, padding="same")], [4, 6, 5], "a transposed convolution that takes more away"),
    ]:
        with pytest.raises(ValueError, match=text):
            Network(layers, shape).to_torch()


@pytest.mark.parametrize(("layers", "shape"), NETWORKS)
def test_a_state_dictionary_goes_there_and_back(layers, shape):
    network, other = with_any_parameters(layers, shape, 0), with_any_parameters(layers, shape, 1)
    other.load_state_dict({**network.state_dict(), "0.num_batches_tracked": np.array(3)})
    assert all(np.array_equal(other[name], network[name]) for name in network)


def test_a_state_dictionary_that_does_not_fit_changes_nothing():
    network = Network([{"dense": 4}, "relu", {"dense": 3}], 2)
    before = network.parameters
    right = Network([{"dense": 4}, "relu", {"dense": 3}], 2, seed=9).state_dict()
    for wrong, text in [
        ({**right, "4.weight": np.ones(3)}, "there is no layer for '4.weight'; the network has 0.weight"),
        ({**right, "2.weight": np.ones((4, 3))}, r"'2.weight' must have the shape \(3, 4\), not \(4, 3\)"),
    ]:
        with pytest.raises(ValueError, match=text):
            network.load_state_dict(wrong)
    assert all(np.array_equal(network[name], values) for name, values in before.items())


@needs("torch")
def test_a_scale_is_a_layer_of_its_own(blobs, tmp_path):
    import torch

    x, y = blobs
    table = np.column_stack([1000 + 50 * x, 1e4 * x[:, 0]])
    np.savetxt(tmp_path / "t.csv", table, delimiter=",", header="a,b,c,price", comments="")
    run = train(
        f"[data]\nsource = {str(tmp_path / 't.csv')!r}\ntarget = 'price'\nscale_target = 'standard'\n"
        "[network]\nlayers = [{ dense = 4 }, 'tanh', { dense = 1 }]\n[training]\nepochs = 5\n",
        out=tmp_path / "run",
    )
    net = run.network
    module = net.to_torch()
    assert [name for name, _ in module.named_children()] == ["scale", "0", "1", "2", "target_scale"]
    rows = table[:, :3]
    said = module(torch.from_numpy(rows.astype(np.float32))).detach().numpy()
    assert np.allclose(said, net.predict(rows), rtol=1e-4)
    module.load_state_dict({name: torch.from_numpy(values) for name, values in net.state_dict().items()})
    assert torch.equal(pickle.loads(pickle.dumps(module))[0].width, module[0].width)
