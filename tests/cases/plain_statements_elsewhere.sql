-- Statements on tables of another database, with functions of the server alone, change no other.
-- servers: mariadb mysql
-- expect: a c {"id": 1}
CREATE TABLE a (id INT PRIMARY KEY);
CREATE TABLE k2.q (id INT PRIMARY KEY, v VARCHAR(99));
SET binlog_format = STATEMENT;
INSERT INTO k2.q (id, v) VALUES (1, CONCAT('a', LOWER('B')));
REPLACE INTO k2.q (id, v) SELECT 2, COALESCE(LOWER(CONV(BIT_XOR(CAST(CRC32(id) AS UNSIGNED)), 10, 16)), 0) FROM a;
UPDATE k2.q SET v = 'x' WHERE id IN (1, 2);
DELETE FROM k2.q;
SET binlog_format = ROW;
INSERT INTO a VALUES (1);
