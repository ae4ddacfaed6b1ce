# SPDX-License-Identifier: Apache-2.0
"""Stand-ins for engines that tests of ad_core.distributed cannot start."""

import concurrent.futures as futures
import pickle


def copied(x):
    """x as it arrives in another process."""
    return pickle.loads(pickle.dumps(x))


class RayLike:
    """The functions of the module ray; what is sent is pickled, and tasks run at once."""

    def __init__(self):
        self.sent = []  # the sizes of what was sent, in bytes

    def put(self, x):
        self.sent.append(len(pickle.dumps(x)))
        return Reference(copied(x))

    def remote(self, function):
        client = self

        class Remote:
            @staticmethod
            def remote(*args):
                given = [x.value if isinstance(x, Reference) else client.put(x).value for x in args]
                return Reference(copied(function(*given)))

        return Remote

    def wait(self, references, num_returns):
        return references[-num_returns:], references[:-num_returns]

    def get(self, reference):
        return copied(reference.value)

    def cancel(self, reference):
        reference.value = None


class Reference:
    def __init__(self, value):
        self.value = value


class Backwards(futures.Executor):
    """Tasks run when their results are waited for, those submitted last first."""

    def __init__(self):
        self.tasks = []

    def submit(self, function, *args):
        future = futures.Future()
        self.tasks.append((future, function, args))
        if len(self.tasks) == self.count:
            for future_, function_, args_ in reversed(self.tasks):
                future_.set_result(copied(function_(*copied(args_))))
            self.tasks = []
        return future

    count = 1


class Cancelled(futures.Executor):
    """All tasks are cancelled."""

    def submit(self, function, *args):
        future = futures.Future()
        future.cancel()
        future.set_running_or_notify_cancel()
        return future
