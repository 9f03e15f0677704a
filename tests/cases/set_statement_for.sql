-- servers: mariadb
-- expect: a c {"id": 1}
-- expect: a t {}
-- expect: a c {"id": 2}
CREATE TABLE a (id INT PRIMARY KEY);
INSERT INTO a VALUES (1);
SET STATEMENT lock_wait_timeout = 5, sql_mode = 'ANSI_QUOTES' FOR TRUNCATE TABLE a;
INSERT INTO a VALUES (2);
