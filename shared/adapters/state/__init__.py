"""The state of a stage: everything that is remembered between runs, in one DynamoDB table.

Each subject has a contract of its own. Layout of the table (`pk`, `sk` are strings):

| pk | sk | holds |
|---|---|---|
| `stream#SOURCE` | `checkpoint`, of a further relay `checkpoint#RELAY` | lease and checkpoint |
| `stream#SOURCE` | `tables` | which stream holds which table |
| `stream#SOURCE` | `coverage#RELAY#0000000001` (the first relay's name is left out) | one segment |
| `stream#SOURCE` | `schema#DATABASE.TABLE#000001` | one column set |
| `stream#SOURCE` | `columns#DATABASE.TABLE` | columns under which rows have left |
| `stream#SOURCE` | `rewritten#DATABASE.TABLE` | the last due of a table, for every consumer |
| `consumer#NAME#TABLE` | `mark#000` | the marks of 32 shards of a table |
| `consumer#NAME#TABLE` | `mark` | the marks of all shards, as the former version kept them |
| `consumer#NAME` | `run`, `run#verify`, `run#redrive` | the job in each slot |
| `consumer#NAME` | `job#ID` | a job that is over, for 400 days |
| `consumer#NAME#JOB` | `done#MESSAGE`, `deletion#ADDRESS` | applied messages, deletions |
| `consumer#NAME#JOB` | `redriven#CHANGE` | what became of a parked change |
| `consumer#NAME` | `parked` | the groups that may have parked rows |
| `consumer#NAME` | `hand#GROUP` | a group that an invocation has begun and not ended |
| `consumer#NAME` | `budget#MINUTE` | what was tried, refused and parked in a minute |
| `consumer#NAME#parked` | `change#GROUP#SEQ#ID` | a parked change |
| `consumer#NAME#parked` | `payload#ID` | its payload, until it expires |
| `consumer#NAME#parked` | `row#GROUP#ROW` | a row that has parked changes |
| `consumer#NAME` | `due#DATABASE.TABLE` | the last due of a table, for this consumer alone |
| `consumer#NAME` | `filled#DATABASE.TABLE` | the last due of the source that is settled |
| `consumer#NAME` | `indexes` | the indexes that are written beside the serving ones |
| `consumer#NAME` | `verify` | the report of the last verify |
| `consumer#NAME` | `gate` | whether the consumer may work now |
| `watch` | `pulse` | when the watch last ran, and its lease |
| `archive` | `progress` | how far the archive is |
| `lease` | `archive`, `archive-maintenance` | the committer of the archive, its maintenance |
| `lease` | `archive-snapshots`, `archive-erasure` | the packing of snapshots, an erasure |
"""
