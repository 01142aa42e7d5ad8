"""Rows come in from every library without a copy where that can be."""

import numpy as np
import pytest

from conftest import needs
from thalweg import LinearRegression, LogisticRegression, MLPClassifier, _engine
from thalweg._arrays import as_rows

pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations")

VALUES = np.arange(12.0).reshape(4, 3) - 5


@pytest.mark.parametrize("kind", ["f8", "f4", "f2", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?", ">f8", "g"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_every_type_and_order(kind, order):
    values = np.asarray(np.abs(VALUES) if kind.startswith("u") else VALUES)
    array = np.array(values, dtype=kind, order=order)
    rows = _engine.Dataset(as_rows(array).array)
    assert np.array_equal(rows.features(), np.asarray(array, dtype="f8"))


@pytest.mark.parametrize("kind", ["f8", "f4", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_nothing_is_copied_that_can_be_read(kind, order):
    array = np.ones((4, 3), dtype=kind, order=order)
    assert np.shares_memory(as_rows(array).array, array)


def test_views_are_read_in_place():
    large = np.arange(48.0).reshape(8, 6)
    for view in (large[::2], large[:, 1::2], large[2:5], large.T, large.T[1::2]):
        array = as_rows(view).array
        assert np.shares_memory(array, large)
        assert np.array_equal(_engine.Dataset(array).features(), view)
    backwards = large[::-1]
    assert np.array_equal(_engine.Dataset(as_rows(backwards).array).features(), backwards)


@pytest.mark.parametrize("kind", ["f8", "f4"])
def test_predictions_do_not_depend_on_the_order(kind, blobs):
    x, y = blobs
    x = x.astype(kind)
    mlp = MLPClassifier((8,), random_state=0, max_iter=20).fit(x, y)
    by_columns = MLPClassifier((8,), random_state=0, max_iter=20).fit(np.asfortranarray(x), y)
    for given in (np.asfortranarray(x), np.repeat(x, 2, axis=0)[::2], x[:, ::-1][:, ::-1], x.tolist() if kind == "f8" else x):
        assert np.array_equal(mlp.predict_proba(given), mlp.predict_proba(x))
    assert np.array_equal(mlp.predict_proba(x), by_columns.predict_proba(x))


def test_the_array_outlives_its_owner():
    rows = _engine.Dataset(np.full((1000, 3), 7.0))
    junk = [np.zeros((1000, 3)) for _ in range(10)]
    assert rows.features().sum() == 21_000 and len(junk) == 10


def test_read_only_memory_maps(tmp_path):
    np.save(tmp_path / "x.npy", VALUES)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    array = as_rows(mapped).array
    assert np.shares_memory(array, mapped)
    line = LinearRegression().fit(mapped, VALUES[:, 0])
    assert np.allclose(line.predict(mapped), VALUES[:, 0], atol=1e-3)


def test_wrong_arrays_are_refused_in_a_sentence():
    with pytest.raises(ValueError, match="Reshape your data"):
        as_rows(np.ones(3))
    with pytest.raises(ValueError, match="Complex data not supported"):
        as_rows(np.ones((2, 2), dtype=complex))
    with pytest.raises(ValueError, match=r"row 1 \(counted from 0\), column 0 is NaN"):
        LinearRegression().fit([[0.0], [np.nan]], [1.0, 2.0])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        LinearRegression().fit([[0.0], [1.0]], [1.0])


@needs("pandas")
def test_pandas_frames():
    import pandas

    frame = pandas.DataFrame(VALUES, columns=["a", "b", "c"])
    line = LinearRegression().fit(frame, VALUES[:, 0])
    assert list(line.feature_names_in_) == ["a", "b", "c"]
    assert np.array_equal(line.predict(frame), LinearRegression().fit(VALUES, VALUES[:, 0]).predict(VALUES))
    with pytest.raises(ValueError, match="must be in the same order"):
        line.predict(frame[["b", "a", "c"]])
    mixed = frame.assign(b=["x", "y", "x", "y"])
    with pytest.raises(TypeError, match="column 'b' holds .*OneHotEncoder"):
        line.fit(mixed, VALUES[:, 0])
    with pytest.raises(TypeError, match="column 'b' holds .*category.*OneHotEncoder"):
        line.fit(frame.assign(b=pandas.Categorical(["x", "y", "x", "y"])), VALUES[:, 0])
    missing = frame.copy()
    missing.loc[2, "c"] = np.nan
    with pytest.raises(ValueError, match=r"column 'c' has a missing value in row 2.*SimpleImputer"):
        line.fit(missing, VALUES[:, 0])


@needs("polars")
def test_polars_frames():
    import polars

    frame = polars.DataFrame({"a": VALUES[:, 0], "b": VALUES[:, 1].astype(int), "c": [True, False, True, False]})
    line = LinearRegression().fit(frame, frame.get_column("a"))
    assert list(line.feature_names_in_) == ["a", "b", "c"]
    with pytest.raises(TypeError, match="column 'b' holds values of the type String"):
        line.fit(frame.with_columns(b=polars.Series(["x", "y", "x", "y"])), VALUES[:, 0])
    with pytest.raises(ValueError, match=r"column 'b' has a missing value in row 1"):
        line.fit(frame.with_columns(b=polars.Series([1, None, 2, 3])), VALUES[:, 0])


class Stream:
    """Something with nothing but the Arrow C stream interface."""

    def __init__(self, table):
        self.table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)


@needs("polars")
def test_anything_with_an_arrow_stream():
    import polars

    frame = polars.DataFrame(
        {
            "a": VALUES[:, 0],
            "b": VALUES[:, 1].astype("f4"),
            "c": [1, 2, 3, 4],
            "d": [True, False, True, True],
        }
    )
    longer = polars.concat([frame, frame.slice(1, 2)], rechunk=False)
    rows = as_rows(Stream(longer))
    assert rows.names == ["a", "b", "c", "d"]
    assert np.array_equal(rows.array, longer.to_numpy().astype("f8"))
    with pytest.raises(TypeError, match="column \"a\" holds no numbers.*OneHotEncoder"):
        as_rows(Stream(polars.DataFrame({"a": ["x"]})))
    with pytest.raises(ValueError, match=r"column \"a\" has no value in row 1.*SimpleImputer"):
        as_rows(Stream(polars.DataFrame({"a": [1.0, None]})))


@needs("pyarrow")
def test_pyarrow_tables():
    import pyarrow

    table = pyarrow.table({"a": [1.0, 2.0, 3.0], "b": [1, 2, 3]}).slice(1)
    rows = as_rows(table)
    assert rows.names == ["a", "b"] and np.array_equal(rows.array, [[2, 2], [3, 3]])
    with pytest.raises(TypeError, match="OneHotEncoder"):
        as_rows(pyarrow.table({"a": pyarrow.array(["x", "y"]).dictionary_encode()}))


@needs("scipy")
def test_sparse_matrices():
    from scipy import sparse

    x = np.where(np.random.default_rng(0).random((40, 6)) < 0.3, 1.0, 0.0)
    y = (x[:, 0] > 0).astype(int)
    dense = MLPClassifier((4,), random_state=0, max_iter=20).fit(x, y)
    for form in (sparse.csr_array, sparse.csc_matrix, sparse.coo_array, sparse.lil_array, sparse.dok_matrix, sparse.bsr_array, sparse.dia_array):
        fitted = MLPClassifier((4,), random_state=0, max_iter=20).fit(form(x), y)
        assert np.array_equal(fitted.predict_proba(form(x)), dense.predict_proba(x))
    for model in (LinearRegression(), LogisticRegression(), MLPClassifier((4,), early_stopping=True, random_state=0, max_iter=5)):
        weights = np.arange(40.0)  # the first row is absent
        by_rows = type(model)(**model.get_params()).fit(sparse.csr_array(x), y, weights).coefs_[0]
        assert np.array_equal(by_rows, model.fit(x, y, weights).coefs_[0])


@needs("scipy")
def test_sparse_matrices_stay_what_they_are():
    from scipy import sparse

    x = np.where(np.random.default_rng(0).random((30, 5)) < 0.3, 2.5, 0.0)
    rows = sparse.csr_array(x)
    assert as_rows(rows, sparse=True).array is rows
    assert np.array_equal(_engine.Dataset(rows).features(), x)
    twice = sparse.csr_array((np.array([1.0, 2.0, 4.0]), np.array([3, 0, 3]), np.array([0, 3])), shape=(1, 5))
    assert np.array_equal(_engine.Dataset(as_rows(twice, sparse=True).array).features(), [[2.0, 0.0, 0.0, 5.0, 0.0]])
    assert twice.nnz == 3  # nobody's matrix is changed
    with pytest.raises(ValueError, match="compressed rows in canonical order"):
        _engine.Dataset(twice)
    for kind, precision in ((bool, "f32"), (np.float32, "f32"), (np.int8, "f32"), (np.int64, "f64"), (float, "f64")):
        assert MLPClassifier((2,), max_iter=1, random_state=0).fit(rows.astype(kind), x[:, 0] > 0).network_.precision == precision
    wrong = rows.copy()
    wrong.data[0] = np.nan
    with pytest.raises(ValueError, match="is NaN, which a network cannot be trained on"):
        MLPClassifier().fit(wrong, x[:, 0] > 0)
    with pytest.raises(ValueError, match="Complex data not supported"):
        MLPClassifier().fit(rows.astype(complex), x[:, 0] > 0)


def test_broadcast_arrays_are_read_rightly():
    line = LinearRegression().fit(np.eye(3), [1.0, 2.0, 3.0])
    for array in (np.broadcast_to([[1.0], [2.0]], (2, 3)), np.broadcast_to([1.0, 2.0, 3.0], (2, 3)), np.broadcast_to(2.0, (2, 3))):
        copied = np.ascontiguousarray(array)
        assert np.array_equal(as_rows(array).array, copied)
        assert np.array_equal(_engine.Dataset(array).features(), copied)  # as the engine itself reads it
        assert np.array_equal(line.predict(array), line.predict(copied))


def test_unaligned_arrays_are_copied(tmp_path):
    values = np.arange(12.0).reshape(4, 3)
    (tmp_path / "x.bin").write_bytes(b"123" + values.tobytes())
    mapped = np.memmap(tmp_path / "x.bin", dtype="f8", mode="r", offset=3, shape=(4, 3))
    assert not mapped.flags.aligned
    line = LinearRegression().fit(mapped, [1.0, 2.0, 3.0, 4.0])
    assert np.array_equal(line.predict(mapped), line.predict(values))


@needs("pyarrow")
def test_arrow_keeps_what_all_columns_are():
    import pyarrow

    values = np.array([0.5, -2.0, 65504.0, 6e-8, np.inf], dtype=np.float16)
    single = pyarrow.table({"a": pyarrow.array([1.5, 2.5], pyarrow.float32()), "b": pyarrow.array([0.1, 0.2], pyarrow.float32())})
    assert as_rows(single).array.dtype == np.float32 and as_rows(single).array[1, 1] == np.float32(0.2)
    assert as_rows(single.append_column("c", [[1, 2]])).array.dtype == np.float64
    bytes_ = pyarrow.table({"a": pyarrow.array([0, 255], pyarrow.uint8()), "b": pyarrow.array([True, False])})
    assert as_rows(bytes_).array.dtype == np.uint8 and as_rows(bytes_).array.tolist() == [[0, 1], [255, 0]]
    half = as_rows(pyarrow.table({"a": pyarrow.array(values)})).array
    assert half.dtype == np.float32 and np.array_equal(half.ravel(), values.astype(np.float32))
    with pytest.raises(TypeError, match='column "a" holds decimals; make them 64-bit numbers first'):
        as_rows(pyarrow.table({"a": pyarrow.array([1, 2], pyarrow.decimal128(5, 1))}))
    with pytest.raises(ValueError, match="column 'b' has a missing value in row 1"):
        as_rows(pyarrow.table({"a": [1.0, 2.0], "b": [1.0, np.nan]}))


@needs("pandas")
@needs("polars")
def test_dates_are_refused_with_their_own_advice():
    import pandas
    import polars

    days = np.array(["2026-01-01", "2026-01-02"], dtype="datetime64[ns]")
    for frame in (pandas.DataFrame({"day": days}), polars.DataFrame({"day": days})):
        with pytest.raises(TypeError, match="column 'day' holds dates or durations, not numbers; take numbers from them first"):
            as_rows(frame)
