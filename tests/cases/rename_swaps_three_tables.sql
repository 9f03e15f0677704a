-- The names live on with other rows; a name that stood for a moment only is nothing.
-- servers: mariadb mysql
-- expect: a c {"id": 1}
-- expect: b c {"id": 2}
-- expect: c c {"id": 3}
-- expect: a c {"id": 20}
-- due: a b c
CREATE TABLE a (id INT PRIMARY KEY);
CREATE TABLE b (id INT PRIMARY KEY);
CREATE TABLE c (id INT PRIMARY KEY);
INSERT INTO a VALUES (1);
INSERT INTO b VALUES (2);
INSERT INTO c VALUES (3);
RENAME TABLE a TO x, b TO a, c TO b, x TO c;
INSERT INTO a VALUES (20);
