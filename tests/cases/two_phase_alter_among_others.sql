-- Between its two phases other sessions change the table, and other tables.
-- servers: mariadb
-- expect: a c {"id": 1}
-- expect: b c {"id": 1}
-- expect: a t {}
-- expect: b c {"id": 2}
-- due: c
SET SESSION binlog_alter_two_phase = ON;
CREATE TABLE a (id INT PRIMARY KEY, v INT);
CREATE TABLE b (id INT PRIMARY KEY);
INSERT INTO a VALUES (1, 5);
INSERT INTO b VALUES (1);
ALTER TABLE a RENAME TO c;
-- fails
ALTER TABLE c DROP PRIMARY KEY, ADD PRIMARY KEY (nope);
BEGIN;
INSERT INTO b VALUES (2);
COMMIT;
