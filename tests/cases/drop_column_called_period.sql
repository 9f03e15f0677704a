-- servers: mariadb mysql
-- expect: a c {"id": 1}
-- due: a b
CREATE TABLE a (id INT PRIMARY KEY, period INT);
CREATE TABLE b (id INT PRIMARY KEY, `system` INT);
INSERT INTO a VALUES (1, 2);
ALTER TABLE a DROP COLUMN period;
ALTER TABLE b DROP COLUMN `system`;
