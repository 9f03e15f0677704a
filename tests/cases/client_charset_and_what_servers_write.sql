-- CREATE TABLE for a SELECT is written by the server, in UTF-8, and so are savepoints; DROP TABLE is
-- written by it in the session's character set.
-- servers: mariadb mysql
-- charset: gbk
-- expect: 名 c {"id": 1}
-- expect: 名二 c {"id": 1}
-- expect: 名 c {"id": 3}
-- expect: 名 t {}
-- expect: 名二 t {}
-- expect: 名三 t {}
CREATE TABLE `名` (id INT PRIMARY KEY);
INSERT INTO `名` VALUES (1);
CREATE TABLE `名二` (PRIMARY KEY (id)) SELECT * FROM `名`;
CREATE TEMPORARY TABLE `临` (id INT);
CREATE TABLE `名三` LIKE `临`;
BEGIN;
SAVEPOINT `名`;
INSERT INTO `名` VALUES (2);
DROP TEMPORARY TABLE `临`;
ROLLBACK TO `名`;
INSERT INTO `名` VALUES (3);
COMMIT;
DROP TABLE `名`, `名二`, `名三`;
