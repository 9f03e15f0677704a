-- In big5 the second byte of 功 is the backslash's.
-- servers: mariadb mysql
-- charset: big5
-- expect: 功 c {"id": 1}
-- expect: 功 t {}
-- due: neu
CREATE TABLE `功` (id INT PRIMARY KEY, c VARCHAR(9));
INSERT INTO `功` VALUES (1, 'a');
ALTER TABLE `功` COMMENT '功', RENAME TO neu, ALTER c SET DEFAULT '功';
