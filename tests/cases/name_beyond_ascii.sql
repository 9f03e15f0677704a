-- Every character beyond ASCII may stand in a name without quotes, letters or not.
-- servers: mariadb mysql
-- expect: preis€ c {"id": 1}
-- expect: preis c {"id": 9}
-- expect: preis€ t {}
CREATE TABLE preis€ (id INT PRIMARY KEY);
CREATE TABLE preis (id INT PRIMARY KEY);
INSERT INTO preis€ VALUES (1);
INSERT INTO preis VALUES (9);
TRUNCATE preis€;
