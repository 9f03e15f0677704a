-- Rows get a number, and with it an identity.
-- servers: mariadb mysql
-- expect: a c {}
-- expect: a u {"n": 1} {"v": 2, "n": 1}
-- due: a
CREATE TABLE a (v INT);
INSERT INTO a VALUES (1);
ALTER TABLE a ADD n INT AUTO_INCREMENT PRIMARY KEY;
UPDATE a SET v = 2;
