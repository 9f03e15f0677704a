-- What a server writes of CREATE TABLE … SELECT is in UTF-8, whatever the session's charset.
-- servers: mariadb mysql
-- charset: gbk
-- expect: 表 c {"id": 1}
-- expect: b c {"id": 2}
SET sql_mode = 'ANSI_QUOTES';
CREATE TABLE "表" (PRIMARY KEY ("id")) SELECT 1 AS "id", 'v' AS "v";
CREATE TABLE b (id INT PRIMARY KEY);
INSERT INTO b VALUES (2);
