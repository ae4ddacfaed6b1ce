# SPDX-License-Identifier: Apache-2.0
"""Functions of simple_pid: loops that a PID controller closes."""

import numpy as np
from simple_pid import PID

from published import row


def boiler(temperature, Kp, Ki, Kd, setpoint, steps=12, **options):
    """A water boiler with a heater, as in the package's example."""
    pid = PID(Kp, Ki, Kd, setpoint=setpoint, sample_time=None, **options)
    reached = []
    for _ in range(steps):
        power = pid(temperature, dt=0.1)
        temperature = temperature + 0.1 * power - 0.02 * (temperature - 20.0) * 0.1
        reached.append(temperature)
    return reached


def components(inputs, Kp, Ki, Kd):
    pid = PID(Kp, Ki, Kd, setpoint=10.0, sample_time=None)
    for value in inputs:
        pid(value, dt=0.5)
    return pid.components


def tuned(inputs, tunings, setpoints):
    pid = PID(1.0, 0.1, 0.05, sample_time=None)
    outputs = []
    for value, setpoint in zip(inputs, setpoints, strict=True):
        pid.tunings = tunings
        pid.setpoint = setpoint
        outputs.append(pid(value, dt=0.2))
    return outputs


def resumed(inputs, last_output):
    pid = PID(2.0, 0.3, 0.1, setpoint=5.0, sample_time=None, auto_mode=False)
    pid.set_auto_mode(True, last_output=last_output)
    return [pid(value, dt=0.2) for value in inputs]


def varying_steps(inputs, steps):
    pid = PID(2.0, 0.3, 0.1, setpoint=5.0, sample_time=None)
    return [pid(value, dt=dt) for value, dt in zip(inputs, steps, strict=True)]


def wrapped(angle, Kp, Kd):
    pid = PID(Kp, 0.0, Kd, setpoint=3.0, sample_time=None)
    pid.error_map = lambda error: (error + np.pi) % (2.0 * np.pi) - np.pi
    out = []
    for _ in range(5):
        angle = angle + 0.1 * pid(angle, dt=0.1)
        out.append(angle)
    return out


INPUTS = np.array([7.0, 8.0, 9.5, 9.0])

FUNCTIONS = [
    row(boiler, 20.0, 5.0, 0.5, 0.05, 60.0),
    row(boiler, 20.0, 5.0, 0.5, 0.05, 60.0, output_limits=(0, 100), name="limited"),
    row(boiler, 20.0, 1.0, 0.5, 0.05, 60.0, proportional_on_measurement=True),
    row(boiler, 20.0, 1.0, 0.5, 0.05, 60.0, differential_on_measurement=False),
    row(boiler, 20.0, 1.0, 0.5, 0.05, 60.0, starting_output=5.0),
    row(components, INPUTS, 1.0, 0.1, 0.05),
    row(tuned, INPUTS, np.array([2.0, 0.3, 0.1]), np.array([10.0, 10.0, 11.0, 12.0])),
    row(resumed, INPUTS, 3.0),
    row(varying_steps, INPUTS, np.array([0.1, 0.2, 0.15, 0.1])),
    row(wrapped, -2.9, 2.0, 0.1),
]
