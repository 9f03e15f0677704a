-- A sequence is no table, though its state is logged as rows of one.
-- servers: mariadb
-- expect: t c {"id": 1}
CREATE SEQUENCE s CACHE 10;
CREATE TABLE t (id INT PRIMARY KEY DEFAULT NEXTVAL(s), v INT);
INSERT INTO t (v) VALUES (1);
