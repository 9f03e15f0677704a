-- Under NO_BACKSLASH_ESCAPES a backslash escapes no quote.
-- servers: mariadb mysql
-- expect: t c {"id": 1}
-- expect: t t {}
-- due: neu
SET sql_mode = 'NO_BACKSLASH_ESCAPES';
CREATE TABLE t (id INT PRIMARY KEY, c VARCHAR(9));
INSERT INTO t VALUES (1, 'a');
ALTER TABLE t COMMENT 'd:\', RENAME TO neu, ALTER c SET DEFAULT 'x';
