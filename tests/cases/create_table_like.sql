-- servers: mariadb mysql
-- expect: b c {"id": 2}
CREATE TABLE a (id INT PRIMARY KEY);
CREATE TABLE b LIKE a;
INSERT INTO b VALUES (2);
