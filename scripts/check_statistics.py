#!/usr/bin/env python3
"""The gate's statistics against scipy and statsmodels.

  check_statistics.py VALUES    VALUES: what bench_statistics printed

Every formula is computed here by another route: the score's constrained maximum by numerical maximisation of the
likelihood, exact p-values by summing whole tables, levels of several looks by the multivariate normal law, the bootstrap
by its own resampling. Prints one row a function with the largest difference; ends with 1 where one exceeds its tolerance.
Needs numpy, scipy and statsmodels (make bench-statistics keeps them in a folder of the cache).
"""

import json
import math
import sys

import numpy as np
from scipy import optimize, stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

ALPHA = 0.05


def score(n, b, c, margin):
    """Tango's score with q maximising the likelihood b·log(q + Δ) + c·log q + (n − b − c)·log(1 − 2q − Δ)."""
    def loss(q):
        total = 0.0
        for count, p in ((b, q + margin), (c, q), (n - b - c, 1 - 2 * q - margin)):
            if count:
                total -= count * math.log(max(p, 1e-300))
        return total
    q = optimize.minimize_scalar(loss, bounds=(0, (1 - margin) / 2), method="bounded", options={"xatol": 1e-13}).x
    if c == 0 and loss(0) <= loss(q):
        q = 0.0
    variance = n * (2 * q + margin * (1 - margin))
    return (b - c - n * margin) / math.sqrt(variance)


def exact_p(n, b, c, margin):
    """sup over q of P(score ≤ observed), over every table, on a fine grid refined by a bounded search."""
    counts = [(i, j) for i in range(n + 1) for j in range(n + 1 - i)]
    observed = score_fast(n, b, c, margin) + 1e-9
    chosen = [(i, j) for i, j in counts if score_fast(n, i, j, margin) <= observed]
    i, j = np.array(chosen).T
    log_ways = (math.lgamma(n + 1) - np.array([math.lgamma(x + 1) + math.lgamma(y + 1) + math.lgamma(n - x - y + 1)
                                               for x, y in chosen]))

    def probability(q):
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = (log_ways + i * np.log(q + margin) + np.where(j > 0, j * np.log(q), 0) +
                    np.where(n - i - j > 0, (n - i - j) * np.log(max(1 - 2 * q - margin, 1e-300)), 0))
        return float(np.exp(logs).sum())

    grid = np.linspace(1e-9, (1 - margin) / 2 - 1e-9, 1500)
    return max(probability(q) for q in grid)


def score_fast(n, b, c, margin):
    quadratic = np.roots([2 * n, -b - c + (2 * n - b + c) * margin, -c * margin * (1 - margin)])
    q = max(0.0, max(quadratic.real))
    return (b - c - n * margin) / math.sqrt(n * (2 * q + margin * (1 - margin)))


def levels(shares, rule):
    """Each look's level from the joint normal law of the statistics, by scipy's multivariate normal."""
    found, before = [], 0.0
    for k, t in enumerate(shares):
        spent = ALPHA * t if rule == "even" else 2 - 2 * stats.norm.cdf(stats.norm.ppf(1 - ALPHA / 2) / math.sqrt(t))
        spent = ALPHA if t >= 1 else spent
        covariance = [[math.sqrt(min(a, b) / max(a, b)) for b in shares[:k + 1]] for a in shares[:k + 1]]

        def crossed(z):
            below = stats.norm.ppf(1 - np.array(found + [stats.norm.sf(z)]))
            if k == 0:
                return stats.norm.sf(z)
            inside = stats.multivariate_normal.cdf(below[:-1], cov=np.array(covariance)[:-1, :-1], abseps=1e-7)
            return inside - stats.multivariate_normal.cdf(below, cov=covariance, abseps=1e-7)

        z = optimize.brentq(lambda z: crossed(z) - (spent - before), 0, 6, xtol=1e-5)
        found.append(float(stats.norm.sf(z)))
        before = spent
    return found


def sample_size(discordance, loss, margin, alpha, power):
    b, c = (discordance + loss) / 2, (discordance - loss) / 2
    q = optimize.minimize_scalar(lambda q: -(b * math.log(q + margin) + c * math.log(q) +
                                             (1 - b - c) * math.log(1 - 2 * q - margin)),
                                 bounds=(1e-12, (1 - margin) / 2 - 1e-12), method="bounded", options={"xatol": 1e-14}).x
    under = 2 * q + margin * (1 - margin)
    spread = stats.norm.ppf(1 - alpha) * math.sqrt(under) + stats.norm.ppf(power) * math.sqrt(discordance - loss ** 2)
    return math.ceil((spread / (margin - loss)) ** 2)


