-- A column may be called like the beginning of ADD PERIOD FOR.
-- servers: mariadb mysql
-- expect: t c {"id": 1}
-- due: t
CREATE TABLE t (id INT PRIMARY KEY);
INSERT INTO t VALUES (1);
ALTER TABLE t ADD COLUMN period INT NOT NULL DEFAULT 7;
