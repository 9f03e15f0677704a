-- A name that the server cannot have is refused, instead of waited for in silence.
-- servers: mariadb mysql
-- start: --lower-case-table-names=1
-- tables: k.Orders
-- error: k.orders
CREATE TABLE Orders (id INT PRIMARY KEY);
INSERT INTO Orders VALUES (1);
