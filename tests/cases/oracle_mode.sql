-- sql_mode ORACLE quotes names in ANSI's way and has words of its own.
-- servers: mariadb
-- expect: Tab c {"id": 1}
-- expect: Tab t {}
-- expect: Tab c {"id": 2}
-- due: Neu
SET sql_mode = 'ORACLE';
CREATE TABLE "Tab" ("id" INT PRIMARY KEY, "v" VARCHAR2(20));
INSERT INTO "Tab" VALUES (1, 'a');
TRUNCATE TABLE "Tab";
BEGIN INSERT INTO "Tab" VALUES (2, 'b'); END;
CREATE TABLE "Neu" (id INT PRIMARY KEY);
ALTER TABLE "Neu" ADD COLUMN "x" INT DEFAULT 4;
