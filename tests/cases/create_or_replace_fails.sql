-- A CREATE OR REPLACE that fails has dropped the table all the same: logged as DROP, then ROLLBACK.
-- servers: mariadb
-- expect: a c {"id": 1}
-- expect: a t {}
-- expect: b c {"id": 7}
CREATE TABLE a (id INT PRIMARY KEY);
CREATE TABLE b (id INT PRIMARY KEY);
INSERT INTO a VALUES (1);
-- fails
CREATE OR REPLACE TABLE a (PRIMARY KEY (id)) SELECT 1 AS id UNION ALL SELECT 1;
INSERT INTO b VALUES (7);
