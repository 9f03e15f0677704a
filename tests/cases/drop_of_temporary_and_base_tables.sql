-- servers: mariadb mysql
-- expect: a c {"id": 1}
-- expect: b c {"id": 1}
-- expect: b t {}
-- expect: a c {"id": 2}
-- expect: a t {}
CREATE TABLE a (id INT PRIMARY KEY);
CREATE TABLE b (id INT PRIMARY KEY);
INSERT INTO a VALUES (1);
INSERT INTO b VALUES (1);
CREATE TEMPORARY TABLE a (id INT);
DROP TABLES a, b;
INSERT INTO a VALUES (2);
DROP TABLE a CASCADE;
