-- In cp932 the second byte of 表 is the backslash's.
-- servers: mariadb mysql
-- charset: cp932
-- expect: 表 c {"id": 1}
-- expect: 表 t {}
-- due: neu
CREATE TABLE `表` (id INT PRIMARY KEY, c VARCHAR(9));
INSERT INTO `表` VALUES (1, 'a');
ALTER TABLE `表` COMMENT '表', RENAME TO neu, ALTER c SET DEFAULT '表';
