-- ALTER IGNORE deletes the rows that break the new unique key, without row events.
-- servers: mariadb
-- expect: t c {"id": 1}
-- expect: t c {"id": 2}
-- due: t
CREATE TABLE t (id INT PRIMARY KEY, mail VARCHAR(9));
INSERT INTO t VALUES (1, 'a'), (2, 'a');
ALTER IGNORE TABLE t ADD UNIQUE KEY (mail);
