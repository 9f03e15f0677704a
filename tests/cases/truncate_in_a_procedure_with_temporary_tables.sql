-- MySQL marks every statement of such a procedure as one that depends on its session.
-- servers: mariadb mysql
-- expect: a c {"id": 1}
-- expect: a t {}
-- expect: a c {"id": 7}
CREATE TABLE a (id INT PRIMARY KEY);
INSERT INTO a VALUES (1);
CREATE PROCEDURE fill() BEGIN CREATE TEMPORARY TABLE x (id INT); INSERT INTO x VALUES (7); TRUNCATE TABLE a; INSERT INTO a SELECT * FROM x; END;
CALL fill();
