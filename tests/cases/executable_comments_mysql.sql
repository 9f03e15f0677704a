-- servers: mysql
-- expect: a c {"id": 1}
-- expect: a t {}
-- expect: a c {"id": 3}
-- due: a
CREATE TABLE a (id INT PRIMARY KEY);
INSERT INTO a VALUES (1);
TRUNCATE /*!50000 TABLE */ `a` # RENAME TO b
;
INSERT INTO a VALUES (3);
ALTER TABLE a /*!99999 RENAME TO never, */ ADD COLUMN /*!80000 n INT DEFAULT 3 */ /*M! , RENAME TO c */;
