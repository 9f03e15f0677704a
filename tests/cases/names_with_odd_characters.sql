-- servers: mariadb mysql
-- expect: a`b c {"i d": 1}
-- expect: a`b t {}
-- expect: x.y c {"id": 1}
-- expect: x.y t {}
-- expect: ;-- c {"id": 1}
CREATE TABLE `a``b` (`i d` INT PRIMARY KEY);
INSERT INTO `a``b` VALUES (1);
TRUNCATE `k`.`a``b`;
CREATE TABLE `x.y` (id INT PRIMARY KEY);
INSERT INTO `x.y` VALUES (1);
TRUNCATE k . `x.y`;
CREATE TABLE `;--` (id INT PRIMARY KEY);
INSERT INTO `;--` VALUES (1);
