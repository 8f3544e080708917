"""How old an asset may be before its page says so: everything is made again or confirmed once a week.

Nothing is retrained without a reason, so an asset that nobody touched is no bad sign by itself. One that was not even
confirmed for more than a week is: the nights do not run, fail, or their candidates are refused.
"""

from datetime import timedelta

import dagster as dg

FRESH = dg.FreshnessPolicy.time_window(fail_window=timedelta(days=15), warn_window=timedelta(days=8))
