"""Ten steps of every optimizer at 40 digits, as fixtures for crates/thalweg/src/optimizers/tests.rs.

The formulas are those that PyTorch documents for torch.optim (SGD, RMSprop, Adagrad, Adadelta, Adam, AdamW, NAdam,
Rprop), and Lion's, which its paper gives, written out here with Python's decimal numbers, so that nothing but the formulas is shared with the library. Needs Python only:

    python3 reference/optimizers.py

The loss is sum(c * (w - t)^2) / 2, its gradient c * (w - t).
"""

from decimal import Decimal, getcontext

getcontext().prec = 40

START = [Decimal(s) for s in ("0.5", "-1.25", "2", "-0.125")]
TARGET = [Decimal(s) for s in ("1", "1", "-1", "-0.25")]
CURVATURE = [Decimal(s) for s in ("1", "0.5", "2", "8")]
STEPS = 10
# The constants that the library is given as binary numbers are taken as those same binary numbers.
RATE, MOMENTUM, RHO = Decimal(0.0625), Decimal(0.9), Decimal(0.9)
BETA1, BETA2, EPSILON, DECAY = Decimal(0.9), Decimal(0.999), Decimal(1e-8), Decimal(0.125)
ADAGRAD_EPSILON, ADADELTA_EPSILON, LION_BETA2 = Decimal(1e-10), Decimal(1e-6), Decimal(0.99)
SHRINK, GROW, LEAST, MOST = Decimal(0.5), Decimal(1.2), Decimal(1e-6), Decimal(50)
ONE, ZERO = Decimal(1), Decimal(0)


def sgd(w, g, state, step):
    return w - RATE * g


def momentum(w, g, state, step):
    state["velocity"] = MOMENTUM * state.get("velocity", Decimal(0)) + g
    return w - RATE * state["velocity"]


def nesterov(w, g, state, step):
    state["velocity"] = MOMENTUM * state.get("velocity", Decimal(0)) + g
    return w - RATE * (g + MOMENTUM * state["velocity"])


def rmsprop(w, g, state, step):
    state["square"] = RHO * state.get("square", Decimal(0)) + (ONE - RHO) * g * g
    return w - RATE * g / (state["square"].sqrt() + EPSILON)


def adam(w, g, state, step):
    state["mean"] = BETA1 * state.get("mean", Decimal(0)) + (ONE - BETA1) * g
    state["square"] = BETA2 * state.get("square", Decimal(0)) + (ONE - BETA2) * g * g
    mean = state["mean"] / (ONE - BETA1**step)
    square = state["square"] / (ONE - BETA2**step)
    return w - RATE * mean / (square.sqrt() + EPSILON)


def adamw(w, g, state, step):
    return adam(w - RATE * DECAY * w, g, state, step)


def adagrad(w, g, state, step):
    state["squares"] = state.get("squares", ZERO) + g * g
    return w - RATE * g / (state["squares"].sqrt() + ADAGRAD_EPSILON)


def adadelta(w, g, state, step):
    state["square"] = RHO * state.get("square", ZERO) + (ONE - RHO) * g * g
    steps = state.get("steps", ZERO)
    change = (steps + ADADELTA_EPSILON).sqrt() / (state["square"] + ADADELTA_EPSILON).sqrt() * g
    state["steps"] = RHO * steps + (ONE - RHO) * change * change
    return w - RATE * change


def nadam(w, g, state, step):
    def momentum_at(t):
        return BETA1 * (ONE - Decimal("0.5") * Decimal("0.96") ** (Decimal("0.004") * t))

    state["mean"] = BETA1 * state.get("mean", ZERO) + (ONE - BETA1) * g
    state["square"] = BETA2 * state.get("square", ZERO) + (ONE - BETA2) * g * g
    now, after = momentum_at(step), momentum_at(step + 1)
    state["product"] = state.get("product", ONE) * now
    root = (state["square"] / (ONE - BETA2**step)).sqrt() + EPSILON
    w -= RATE * (ONE - now) / (ONE - state["product"]) * g / root
    return w - RATE * after / (ONE - state["product"] * after) * state["mean"] / root


def sign(x):
    return (x > 0) - (x < 0)


def lion(w, g, state, step):
    mean = state.get("mean", ZERO)
    state["mean"] = LION_BETA2 * mean + (ONE - LION_BETA2) * g
    return w - RATE * sign(BETA1 * mean + (ONE - BETA1) * g)


def rprop(w, g, state, step):
    turn = sign(g) * sign(state.get("gradient", ZERO))
    length = state.get("step", RATE)
    if turn > 0:
        length = min(length * GROW, MOST)
    elif turn < 0:
        length, g = max(length * SHRINK, LEAST), ZERO
    state["gradient"], state["step"] = g, length
    return w - sign(g) * length


RULES = (sgd, momentum, nesterov, rmsprop, adam, adamw, adagrad, adadelta, nadam, lion, rprop)
for rule in RULES:
    weights, states = list(START), [{} for _ in START]
    for step in range(1, STEPS + 1):
        gradients = [c * (w - t) for c, w, t in zip(CURVATURE, weights, TARGET)]
        weights = [rule(w, g, s, step) for w, g, s in zip(weights, gradients, states)]
    print(rule.__name__, [float(w) for w in weights])
