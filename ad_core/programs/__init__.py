# SPDX-License-Identifier: Apache-2.0
"""Compiled programs: a recorded function and its derivatives, evaluated at new points."""
