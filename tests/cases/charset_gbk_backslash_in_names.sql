-- The second byte of 誠 in gbk is the backslash's, that of 昞 a letter's.
-- servers: mariadb mysql
-- charset: gbk
-- expect: 誠 c {"id": 1}
-- expect: 誠 t {}
-- expect: 昞 c {"id": 2}
-- due: 昞
SET sql_mode = 'NO_BACKSLASH_ESCAPES';
CREATE TABLE `誠` (id INT PRIMARY KEY, v VARCHAR(9) DEFAULT '\');
INSERT INTO `誠` (id) VALUES (1);
ALTER TABLE `誠` COMMENT '誠', RENAME TO `昞`, ALTER v SET DEFAULT '\';
INSERT INTO `昞` (id) VALUES (2);
