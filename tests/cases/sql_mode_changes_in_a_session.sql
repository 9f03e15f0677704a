-- Each statement is read under the mode that it was written in.
-- servers: mariadb mysql
-- expect: a c {"id": 1}
-- expect: b c {"id": 1}
-- expect: a t {}
-- expect: b t {}
-- due: c
CREATE TABLE a (id INT PRIMARY KEY);
CREATE TABLE b (id INT PRIMARY KEY);
INSERT INTO a VALUES (1);
INSERT INTO b VALUES (1);
SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES';
TRUNCATE "a";
ALTER TABLE b COMMENT 'd:\';
SET sql_mode = '';
ALTER TABLE b COMMENT "`d:\"`, RENAME TO x", RENAME TO c;
