-- servers: mariadb mysql
-- charset: gbk
-- expect: 誠 c {"id": 1}
-- expect: 誠 t {}
-- expect: 誠 c {"id": 3}
SET sql_mode = 'ANSI_QUOTES';
CREATE TABLE "誠" (id INT PRIMARY KEY) ENGINE = MEMORY;
INSERT INTO "誠" VALUES (1);
RESTART;
SET sql_mode = 'ANSI_QUOTES';
INSERT INTO "誠" VALUES (3);
