# SPDX-License-Identifier: Apache-2.0
"""Functions of anaStruct: frames and trusses."""

import anastruct

from published import row


def cantilever(EI, load):
    frame = anastruct.SystemElements(EA=15000.0, EI=EI)
    frame.add_element(location=[[0, 0], [2.5, 0]])
    frame.add_support_fixed(node_id=1)
    frame.point_load(node_id=2, Fy=load)
    frame.solve()
    found = frame.get_node_displacements(node_id=2)
    return found["uy"], found["phi_z"]


def portal(EI, H, V, M):
    frame = anastruct.SystemElements(EA=15000.0, EI=EI)
    frame.add_element(location=[[0, 0], [0, 4]])
    frame.add_element(location=[[0, 4], [6, 4]], EI=2000.0)
    frame.add_element(location=[[6, 4], [6, 0]])
    frame.add_support_fixed(node_id=1)
    frame.add_support_hinged(node_id=4)
    frame.point_load(node_id=2, Fx=H)
    frame.point_load(node_id=3, Fy=V)
    frame.moment_load(node_id=3, Tz=M)
    frame.solve()
    return frame


def portal_moments(EI, H, V, M):
    frame = portal(EI, H, V, M)
    return [frame.get_element_results(element_id=k)["Mmax"] for k in (1, 2, 3)]


def portal_reactions(EI, H, V, M):
    found = portal(EI, H, V, M).get_node_results_system(node_id=1)
    return found["Fx"], found["Fy"], found["Tz"]


def truss(EA, F):
    frame = anastruct.SystemElements(EA=EA)
    for location in ([[0, 0], [2, 0]], [[2, 0], [4, 0]], [[0, 0], [2, 1.5]], [[4, 0], [2, 1.5]],
                     [[2, 0], [2, 1.5]]):  # fmt: skip
        frame.add_truss_element(location=location)
    frame.add_support_hinged(node_id=1)
    frame.add_support_roll(node_id=3)
    frame.point_load(node_id=2, Fy=F)
    frame.solve()
    return [frame.get_element_results(element_id=k)["Nmax"] for k in range(1, 6)] + [
        frame.get_node_displacements(node_id=2)["uy"]
    ]


def on_spring(k, EI, F):
    frame = anastruct.SystemElements(EA=15000.0, EI=EI)
    frame.add_multiple_elements([[0, 0], [10, 0]], n=4)
    frame.add_support_roll(node_id=1)
    frame.add_support_hinged(node_id=5)
    frame.add_support_spring(node_id=3, translation=2, k=k)
    frame.point_load(node_id=2, Fy=F)
    frame.solve()
    return [frame.get_node_displacements(node_id=n)["uy"] for n in (2, 3)]


def distributed(EI, q):
    frame = anastruct.SystemElements(EA=15000.0, EI=EI)
    frame.add_element(location=[[0, 0], [5, 0]])
    frame.add_support_hinged(node_id=1)
    frame.add_support_roll(node_id=2)
    frame.q_load(element_id=1, q=q)
    frame.solve()
    return frame.get_element_results(element_id=1)["Mmin"]


def span(length):
    frame = anastruct.SystemElements(EA=15000.0, EI=5000.0)
    frame.add_element(location=[[0, 0], [length, 0]])
    frame.add_support_fixed(node_id=1)
    frame.point_load(node_id=2, Fy=-10.0)
    frame.solve()
    return frame.get_node_displacements(node_id=2)["uy"]


FUNCTIONS = [
    row(cantilever, 5000.0, -10.0),
    row(portal_moments, 5000.0, 12.0, -10.0, 3.0),
    row(portal_reactions, 5000.0, 12.0, -10.0, 3.0),
    row(truss, 5e4, -30.0),
    row(on_spring, 400.0, 5000.0, -10.0),
    row(distributed, 5000.0, -8.0, refused="the moments by distributed loads are compiled"),
    row(span, 2.5, refused="the coordinates are rounded to float32"),
]
