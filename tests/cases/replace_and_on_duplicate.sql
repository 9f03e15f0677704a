-- servers: mariadb mysql
-- expect: a c {"id": 1} {"id": 1, "u": 1, "v": 1}
-- expect: a c {"id": 2} {"id": 2, "u": 2, "v": 1}
-- expect: a u {"id": 2} {"id": 2, "u": 2, "v": 9}
-- expect: a d {"id": 1}
-- expect: a d {"id": 2}
-- expect: a c {"id": 1} {"id": 1, "u": 2, "v": 5}
CREATE TABLE a (id INT PRIMARY KEY, u INT UNIQUE, v INT);
INSERT INTO a VALUES (1, 1, 1), (2, 2, 1);
INSERT INTO a VALUES (3, 2, 7) ON DUPLICATE KEY UPDATE v = 9;
DELETE FROM a WHERE id = 1;
DELETE FROM a WHERE id = 2;
REPLACE INTO a VALUES (1, 2, 5);
