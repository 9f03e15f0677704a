-- servers: mariadb
-- expect: a c {"id": 1}
-- expect: a t {}
-- expect: a c {"id": 2}
-- expect: a t {}
-- due: b
CREATE TABLE a (id INT PRIMARY KEY);
BEGIN NOT ATOMIC INSERT INTO a VALUES (1); TRUNCATE TABLE a; INSERT INTO a VALUES (2); ALTER TABLE a RENAME b; END;
