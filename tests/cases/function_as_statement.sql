-- A function changes a captured table, in a statement that does not name it.
-- servers: mariadb mysql
-- due: a
CREATE TABLE a (id INT PRIMARY KEY);
CREATE TABLE k2.q (id INT PRIMARY KEY);
CREATE FUNCTION k2.f(x INT) RETURNS INT DETERMINISTIC BEGIN INSERT INTO k.a VALUES (x); RETURN x; END;
SET binlog_format = STATEMENT;
INSERT INTO k2.q VALUES (k2.f(1));
SELECT k2.f(2);
