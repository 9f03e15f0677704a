-- A JSON column that is added NOT NULL holds an empty text in the rows that are there: no document.
-- servers: mysql
-- expect: t c {"id": 1}
-- expect: t d {"id": 1}
-- expect: t c {"id": 2} {"id": 2, "j": null}
-- due: t
SET sql_mode = '';
CREATE TABLE t (id INT PRIMARY KEY);
INSERT INTO t VALUES (1);
ALTER TABLE t ADD j JSON NOT NULL;
UPDATE t SET id = 2;
