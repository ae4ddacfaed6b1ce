# SPDX-License-Identifier: Apache-2.0
"""ad_core: as ad_core-batch, on one thread."""

from benchmarks.peers.own_batch import prepare_with
from benchmarks.peers.peer import Peer

PEER = Peer("ad_core-worker", ("ad_core", "numpy"), prepare_with(1))
