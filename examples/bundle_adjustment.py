# SPDX-License-Identifier: Apache-2.0
"""Bundle adjustment: cameras and points from the positions of the points in the images.

Size: 3 cameras of 9 parameters (rotation, translation, focal length, two distortions) and 12
points of 3 coordinates: 63 unknowns, 72 residuals.

Source: S. Agarwal, N. Snavely, S. Seitz and R. Szeliski, Bundle adjustment in the large, ECCV
2010 (the camera model); J. More, The Levenberg-Marquardt algorithm, LNM 630 (1978).
"""

from functools import partial
from typing import NamedTuple

import numpy as np

import ad_core


class Scene(NamedTuple):
    """The observations: observation k is point `points[k]` in the image of camera `cameras[k]`."""

    cameras: np.ndarray
    points: np.ndarray
    pixels: np.ndarray


def rotate(w, X):
    """Rodrigues' formula: X rotated about the axis w by the angle |w|."""
    angle = np.linalg.norm(w)
    if angle < 1e-7:  # the axis would be 0 / 0; the series is exact to rounding here
        turned = np.cross(w, X)
        return X + turned + 0.5 * np.cross(w, turned)
    axis = w / angle
    c, s = np.cos(angle), np.sin(angle)
    return c * X + s * np.cross(axis, X) + (1.0 - c) * np.dot(axis, X) * axis


def rotation_matrix(w):
    """The rotation as a matrix, from the cross-product matrix of the axis."""
    theta = np.sqrt(w @ w)
    if theta == 0.0:
        return np.eye(3)
    kx, ky, kz = w / theta
    K = np.array([[0.0, -kz, ky], [kz, 0.0, -kx], [-ky, kx, 0.0]])
    return np.eye(3) + np.sin(theta) * K + (1 - np.cos(theta)) * (K @ K)


def project(camera, X):
    """The image of one point in pixels; cameras look along -z."""
    w, translation, (focal, k1, k2) = camera[:3], camera[3:6], camera[6:]
    P = rotate(w, X) + translation
    p = -P[:2] / P[2]
    r2 = np.sum(p**2)
    return focal * (1.0 + k1 * r2 + k2 * r2**2) * p


def residuals(unknowns, scene, n_cameras):
    """The residuals (2 n,), observation by observation, from one vector of unknowns."""
    cameras = unknowns[: 9 * n_cameras].reshape(n_cameras, 9)
    points = unknowns[9 * n_cameras :].reshape(-1, 3)
    out = np.zeros((len(scene.pixels), 2))
    for k, (i, j) in enumerate(zip(scene.cameras, scene.points, strict=True)):
        out[k] = project(cameras[i], points[j]) - scene.pixels[k]
    return out.ravel()


def residuals_vectorised(unknowns, scene, n_cameras):
    """The same residuals, for all observations at once by fancy indexing; small angles by where."""
    cameras = unknowns[: 9 * n_cameras].reshape(n_cameras, 9)[scene.cameras]
    X = unknowns[9 * n_cameras :].reshape(-1, 3)[scene.points]
    w = cameras[:, :3]
    angle = np.sqrt(np.sum(w**2, axis=1, keepdims=True))
    safe = np.where(angle > 0.0, angle, 1.0)
    axis, c, s = w / safe, np.cos(angle), np.sin(angle)
    along = np.sum(axis * X, axis=1, keepdims=True)
    P = c * X + s * np.cross(axis, X) + (1.0 - c) * along * axis + cameras[:, 3:6]
    p = -P[:, :2] / P[:, 2:]
    r2 = (p**2).sum(axis=1)
    scale = cameras[:, 6] * (1.0 + cameras[:, 7] * r2 + cameras[:, 8] * r2**2)
    return (scale[:, None] * p - scene.pixels).ravel()


def huber_cost(unknowns, scene, n_cameras, width=1.0):
    """A robust cost: quadratic for small residuals, linear for outliers."""
    size = np.linalg.norm(residuals(unknowns, scene, n_cameras).reshape(-1, 2), axis=1)
    return np.sum(np.where(size <= width, 0.5 * size**2, width * (size - 0.5 * width)))


def simulate(n_cameras, n_points, focal=500.0, seed=0):
    """A scene without noise, and the unknowns from which it was computed."""
    rng = np.random.default_rng(seed)
    cameras = np.zeros((n_cameras, 9))
    cameras[:, :3] = 0.2 * rng.standard_normal((n_cameras, 3))
    cameras[:, 3:6] = [0.0, 0.0, -6.0] + 0.3 * rng.standard_normal((n_cameras, 3))
    cameras[:, 6:] = [focal, -0.05, 0.01]
    truth = np.concatenate([cameras.ravel(), rng.uniform(-1.0, 1.0, 3 * n_points)])
    i, j = np.divmod(np.arange(n_cameras * n_points), n_points)
    empty = Scene(i, j, np.zeros((i.size, 2)))
    return Scene(i, j, residuals(truth, empty, n_cameras).reshape(-1, 2)), truth


def main():
    n_cameras = 3
    scene, truth = simulate(n_cameras, 12)
    rng = np.random.default_rng(1)
    unknowns = truth + 0.02 * rng.standard_normal(truth.size)
    unknowns[6 : 9 * n_cameras : 9] = 490.0  # approximate focal lengths in pixels
    f = ad_core.compile(partial(residuals, scene=scene, n_cameras=n_cameras))
    damping, (r, J) = 1e-3, f.value_and_jacobian(unknowns)
    print(f"start: rms residual {np.sqrt(np.mean(r**2)):.2e} pixels")
    for iteration in range(30):
        A = J.T @ J
        step = np.linalg.solve(A + damping * np.diag(A.diagonal()), -J.T @ r)
        trial, trial_J = f.value_and_jacobian(unknowns + step)
        if trial @ trial < r @ r:
            unknowns, r, J, damping = unknowns + step, trial, trial_J, damping / 10.0
        else:
            damping *= 10.0
        rms = np.sqrt(np.mean(r**2))
        if iteration % 3 == 0 or rms < 1e-8:
            print(f"iteration {iteration + 1}: rms residual {rms:.2e} pixels")
        if rms < 1e-8:
            break


_camera = np.array([0.2, -0.4, 0.3, 0.1, -0.2, -5.0, 2.0, -0.1, 0.02])
_point = np.array([0.4, -0.7, 0.3])
_upright = np.concatenate([np.zeros(3), _camera[3:]])
_scene, _truth = simulate(2, 3, focal=1.5)
_scene = _scene._replace(pixels=_scene.pixels + 1.5 * np.cos(np.arange(12.0)).reshape(-1, 2))
_arguments = {"scene": _scene, "n_cameras": 2}

CASES = [
    ("project", project, (_camera, _point)),
    ("small angle", project, (_upright, _point)),
    ("rotate", rotate, (np.array([0.3, -0.2, 0.9]), _point)),
    ("rotate by nothing", rotate, (np.zeros(3), _point)),
    ("rotation matrix", rotation_matrix, (np.array([0.3, -0.2, 0.9]),)),
    ("residuals", partial(residuals, **_arguments), (_truth,)),
    ("vectorised", partial(residuals_vectorised, **_arguments), (_truth,)),
    ("huber", partial(huber_cost, **_arguments), (_truth,)),
]

if __name__ == "__main__":
    main()
