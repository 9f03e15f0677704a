"""The local stage: a real MariaDB, a real Elasticsearch and an AWS emulator on this machine,
without Docker or root.

`stage` starts and stops the three; `mariadb`, `mysql`, `elasticsearch` and `aws` each start one
server, also alone and with other options (the tests do). See docs/local.md.
"""
