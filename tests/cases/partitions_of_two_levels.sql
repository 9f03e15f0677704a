-- servers: mariadb mysql
-- expect: a c {"id": 1}
-- expect: a c {"id": 20}
-- expect: a t {"partitions": ["p0"]}
-- expect: a t {"partitions": ["p 1"]}
-- expect: a c {"id": 25}
CREATE TABLE a (id INT PRIMARY KEY) PARTITION BY RANGE (id) SUBPARTITION BY HASH (id) SUBPARTITIONS 2 (PARTITION p0 VALUES LESS THAN (10), PARTITION `p 1` VALUES LESS THAN (30), PARTITION p2 VALUES LESS THAN MAXVALUE);
INSERT INTO a VALUES (1), (20);
ALTER TABLE a TRUNCATE PARTITION p0;
ALTER TABLE a DROP PARTITION `p 1`;
INSERT INTO a VALUES (25);
