-- servers: mariadb
-- expect: a c {"id": 1} {"id": 1, "v": 2, "s": 4, "p": 3, "h": 7}
-- expect: a u {"id": 1} {"id": 1, "v": 5, "s": 10, "p": 6, "h": 7}
CREATE TABLE a (id INT PRIMARY KEY, v INT, s INT AS (v * 2) VIRTUAL, p INT AS (v + 1) PERSISTENT, h INT INVISIBLE DEFAULT 7);
INSERT INTO a (id, v) VALUES (1, 2);
UPDATE a SET v = 5;
