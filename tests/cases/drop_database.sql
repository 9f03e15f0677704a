-- All tables of the database, those without a row among them; servers name none of them.
-- servers: mariadb mysql
-- tables: k2.*
-- expect: a c {"id": 1}
-- expect: a t {}
-- expect: b t {}
CREATE TABLE k2.a (id INT PRIMARY KEY);
CREATE TABLE k2.b (id INT PRIMARY KEY);
INSERT INTO k2.a VALUES (1);
DROP DATABASE k2;
