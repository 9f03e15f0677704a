-- In gbk the second byte of 誠 is the backslash's: it escapes no quote.
-- servers: mariadb mysql
-- charset: gbk
-- expect: t c {"id": 1}
-- expect: t t {}
-- due: neu
CREATE TABLE t (id INT PRIMARY KEY, c VARCHAR(9));
INSERT INTO t VALUES (1, 'a');
ALTER TABLE t COMMENT '誠', RENAME TO neu, ALTER c SET DEFAULT 'x';