def bootstrap(clusters):
    """Mean, linearised standard error and studentised limits, by another generator."""
    sums, weights = np.array(clusters).T
    k = len(sums)

    def moments(index):
        s, w = sums[index], weights[index]
        mean = s.sum(-1) / w.sum(-1)
        residual = s - mean[..., None] * w
        return mean, np.sqrt((residual ** 2).sum(-1) * k / (k - 1)) / w.sum(-1)

    mean, error = moments(np.arange(k)[None])
    resampled, errors = moments(np.random.default_rng(7).integers(0, k, (40000, k)))
    t = (resampled - mean) / errors
    return [float(mean[0]), float(error[0]), float(mean[0] - np.quantile(t, 1 - ALPHA) * error[0]),
            float(mean[0] - np.quantile(t, ALPHA * k / (k + 30)) * error[0])]


def design_effect(values):
    """1 + (m − 1)·ρ with ρ by one-way analysis of variance, from statsmodels' own sums of squares."""
    import pandas
    import statsmodels.api as sm
    from statsmodels.formula.api import ols
    frame = pandas.DataFrame(values, columns=["cluster", "value"])
    table = sm.stats.anova_lm(ols("value ~ C(cluster)", frame).fit())
    between, within = table["mean_sq"].iloc[0], table["mean_sq"].iloc[1]
    m = len(values) / frame["cluster"].nunique()
    rho = (between - within) / (between + (m - 1) * within)
    return max(1.0, 1 + (m - 1) * rho)


REFERENCES = {
    "normal_quantile": (stats.norm.ppf, 1e-9, "scipy.stats.norm.ppf"),
    "normal_cdf": (stats.norm.cdf, 1e-12, "scipy.stats.norm.cdf"),
    "mcnemar_worse": (lambda b, c: stats.binomtest(b, b + c, 0.5, "greater").pvalue, 1e-10, "scipy.stats.binomtest"),
    "tango_score": (score, 1e-4, "likelihood maximised numerically"),
    "exact_noninferiority_p": (exact_p, 2e-4, "sum over all tables, 1500 values of q"),
    "proportion_upper": (lambda x, n: stats.beta.ppf(1 - ALPHA, x + 1, n - x), 1e-9, "scipy.stats.beta.ppf"),
    "proportion_lower": (lambda x, n: stats.beta.ppf(ALPHA, x, n - x + 1) if x else 0.0, 1e-9, "scipy.stats.beta.ppf"),
    "wilson_lower": (lambda share, n: max(0.0, proportion_confint(share * n, n, 2 * ALPHA, "wilson")[0]), 1e-9,
                     "statsmodels proportion_confint, wilson"),
    "paired_sample_size": (sample_size, 1, "likelihood maximised numerically"),
    "look_levels": (levels, 3e-5, "scipy.stats.multivariate_normal"),
    "bootstrap_mean": (lambda *clusters: bootstrap(clusters), 2e-3, "numpy, another generator"),
    "design_effect": (lambda *values: design_effect(values), 1e-9, "statsmodels anova_lm"),
}


def main():
    worst, counts = {}, {}
    for line in open(sys.argv[1]):
        row = json.loads(line)
        reference, _, _ = REFERENCES[row["name"]]
        expected = np.atleast_1d(np.array(reference(*row["arguments"]), dtype=float))
        got = np.atleast_1d(np.array(row["value"], dtype=float))
        worst[row["name"]] = max(worst.get(row["name"], 0.0), float(np.abs(expected - got).max()))
        counts[row["name"]] = counts.get(row["name"], 0) + 1
    # Two-sided exact McNemar of statsmodels is twice the one-sided tail where the original wins more.
    assert abs(mcnemar([[0, 12], [4, 0]], exact=True).pvalue - 2 * stats.binomtest(12, 16, 0.5, "greater").pvalue) < 1e-12
    print("| function | arguments tried | reference | largest difference | tolerance |\n|---|---|---|---|---|")
    failed = False
    for name, (_, tolerance, source) in REFERENCES.items():
        failed |= name not in worst or worst[name] > tolerance
        print(f"| {name} | {counts.get(name, 0)} | {source} | {worst.get(name, math.nan):.2g} | {tolerance:g} |")
    print("\nA DIFFERENCE EXCEEDS ITS TOLERANCE." if failed else "\nAll agree.")
    return 1 if failed else 0


sys.exit(main())
