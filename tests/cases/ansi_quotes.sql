-- Under ANSI_QUOTES a text in double quotes is a name.
-- servers: mariadb mysql
-- expect: t c {"id": 1}
-- expect: t t {}
-- expect: t c {"id": 2}
SET sql_mode = 'ANSI_QUOTES';
CREATE TABLE "t" ("id" INT PRIMARY KEY);
INSERT INTO "t" VALUES (1);
TRUNCATE "t";
INSERT INTO "t" VALUES (2);
