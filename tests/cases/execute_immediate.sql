-- servers: mariadb
-- expect: a c {"id": 1}
-- expect: a t {}
-- due: b
CREATE TABLE a (id INT PRIMARY KEY);
EXECUTE IMMEDIATE 'INSERT INTO a VALUES (1)';
EXECUTE IMMEDIATE CONCAT('ALTER TABLE `a` RENAME TO ', '`b`');
