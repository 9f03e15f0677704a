-- Other Cyrillic encodings than the server's own.
-- servers: mariadb mysql
-- charset: koi8r
-- expect: имя c {"ид": 1} {"ид": 1, "v": "раз"}
-- expect: имя t {}
-- expect: имя c {"ид": 2} {"ид": 2, "v": "два"}
-- expect: имя t {}
-- due: новое
-- expect: новое c {"ид": 3} {"ид": 3, "v": "три"}
CREATE TABLE имя (ид INT PRIMARY KEY, v VARCHAR(9) CHARACTER SET cp1251);
INSERT INTO имя VALUES (1, 'раз');
TRUNCATE имя;
INSERT INTO имя VALUES (2, 'два');
RENAME TABLE имя TO новое;
INSERT INTO новое VALUES (3, 'три');
