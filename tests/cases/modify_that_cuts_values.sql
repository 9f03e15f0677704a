-- servers: mariadb mysql
-- expect: a c {"id": 1} {"id": 1, "v": "abc"}
-- due: a
SET sql_mode = '';
CREATE TABLE a (id INT PRIMARY KEY, v VARCHAR(9));
INSERT INTO a VALUES (1, 'abc');
ALTER TABLE a MODIFY v VARCHAR(2);
