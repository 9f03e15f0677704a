-- A statement on a table of another database changes a captured one by a trigger.
-- servers: mariadb mysql
-- due: a
CREATE TABLE a (id INT PRIMARY KEY);
CREATE TABLE k2.q (id INT PRIMARY KEY);
CREATE TRIGGER k2.tr AFTER INSERT ON k2.q FOR EACH ROW INSERT INTO k.a VALUES (NEW.id);
SET binlog_format = STATEMENT;
INSERT INTO k2.q VALUES (1);
