-- A table without transactions keeps what a rollback takes from the others.
-- servers: mariadb
-- expect: m c {"id": 1}
-- expect: m c {"id": 2}
-- expect: m c {"id": 3}
-- expect: m d {"id": 1}
-- expect: a c {"id": 9}
CREATE TABLE a (id INT PRIMARY KEY) ENGINE = InnoDB;
CREATE TABLE m (id INT PRIMARY KEY) ENGINE = MyISAM;
BEGIN;
INSERT INTO a VALUES (1);
INSERT INTO m VALUES (1);
SAVEPOINT s;
INSERT INTO a VALUES (2);
INSERT INTO m VALUES (2);
ROLLBACK TO s;
-- fails
INSERT INTO m VALUES (3), (1);
DELETE FROM m WHERE id = 1;
ROLLBACK;
INSERT INTO a VALUES (9);
