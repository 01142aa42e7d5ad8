"""Makes the polynomials of `crates/thalweg/src/functions` and the fixture its tests read.

    python functions.py coefficients           prints every polynomial as Rust, with its error
    python functions.py fixture > FILE         the correctly rounded values for f64 (functions_f64.txt)

Needs mpmath (1.4). Every polynomial is the minimax one for the weight beside it, found by Remez's exchange: start from
Chebyshev's points, solve for equal alternating errors, move each point to the nearest extreme of the error, repeat. Its
coefficients are then rounded; the printed error is that of the rounded ones.
"""
import random
import struct
import sys

import mpmath as mp

mp.mp.prec = 400

LN2 = mp.log(2)


# ------------------------------------------------------------------ the functions that are approximated
def series(term, x, start):
    """The sum over k >= start of term(k) x^(k - start), for arguments where the closed form cancels."""
    total, k, power = mp.mpf(0), start, mp.mpf(1)
    while True:
        part = term(k) * power
        total += part
        k += 1
        power *= x
        if abs(part) < mp.mpf(2) ** -200 and k > start + 4:
            return total


def expm1_tail(r):
    """(e^r - 1 - r) / r^2."""
    return series(lambda k: 1 / mp.factorial(k), r, 2)


def log_tail(f):
    """(log(1 + f) - f + f^2/2) / f^3."""
    if abs(f) < mp.mpf(2) ** -20:
        return series(lambda k: mp.mpf((-1) ** (k + 1)) / k, f, 3)
    return (mp.log1p(f) - f + f * f / 2) / f**3


def tanh_tail(t):
    """(tanh(x) - x) / x^3 where t = x^2."""
    if t < mp.mpf(2) ** -40:
        return -mp.mpf(1) / 3 + 2 * t / 15
    x = mp.sqrt(t)
    return (mp.tanh(x) - x) / x**3


# A weight that reaches 0 would leave the exchange without its alternating errors there.
FLOOR = mp.mpf("0.02")

# name, function, interval, weight of an error at that point (its effect in the result), coefficients in f32, in f64
SHAPES = [
    ("EXPM1", expm1_tail, (-LN2 / 2 * mp.mpf("1.0005"), LN2 / 2 * mp.mpf("1.0005")), lambda r: abs(r) + FLOOR, 6, 11),
    ("LOG", log_tail, (mp.sqrt(mp.mpf("0.5")) - 1, mp.sqrt(2) - 1), lambda f: f * f + FLOOR, 9, 20),
    ("TANH", tanh_tail, (mp.mpf(0), mp.mpf("0.3025")), lambda t: t + FLOOR, 5, 11),
]


# ------------------------------------------------------------------ Remez's exchange
def remez(function, interval, weight, n):
    """The best polynomial of n coefficients, lowest first, and its largest weighted error."""
    low, high = interval
    grid = [(low + high) / 2 - (high - low) / 2 * mp.cos(mp.pi * i / (40 * n)) for i in range(40 * n + 1)]
    wanted = [function(x) for x in grid]
    weights = [weight(x) for x in grid]
    picks = [40 * i for i in range(n + 1)]
    for _ in range(30):
        rows = mp.matrix(n + 1, n + 1)
        right = mp.matrix(n + 1, 1)
        for i, p in enumerate(picks):
            for j in range(n):
                rows[i, j] = weights[p] * grid[p] ** j
            rows[i, n] = (-1) ** i
            right[i] = weights[p] * wanted[p]
        solution = mp.lu_solve(rows, right)
        c = [solution[j] for j in range(n)]
        errors = [(sum(cj * x**j for j, cj in enumerate(c)) - y) * w for x, y, w in zip(grid, wanted, weights)]
        # One extreme for every run of one sign.
        extremes, best = [], 0
        for i in range(1, len(grid)):
            if mp.sign(errors[i]) * mp.sign(errors[best]) < 0:
                extremes.append(best)
                best = i
            elif abs(errors[i]) > abs(errors[best]):
                best = i
        extremes.append(best)
        while len(extremes) > n + 1:
            extremes.pop(0 if abs(errors[extremes[0]]) < abs(errors[extremes[-1]]) else -1)
        worst = max(abs(e) for e in errors)
        if len(extremes) < n + 1 or worst < abs(solution[n]) * mp.mpf("1.001"):
            return c, worst
        picks = extremes
    return c, worst


def rounded(value, bits):
    with mp.workprec(bits):
        return +value


