-- servers: mariadb mysql
-- expect: a c {"id": 1}
-- expect: a t {}
-- expect: b t {}
-- expect: c t {}
CREATE TABLE a (id INT PRIMARY KEY);
CREATE TABLE `b` (id INT PRIMARY KEY);
CREATE TABLE k.c (id INT PRIMARY KEY);
CREATE TABLE k2.d (id INT PRIMARY KEY);
INSERT INTO a VALUES (1);
DROP TABLE IF EXISTS a, `k`.`b`, c, k2.d;
