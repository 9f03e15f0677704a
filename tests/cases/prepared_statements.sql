-- servers: mariadb mysql
-- expect: a c {"id": 1}
-- expect: a c {"id": 2}
-- expect: a t {}
-- expect: a c {"id": 3}
CREATE TABLE a (id INT PRIMARY KEY);
PREPARE p FROM 'INSERT INTO a VALUES (?), (?)';
SET @one = 1, @two = 2;
EXECUTE p USING @one, @two;
PREPARE t FROM 'TRUNCATE TABLE a';
EXECUTE t;
DEALLOCATE PREPARE p;
INSERT INTO a VALUES (3);
