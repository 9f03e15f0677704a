-- A view of another database shows a captured table.
-- servers: mariadb mysql
-- due: a
CREATE TABLE a (id INT PRIMARY KEY);
CREATE VIEW k2.v AS SELECT * FROM k.a;
SET binlog_format = STATEMENT;
INSERT INTO k2.v VALUES (1);
