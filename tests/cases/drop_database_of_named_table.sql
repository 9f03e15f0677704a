-- A table that is named in full is gone with its database, seen or not.
-- servers: mariadb mysql
-- tables: k2.never
-- expect: never t {}
DROP DATABASE k2;
