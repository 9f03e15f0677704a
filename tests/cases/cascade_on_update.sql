-- MySQL 9.7 logs what foreign keys change; other servers do not, and a new cascade makes it due.
-- servers: mariadb
-- expect: p c {"id": 1}
-- expect: c c {"id": 1}
-- expect: p d {"id": 1}
-- expect: p c {"id": 2}
-- due: c
CREATE TABLE p (id INT PRIMARY KEY);
CREATE TABLE c (id INT PRIMARY KEY, p INT, CONSTRAINT f FOREIGN KEY (p) REFERENCES p (id) ON UPDATE CASCADE ON DELETE SET NULL);
INSERT INTO p VALUES (1);
INSERT INTO c VALUES (1, 1);
UPDATE p SET id = 2;
