-- The second phase of an ALTER that failed does nothing to the table it names.
-- servers: mariadb
-- expect: a c {"id": 1}
-- expect: a c {"id": 2}
-- expect: a c {"id": 3}
SET SESSION binlog_alter_two_phase = ON, sql_mode = 'ANSI_QUOTES';
CREATE TABLE "a" (id INT PRIMARY KEY, v INT);
INSERT INTO a VALUES (1, 5), (2, 5);
-- fails
ALTER TABLE "a" ADD UNIQUE KEY (v), DROP PRIMARY KEY, ADD PRIMARY KEY (v);
-- fails
ALTER TABLE "a" RENAME TO "b", ADD UNIQUE KEY (v);
INSERT INTO a VALUES (3, 5);
