-- servers: mariadb mysql
-- expect: a c {"id": 1}
-- expect: a t {}
-- due: b
CREATE TABLE a (id INT PRIMARY KEY);
INSERT INTO a VALUES (1);
USE k2;
CREATE TABLE a (id INT PRIMARY KEY);
TRUNCATE a;
TRUNCATE k.a;
ALTER TABLE a RENAME TO k.b;
USE k;
