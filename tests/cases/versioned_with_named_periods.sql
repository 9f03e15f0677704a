-- servers: mariadb
-- expect: a c {"id": 1} {"id": 1, "v": 1}
-- expect: a u {"id": 1} {"id": 1, "v": 2}
-- expect: a d {"id": 1}
-- expect: a c {"id": 2} {"id": 2, "v": 1}
CREATE TABLE a (id INT PRIMARY KEY, v INT, von TIMESTAMP(6) GENERATED ALWAYS AS ROW START INVISIBLE, bis TIMESTAMP(6) GENERATED ALWAYS AS ROW END INVISIBLE, PERIOD FOR SYSTEM_TIME (von, bis)) WITH SYSTEM VERSIONING;
INSERT INTO a VALUES (1, 1);
UPDATE a SET v = 2;
DELETE FROM a;
INSERT INTO a VALUES (2, 1);
