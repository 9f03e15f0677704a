-- MariaDB logs an ALTER when it starts, and again when it has ended or failed.
-- servers: mariadb
-- expect: a c {"id": 1}
-- expect: a c {"id": 2}
-- expect: a u {"id": 2}
-- expect: a t {}
-- expect: fertig c {"id": 3}
-- due: fertig
SET SESSION binlog_alter_two_phase = ON;
CREATE TABLE a (id INT PRIMARY KEY, v INT);
INSERT INTO a VALUES (1, 5), (2, 5);
-- fails
ALTER TABLE a RENAME TO fertig, ADD UNIQUE KEY (v);
UPDATE a SET v = 6 WHERE id = 2;
ALTER TABLE a RENAME TO fertig, ADD UNIQUE KEY (v);
INSERT INTO fertig VALUES (3, 7);
