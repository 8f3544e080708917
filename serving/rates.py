"""How often somebody may ask: a leaky bucket each (https://aiolimiter.readthedocs.io), as deep as a second's requests.

Without a thread or a task of its own: a limiter with either cost more than all else that the gateway does.
"""

from __future__ import annotations

from collections import OrderedDict

from aiolimiter import AsyncLimiter

MOST = 10_000  # buckets; who was not seen for longest starts anew


class Rates:
    """Used in one event loop."""

    def __init__(self) -> None:
        self.buckets: OrderedDict[tuple[str, int], AsyncLimiter] = OrderedDict()

    async def may(self, who: str, per_second: int) -> bool:
        """Whether `who` has a request left; counts it if so."""
        bucket = self.buckets.get((who, per_second))
        if bucket is None:
            bucket = self.buckets[who, per_second] = AsyncLimiter(per_second, 1.0)
            if len(self.buckets) > MOST:
                self.buckets.popitem(last=False)
        else:
            self.buckets.move_to_end((who, per_second))
        if not bucket.has_capacity():
            return False
        await bucket.acquire()
        return True
