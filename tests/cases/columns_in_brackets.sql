-- servers: mariadb mysql
-- expect: a c {"id": 1}
-- expect: a c {"id": 2} {"id": 2, "n": null, "m": 4}
-- due: a
CREATE TABLE a (id INT PRIMARY KEY);
INSERT INTO a VALUES (1);
ALTER TABLE a ADD COLUMN (n INT DEFAULT NULL, m INT DEFAULT 4);
INSERT INTO a (id) VALUES (2);
