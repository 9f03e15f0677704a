"""Thresholds: where a figure becomes a finding. Findings and alarms use the same numbers.

The alarms are in the plugin (`plugins/rowline/expand/alarms.js`); a test compares the two.
"""

from shared.domain.preflight.binlog_margin import MOST_USED

RELAY_LAG_S = 60
"""Above this the relay is behind its source."""

BINLOG_USED_PERCENT = int(MOST_USED * 100)
"""Above this share of the time that binlogs are kept, a relay that is behind may lose its place."""

CONSUMER_LATE_S = 900
"""Above this age of the oldest waiting change a consumer is behind."""

LOST_SHOWN_S = 7 * 86_400
"""Rows that a change of server lost are shown for this long after they were read again."""

QUEUE_ALMOST_OVER_S = 7 * 86_400
"""Half of the 14 days that SQS keeps a message."""

WATCH_SILENT_S = 180
"""The watch runs each minute."""

VERIFY_OLD_S = 31 * 86_400
"""A proof that is older says little about now."""

ARCHIVE_BEHIND_S = 900
"""Above this the archive is behind its streams."""

ARCHIVE_SILENT_S = 300
"""The committer runs each minute, and a run may take a few."""
