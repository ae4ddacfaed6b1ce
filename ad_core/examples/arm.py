# SPDX-License-Identifier: Apache-2.0
"""Forward kinematics of a 7-joint arm: the pose of the hand as a function of seven angles.

Source: Franka Emika, Panda, modified (Craig's) Denavit-Hartenberg parameters
from the manufacturer's interface documentation.
"""

import numpy as np

__all__ = ["FLANGE", "LINKS", "pose"]

# One row for each joint: offset a (m) and twist alpha (rad) from the previous joint's
# axis, then distance d (m) along its own axis.
LINKS = (
    (0.0, 0.0, 0.333),
    (0.0, -np.pi / 2, 0.0),
    (0.0, np.pi / 2, 0.316),
    (0.0825, np.pi / 2, 0.0),
    (-0.0825, -np.pi / 2, 0.384),
    (0.0, np.pi / 2, 0.0),
    (0.088, np.pi / 2, 0.0),
)
FLANGE = 0.107  # metres from the last joint to the hand, along its axis


def pose(q):
    """Return the hand's position and orientation.

    Parameters
    ----------
    q : array_like, shape (7,)
        Joint angles in radians.

    Returns
    -------
    ndarray, shape (12,)
        Position (m), then the rotation matrix row by row.

    Examples
    --------
    >>> import numpy as np
    >>> from ad_core.examples.arm import pose
    >>> pose(np.zeros(7))[[0, 2]].round(3).tolist()  # ahead and above, stretched up
    [0.088, 0.926]
    """
    x, y, z = np.eye(3)  # the axes of the joint's frame
    position = np.zeros(3)
    for i, (a, alpha, d) in enumerate(LINKS):
        y, z = np.cos(alpha) * y + np.sin(alpha) * z, np.cos(alpha) * z - np.sin(alpha) * y
        position = position + a * x + d * z
        x, y = np.cos(q[i]) * x + np.sin(q[i]) * y, np.cos(q[i]) * y - np.sin(q[i]) * x
    position = position + FLANGE * z
    return np.concatenate([position, np.stack([x, y, z], axis=1).ravel()])
