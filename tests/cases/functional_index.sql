-- The hidden columns of functional indexes are in the binlog and in no SELECT *.
-- servers: mysql
-- expect: t c {"id": 1} {"id": 1, "n": "AB", "j": {"a": [1, 2]}}
-- expect: t u {"id": 1} {"id": 1, "n": "CD", "j": {"a": [1, 2]}}
-- expect: t c {"id": 2} {"id": 2, "n": "X", "j": {}, "z": 3}
CREATE TABLE t (
  id INT PRIMARY KEY, n VARCHAR(20), j JSON,
  KEY f ((LOWER(n))), KEY m ((CAST(j->'$.a' AS UNSIGNED ARRAY)))
);
INSERT INTO t VALUES (1, 'AB', '{"a": [1, 2]}');
UPDATE t SET n = 'CD';
ALTER TABLE t ADD z INT;
INSERT INTO t VALUES (2, 'X', '{}', 3);
