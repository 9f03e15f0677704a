-- k.* are the tables of database k, not those of the database k.x.
-- servers: mariadb mysql
-- database: k.x
-- tables: k.*
CREATE TABLE t (id INT PRIMARY KEY);
INSERT INTO t VALUES (1);
