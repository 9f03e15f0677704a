-- MariaDB drops the database for it.
-- servers: mariadb
-- tables: k2.*
-- expect: a c {"id": 1}
-- expect: a t {}
CREATE TABLE k2.a (id INT PRIMARY KEY);
INSERT INTO k2.a VALUES (1);
CREATE OR REPLACE DATABASE k2;
