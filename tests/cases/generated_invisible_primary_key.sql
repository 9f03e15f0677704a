-- servers: mysql
-- expect: t c {"my_row_id": 1}
-- expect: t c {"my_row_id": 2}
-- expect: t u {"my_row_id": 1} {"my_row_id": 1, "n": "b"}
SET sql_generate_invisible_primary_key = ON;
CREATE TABLE t (n VARCHAR(9));
INSERT INTO t VALUES ('a'), ('a');
UPDATE t SET n = 'b' LIMIT 1;
