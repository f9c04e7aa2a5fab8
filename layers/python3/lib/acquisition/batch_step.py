"""Several files at once."""

import os
import time

from acquisition.step import PING_S, AcquisitionStep
from mfutil import get_unique_hexa_identifier


class AcquisitionBatchStep(AcquisitionStep):
    """Override batch_process(xafs): one status for all, or a list of them."""

    batch_process_max_size = 100
    batch_process_max_wait = 10

    def __init__(self):
        super().__init__()
        self._batch = []
        self._begun = 0

    def batch_process(self, xafs):
        raise NotImplementedError("batch_process() must be overridden")

    def process(self, xaf):
        return self._statuses(self.batch_process([xaf]), 1)[0]

    def _hands(self):
        return max(1, int(self.batch_process_max_size))

    def _patience(self):
        left = self._begun + self.batch_process_max_wait - time.monotonic() if self._batch else PING_S
        return min(PING_S, max(left, 0))

    def _received(self, lease):
        if not self._batch:
            self._begun = time.monotonic()
            self._batch_id = get_unique_hexa_identifier()
        self.set_tag(lease.xaf, "batch_id", self._batch_id, add_latest=False)
        self._batch.append(lease)
        if lease.alone:
            self._flush()
        self._flush_if_ready()

    def _ping(self):
        super()._ping()
        self._flush_if_ready()

    def _finish(self):
        self._flush()

    def _forget_leases(self):
        self._batch = []
        super()._forget_leases()

    def _flush_if_ready(self):
        waited = time.monotonic() - self._begun
        if len(self._batch) >= self._hands() or (self._batch and waited >= self.batch_process_max_wait):
            self._flush()

    def _flush(self):
        leases, self._batch = self._batch, []
        # A file may have gone since: somebody took it by hand.
        present = [lease for lease in leases if os.path.exists(lease.path)]
        if not leases:
            return
        statuses = self._timed(present) if present else []
        results = dict(zip([lease.id for lease in present], statuses))
        self._report([(lease, results.get(lease.id, True)) for lease in leases])
        self._after(min(statuses, default=True))

    def _timed(self, present):
        """The pipeline counts files by itself; of batches it knows nothing."""
        stats = self.get_stats_client()
        with stats.timer("processing_batch_timer"):
            status = self._guarded(lambda: self.batch_process([lease.xaf for lease in present]))
        statuses = self._statuses(status, len(present))
        stats.incr("number_of_processed_batches")
        if not all(statuses):
            stats.incr("number_of_processed_batches_error")
        return statuses

    def _statuses(self, status, count):
        if not isinstance(status, (list, tuple)):
            return [bool(status)] * count
        if len(status) == count:
            self._reason = self._reason or "batch_process() says so"
            return [bool(one) for one in status]
        self._reason = f"batch_process() returned {len(status)} statuses for {count} files"
        self.error(self._reason)
        return [False] * count
