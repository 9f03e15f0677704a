-- servers: mariadb mysql
-- expect: a c {"id": 1}
-- expect: a c {"id": 2}
-- expect: b c {"id": 1}
-- expect: b c {"id": 2}
-- expect: a d {"id": 1}
-- expect: b d {"id": 1}
-- expect: a u {"id": 2} {"id": 2, "v": 4}
CREATE TABLE a (id INT PRIMARY KEY, v INT);
CREATE TABLE b (id INT PRIMARY KEY, v INT);
INSERT INTO a VALUES (1, 1), (2, 2);
INSERT INTO b SELECT * FROM a;
DELETE a, b FROM a JOIN b USING (id) WHERE a.id = 1;
UPDATE a JOIN b USING (id) SET a.v = 4 WHERE b.v = 2;
