-- servers: mariadb mysql
-- expect: a c {"id": 1} {"id": 1, "v": "ö"}
-- due: a
CREATE TABLE a (id INT PRIMARY KEY, v VARCHAR(9)) CHARACTER SET latin1;
INSERT INTO a VALUES (1, 'ö');
ALTER TABLE a CONVERT TO CHARACTER SET utf8mb4;
