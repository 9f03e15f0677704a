-- In sjis the second byte of ソ is the backslash's.
-- servers: mariadb mysql
-- charset: sjis
-- expect: ソ c {"id": 1}
-- expect: ソ t {}
-- due: neu
CREATE TABLE `ソ` (id INT PRIMARY KEY, c VARCHAR(9));
INSERT INTO `ソ` VALUES (1, 'a');
ALTER TABLE `ソ` COMMENT 'ソ', RENAME TO neu, ALTER c SET DEFAULT 'ソ';
