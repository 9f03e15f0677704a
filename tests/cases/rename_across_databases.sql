-- Rows that leave the captured database are gone, rows that come into it are due. Without a
-- database of its own, ALTER TABLE renames into the session's one.
-- servers: mariadb mysql
-- expect: a c {"id": 1}
-- expect: a t {}
-- expect: b c {"id": 2}
-- expect: c t {}
-- due: b c
CREATE TABLE a (id INT PRIMARY KEY);
CREATE TABLE k2.b (id INT PRIMARY KEY);
INSERT INTO a VALUES (1);
RENAME TABLE a TO k2.a, k2.b TO k.b;
INSERT INTO b VALUES (2);
ALTER TABLE k2.a RENAME c;
ALTER TABLE c RENAME TO k2.c, ADD n INT;
