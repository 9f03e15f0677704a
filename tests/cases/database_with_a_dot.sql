-- k.* are the tables of database k, not those of the database k.x.
-- servers: mariadb mysql
-- not yet: mariadb a pattern is matched against both names joined
-- not yet: mysql a pattern is matched against both names joined
-- database: k.x
-- tables: k.*
CREATE TABLE t (id INT PRIMARY KEY);
INSERT INTO t VALUES (1);
