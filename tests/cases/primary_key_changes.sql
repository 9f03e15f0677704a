-- With another primary key a row has another identity: 10 was one row and is another now.
-- servers: mariadb mysql
-- expect: t c {"id": 1}
-- expect: t c {"id": 10}
-- expect: t u {"code": 10}
-- due: t
CREATE TABLE t (id INT PRIMARY KEY, code INT NOT NULL, v INT);
INSERT INTO t VALUES (1, 10, 0);
INSERT INTO t VALUES (10, 30, 0);
ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (code);
UPDATE t SET v = 1 WHERE id = 1;
