# SPDX-License-Identifier: Apache-2.0
"""Functions of nvector: geographical positions as normal vectors."""

import numpy as np
import nvector as nv

from published import row

A, B = np.array([[0.5], [0.3], [0.812403840463596]]), np.array([[0.4], [-0.5], [0.768114574786]])
WGS84 = nv.FrameE(name="WGS84")
P = np.array([[3e6], [-2e6], [5.2e6]])


def delta(lat1, lon1, lat2, lon2):
    point = WGS84.GeoPoint(latitude=lat1, longitude=lon1, z=3.0, degrees=True)
    other = WGS84.GeoPoint(latitude=lat2, longitude=lon2, z=6.0, degrees=True)
    return point.delta_to(other).pvector


def geodesic(lat1, lon1, lat2, lon2):
    point = WGS84.GeoPoint(latitude=lat1, longitude=lon1, degrees=True)
    other = WGS84.GeoPoint(latitude=lat2, longitude=lon2, degrees=True)
    return point.distance_and_azimuth(other)


def displaced(lat, lon, distance, azimuth):
    point = WGS84.GeoPoint(latitude=lat, longitude=lon, degrees=True)
    other, turned = point.displace(
        distance=distance, azimuth=azimuth, method="greatcircle", degrees=True
    )
    return other.latitude_deg, other.longitude_deg, turned


def of_vector(p):
    point = WGS84.ECEFvector(p).to_geo_point()
    return point.latitude_deg, point.longitude_deg, point.z


FUNCTIONS = [
    row(nv.lat_lon2n_E, 0.9, 0.2),
    row(nv.n_E2lat_lon, A),
    row(nv.n_EB_E2p_EB_E, A, 100.0),
    row(nv.p_EB_E2n_EB_E, P),
    row(nv.n_EA_E_and_n_EB_E2p_AB_E, A, B, 3.0, 6.0),
    row(nv.n_EA_E_and_p_AB_E2n_EB_E, A, np.array([[3e3], [2e3], [100.0]])),
    row(nv.n_EA_E_distance_and_azimuth2n_EB_E, A, 0.02, 0.4),
    row(nv.great_circle_distance, A, B),
    row(nv.euclidean_distance, A, B),
    row(nv.n_E2R_EN, A),
    row(nv.xyz2R, 0.2, -0.4, 1.1),
    row(nv.zyx2R, 0.2, -0.4, 1.1),
    row(nv.mean_horizontal_position, np.hstack([A, B])),
    row(delta, 1.0, 2.0, 4.0, 5.0),
    row(geodesic, 1.0, 2.0, 4.0, 5.0),
    row(displaced, 80.0, -90.0, 1000.0, 200.0),
    row(of_vector, P),
]
