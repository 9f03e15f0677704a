-- servers: mariadb mysql
-- expect: a c {"id": 1} {"id": 1, "v": 1, "w": 2}
-- expect: a u {"id": 1} {"id": 1, "w": 3}
-- due: a
CREATE TABLE a (id INT PRIMARY KEY, v INT, w INT);
INSERT INTO a VALUES (1, 1, 2);
ALTER TABLE a DROP v, ALGORITHM = INSTANT;
UPDATE a SET w = 3;
