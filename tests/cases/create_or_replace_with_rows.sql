-- servers: mariadb
-- expect: a c {"id": 1}
-- expect: a t {}
-- expect: a c {"n": 5}
-- expect: a c {"n": 6}
CREATE TABLE a (id INT PRIMARY KEY);
INSERT INTO a VALUES (1);
CREATE OR REPLACE TABLE a (n INT PRIMARY KEY) SELECT 5 AS n UNION SELECT 6;
