-- servers: mariadb
-- expect: a c {"id": 1}
-- expect: a c {"id": 2}
-- expect: a d {"id": 1}
CREATE TABLE a (id INT PRIMARY KEY);
INSERT INTO a VALUES (1) RETURNING id;
INSERT IGNORE INTO a VALUES (1), (2), (2);
DELETE FROM a WHERE id = 1 RETURNING *;
