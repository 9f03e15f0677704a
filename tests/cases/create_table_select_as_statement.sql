-- Logged as a statement, its rows are nowhere.
-- servers: mariadb
-- expect: a c {"id": 1}
-- due: b
CREATE TABLE a (id INT PRIMARY KEY);
INSERT INTO a VALUES (1);
SET binlog_format = STATEMENT;
CREATE TABLE b (PRIMARY KEY (id)) SELECT * FROM a;
