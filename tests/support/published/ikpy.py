# SPDX-License-Identifier: Apache-2.0
"""Kinematic chains of ikpy."""

import numpy as np
from ikpy.chain import Chain
from ikpy.link import DHLink, OriginLink, URDFLink
from ikpy.utils import geometry

from published import row

ARM = Chain(
    name="arm",
    active_links_mask=[False, True, True, True],
    links=[
        OriginLink(),
        URDFLink("shoulder", [-10.0, 0.0, 5.0], [0.0, 1.57, 0.0], [0.0, 1.0, 0.0]),
        URDFLink("elbow", [25.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 1.0, 0.0]),
        URDFLink("wrist", [22.0, 0.0, 0.0], [0.0, 0.0, 0.3], [0.0, 1.0, 0.0]),
    ],
)


def forward(angles):
    return ARM.forward_kinematics(angles)


def whole(angles):
    return ARM.forward_kinematics(angles, full_kinematics=True)


def denavit_hartenberg(d, a, theta):
    return DHLink("link", d=d, a=a).get_link_frame_matrix(theta)


def translation(x):
    link = URDFLink("link", x, [0.1, 0.2, 0.3], [0.0, 0.0, 1.0], use_symbolic_matrix=False)
    return link.get_link_frame_matrix(0.3)


FUNCTIONS = [
    row(forward, np.array([0.0, 0.3, -0.4, 0.6])),
    row(whole, np.array([0.0, 0.3, -0.4, 0.6])),
    row(translation, np.array([1.0, 2.0, 3.0])),
    row(geometry.rpy_matrix, 0.1, 0.2, 0.3),
    row(geometry.axis_rotation_matrix, np.array([0.0, 0.6, 0.8]), 0.7),
    row(geometry.rx_matrix, 0.4),
    row(geometry.homogeneous_translation_matrix, 1.0, 2.0, 3.0),
    row(denavit_hartenberg, 0.3, 0.2, 0.7),
]