def fitted(function, interval, weight, count, bits):
    """`remez`, with coefficients of `bits` bits."""
    exact, _ = remez(function, interval, weight, count)
    fixed = [rounded(c, bits) for c in exact]
    low, high = interval
    points = [low + (high - low) * i / 2000 for i in range(2001)]
    worst = max(abs(sum(c * x**i for i, c in enumerate(fixed)) - function(x)) * weight(x) for x in points)
    return fixed, worst


def coefficients():
    for name, function, interval, weight, count32, count64 in SHAPES:
        for kind, count, bits in (("f32", count32, 24), ("f64", count64, 53)):
            fixed, worst = fitted(function, interval, weight, count, bits)
            print(f"// {name} {kind}: worst weighted error 2^{float(mp.log(worst, 2)):.1f}")
            print(f"[{kind}; {count}] = [")
            for c in fixed:
                print(f"    {shortest(c, kind)},")
            print("]")
    for kind, bits, cut in (("f32", 24, 15), ("f64", 53, 32)):
        high = rounded(LN2, cut)
        print(f"// ln 2 in {kind}: high part of {cut} bits, low part; 1/ln 2")
        print(shortest(high, kind), shortest(rounded(LN2 - high, bits), kind), shortest(rounded(1 / LN2, bits), kind))


def shortest(value, kind):
    """The shortest decimal that reads back as this number."""
    number = float(value)
    if kind == "f64":
        return repr(number)
    for digits in range(1, 12):
        text = f"{number:.{digits}g}"
        if struct.unpack("f", struct.pack("f", float(text)))[0] == number:
            return repr(float(text))
    raise ValueError(number)


# ------------------------------------------------------------------ the fixture
def as_float(value):
    """The nearest f64, subnormals rounded once."""
    if value == 0:
        return 0.0
    if mp.isinf(value):
        return float(value)
    exponent = mp.frexp(value)[1]
    bits = 53 if exponent > -1022 else 53 - (-1021 - exponent)
    if bits <= 0:
        return float(mp.sign(value)) * (5e-324 if abs(value) > mp.mpf(2) ** -1075 else 0.0)
    short = rounded(value, bits)
    if abs(short) >= mp.mpf(2) ** 1024:
        return float("inf") if short > 0 else float("-inf")
    return float(short)


def sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def fixture():
    pick = random.Random(20240229)

    def spread(low, high, count):
        return [pick.uniform(low, high) for _ in range(count)]

    def scales(low, high, count, signs=(1, -1)):
        return [pick.choice(signs) * pick.uniform(1, 2) * 2.0 ** pick.randint(low, high) for _ in range(count)]

    arguments = {
        "exp": (mp.exp, spread(-745.2, 709.8, 130) + spread(-2, 2, 130) + scales(-60, 3, 60)
                + [709.782712893384, 709.78271289338397, -708.3964185322641, -745.1332191019411, -745.13321910194122, -744.5, -720.25]),
        "expm1": (mp.expm1, spread(-40, 709.8, 80) + spread(-2, 2, 160) + scales(-70, 3, 80) + [709.782712893384, -36.8, -37.5, 5e-324]),
        "log": (mp.log, scales(-1074, 1022, 130, (1,)) + spread(0.5, 2, 160) + [1 + v for v in scales(-50, -5, 60)]
                + [5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 1.0, 0.7071067811865475, 0.7071067811865476, 1.4142135623730951]),
        "log1p": (mp.log1p, scales(-70, 1022, 80, (1,)) + spread(-0.999, 2, 160) + scales(-60, -2, 80) + [-0.9999999999999999, 5e-324, 1.0, 1.7976931348623157e308]),
        "tanh": (mp.tanh, spread(-22, 22, 80) + spread(-1, 1, 160) + scales(-60, 3, 80) + [0.55, 0.5499999999999999, 0.5500000000000002, 19.06, 19.07, 300.0]),
        "sigmoid": (sigmoid, spread(-745.2, 40, 130) + spread(-4, 4, 130) + scales(-60, 3, 60) + [-745.1332191019411, -708.5, -709.5, -744.4, 36.7, 36.8, 300.0]),
    }
    for name, (function, xs) in arguments.items():
        for x in xs:
            y = as_float(function(mp.mpf(x)))
            print(name, struct.pack(">d", x).hex(), struct.pack(">d", y).hex())


if __name__ == "__main__":
    {"coefficients": coefficients, "fixture": fixture}[sys.argv[1]]()
