-- servers: mariadb mysql
-- expect: a c {"id": 1} {"id": 1, "v": "x"}
-- expect: a c {"id": 2} {"id": 2, "v": "y", "w": null}
-- due: b
CREATE TABLE a (id INT PRIMARY KEY, v VARCHAR(9));
CREATE TABLE b (id INT PRIMARY KEY, v VARCHAR(9));
INSERT INTO a VALUES (1, 'x');
ALTER TABLE a ADD COLUMN w INT NULL, ADD INDEX (w), ALGORITHM = INPLACE, LOCK = NONE;
INSERT INTO a VALUES (2, 'y', NULL);
ALTER TABLE b MODIFY v VARCHAR(5), COMMENT = 'RENAME TO z, DROP PRIMARY KEY';
CREATE INDEX i ON a (v);
DROP INDEX i ON a;
ANALYZE TABLE a;
OPTIMIZE TABLE a;
