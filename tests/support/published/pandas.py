# SPDX-License-Identifier: Apache-2.0
"""Functions of pandas: columns of plain numbers as operands, and tables of traced ones."""

import numpy as np
import pandas as pd

from published import row

TABLE = pd.DataFrame(
    {"price": [10.0, 12.5, 11.0, 14.0], "volume": [3.0, 1.0, 2.0, 5.0], "kind": list("abab")}
)


def weighted(prices):
    return np.sum(prices * TABLE["volume"].to_numpy())


def by_column(prices):
    return np.sum(prices * TABLE["volume"])


def column_first(prices):
    return np.sum(TABLE["volume"] * prices)


def scaled_column(a, b):
    return np.asarray(a * TABLE["price"] + b)


def column_in_function(a):
    return np.exp(-a * TABLE["price"] / 10.0).to_numpy()


def dot(weights):
    return np.dot(TABLE["price"], weights)


def matrix(weights):
    return TABLE[["price", "volume"]].to_numpy() @ weights


def frame_product(weights):
    return TABLE[["price", "volume"]] @ weights


def interpolated(x):
    return np.interp(x, TABLE["volume"].sort_values(), TABLE["price"])


def selected(prices):
    return prices[TABLE["kind"] == "a"]


def series(prices):
    return pd.Series(prices).mean()


def returns(prices):
    return pd.Series(prices).pct_change().dropna().to_numpy()


def rolling(prices):
    return pd.Series(prices).rolling(2).mean().to_numpy()[1:]


def frame(prices, volumes):
    table = pd.DataFrame({"price": prices, "volume": volumes})
    return (table["price"] * table["volume"]).sum()


def residual(prices, slope):
    table = TABLE.assign(predicted=slope * TABLE["volume"])
    return np.asarray(table["predicted"]) - prices


PRICES = np.array([1.0, 2.0, 4.0, 3.0])

FUNCTIONS = [
    row(weighted, PRICES),
    row(by_column, PRICES),
    row(column_first, PRICES),
    row(scaled_column, 2.0, 0.5),
    row(column_in_function, 2.0),
    row(dot, PRICES),
    row(matrix, np.array([0.3, 0.7])),
    row(frame_product, np.array([0.3, 0.7])),
    row(interpolated, 2.4),
    row(selected, PRICES),
    row(series, PRICES),
    row(returns, PRICES),
    row(rolling, PRICES, refused="compiled"),
    row(frame, PRICES, PRICES[::-1].copy()),
    row(residual, PRICES, 1.5),
]
