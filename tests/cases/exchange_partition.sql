-- The rows of a partition change places with those of a table.
-- servers: mariadb mysql
-- expect: a c {"id": 1}
-- expect: b c {"id": 2}
-- expect: a t {"partitions": ["p1"]}
-- expect: b t {}
-- due: a b
CREATE TABLE a (id INT PRIMARY KEY) PARTITION BY RANGE (id) (PARTITION p1 VALUES LESS THAN (10));
CREATE TABLE b (id INT PRIMARY KEY);
INSERT INTO a VALUES (1);
INSERT INTO b VALUES (2);
ALTER TABLE k.a EXCHANGE PARTITION p1 WITH TABLE b;
