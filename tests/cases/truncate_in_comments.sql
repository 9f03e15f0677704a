-- What stands in an executable comment counts, what stands in another does not.
-- servers: mariadb mysql
-- expect: a c {"id": 1}
-- expect: b c {"id": 1}
-- expect: a t {}
-- expect: a.b t {}
CREATE TABLE a (id INT PRIMARY KEY);
CREATE TABLE b (id INT PRIMARY KEY);
CREATE TABLE `a.b` (id INT PRIMARY KEY);
INSERT INTO a VALUES (1);
INSERT INTO b VALUES (1);
/*!50000 TRUNCATE*/ TABLE /* b */ a # `b`
;
TRUNCATE /* 99999 TABLE k.b */ `k` . `a.b` -- , b
;
