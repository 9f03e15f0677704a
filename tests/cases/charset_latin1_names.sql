-- servers: mariadb mysql
-- charset: latin1
-- expect: höhe€ c {"id": 1}
-- expect: höhe€ t {}
-- expect: b c {"id": 3}
CREATE TABLE `höhe€` (id INT PRIMARY KEY, `größe` INT);
INSERT INTO `höhe€` VALUES (1, 2);
TRUNCATE TABLE `höhe€`;
CREATE TABLE b (id INT PRIMARY KEY);
INSERT INTO b VALUES (3);
