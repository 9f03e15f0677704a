-- With lower_case_table_names = 1 the server stores names in lower case, whatever a statement says.
-- servers: mariadb mysql
-- start: --lower-case-table-names=1
-- tables: k.orders
-- expect: orders c {"id": 1}
-- expect: orders t {}
-- expect: orders c {"id": 2}
-- due: orders
CREATE TABLE Orders (id INT PRIMARY KEY);
INSERT INTO Orders VALUES (1);
TRUNCATE TABLE Orders;
INSERT INTO ORDERS VALUES (2);
ALTER TABLE Orders ADD n INT NOT NULL DEFAULT 3;
