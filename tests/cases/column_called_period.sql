-- A column may be called like the beginning of ADD PERIOD FOR.
-- servers: mariadb mysql
-- not yet: mariadb the name is taken for the keyword
-- not yet: mysql the name is taken for the keyword
-- expect: t c {"id": 1}
-- due: t
CREATE TABLE t (id INT PRIMARY KEY);
INSERT INTO t VALUES (1);
ALTER TABLE t ADD COLUMN period INT NOT NULL DEFAULT 7;
