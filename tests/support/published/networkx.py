# SPDX-License-Identifier: Apache-2.0
"""Functions of networkx: weights of edges and attributes of nodes as variables."""

import networkx as nx
import numpy as np

from published import row

EDGES = [(0, 1), (1, 2), (2, 3), (3, 0), (0, 2)]
WEIGHTS = np.array([1.0, 2.0, 1.5, 0.7, 2.5])


def graph(weights, kind=nx.Graph):
    g = kind()
    for (a, b), weight in zip(EDGES, weights, strict=True):
        g.add_edge(a, b, weight=weight)
    return g


def shortest_path_length(weights):
    return nx.shortest_path_length(graph(weights), 0, 3, weight="weight")


def bellman_ford(weights):
    return nx.bellman_ford_path_length(graph(weights), 1, 3, weight="weight")


def all_pairs(weights):
    found = dict(nx.all_pairs_dijkstra_path_length(graph(weights)))
    return [found[a][b] for a in range(4) for b in range(4) if a != b]


def floyd_warshall(weights):
    return np.asarray(nx.floyd_warshall_numpy(graph(weights)))


def spanning_tree(weights):
    return nx.minimum_spanning_tree(graph(weights)).size(weight="weight")


def degrees(weights):
    return [degree for _, degree in graph(weights).degree(weight="weight")]


def adjacency(weights):
    return nx.to_numpy_array(graph(weights))


def laplacian(weights):
    return nx.laplacian_matrix(graph(weights)).toarray()


def laplacian_spectrum(weights):
    return nx.laplacian_spectrum(graph(weights))


def pagerank(weights):
    return list(nx.pagerank(graph(weights, nx.DiGraph), tol=1e-13, max_iter=1000).values())


def betweenness(weights):
    return list(nx.current_flow_betweenness_centrality(graph(weights), weight="weight").values())


def katz_centrality(weights):
    return list(nx.katz_centrality_numpy(graph(weights), alpha=0.1, weight="weight").values())


def clustering(weights):
    return list(nx.clustering(graph(weights), weight="weight").values())


def resistance(weights):
    return nx.resistance_distance(graph(weights), 1, 3, weight="weight", invert_weight=False)


def maximum_flow(capacities):
    g = nx.DiGraph()
    for (a, b), capacity in zip([(0, 1), (0, 2), (1, 3), (2, 3)], capacities, strict=True):
        g.add_edge(a, b, capacity=capacity)
    return nx.maximum_flow_value(g, 0, 3)


def longest_path(weights):
    g = nx.DiGraph()
    for (a, b), weight in zip([(0, 1), (0, 2), (1, 3), (2, 3)], weights, strict=True):
        g.add_edge(a, b, weight=weight)
    return nx.dag_longest_path_length(g)


def modularity(weights):
    return nx.community.modularity(graph(weights), [{0, 1}, {2, 3}], weight="weight")


def cut_size(weights):
    return nx.cut_size(graph(weights), {0, 1}, weight="weight")


FUNCTIONS = [
    row(shortest_path_length, WEIGHTS),
    row(bellman_ford, WEIGHTS),
    row(all_pairs, WEIGHTS),
    row(floyd_warshall, WEIGHTS, of=lambda r: r[0, 1:]),
    row(spanning_tree, WEIGHTS),
    row(degrees, WEIGHTS),
    row(adjacency, WEIGHTS),
    row(laplacian, WEIGHTS),
    row(laplacian_spectrum, WEIGHTS, of=lambda r: r[1:]),
    row(pagerank, WEIGHTS, tolerance=1e-5),
    row(betweenness, WEIGHTS),
    row(katz_centrality, WEIGHTS),
    row(clustering, WEIGHTS),
    row(resistance, WEIGHTS),
    row(maximum_flow, np.array([1.0, 2.0, 1.5, 0.7])),
    row(longest_path, np.array([1.0, 2.0, 1.5, 0.7])),
    row(modularity, WEIGHTS),
    row(cut_size, WEIGHTS),
]
