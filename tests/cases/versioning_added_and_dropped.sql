-- servers: mariadb
-- expect: a c {"id": 1} {"id": 1, "v": 1}
-- expect: a u {"id": 1} {"id": 1, "v": 2}
-- expect: a u {"id": 1} {"id": 1, "v": 3}
-- due: a
SET system_versioning_alter_history = KEEP;
CREATE TABLE a (id INT PRIMARY KEY, v INT);
INSERT INTO a VALUES (1, 1);
ALTER TABLE a ADD SYSTEM VERSIONING;
UPDATE a SET v = 2;
ALTER TABLE a DROP SYSTEM VERSIONING;
UPDATE a SET v = 3;
