-- servers: mariadb mysql
-- expect: é c {"id": 1}
-- expect: é t {}
-- expect: é c {"id": 2}
-- expect: é t {}
CREATE TABLE `é` (id INT PRIMARY KEY);
INSERT INTO `é` VALUES (1);
SET NAMES utf8mb4 COLLATE utf8mb4_bin;
TRUNCATE `é`;
INSERT INTO `é` VALUES (2);
SET character_set_client = utf8mb3;
DROP TABLE `é`;
