-- What stands in an executable comment is run, what its version forbids is not.
-- servers: mariadb
-- expect: a c {"id": 1}
-- expect: a t {}
-- expect: a c {"id": 2}
-- expect: a t {}
-- expect: a c {"id": 3}
-- due: a
CREATE TABLE a (id INT PRIMARY KEY);
INSERT INTO a VALUES (1);
/*M!100100 TRUNCATE TABLE */ a /* DROP TABLE a */;
INSERT INTO a VALUES (2);
TRUNCATE /*!50000 TABLE */ `a` -- RENAME TO b
;
INSERT INTO a VALUES (3);
ALTER TABLE a /*!999999 RENAME TO never, */ ADD COLUMN /*M!100100 n INT DEFAULT 3 */;
