-- servers: mariadb mysql
-- start: --lower-case-table-names=1
-- tables: k.orders
-- expect: orders c {"id": 1}
-- expect: orders t {}
-- due: orders
SET sql_mode = 'ANSI_QUOTES';
CREATE TABLE "Orders" (id INT PRIMARY KEY, n INT);
INSERT INTO "ORDERS" VALUES (1, 1);
ALTER TABLE "K"."Orders" RENAME TO k2."Kept";
RENAME TABLE k2."KEPT" TO "k"."ORDERS";
