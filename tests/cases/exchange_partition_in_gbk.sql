-- servers: mariadb mysql
-- charset: gbk
-- expect: 誠 c {"id": 1}
-- expect: b c {"id": 2}
-- expect: 誠 t {"partitions": ["p\u8aa0"]}
-- expect: b t {}
-- due: 誠 b
CREATE TABLE `誠` (id INT PRIMARY KEY) PARTITION BY RANGE (id) (PARTITION `p誠` VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN MAXVALUE);
CREATE TABLE b (id INT PRIMARY KEY);
INSERT INTO `誠` VALUES (1);
INSERT INTO b VALUES (2);
ALTER TABLE `誠` EXCHANGE PARTITION `p誠` WITH TABLE b;
